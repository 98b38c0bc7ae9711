"""Lines of a bank statement, and what makes two of them the same line; pure."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Literal

import msgspec

from gerbang.clock import WIB
from gerbang.money import RUPIAH_MAX

TEXT_CHARS_MAX: Final = 500
REFERENCE_CHARS_MAX: Final = 100
FUTURE_MAX: Final = timedelta(days=2)
"""A line from further ahead than this is a misread date."""


class LineState(StrEnum):
    """Where a line stands. `crediting` is an intention that the ledger still has to book."""

    NEW = "new"
    QUEUED = "queued"
    CREDITING = "crediting"
    CREDITED = "credited"
    SET_ASIDE = "set_aside"


LINE_STEPS: Final[Mapping[LineState, frozenset[LineState]]] = MappingProxyType(
    {
        LineState.NEW: frozenset({LineState.QUEUED, LineState.CREDITING, LineState.SET_ASIDE}),
        LineState.QUEUED: frozenset({LineState.CREDITING, LineState.SET_ASIDE}),
        LineState.CREDITING: frozenset({LineState.CREDITED}),
        LineState.CREDITED: frozenset(),
        LineState.SET_ASIDE: frozenset(),
    }
)

Direction = Literal["in", "out"]


class NewLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line as a source gives it. `reference` is identity where `reference_is_id` says so."""

    account_no: str
    amount: int
    direction: Direction
    description: str
    at: datetime
    at_is_day: bool = False
    reference: str = ""
    reference_is_id: bool = False


def day_begins(day: date) -> datetime:
    """Give the first moment of a WIB day."""
    return datetime.combine(day, time(), WIB).astimezone(UTC)


def identities(lines: Iterable[NewLine]) -> list[str]:
    """Name each line of one file or message.

    The source's own id, else the hash of what the line says and how often it was said before in
    this file: two genuine equal lines are two, and the same file read again gives the same names.
    """
    seen: Counter[str] = Counter()
    names = []
    for line in lines:
        if line.reference_is_id:
            names.append(f"id:{line.direction}:{line.reference}")
            continue
        digest = _digest(line)
        seen[digest] += 1
        names.append(f"sha256:{digest}:{seen[digest]}")
    return names


def _digest(line: NewLine) -> str:
    at = line.at.astimezone(WIB)
    parts = (
        line.account_no,
        line.direction,
        str(line.amount),
        at.date().isoformat() if line.at_is_day else at.astimezone(UTC).isoformat(),
        # Banks pad and fold the same text differently in each export.
        " ".join(line.description.split()).upper(),
        line.reference.strip(),
    )
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()


def line_problem(
    line: NewLine, *, now: datetime, accounts: Sequence[str] | Mapping[str, int]
) -> str:
    """Say why a line cannot be taken; empty when it can."""
    texts = (line.description, line.reference)
    if line.account_no not in accounts:
        return "account_no is none of our bank accounts"
    if not 0 < line.amount <= RUPIAH_MAX:
        return f"amount: 1 to {RUPIAH_MAX}"
    if any(not text.isprintable() for text in texts):
        return "description and reference: printable letters"
    if len(line.description) > TEXT_CHARS_MAX or len(line.reference) > REFERENCE_CHARS_MAX:
        return f"at most {TEXT_CHARS_MAX} letters, {REFERENCE_CHARS_MAX} of a reference"
    if line.at > now + FUTURE_MAX:
        return "at is in the future"
    return ""
