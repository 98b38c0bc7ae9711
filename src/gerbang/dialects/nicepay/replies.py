"""NICEPAY's answers: replies, callback fields and notifications from neutral views. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import quote_plus

import msgspec

from gerbang.cards.merchant import Merchant
from gerbang.cards.payment import Payment, PaymentState, PaymentView
from gerbang.clock import WIB
from gerbang.dialects.card_contract import Cancelled, PaymentMessage
from gerbang.dialects.nicepay import spec
from gerbang.dialects.nicepay.tokens import notification_token
from gerbang.outbound.message import Answered, HttpRequest
from gerbang.web.asgi import JSON_TYPE

Values = dict[str, Any]

REGISTRATION_KEYS: Final = (
    "resultCd", "resultMsg", "tXid", "referenceNo", "payMethod", "amt", "transDt", "transTm",
    "description", "bankCd", "vacctNo", "mitraCd", "payNo", "currency", "goodsNm", "billingNm",
    "vacctValidDt", "vacctValidTm", "payValidDt", "payValidTm", "requestURL", "paymentExpDt",
    "paymentExpTm", "qrContent", "qrUrl",
)  # fmt: skip
INQUIRY_KEYS: Final = (
    "resultCd", "resultMsg", "tXid", "iMid", "referenceNo", "payMethod", "amt", "currency",
    "goodsNm", "billingNm", "status", "cancelAmt", "reqDt", "reqTm", "transDt", "transTm",
    "depositDt", "depositTm", "authNo", "issuBankCd", "issuBankNm", "acquBankCd", "acquBankNm",
    "cardNo", "cardExpYymm", "cardBrand", "instmntMon", "instmntType", "preauthToken",
    "recurringToken", "ccTransType", "acquStatus", "vat", "fee", "notaxAmt", "paymentTrxSn",
    "cancelTrxSn", "userId", "shopId", "paymentExpDt", "paymentExpTm", "vacctNo", "vacctValidDt",
    "vacctValidTm", "bankCd", "payNo", "mitraCd", "receiptCode", "payValidDt", "payValidTm",
    "mRefNo", "acquirerData", "latestFailHistory",
)  # fmt: skip
CANCEL_KEYS: Final = (
    "resultCd", "resultMsg", "tXid", "referenceNo", "transDt", "transTm", "description", "amt",
    "canceltXid", "cancelTrxSn", "cancelReferenceNo", "acquirerData",
)  # fmt: skip


def wib_date(at: datetime) -> str:
    """Write the day as YYYYMMDD in WIB."""
    return at.astimezone(WIB).strftime("%Y%m%d")


def wib_time(at: datetime) -> str:
    """Write the time as HHMMSS in WIB."""
    return at.astimezone(WIB).strftime("%H%M%S")


def reply(values: Mapping[str, Any], keys: tuple[str, ...], *, nulls: bool = True) -> Answered:
    """Answer JSON; absent fields are null or left out, as the merchant's profile says."""
    ordered = {key: values[key] for key in keys if values.get(key) is not None}
    if nulls:
        ordered = {key: values.get(key) for key in keys}
    extra = {key: value for key, value in values.items() if key not in keys}
    return Answered(status=200, headers=JSON_TYPE, body=msgspec.json.encode({**ordered, **extra}))


def refusal(
    code: str,
    keys: tuple[str, ...],
    *,
    message: str = "",
    nulls: bool = True,
    more: Mapping[str, Any] = MappingProxyType({}),
) -> Answered:
    """Answer an error: HTTP 200 and a result code, as every client expects; `more` beside it."""
    values = {"resultCd": code, "resultMsg": spec.text_of(code, message), **more}
    return reply(values, keys, nulls=nulls)


# --- registration --------------------------------------------------------------------------------


def registered(payment: Payment, pay_method: str, *, payment_url: str = "") -> Values:
    """A payment that was written down."""
    values: Values = {
        "resultCd": spec.SUCCESS,
        "resultMsg": spec.TEXTS[spec.SUCCESS],
        "tXid": payment.txid,
        "referenceNo": payment.reference,
        "payMethod": pay_method,
        "amt": str(payment.amount),
        "transDt": wib_date(payment.registered_at),
        "transTm": wib_time(payment.registered_at),
        "description": payment.details.get("description"),
    }
    if payment_url:
        values["paymentURL"] = payment_url
    return values


# --- what several answers share ------------------------------------------------------------------


def order_facts(payment: Payment) -> Values:
    """Echoes of the registration."""
    details = payment.details
    return {
        "tXid": payment.txid,
        "referenceNo": payment.reference,
        "payMethod": spec.PAY_CARD,
        "amt": str(payment.amount),
        "currency": "IDR",
        "goodsNm": details.get("goodsNm", ""),
        "billingNm": details.get("billingNm", ""),
    }


def card_facts(payment: Payment, *, recurring_token: str, preauth_token: str) -> Values:
    """What became of the card, once it was charged or held."""
    details = payment.details
    return {
        "authNo": payment.auth_code,
        "issuBankCd": payment.issuer_bank,
        "issuBankNm": payment.issuer_name,
        "acquBankCd": spec.ACQUIRER_BANK[0],
        "acquBankNm": spec.ACQUIRER_BANK[1],
        "cardNo": payment.card_mask,
        "cardBrand": payment.card_brand.upper(),
        "instmntMon": str(payment.instalment_months),
        "instmntType": payment.instalment_type,
        "recurringToken": recurring_token,
        "preauthToken": preauth_token,
        "ccTransType": spec.TRANS_TYPES[payment.kind],
        "vat": details.get("vat", ""),
        "fee": details.get("fee", ""),
        "notaxAmt": details.get("notaxAmt", ""),
    }


# --- callback: what the browser brings back ------------------------------------------------------


SAID_TO_ANYBODY: Final = (
    "resultCd", "resultMsg", "tXid", "referenceNo", "payMethod", "amt", "currency", "transDt",
    "transTm", "status", "timeStamp",
)  # fmt: skip
"""What a browser hears that knows a tXid, which can be guessed, and nothing else."""


def callback_fields(
    view: PaymentView,
    code: str,
    *,
    merchant: Merchant,
    at: datetime,
    message: str = "",
    expiry: str = "",
    proven: bool = True,
) -> dict[str, str]:
    """The fields of §5.2; signed like a notification. Not `proven`: nothing of buyer and card."""
    payment = view.payment
    paid = code == spec.SUCCESS
    when = payment.paid_at or payment.registered_at
    amount = str(payment.amount)
    values: Values = {
        "resultCd": code,
        "resultMsg": spec.text_of(code, message),
        **order_facts(payment),
        "transDt": wib_date(when),
        "transTm": wib_time(when),
        "description": payment.details.get("description", ""),
        "cardNo": payment.card_mask,
        "status": spec.STATUS_WORDS[payment.state][0],
        "timeStamp": f"{wib_date(at)}{wib_time(at)}",
        "merchantToken": notification_token(
            merchant.key, imid=merchant.imid, txid=payment.txid, amount=amount
        ),
    }
    if paid:
        tokens = {"recurring_token": view.recurring_token, "preauth_token": view.preauth_token}
        values.update(card_facts(payment, **tokens))
        values.update(
            {"cardExpYymm": expiry, "mitraCd": "", "receiptCode": "", "mRefNo": "", "status": "0"}
        )
    if not proven:
        values = {name: values[name] for name in SAID_TO_ANYBODY}
    return {name: str(value) for name, value in values.items()}


# --- inquiry -------------------------------------------------------------------------------------


def inquired(view: PaymentView, *, imid: str) -> Values:
    """How a payment stands."""
    payment = view.payment
    status, word = spec.STATUS_WORDS[payment.state]
    busy = view.in_process and payment.state is not PaymentState.CHALLENGED
    values: Values = {
        "resultCd": spec.SUCCESS,
        "resultMsg": spec.IN_PROCESS if busy else word,
        **order_facts(payment),
        "iMid": imid,
        "status": status,
        "cancelAmt": _cancelled(payment),
        "reqDt": wib_date(payment.registered_at),
        "reqTm": wib_time(payment.registered_at),
        "instmntMon": str(payment.instalment_months),
        "instmntType": payment.instalment_type,
        "userId": payment.details.get("userId"),
        "shopId": payment.details.get("shopId"),
    }
    if payment.card_mask:
        values["cardNo"] = payment.card_mask
    if payment.paid_at is not None:
        tokens = {"recurring_token": view.recurring_token, "preauth_token": view.preauth_token}
        facts = card_facts(payment, **tokens)
        values.update({name: value or None for name, value in facts.items()})
        values["transDt"] = wib_date(payment.paid_at)
        values["transTm"] = wib_time(payment.paid_at)
        values["acquStatus"] = spec.TRANS_TYPES[payment.kind]
        values["acquirerData"] = {"rrn": payment.acquirer_reference}
    if view.failures:
        values["latestFailHistory"] = [
            {
                "resultCd": failure.code,
                "resultMsg": spec.text_of(failure.code, failure.message),
                "transDt": wib_date(failure.at),
                "transTm": wib_time(failure.at),
            }
            for failure in view.failures
        ]
    return values


def _cancelled(payment: Payment) -> str | None:
    if payment.state is PaymentState.VOID:
        return str(payment.amount)
    return str(payment.refunded) if payment.refunded else None


# --- cancel --------------------------------------------------------------------------------------


def cancelled(done: Cancelled, *, number: str, reason: str) -> Values:
    """What was taken back."""
    payment = done.view.payment
    return {
        "resultCd": spec.SUCCESS,
        "resultMsg": spec.TEXTS[spec.SUCCESS],
        "tXid": payment.txid,
        "referenceNo": payment.reference,
        "transDt": wib_date(done.at),
        "transTm": wib_time(done.at),
        "description": reason or None,
        "amt": str(done.amount),
        "canceltXid": done.cancel_txid,
        "cancelReferenceNo": number or None,
        "acquirerData": {"rrn": done.acquirer_reference},
    }


# --- notification --------------------------------------------------------------------------------

_TAKEN_BACK: Final = frozenset({PaymentState.VOID, PaymentState.REFUNDED})


def encode_notification(message: PaymentMessage) -> HttpRequest:
    """The form post of §8; its token does not carry the iMid, which the merchant knows."""
    payment = message.payment
    amount = str(payment.amount)
    token = notification_token(message.key, imid=message.imid, txid=payment.txid, amount=amount)
    taken_back = payment.state in _TAKEN_BACK or message.event == "payment.refunded_partly"
    facts = card_facts(
        payment, recurring_token=message.recurring_token, preauth_token=message.preauth_token
    )
    fields: Values = {
        **order_facts(payment),
        "transDt": wib_date(message.at),
        "transTm": wib_time(message.at),
        "matchCl": "1",
        "status": "1" if taken_back else "0",
        **facts,
        "cardExpYymm": "",
        "merchantToken": token,
    }
    if payment.state is PaymentState.FAILED:
        fields["status"], fields["failureMsg"] = "1", "failed"
    return HttpRequest(
        method="POST",
        url=message.url,
        headers=(
            ("content-type", "application/x-www-form-urlencoded"),
            ("user-agent", spec.USER_AGENT),
        ),
        body=_form(fields),
        secrets=tuple(
            one for one in (token, message.recurring_token, message.preauth_token) if one
        ),
    )


_UNRESERVED: Final = re.compile(r"[A-Za-z0-9_.~-]*").fullmatch


def _form(fields: Values) -> bytes:
    """Write a form; most values are written as they are, and only the others cost something."""
    return "&".join(f"{name}={_quoted(str(value))}" for name, value in fields.items()).encode()


def _quoted(text: str) -> str:
    return text if _UNRESERVED(text) else quote_plus(text)
