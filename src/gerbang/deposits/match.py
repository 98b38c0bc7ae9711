"""Whose money is this? A bank line against the tickets that it may pay; pure, and explains itself.

Only one verdict credits by itself: EXACT. It needs one open ticket with exactly this total on this
account, a line from the ticket's lifetime, and no closed ticket that asked for the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from gerbang.clock import WIB
from gerbang.deposits.ticket import TicketState

CLOCK_SKEW: Final = timedelta(minutes=10)
"""How much earlier than the ticket a bank's clock may say that the money came."""
LATE_MAX: Final = timedelta(days=7)
"""A ticket that closed longer before the line than this has no more claim to it."""
NEAR_RUPIAH_MAX: Final = 999
"""Off by this or less: the unique digits were forgotten or mistyped."""
SUGGESTIONS_MAX: Final = 5
_ONE_DAY: Final = timedelta(days=1)


class Verdict(StrEnum):
    """What a line is."""

    EXACT = "exact"
    LATE = "late"
    TWO_CANDIDATES = "two_candidates"
    BEFORE_TICKET = "before_ticket"
    NEAR_MISS = "near_miss"
    WRONG_AMOUNT = "wrong_amount"
    NO_CANDIDATE = "no_candidate"
    OUTGOING = "outgoing"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """What the matcher reads of a bank line."""

    amount: int
    direction: str
    description: str
    at: datetime
    at_is_day: bool


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket that lists the line's account. `state` is as of now: expired by time is EXPIRED."""

    ticket_id: int
    reseller_id: int
    reseller_code: str
    amount: int
    fee: int
    grand_total: int
    state: TicketState
    created_at: datetime
    closed_at: datetime | None


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket to look at, and why."""

    ticket_id: int
    reseller: str
    grand_total: int
    state: str
    why: str
    because: str = ""
    """The reason's name, for pages that speak another language."""
    off: int = 0
    """How much less came; below zero, more."""
    named: bool = False
    closed: str = ""


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict; `ticket` is set only where the line may be credited by itself."""

    verdict: Verdict
    why: str
    ticket: Candidate | None = None
    suggestions: tuple[Suggestion, ...] = ()


def match_line(line: Line, candidates: Sequence[Candidate]) -> Match:
    """Decide what a line is; the order of `candidates` does not matter."""
    if line.direction != "in":
        return Match(verdict=Verdict.OUTGOING, why="money that left the account")
    ordered = sorted(candidates, key=lambda one: one.ticket_id)
    same = [one for one in ordered if one.grand_total == line.amount and not _forgotten(one, line)]
    if same:
        return _among_same(line, same)
    return _among_others(line, [one for one in ordered if one.grand_total != line.amount])


def _among_same(line: Line, same: Sequence[Candidate]) -> Match:
    """One or more tickets ask for exactly this amount."""
    suggestions = tuple(
        _suggest(line, one, _why_same(line, one), _because_same(line, one)) for one in same
    )[:SUGGESTIONS_MAX]
    if len(same) > 1:
        return Match(
            verdict=Verdict.TWO_CANDIDATES,
            why=f"{len(same)} tickets ask for exactly this total, open and closed ones counted",
            suggestions=suggestions,
        )
    only = same[0]
    if only.state is not TicketState.OPEN:
        return Match(verdict=Verdict.LATE, why=_why_same(line, only), suggestions=suggestions)
    if _is_before(line, only):
        return Match(
            verdict=Verdict.BEFORE_TICKET, why=_why_same(line, only), suggestions=suggestions
        )
    return Match(
        verdict=Verdict.EXACT, why=_why_same(line, only), ticket=only, suggestions=suggestions
    )


def _among_others(line: Line, others: Sequence[Candidate]) -> Match:
    """No ticket asks for exactly this amount: help whoever looks."""
    near = [one for one in others if _is_near(line, one)]
    named = [one for one in others if _is_named(line, one)]
    found = sorted(
        {one.ticket_id: one for one in (*named, *near)}.values(),
        key=lambda one: (not _is_named(line, one), abs(one.grand_total - line.amount)),
    )
    suggestions = tuple(
        _suggest(line, one, _why_other(line, one), _because_other(line, one))
        for one in found[:SUGGESTIONS_MAX]
    )
    if near:
        return Match(verdict=Verdict.NEAR_MISS, why=suggestions[0].why, suggestions=suggestions)
    if named:
        return Match(verdict=Verdict.WRONG_AMOUNT, why=suggestions[0].why, suggestions=suggestions)
    return Match(verdict=Verdict.NO_CANDIDATE, why="no ticket asks for this amount or is named")


def _until(line: Line) -> datetime:
    """Give the last moment at which the money may have come."""
    return line.at + _ONE_DAY if line.at_is_day else line.at


def _is_before(line: Line, one: Candidate) -> bool:
    return _until(line) < one.created_at - CLOCK_SKEW


def _forgotten(one: Candidate, line: Line) -> bool:
    """A ticket that had long been closed when the money came."""
    return one.closed_at is not None and one.closed_at + LATE_MAX < line.at


def _is_near(line: Line, one: Candidate) -> bool:
    return one.state is TicketState.OPEN and abs(one.grand_total - line.amount) <= NEAR_RUPIAH_MAX


def _is_named(line: Line, one: Candidate) -> bool:
    pattern = rf"(?<![A-Z0-9]){re.escape(one.reseller_code.upper())}(?![A-Z0-9])"
    return re.search(pattern, line.description.upper()) is not None


def _suggest(line: Line, one: Candidate, why: str, because: str) -> Suggestion:
    closed = one.closed_at.astimezone(WIB).strftime("%Y-%m-%d %H:%M") if one.closed_at else ""
    return Suggestion(
        because=because,
        off=one.grand_total - line.amount,
        named=_is_named(line, one),
        closed=closed,
        ticket_id=one.ticket_id,
        reseller=one.reseller_code,
        grand_total=one.grand_total,
        state=one.state.value,
        why=why,
    )


def _because_same(line: Line, one: Candidate) -> str:
    if one.state is TicketState.PAID:
        return "paid"
    if one.state is not TicketState.OPEN:
        return "closed"
    return "before" if _is_before(line, one) else "exact"


def _because_other(line: Line, one: Candidate) -> str:
    if line.amount == one.amount:
        return "digits"
    return "less" if line.amount < one.grand_total else "more"


def _why_same(line: Line, one: Candidate) -> str:
    head = f"ticket {one.ticket_id} of {one.reseller_code} asks for exactly {one.grand_total}"
    if one.state is TicketState.PAID:
        return f"{head}, but it is paid already"
    if one.state is not TicketState.OPEN:
        closed = one.closed_at.astimezone(WIB).strftime("%Y-%m-%d %H:%M") if one.closed_at else "?"
        return f"{head}, but it is {one.state.value} since {closed} WIB"
    if _is_before(line, one):
        return f"{head}, but the money came before the ticket was opened"
    return f"{head} and is open"


def _why_other(line: Line, one: Candidate) -> str:
    head = f"ticket {one.ticket_id} of {one.reseller_code} asks for {one.grand_total}"
    missing = one.grand_total - line.amount
    off = f"{abs(missing)} {'less' if missing > 0 else 'more'} came"
    if line.amount == one.amount:
        off = "the amount came without its unique digits"
    return f"{head}: {off}{', and the description names the reseller' * _is_named(line, one)}"
