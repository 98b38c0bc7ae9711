"""OtomaX's calls: one address with everything in it, signed by SHA-1; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from gerbang.developer import words
from gerbang.developer.call import Asker, Call, CallBook, Step, Words
from gerbang.dialects.otomax.tickets import ticket_text
from gerbang.dialects.otomax.wire import Login, balance_text, make_sign, order_text

_ORDER: Final = {
    "product": "X10",
    "qty": "1",
    "dest": "081712341230",
    "refID": "{reference}",
}

_BILL: Final = {"product": "", "qty": "1", "dest": "0002234561230", "refID": "{reference}"}


def _call(name: str, path: str, **rest: Any) -> Call:
    return Call(dialect="otomax", name=name, method="GET", path=path, style="query", **rest)


CALLS: Final = (
    _call(
        "balance",
        "/balance",
        title=words.BALANCE,
        about=words.BALANCE_ABOUT,
        good="Saldo",
    ),
    _call(
        "order",
        "/trx/{slug}",
        title=Words(en="Buy", id="Beli"),
        about=words.BOUGHT_AT_ONCE,
        fields={**_ORDER, "testing": "1"},
        good="X10.081712341230",
    ),
    _call(
        "status",
        "/trx/{slug}",
        title=words.STATUS,
        about=Words(
            en="The same parameters and check=1: buys nothing.",
            id="Parameter yang sama ditambah check=1: tidak membeli apa pun.",
        ),
        follows="order",
        fields={**_ORDER, "testing": "1", "check": "1"},
        good="X10.081712341230",
    ),
    _call(
        "bill",
        "/trx/{slug}",
        title=words.BILL,
        about=words.BILL_ABOUT,
        fields={**_BILL, "product": "CEKMPBPJS", "testing": "1"},
        suffix="-I",
        good="CEKMPBPJS",
    ),
    _call(
        "pay",
        "/trx/{slug}",
        title=words.PAY,
        about=Words(
            en="With a refID of its own; the newest bill that was shown is paid.",
            id="Dengan refID sendiri; yang dibayar adalah tagihan terakhir yang ditampilkan.",
        ),
        fields={**_BILL, "product": "BYRMPBPJS", "testing": "1"},
        suffix="-P",
        good="BYRMPBPJS",
    ),
    _call(
        "ticket",
        "/ticket",
        title=words.TICKET,
        about=words.TICKET_ABOUT,
        fields={"amount": "100000", "testing": "1"},
        good="transfer",
    ),
)


def _text(call: Call, fields: Mapping[str, Any], login: Login) -> str:
    """Write the text that is hashed."""
    match call.name:
        case "balance":
            return balance_text(login)
        case "ticket":
            return ticket_text(login, amount=fields["amount"])
        case _:
            return order_text(
                login,
                product=fields["product"],
                dest=fields["dest"],
                reference=fields["refID"],
            )


def _compute(call: Call, fields: Mapping[str, Any], asker: Asker) -> Mapping[str, Any]:
    member = asker.ids["memberID"]
    login = Login(member, asker.secrets["pin"], asker.secrets["password"])
    signature = make_sign(_text(call, fields, login))
    sent = {**fields, "memberID": member, "sign": signature}
    return {
        "signature": signature,
        "query": urlencode(sent),
        # The names of the parts, in order, so that every language can join its own.
        "text": _text(call, fields, Login(member, "$PIN", "$PASSWORD")),
    }


def _explain(call: Call, fields: Mapping[str, Any], asker: Asker) -> Sequence[Step]:
    made = _compute(call, fields, asker)
    return (
        Step(
            Words(
                en="Join these with |, codes as you send them.",
                id="Gabungkan dengan |, kode persis seperti yang dikirim.",
            ),
            made["text"],
        ),
        Step(
            Words(
                en="SHA-1 as raw bytes, then URL-safe base64 without = at the end.",
                id="SHA-1 sebagai byte mentah, lalu base64 URL-safe tanpa = di akhir.",
            ),
            made["signature"],
        ),
    )


BOOK: Final = CallBook(
    dialect="otomax",
    title="OtomaX",
    id_names=("memberID", "slug"),
    secret_names={"pin": "PIN", "password": "PASSWORD"},
    calls=CALLS,
    compute=_compute,
    explain=_explain,
    error_block="otomax-codes",
    page="dialects/otomax",
)
