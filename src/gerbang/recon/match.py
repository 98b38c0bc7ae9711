"""What a supplier charged for a reference against what our ledger says it cost. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum

import msgspec


class Kind(StrEnum):
    """How the two sides differ."""

    MISSING_THERE = "missing_there"
    MISSING_HERE = "missing_here"
    AMOUNT_DIFFERS = "amount_differs"
    SERIAL_DIFFERS = "serial_differs"


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One side's word on one reference; `amount` is what it cost us in rupiah, net of refunds."""

    reference: str
    amount: int
    sn: str = ""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One difference; `correction` rupiah more (less: negative) must leave our float."""

    reference: str
    kind: Kind
    correction: int = 0


def compare(reference: str, ours: Side | None, theirs: Side | None) -> tuple[Found, ...]:
    """Compare the two sides of one reference; nothing where they agree."""
    here = ours.amount if ours else 0
    there = theirs.amount if theirs else 0
    found = []
    if here != there:
        kind = Kind.AMOUNT_DIFFERS
        if not there:
            kind = Kind.MISSING_THERE
        elif not here:
            kind = Kind.MISSING_HERE
        found.append(Found(reference=reference, kind=kind, correction=there - here))
    if here and there and ours and theirs and not same_serial(ours.sn, theirs.sn):
        found.append(Found(reference=reference, kind=Kind.SERIAL_DIFFERS))
    return tuple(found)


def same_serial(ours: str, theirs: str) -> bool:
    """Say whether two serial numbers mean the same; one that is not said contradicts nothing."""
    left, right = bare_serial(ours), bare_serial(theirs)
    return not left or not right or left == right


def bare_serial(sn: str) -> str:
    """Leave out what statements write differently: case, spaces and separators."""
    return "".join(letter for letter in sn.upper() if letter.isalnum())


def summed(sides: Iterable[Side]) -> dict[str, Side]:
    """Add up the lines of each reference; the serial number said last stays."""
    found: dict[str, Side] = {}
    for side in sides:
        before = found.get(side.reference)
        found[side.reference] = Side(
            reference=side.reference,
            amount=side.amount + (before.amount if before else 0),
            sn=side.sn or (before.sn if before else ""),
        )
    return found


def reconcile(ours: Iterable[Side], theirs: Iterable[Side]) -> Iterator[Found]:
    """Compare everything in memory: what recon.sql does to large statements, said in Python."""
    here, there = summed(ours), summed(theirs)
    for reference in sorted(here.keys() | there.keys()):
        yield from compare(reference, here.get(reference), there.get(reference))
