"""From a reading of a text to an outcome of our order: whose it is, what is believed; pure.

Sheet §12: the refID, or else code and destination, must be ours before anything is believed.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

import msgspec

from gerbang.dialects.otomax.rule import About, ReadAs
from gerbang.dialects.otomax.rules import Reading, clean_text
from gerbang.dialects.otomax.spec import REFERENCE_FREE, REROUTABLE
from gerbang.dialects.supplier_contract import SupplierOrder
from gerbang.orders.outcome import (
    Accepted,
    Delivered,
    NotFound,
    Outcome,
    Rejected,
    StatusOutcome,
    Unknown,
)
from gerbang.orders.reasons import Reason

MESSAGE_CHARS_MAX: Final = 500

_NO_REFERENCE: Final = frozenset({"", "0"})
"""`R#0` and an empty `R#` name no order (§5.1)."""
_WORD: Final = re.compile(r"[0-9A-Za-z@_+*#()-]{1,64}")
_MASK: Final = re.compile(r"[xX*]")


class Whose(StrEnum):
    """Whose order a text speaks of."""

    OURS = "ours"
    OURS_BY_NUMBER = "ours_by_number"
    """Code and destination are ours; no reference is named."""
    SILENT = "silent"
    OTHER = "other"


# --- whose --------------------------------------------------------------------------------------


def whose(reading: Reading, text: str, order: SupplierOrder) -> Whose:
    """Say whose order a text speaks of."""
    refid = reading.refid.strip(".,").upper()
    named = refid not in _NO_REFERENCE
    if named and refid != order.reference.upper():
        return Whose.OTHER
    if reading.tujuan and not same_number(reading.tujuan, order.destination):
        return Whose.OTHER
    if reading.kode and reading.kode.upper() != order.product_code.upper():
        return Whose.OTHER
    if named:
        return Whose.OURS
    return Whose.OURS_BY_NUMBER if _names(reading, text, order) else Whose.SILENT


def _names(reading: Reading, text: str, order: SupplierOrder) -> bool:
    words = _WORD.findall(text)
    code = order.product_code.upper()
    has_code = bool(reading.kode) or any(one.upper() == code for one in words)
    return has_code and (
        bool(reading.tujuan) or any(same_number(one, order.destination) for one in words)
    )


def same_number(said: str, ours: str) -> bool:
    """Compare two destinations: 62 for 0 in front, some digits masked, a nominal behind."""
    one, two = _plain_number(said), _plain_number(ours)
    if one == two:
        return True
    if len(one) != len(two) or not _MASK.search(one):
        return False
    # A mask leaves something to compare: the seed's sample shows eight of eleven digits.
    shown = [(a, b) for a, b in zip(one, two, strict=True) if not _MASK.match(a)]
    return len(shown) * 2 >= len(two) and all(a == b for a, b in shown)


def _plain_number(text: str) -> str:
    number = text.partition("#")[0].strip("'\"+ ").lower()
    return "0" + number[2:] if number.startswith("62") and number.isdecimal() else number


# --- what is believed ---------------------------------------------------------------------------


def buy_outcome(reading: Reading, text: str, order: SupplierOrder) -> Outcome:
    """Interpret the answer to a purchase."""
    owner = whose(reading, text, order)
    if reading.about is About.REQUEST:
        # Login, address and format errors: certainly no order on the first send (§12).
        return _unknown(text) if owner is Whose.OTHER else _rejected(reading, text)
    # "Already" without our reference is another request's order, refused as a duplicate (§7: 46).
    believed = owner is Whose.OURS or (owner is Whose.OURS_BY_NUMBER and not reading.previous)
    outcome = _outcome(reading, text) if believed else _unknown(text)
    return _unknown(text) if isinstance(outcome, NotFound) else outcome


def ask_outcome(
    reading: Reading, text: str, order: SupplierOrder, *, by_number: bool
) -> StatusOutcome:
    """Interpret the answer to `check=1`; `by_number` believes texts that name no reference."""
    owner = whose(reading, text, order)
    if reading.about is About.REQUEST or owner is Whose.OTHER:
        return _unknown(text)
    if reading.outcome is ReadAs.NOT_FOUND:
        return NotFound(message=short(text))
    believed = owner is Whose.OURS or (by_number and owner is Whose.OURS_BY_NUMBER)
    return _outcome(reading, text) if believed else _unknown(text)


def report_outcome(reading: Reading, text: str, reference: str, *, number: str) -> StatusOutcome:
    """Interpret a report on a reference; `number` is the seller's id for the order."""
    refid = reading.refid.strip(".,").upper()
    elsewhere = refid not in _NO_REFERENCE and refid != reference.upper()
    if elsewhere or reading.about is About.REQUEST or reading.outcome is ReadAs.NOT_FOUND:
        return _unknown(text)
    # The parameter `t` is the seller's id; the text's T# may be another (§11 number 6).
    return _outcome(msgspec.structs.replace(reading, trxid=number or reading.trxid), text)


def _outcome(reading: Reading, text: str) -> Delivered | Accepted | Rejected | NotFound | Unknown:
    match reading.outcome:
        case ReadAs.SUCCESS:
            return Delivered(
                sn=reading.sn,
                cost=reading.harga,
                supplier_order_id=reading.trxid,
                supplier_balance=reading.saldo,
                message=short(text),
            )
        case ReadAs.PENDING:
            return Accepted(
                supplier_order_id=reading.trxid,
                cost=reading.harga,
                supplier_balance=reading.saldo,
                message=short(text),
            )
        case ReadAs.FAILED:
            return _rejected(reading, text)
        case ReadAs.NOT_FOUND:
            return NotFound(message=short(text))
        case ReadAs.UNKNOWN | ReadAs.PREVIOUS:
            return _unknown(text)


def _rejected(reading: Reading, text: str) -> Rejected:
    reason = reading.reason or Reason.BILLER_FAILED
    exists = reading.previous or bool(reading.trxid) or reason not in REFERENCE_FREE
    return Rejected(
        reason=reason,
        reroutable=reason in REROUTABLE,
        # Only what proves that this supplier knows the reference may end a repeated sending.
        reference_consumed=exists and reading.about is About.ORDER,
        supplier_order_id=reading.trxid,
        supplier_balance=reading.saldo,
        message=short(text),
    )


def _unknown(text: str) -> Unknown:
    return Unknown(message=short(text))


def short(text: str) -> str:
    """Keep the beginning of a supplier's text."""
    return clean_text(text[: 2 * MESSAGE_CHARS_MAX])[:MESSAGE_CHARS_MAX]
