"""The demo's merchants: one MID per feature, a hosted page to open, and lines to copy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from gerbang.cards.admin import MerchantChange, create_merchant, list_merchants
from gerbang.cards.desk import SANDBOX_PASSWORD, CardDesk
from gerbang.cards.payment import Payment
from gerbang.clock import WIB
from gerbang.dialects.card_contract import Registration
from gerbang.dialects.nicepay.tokens import order_token
from gerbang.postgres.pool import Connection
from gerbang.secrets_box import SecretBox

ACTOR: Final = "demo"
FEATURES: Final[Mapping[str, Mapping[str, Any]]] = {
    "sale": {"instalments": [3, 6, 12]},
    "secure": {"secure": True, "instalments": [3, 6, 12]},
    "preauth": {"preauth": True},
    "recurring": {"secure": True, "recurring": True},
    "installment": {"instalments": [3, 6, 12]},
}
MIDS: Final = {
    "sale": "DEMOSALE01",
    "secure": "DEMO3DS001",
    "preauth": "DEMOHOLD01",
    "recurring": "DEMORECUR1",
    "installment": "DEMOINSTL1",
}
DEPOSIT_IMID: Final = MIDS["secure"]
"""Resellers' deposits by card are charged through it, with 3-D Secure."""
MDR: Final = {"visa": 180, "mastercard": 180, "jcb": 200, "amex": 280, "default": 200}
AMOUNT_MIN: Final = 100
"""Public clients try with 100 and 1000 rupiah."""


def key_of(feature: str) -> str:
    """Give the merchantKey of a demo MID: no secret, like everything of a demo."""
    return f"demo-merchant-key-{feature}/0123456789=="


def facts() -> dict[str, Any]:
    """What stands in demo.json."""
    mids = {one: {"iMid": imid, "merchantKey": key_of(one)} for one, imid in MIDS.items()}
    return {"mids": mids, "otp": SANDBOX_PASSWORD}


async def furnish_cards(connection: Connection, box: SecretBox, *, reseller: str) -> None:
    """Make the MIDs that are missing: the reseller's, but the house's own for deposits."""
    known = {one["imid"] for one in (await list_merchants(connection, limit=1_000))["items"]}
    for feature, imid in MIDS.items():
        if imid not in known:
            await create_merchant(
                connection,
                imid,
                f"Toko Demo ({feature})",
                actor=ACTOR,
                box=box,
                reseller="" if imid == DEPOSIT_IMID else reseller,
                key=key_of(feature),
                change=MerchantChange(
                    features=dict(FEATURES[feature]),
                    limits={"amount_min": AMOUNT_MIN},
                    mdr=dict(MDR),
                ),
            )


async def open_hosted_page(desk: CardDesk, *, inbox_url: str) -> str:
    """Register a payment on the hosted page; gives its address."""
    await desk.directory.refresh()
    merchant = desk.merchant(MIDS["secure"])
    if merchant is None:
        return ""
    payment = await desk.register(
        merchant,
        Registration(
            channel="redirect",
            pay_method="00",
            reference=f"DEMO-{desk.now(merchant):%Y%m%d%H%M%S%f}",
            amount=150_000,
            instalment_months=1,
            instalment_type="1",
            recurring_option=2,
            details={"goodsNm": "Sepatu lari", "billingNm": "Budi Santoso"},
            notify_url=inbox_url,
            return_url=inbox_url,
        ),
    )
    if not isinstance(payment, Payment):
        return ""
    return f"{desk.public_url}/nicepay/redirect/v2/payment?tXid={payment.txid}"


def registration_line(base_url: str, inbox_url: str, now: datetime) -> str:
    """Give a curl command that registers a payment, signed for this moment."""
    stamp = now.astimezone(WIB).strftime("%Y%m%d%H%M%S")
    fields = {
        "timeStamp": stamp,
        "iMid": MIDS["sale"],
        "payMethod": "01",
        "currency": "IDR",
        "amt": "150000",
        "referenceNo": f"TRY-{stamp}",
        "goodsNm": "Sepatu",
        "billingNm": "Budi Santoso",
        "billingPhone": "081200000000",
        "billingEmail": "budi@example.com",
        "billingAddr": "Jl. Contoh 1",
        "billingCity": "Jakarta",
        "billingState": "DKI Jakarta",
        "billingPostCd": "10210",
        "billingCountry": "Indonesia",
        "dbProcessUrl": inbox_url,
    }
    fields["merchantToken"] = order_token(
        key_of("sale"),
        timestamp=stamp,
        imid=fields["iMid"],
        reference=fields["referenceNo"],
        amount=fields["amt"],
    )
    body = json.dumps(fields, separators=(",", ":"))
    return f"curl -d '{body}' {base_url}/nicepay/direct/v2/registration"


def payment_line(base_url: str, now: datetime) -> str:
    """Give a shell line that pays what the line before registered; it reads the tXid from it."""
    stamp = now.astimezone(WIB).strftime("%Y%m%d%H%M%S")
    token = order_token(
        key_of("sale"),
        timestamp=stamp,
        imid=MIDS["sale"],
        reference=f"TRY-{stamp}",
        amount="150000",
    )
    form = (
        f"timeStamp={stamp}&cardNo=4434260000000008&cardExpYymm=3901&cardCvv=100"
        f"&cardHolderNm=BUDI+SANTOSO&merchantToken={token}"
    )
    return f"curl -d '{form}&tXid=TXID' {base_url}/nicepay/direct/v2/payment"
