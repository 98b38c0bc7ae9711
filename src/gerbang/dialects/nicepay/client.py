"""The merchant's half: what we ask of NICEPAY (or another Gerbang), and what its answers mean.

Pure: requests are built here and sent elsewhere. A registration charges nothing, so one that got
lost is harmless; a payment, a capture and a cancel are sent once, and what became of them is
found by inquiry. What is not listed is *unknown*. Sections (§) are those of the protocol sheet.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

import msgspec

from gerbang.clock import WIB
from gerbang.dialects.nicepay.tokens import cancel_token, notification_holds, order_token
from gerbang.outbound.message import Answered, HttpRequest, InboundRequest
from gerbang.web.asgi import JSON_TYPE

CARD: Final = "01"
SUCCESS: Final = "0000"
FULL: Final = "1"
PARTIAL: Final = "2"
FORM_TYPE: Final = (("content-type", "application/x-www-form-urlencoded"),)
FIELDS_MAX: Final = 100


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Our merchant account at the acquirer. `base_url` ends before ``/nicepay``."""

    base_url: str
    imid: str
    key: str

    def __repr__(self) -> str:
        return f"Account({self.imid} at {self.base_url})"


class Buyer(msgspec.Struct, frozen=True, kw_only=True):
    """What a registration must say of who pays and for what (§4.1)."""

    goods: str
    name: str
    phone: str
    email: str
    address: str
    city: str
    state: str
    post_code: str
    country: str = "Indonesia"
    ip: str = "127.0.0.1"


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """One order to register; `reference` is ours and never used twice."""

    reference: str
    amount: int
    buyer: Buyer
    return_url: str
    notify_url: str
    instalment_months: int = 1
    recurring_option: int = 2


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A registered order, as inquiry and cancel need it."""

    txid: str
    reference: str
    amount: int


class Registered(msgspec.Struct, frozen=True, kw_only=True):
    """The order exists and waits for a card. `payment_url` only where it was for the checkout."""

    txid: str
    payment_url: str = ""


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A listed result code that says: this did not happen."""

    code: str
    message: str = ""


class Unclear(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that proves nothing: unreadable, about another order, or a code not listed."""

    error: str


class Place(StrEnum):
    """Where an order stands at the acquirer."""

    INITIALISED = "init"
    PAID = "paid"
    HELD = "preauthed"
    VOID = "void"
    REFUNDED = "refund"
    FAILED = "failed"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What an inquiry said; `given_back` is the sum of all cancels."""

    place: Place
    given_back: int = 0
    auth_code: str = ""
    issuer_bank: str = ""
    issuer_name: str = ""
    card_mask: str = ""
    recurring_token: str = ""
    preauth_token: str = ""
    failure: Refused | None = None
    """Why the last attempt failed, where the acquirer says it."""

    def __repr__(self) -> str:
        return f"Standing({self.place}, given_back={self.given_back})"


class Cancelled(msgspec.Struct, frozen=True, kw_only=True):
    """The cancel happened."""

    txid: str


class News(msgspec.Struct, frozen=True, kw_only=True):
    """A notification or a return whose token holds: a reason to inquire, and no proof by itself."""

    txid: str
    reference: str
    amount: int


# --- registration --------------------------------------------------------------------------------


def register(
    account: Account, registration: Registration, *, now: datetime, hosted: bool
) -> HttpRequest:
    """Register an order; `hosted` asks for the acquirer's own card page (§4, §9)."""
    buyer, amount = registration.buyer, str(registration.amount)
    fields = {
        **_signed(account, reference=registration.reference, amount=amount, now=now),
        "payMethod": CARD,
        "currency": "IDR",
        "goodsNm": buyer.goods[:100],
        "billingNm": buyer.name[:30],
        "billingPhone": buyer.phone[:15],
        "billingEmail": buyer.email[:40],
        "billingAddr": buyer.address[:100],
        "billingCity": buyer.city[:50],
        "billingState": buyer.state[:50],
        "billingPostCd": buyer.post_code[:10],
        "billingCountry": buyer.country[:10],
        "userIP": buyer.ip[:15],
        "dbProcessUrl": registration.notify_url,
        "description": buyer.goods[:100],
        "instmntType": "1",
        "instmntMon": str(registration.instalment_months),
        "recurrOpt": str(registration.recurring_option),
        "cartData": _cart(buyer.goods, amount),
    }
    if hosted:
        fields |= {"callBackUrl": registration.return_url, "sellers": "[]"}
    path = "redirect" if hosted else "direct"
    return _json_request(account, f"{path}/v2/registration", fields)


def read_registration(
    registration: Registration, answer: Answered
) -> Registered | Refused | Unclear:
    """Read the tXid; an answer about another order proves nothing."""
    said = _read_json(answer)
    if said is None:
        return Unclear(error=f"unreadable answer with status {answer.status}")
    code = _text(said, "resultCd")
    if code and code != SUCCESS:
        return Refused(code=code, message=_text(said, "resultMsg"))
    txid = _text(said, "tXid")
    about_it = (_text(said, "referenceNo"), _amount(said, "amt")) == (
        registration.reference,
        registration.amount,
    )
    if not (code and txid and about_it):
        return Unclear(error="an answer without tXid, or about another order")
    return Registered(txid=txid, payment_url=_text(said, "paymentURL"))


def hosted_page(registered: Registered) -> str:
    """Give the address that the browser goes to: the merchant adds the tXid himself (§9)."""
    return f"{registered.payment_url}?{urlencode({'tXid': registered.txid})}"


# --- payment --------------------------------------------------------------------------------------


def payment_address(account: Account) -> str:
    """Where payments are posted, by us or by a browser (§5)."""
    return f"{account.base_url.rstrip('/')}/nicepay/direct/v2/payment"


def payment_fields(
    account: Account, order: Order, *, now: datetime, return_url: str
) -> dict[str, str]:
    """Give the signed fields of a payment; card fields or a token are added to them."""
    signed = _signed(account, reference=order.reference, amount=str(order.amount), now=now)
    return {
        "timeStamp": signed["timeStamp"],
        "tXid": order.txid,
        "merchantToken": signed["merchantToken"],
        "referenceNo": order.reference,
        "callBackUrl": return_url,
    }


def pay_by_token(
    account: Account,
    order: Order,
    *,
    now: datetime,
    return_url: str,
    recurring_token: str = "",
    preauth_token: str = "",
) -> HttpRequest:
    """Charge a card that the acquirer knows, or capture a hold; no browser is needed (§10)."""
    signed = payment_fields(account, order, now=now, return_url=return_url)
    fields = signed | {"recurringToken": recurring_token, "preauthToken": preauth_token}
    return HttpRequest(
        method="POST",
        url=payment_address(account),
        headers=FORM_TYPE,
        body=urlencode(fields).encode(),
        secrets=_secrets(account, signed["merchantToken"], recurring_token, preauth_token),
    )


REFUSES_PAYMENT: Final = frozenset(
    {"8022", "9003", "9010", "9129", "9134", "9140", "9141", "9143", "9145", "9148", "9149", "9161"}
)
"""Codes after which nothing was or will be asked of the card (§13); for others: inquire."""


def read_payment(answer: Answered) -> Refused | Unclear:
    """Read the result page: only a listed refusal is final, a success is confirmed by inquiry."""
    fields = hidden_inputs(answer.text())
    code = fields.get("resultCd", "")
    if code in REFUSES_PAYMENT:
        return Refused(code=code, message=fields.get("resultMsg", ""))
    return Unclear(error=f"result {code or 'unreadable'}, to be confirmed by inquiry")


_INPUT: Final = re.compile(r"<input\b[^>]*>", re.IGNORECASE)
_ATTRIBUTE: Final = re.compile(r"""([\w-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")


def hidden_inputs(page: str) -> dict[str, str]:
    """Read the hidden inputs of a result page by name (§5.2)."""
    found: dict[str, str] = {}
    for tag in _INPUT.findall(page)[:FIELDS_MAX]:
        attributes = {
            name.lower(): html.unescape(double or single)
            for name, double, single in _ATTRIBUTE.findall(tag)
        }
        if attributes.get("type", "").lower() == "hidden" and "name" in attributes:
            found[attributes["name"]] = attributes.get("value", "")
    return found


# --- inquiry --------------------------------------------------------------------------------------


def inquire(account: Account, order: Order, *, now: datetime) -> HttpRequest:
    """Ask where an order stands (§6)."""
    signed = _signed(account, reference=order.reference, amount=str(order.amount), now=now)
    return _json_request(account, "direct/v2/inquiry", {**signed, "tXid": order.txid})


def read_inquiry(order: Order, answer: Answered) -> Standing | Refused | Unclear:
    """Read where an order stands; an answer about another one proves nothing."""
    said = _read_json(answer)
    if said is None:
        return Unclear(error=f"unreadable answer with status {answer.status}")
    code = _text(said, "resultCd")
    if code != SUCCESS:
        return Refused(code=code, message=_text(said, "resultMsg"))
    about = (_text(said, "tXid"), _text(said, "referenceNo"), _amount(said, "amt"))
    if about != (order.txid, order.reference, order.amount):
        return Unclear(error="an answer about another order")
    return Standing(
        place=_place(_text(said, "status"), _text(said, "resultMsg")),
        given_back=_amount(said, "cancelAmt") or 0,
        auth_code=_text(said, "authNo"),
        issuer_bank=_text(said, "issuBankCd"),
        issuer_name=_text(said, "issuBankNm"),
        card_mask=_mask(_text(said, "cardNo")),
        recurring_token=_text(said, "recurringToken"),
        preauth_token=_text(said, "preauthToken"),
        failure=_latest_failure(said.get("latestFailHistory")),
    )


PLACES: Final[Mapping[tuple[str, str], Place]] = {
    ("0", "paid"): Place.PAID,
    ("0", "preauthed"): Place.HELD,
    ("1", "void"): Place.VOID,
    ("2", "refund"): Place.REFUNDED,
    ("8", "failed"): Place.FAILED,
    ("8", "expired"): Place.EXPIRED,
    ("9", "init"): Place.INITIALISED,
}
"""Status and its word (§6, §12). Anything else, a payment in process too, is unknown."""


def _place(status: str, word: str) -> Place:
    return PLACES.get((status, word.strip().lower()), Place.UNKNOWN)


def _latest_failure(history: Any) -> Refused | None:
    if not isinstance(history, list) or not history or not isinstance(history[-1], dict):
        return None
    code = _text(history[-1], "resultCd")
    return Refused(code=code, message=_text(history[-1], "resultMsg")) if code else None


_MASKS: Final = re.compile(r"\d{6}\*{2,9}\d{4}|\d{8}\*{4}\d{4}")


def _mask(text: str) -> str:
    """Take a masked number only: whatever else stands there is not kept."""
    return text if _MASKS.fullmatch(text) else ""


# --- cancel ---------------------------------------------------------------------------------------


def cancel(
    account: Account,
    order: Order,
    *,
    amount: int,
    full: bool,
    reference: str,
    reason: str,
    now: datetime,
) -> HttpRequest:
    """Take back the whole charge or a part of it (§7)."""
    timestamp = stamp(now)
    made = cancel_token(
        account.key, timestamp=timestamp, imid=account.imid, txid=order.txid, amount=str(amount)
    )
    fields = {
        "timeStamp": timestamp,
        "tXid": order.txid,
        "iMid": account.imid,
        "payMethod": CARD,
        "cancelType": FULL if full else PARTIAL,
        "amt": str(amount),
        "referenceNo": reference[:40],
        "cancelMsg": (reason or "cancel")[:255],
        "merchantToken": made,
    }
    return _json_request(account, "direct/v2/cancel", fields)


REFUSES_CANCEL: Final = frozenset(
    {
        "9010", "9011", "9301", "9312", "9313", "9317", "9319", "9320", "9321", "9326", "9327",
        "9328", "9329", "9331", "9332", "9333", "9334", "8061", "8062", "8063", "8064", "8065",
        "8066", "8067",
    }
)  # fmt: skip
"""Codes after which nothing was given back (§13). Busy, bank trouble and *duplicate* prove
nothing: inquire."""


def read_cancel(order: Order, answer: Answered) -> Cancelled | Refused | Unclear:
    """Read what became of a cancel."""
    said = _read_json(answer)
    if said is None:
        return Unclear(error=f"unreadable answer with status {answer.status}")
    code = _text(said, "resultCd")
    if code == SUCCESS and _text(said, "tXid") == order.txid:
        return Cancelled(txid=_text(said, "canceltXid"))
    if code in REFUSES_CANCEL:
        return Refused(code=code, message=_text(said, "resultMsg"))
    return Unclear(error=f"result {code or 'unreadable'}, to be confirmed by inquiry")


# --- what comes in --------------------------------------------------------------------------------


def read_notification(account: Account, request: InboundRequest) -> News | None:
    """Believe a notification whose token holds, as far as asking about its order (§8)."""
    fields = query_or_body(request)
    amount = _amount(fields, "amt")
    if amount is None or not is_signed(account, fields):
        return None
    return News(txid=fields.get("tXid", ""), reference=fields.get("referenceNo", ""), amount=amount)


def is_signed(account: Account, fields: Mapping[str, str]) -> bool:
    """Say whether a notification or a browser's fields carry the acquirer's token (§5.2, §8)."""
    return notification_holds(fields, imid=account.imid, key=account.key)


def query_or_body(request: InboundRequest) -> dict[str, str]:
    """Read form fields from wherever they are: a callback may come as GET (§5.2)."""
    text = (request.body or request.query).decode("utf-8", "replace")
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=FIELDS_MAX))
    except ValueError:
        return {}


# --- wire -----------------------------------------------------------------------------------------


def stamp(now: datetime) -> str:
    """Write a moment as the protocol does: ``YYYYMMDDHH24MISS`` in Jakarta (§2)."""
    return now.astimezone(WIB).strftime("%Y%m%d%H%M%S")


def _signed(account: Account, *, reference: str, amount: str, now: datetime) -> dict[str, str]:
    timestamp = stamp(now)
    made = order_token(
        account.key, timestamp=timestamp, imid=account.imid, reference=reference, amount=amount
    )
    return {
        "timeStamp": timestamp,
        "iMid": account.imid,
        "referenceNo": reference,
        "amt": amount,
        "merchantToken": made,
    }


def _cart(goods: str, amount: str) -> str:
    item = {"goods_name": goods[:100], "goods_amt": amount, "goods_quantity": "1"}
    return msgspec.json.encode({"count": "1", "item": [item]}).decode()


def _json_request(account: Account, path: str, fields: Mapping[str, str]) -> HttpRequest:
    return HttpRequest(
        method="POST",
        url=f"{account.base_url.rstrip('/')}/nicepay/{path}",
        headers=JSON_TYPE,
        body=msgspec.json.encode(fields),
        secrets=_secrets(account, fields["merchantToken"]),
    )


def _secrets(account: Account, *others: str) -> tuple[str, ...]:
    return tuple(text for text in (account.key, *others) if text)


def _read_json(answer: Answered) -> dict[str, Any] | None:
    try:
        said = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def _text(said: Mapping[str, Any], name: str) -> str:
    """Give a member as text: some servers write numbers (§6)."""
    value = said.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value)[:255]


def _amount(said: Mapping[str, Any], name: str) -> int | None:
    text = _text(said, name)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else None  # noqa: PLR2004
