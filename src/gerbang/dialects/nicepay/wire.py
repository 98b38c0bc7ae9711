"""NICEPAY's requests: bytes into fields, fields into neutral requests. Pure; §19's leniency."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import msgspec

from gerbang.cards.merchant import Merchant
from gerbang.clock import WIB
from gerbang.dialects.card_contract import Registration
from gerbang.dialects.nicepay import spec
from gerbang.dialects.nicepay.tokens import order_token, same_token
from gerbang.outbound.message import InboundRequest

FIELDS_MAX: Final = 200
FIELD_CHARS_MAX: Final = 4_000
REFERENCE_CHARS_MAX: Final = 40
URL_CHARS_MAX: Final = 1_000
AMOUNT_DIGITS_MAX: Final = 12
_STAMP: Final = re.compile(r"[0-9]{14}")
_DIGITS: Final = re.compile(r"[0-9]{1,12}")
_EXACT_FLOAT_MAX: Final = 2**53

Fields = dict[str, str]


class Problem(msgspec.Struct, frozen=True):
    """A request that is refused, with its result code."""

    code: str


# --- bytes into fields ---------------------------------------------------------------------------


def read_json(body: bytes) -> Fields | Problem:
    """Read a JSON object; numbers become their text, nested values JSON text, null nothing."""
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return Problem("9001")
    if not isinstance(document, dict) or len(document) > FIELDS_MAX:
        return Problem("9001")
    fields: Fields = {}
    for name, value in document.items():
        text = text_of(value)
        if "\0" in text or "\0" in name or len(text) > FIELD_CHARS_MAX:
            return Problem("9030")
        fields[name] = text
    return fields


def text_of(value: Any) -> str:
    """Write a JSON value as clients meant it: 1000.0 is 1000, and 100.5 stays what it is."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT_FLOAT_MAX:
        return str(int(value))
    if isinstance(value, bool | dict | list):
        return msgspec.json.encode(value).decode()
    return str(value)


def read_payment(request: InboundRequest) -> Fields | Problem:
    """Read a payment however it is sent: form, JSON, query, or a query with an empty body."""
    fields = _pairs(request.query.decode("utf-8", "replace"))
    if fields is None:
        return Problem("9030")
    body = request.body.strip()
    if not body:
        return fields
    more: Fields | Problem | None
    if "json" in request.header("content-type").lower() or body.startswith(b"{"):
        more = read_json(body)
    else:
        more = _pairs(body.decode("utf-8", "replace"))
    if more is None or isinstance(more, Problem):
        return more or Problem("9030")
    return {**fields, **{name: value for name, value in more.items() if value}}


def _pairs(text: str) -> Fields | None:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=FIELDS_MAX)
    except ValueError:
        return None
    if any("\0" in name or "\0" in value or len(value) > FIELD_CHARS_MAX for name, value in pairs):
        return None
    return {name: value.strip() for name, value in pairs}


# --- single fields -------------------------------------------------------------------------------


def read_amount(text: str) -> int | None:
    """Read a whole number of rupiah."""
    return int(text) if _DIGITS.fullmatch(text) else None


def is_timestamp(text: str) -> bool:
    """Check the format only: some clients send a 12-hour clock."""
    return _STAMP.fullmatch(text) is not None


def is_fresh(text: str, merchant: Merchant, now: datetime) -> bool:
    """Check a timestamp against the clock; only where the merchant wants it."""
    try:
        stamp = datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=WIB)
    except ValueError:
        return False
    return abs(now - stamp) <= timedelta(seconds=merchant.ways.timestamp_skew_s_max)


def is_web_address(text: str) -> bool:
    """Tell whether a browser or we may go there."""
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        return False
    plain = text.isprintable() and " " not in text and len(text) <= URL_CHARS_MAX
    return plain and parts.scheme in {"http", "https"} and bool(host)


# --- registration --------------------------------------------------------------------------------


def read_registration(
    fields: Fields, merchant: Merchant, *, channel: str, now: datetime
) -> Registration | Problem:
    """Check a registration in the order of §4.4."""
    code = (
        _method_problem(fields, channel)
        or _missing(fields, merchant, channel)
        or _amount_problem(fields, merchant)
        or _reference_problem(fields)
        or _stamp_problem(fields, merchant, channel, now)
        or _token_problem(fields, merchant)
        or _address_problem(fields, channel)
        or (_cart_problem(fields) if merchant.ways.strict else "")
        or _instalment_problem(fields, merchant)
    )
    if code:
        return Problem(code)
    return Registration(
        channel=channel,
        pay_method=fields["payMethod"],
        reference=fields["referenceNo"],
        amount=int(fields["amt"]),
        instalment_months=int(fields.get("instmntMon") or "1"),
        instalment_type=fields.get("instmntType") or "1",
        recurring_option=int(fields.get("recurrOpt") or "2"),
        details={name: fields[name] for name in _KEPT if fields.get(name)},
        notify_url=fields["dbProcessUrl"],
        return_url=fields.get("callBackUrl", ""),
    )


_KEPT: Final = (
    "goodsNm",
    "billingNm",
    "billingPhone",
    "billingEmail",
    "description",
    "vat",
    "fee",
    "notaxAmt",
    "userId",
    "shopId",
    "mitraCd",
    "mRefNo",
    "userLanguage",
)
"""What replies echo; nothing else of a registration is kept."""


def _method_problem(fields: Fields, channel: str) -> str:
    method = fields.get("payMethod", "")
    allowed = {spec.PAY_CARD} if channel == "direct" else {spec.PAY_CARD, spec.PAY_ANY}
    return "" if method in allowed else "9012"


def _missing(fields: Fields, merchant: Merchant, channel: str) -> str:
    if not fields.get("amt"):
        return "9007"
    for name, code in spec.REQUIRED:
        if not fields.get(name):
            return code
    if fields["currency"].upper() != "IDR":
        return "9013"
    if channel == "redirect" and not fields.get("callBackUrl"):
        return "9019"
    strictly_missing = merchant.ways.strict and not fields.get("userIP")
    return "9024" if strictly_missing else ""


def _amount_problem(fields: Fields, merchant: Merchant) -> str:
    amount = read_amount(fields["amt"])
    if amount is None or len(fields["amt"]) > AMOUNT_DIGITS_MAX:
        return "9008"
    if amount < max(merchant.limits.amount_min, 1):
        return "9115"
    return "9123" if amount > merchant.limits.amount_max else ""


def _reference_problem(fields: Fields) -> str:
    return "9109" if len(fields["referenceNo"]) > REFERENCE_CHARS_MAX else ""


def _stamp_problem(fields: Fields, merchant: Merchant, channel: str, now: datetime) -> str:
    stamp = fields.get("timeStamp", "")
    if not stamp and channel == "redirect" and not merchant.ways.strict:
        return ""  # a public client leaves it out, and out of its token
    if not is_timestamp(stamp):
        return "9031"
    stale = merchant.ways.strict and not is_fresh(stamp, merchant, now)
    return "9031" if stale else ""


def _token_problem(fields: Fields, merchant: Merchant) -> str:
    expected = order_token(
        merchant.key,
        timestamp=fields.get("timeStamp", ""),
        imid=fields.get("iMid", ""),
        reference=fields["referenceNo"],
        amount=fields["amt"],
    )
    return "" if same_token(expected, fields.get("merchantToken")) else "9010"


def _address_problem(fields: Fields, channel: str) -> str:
    if not is_web_address(fields["dbProcessUrl"]):
        return "8003"
    returns = fields.get("callBackUrl", "")
    wrong = returns and not is_web_address(returns)
    return "8028" if wrong and channel == "redirect" else ""


def _cart_problem(fields: Fields) -> str:
    """Clients disagree on whether goods_amt is a unit price or a line's total: either may fit."""
    try:
        cart = msgspec.json.decode(fields.get("cartData", "").encode())
        items = cart["item"]
        amounts = [int(item["goods_amt"]) for item in items]
        counts = [int(item.get("goods_quantity") or 1) for item in items]
    except (msgspec.DecodeError, KeyError, TypeError, ValueError, AttributeError):
        return "9022"
    totals = {sum(amounts), sum(a * n for a, n in zip(amounts, counts, strict=True))}
    return "" if int(fields["amt"]) in totals else "9023"


def _instalment_problem(fields: Fields, merchant: Merchant) -> str:
    if (fields.get("instmntType") or "1") not in {"1", "2"}:
        return "9118"
    months = fields.get("instmntMon") or "1"
    if months not in {"1", *(str(one) for one in merchant.features.instalments)}:
        return "9029"
    return "" if (fields.get("recurrOpt") or "2") in {"0", "1", "2"} else "9147"


# --- cards ---------------------------------------------------------------------------------------

EXPIRY: Final = re.compile(r"[0-9]{2}(?:0[1-9]|1[0-2])")
CVV: Final = re.compile(r"[0-9]{3,4}")
HOLDER: Final = re.compile(r"[^\W\d_](?:[^\W\d_]|[ .'-]){0,49}")


def card_problem(fields: Mapping[str, str], merchant: Merchant) -> str:
    """Say what is malformed in a typed card: input errors, which leave the order as it was."""
    number = fields.get("cardNo", "")
    if not (number.isascii() and number.isdigit() and 12 <= len(number) <= 19):  # noqa: PLR2004
        return "8027"
    if not EXPIRY.fullmatch(fields.get("cardExpYymm", "")):
        return "9160"
    cvv = fields.get("cardCvv", "")
    needed = merchant.features.cvv_required and not merchant.features.autopaid
    if (cvv and not CVV.fullmatch(cvv)) or (needed and not cvv):
        return "8027"
    holder = fields.get("cardHolderNm", "")
    if merchant.ways.strict and not HOLDER.fullmatch(holder):
        return "9158"
    return ""
