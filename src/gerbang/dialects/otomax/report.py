"""A supplier's report to us: believed from the seller's address only (sheet §8, §12); pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import unquote_plus

import msgspec

from gerbang.dialects.otomax.form import UnreadableError, read_pairs
from gerbang.dialects.otomax.outcomes import report_outcome
from gerbang.dialects.otomax.rules import load_rules, read_text
from gerbang.dialects.supplier_contract import CallbackRefused, SupplierNews, SupplierView
from gerbang.outbound.message import InboundRequest

REFERENCE_CHARS_MAX: Final = 64

_NAMES: Final = frozenset({"t", "refid", "status", "price", "message"})
_MESSAGE: Final = re.compile(r"(?:\A|&)message=", re.IGNORECASE)
_NEXT: Final = re.compile(r"&(?:t|refid|status|price|key|trxid)=", re.IGNORECASE)


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The five parameters of a report; only `refid` and `message` are always there (§8)."""

    refid: str
    t: str = ""
    status: int | None = None
    message: str = ""


def read_report(
    supplier: SupplierView, request: InboundRequest
) -> Sequence[SupplierNews] | CallbackRefused:
    """Check where a report comes from and say what it tells of which reference."""
    listed = bool(supplier.callback_ips)
    if listed and not _comes_from(supplier.callback_ips, request.client_ip):
        return CallbackRefused(message="not an address of this supplier", status=403)
    try:
        report = parse_report(request)
    except UnreadableError as error:
        return CallbackRefused(message=str(error), status=400)
    reading = read_text(report.message, load_rules(supplier.settings), status=report.status)
    refid = report.refid or reading.refid
    if not refid or len(refid) > REFERENCE_CHARS_MAX:
        return CallbackRefused(message="no refid", status=400)
    outcome = report_outcome(reading, report.message, refid, number=report.t)
    # A report is not signed: what contradicts something final is asked about first (§12).
    return [SupplierNews(reference=refid, outcome=outcome, confirm_first=True)]


def parse_report(request: InboundRequest) -> Report:
    """Read the parameters from query and form, tolerant of a message that is not encoded."""
    fields: dict[str, str] = {}
    for name, value in read_pairs(request, errors="replace"):
        key = name.lower()
        if key in _NAMES and fields.setdefault(key, value) != value and key != "message":
            raise UnreadableError(f"two values of {key}")
    raw = request.query or request.body
    if message := _raw_message(raw):
        fields["message"] = message
    status = fields.get("status", "").strip()
    return Report(
        refid=fields.get("refid", "").strip(),
        t=fields.get("t", "").strip()[:REFERENCE_CHARS_MAX],
        status=int(status) if status.isascii() and status.isdecimal() and len(status) < 4 else None,  # noqa: PLR2004 (three digits)
        message=fields.get("message", ""),
    )


def _raw_message(raw: bytes) -> str:
    """Read the message from the raw query: one that is not encoded may hold ``&`` itself (§8).

    What follows an unencoded ``#`` never reaches a server: the reference and the status number
    are parameters of their own, and the missing serial number is learned by asking.
    """
    text = raw.decode("utf-8", "replace")
    start = _MESSAGE.search(text)
    if not start:
        return ""
    rest = text[start.end() :]
    end = _NEXT.search(rest)
    return unquote_plus(rest[: end.start()] if end else rest)


def _comes_from(allowed: Sequence[str], client_ip: str) -> bool:
    try:
        address = ipaddress.ip_address(client_ip)
    except ValueError:
        return False
    for one in allowed:
        try:
            if address in ipaddress.ip_network(one, strict=False):
                return True
        except ValueError:
            continue
    return False
