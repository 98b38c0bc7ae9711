"""A supplier's words, whatever their form, as one plain report; pure.

Replies and callbacks come as the flat transaction object (C1), in a ``data`` object with other
names (C2), or as XML-RPC (C3). Members have several spellings and numbers may be texts (sheet §9
number 14).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

import msgspec

from gerbang.dialects.socx import topup_xml
from gerbang.dialects.socx.wire import UnreadableError, clean_text, decode_object
from gerbang.money import RUPIAH_MAX

ID_CHARS_MAX: Final = 128
SN_CHARS_MAX: Final = 500
DETAIL_CHARS_MAX: Final = 2_000
DETAILS_MAX: Final = 50

_RC: Final = re.compile(r"[0-9]{2,3}").fullmatch
_DIGITS: Final = re.compile(r"-?[0-9]{1,16}").fullmatch


class Form(StrEnum):
    """In which of the documented forms something came (§6)."""

    FLAT = "flat"
    DATA = "data"
    XML = "xml"


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a supplier said of one of our references; empty or None where it did not say.

    `request_id` and `trxid` stand as they came: one documented sample has them swapped.
    """

    form: Form
    rc: str
    request_id: str
    trxid: str
    code: str
    msisdn: str
    price: int | None
    balance: int | None
    sn: str
    message: str
    data: dict[str, object] | None

    @property
    def has_order(self) -> bool:
        """Whether the supplier has an order: `trxid` 0 means that it refused before (§4.2)."""
        return self.trxid not in ("", "0")


def read_report(body: bytes) -> Report | None:
    """Read any of the three forms; None where no result code can be found."""
    if body.lstrip().startswith(b"<"):
        return _read_xml(body)
    members = decode_object(body)
    if members is None:
        return None
    inner = members.get("data")
    if "rc" not in members and isinstance(inner, dict):
        return _read_data(inner)
    return _read_flat(members)


def _read_xml(body: bytes) -> Report | None:
    try:
        members = topup_xml.parse_response(body)
    except UnreadableError:
        return None
    return _report(
        Form.XML,
        rc=members.get("RESPONSECODE"),
        request_id=members.get("REQUESTID"),
        trxid=members.get("TRANSACTIONID"),
        code="",
        msisdn=members.get("MSISDN"),
        members={
            "price": members.get("PRICE"),
            "sn": members.get("SN"),
            "message": members.get("MESSAGE"),
        },
    )


def _read_data(members: dict[str, Any]) -> Report | None:
    return _report(
        Form.DATA,
        rc=members.get("rc"),
        request_id=members.get("ref_id"),
        trxid=_first(members, "tr_id", "trx_id", "trxid"),
        code=members.get("code"),
        msisdn=members.get("hp"),
        members={**members, "data": members},  # sn_raw and parsed stand beside the rest (§4.4)
    )


def _read_flat(members: dict[str, Any]) -> Report | None:
    return _report(
        Form.FLAT,
        rc=members.get("rc"),
        request_id=members.get("request_id"),
        trxid=_first(members, "trxid", "trx_id", "tr_id"),
        code=members.get("code"),
        msisdn=_first(members, "msisdn", "hp"),
        members=members,
    )


def _report(
    form: Form,
    *,
    rc: object,
    request_id: object,
    trxid: object,
    code: object,
    msisdn: object,
    members: Mapping[str, Any],
) -> Report | None:
    result = _result_code(rc)
    if result is None:
        return None
    return Report(
        form=form,
        rc=result,
        request_id=_id(request_id),
        trxid=_id(trxid),
        code=_id(code),
        msisdn=_id(msisdn),
        price=read_rupiah(_first(members, "price", "total")),
        balance=read_rupiah(members.get("balance")),
        sn=_serial_number(members),
        message=_text(_first(members, "message", "msg")),
        data=_details(members.get("data")),
    )


# --- values -------------------------------------------------------------------------------------


def _first(members: Mapping[str, Any], *names: str) -> Any:
    return next((members[name] for name in names if members.get(name) is not None), None)


def _result_code(value: object) -> str | None:
    """Read an rc: two or three digits as text, or a number that lost its leading zero."""
    if type(value) is int and value >= 0:
        value = f"{value:02d}"
    if isinstance(value, str) and _RC(text := value.strip()):
        return text
    return None


def _id(value: object) -> str:
    return _text(value, chars_max=ID_CHARS_MAX)


def _text(value: object, *, chars_max: int = 500) -> str:
    if type(value) is int:
        value = str(value)
    return clean_text(value.strip(), chars_max=chars_max) if isinstance(value, str) else ""


def read_rupiah(value: object) -> int | None:
    """Read whole rupiah from a number or a digit string; None for anything else."""
    if isinstance(value, str) and _DIGITS(text := value.strip()):
        value = int(text)
    if type(value) is int and abs(value) <= RUPIAH_MAX:
        return value
    return None


def _serial_number(members: Mapping[str, Any]) -> str:
    """Find the serial number: ``sn``, then inside ``data``, then the payment's (§11 number 5)."""
    data = members.get("data")
    inside = data if isinstance(data, dict) else {}
    parsed = inside.get("parsed")
    token = parsed.get("stroom_token") if isinstance(parsed, dict) else None
    candidates = (
        members.get("sn"),
        inside.get("sn"),
        token,
        members.get("nomor_referensi"),
        inside.get("nomor_referensi"),
    )
    texts = (_text(value, chars_max=SN_CHARS_MAX) for value in candidates)
    return next((text for text in texts if text), "")


def _details(data: object) -> dict[str, object] | None:
    """Keep the documented parts of a PLN receipt (§4.4), fit for a database."""
    if not isinstance(data, dict):
        return None
    details: dict[str, object] = {}
    if isinstance(raw := data.get("sn_raw"), str):
        details["sn_raw"] = clean_text(raw, chars_max=DETAIL_CHARS_MAX)
    if isinstance(parsed := data.get("parsed"), dict):
        details["parsed"] = {
            clean_text(name, chars_max=ID_CHARS_MAX): value
            for name, member in list(parsed.items())[:DETAILS_MAX]
            if (value := _detail(member)) is not None
        }
    return details or None


def _detail(value: object) -> str | int | None:
    if isinstance(value, str):
        return clean_text(value, chars_max=DETAIL_CHARS_MAX)
    return read_rupiah(value)
