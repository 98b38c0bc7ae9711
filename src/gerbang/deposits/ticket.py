"""Deposit tickets: what a reseller must send to be recognised; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import msgspec

from gerbang.orders.reasons import Reason


class TicketState(StrEnum):
    """Where a ticket stands; only an open one is credited without a person."""

    OPEN = "open"
    PAID = "paid"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


TICKET_STEPS: Final[Mapping[TicketState, frozenset[TicketState]]] = MappingProxyType(
    {
        TicketState.OPEN: frozenset({TicketState.PAID, TicketState.EXPIRED, TicketState.CANCELLED}),
        # Late money, by decision of two persons.
        TicketState.EXPIRED: frozenset({TicketState.PAID}),
        TicketState.CANCELLED: frozenset({TicketState.PAID}),
        TicketState.PAID: frozenset(),
    }
)


class TicketTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What tickets may ask for; rupiah and seconds."""

    amount_min: int
    amount_max: int
    fee: int
    unique_max: int
    """Unique digits are 1 to this number."""
    valid_s: int
    unpaid_max: int
    """Tickets of one reseller that are open, or closed unpaid within seven days."""


def is_acceptable(amount: int, terms: TicketTerms) -> bool:
    """Whether a ticket may ask for this amount."""
    return terms.amount_min <= amount <= terms.amount_max


def draw_unique(
    amount: int, terms: TicketTerms, *, taken: Sequence[int], draw: int
) -> int | Reason:
    """Pick one of the free unique digits: `draw` (any number, random) says which.

    `taken` are the totals in use on any of the banks. With none left another amount is needed.
    """
    base = amount + terms.fee
    used = {total - base for total in taken}
    free = [digits for digits in range(1, terms.unique_max + 1) if digits not in used]
    return free[draw % len(free)] if free else Reason.NO_UNIQUE_AMOUNT
