"""Which testing order, bill or deposit ticket makes which event happen; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from gerbang.orders.reasons import Reason

ENDINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "order.success": "1230",
        "order.pending": "1231",
        "order.failed": "1234",
        "order.rejected": "1232",
        "order.sn_received": "1237",
        "order.reversed": "1238",
    }
)
"""The last four digits that lead to an event, by docs/magic-numbers.md."""

BILL_ENDINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "bill.found": "1230",
        "bill.not_found": "1232",
        "bill.already_paid": "1240",
        "bill.changed": "1241",
        "bill.paid": "1230",
        "bill.pending": "1231",
        "bill.failed": "1234",
        "bill.reversed": "1238",
    }
)
"""Bills are asked for, and paid unless the event ends before that; the same page has the table."""
SHOWN_ONLY: Final = frozenset({"bill.found", "bill.not_found", "bill.already_paid"})
"""These events are over when the bill was asked for."""
TICKET_ENDINGS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "deposit.opened": 1_002,
        "deposit.paid": 1_230,
        "deposit.late": 1_233,
        "deposit.expired": 1_234,
        "deposit.near_miss": 1_235,
        "deposit.refused": 1_239,
    }
)
"""The last four digits of a ticket's amount."""
TICKET_BASE: Final = 1_000_000
EXPECTED_REFUSALS: Final[Mapping[str, Reason]] = MappingProxyType(
    {
        "bill.not_found": Reason.BILL_NOT_FOUND,
        "bill.already_paid": Reason.BILL_ALREADY_PAID,
        "bill.changed": Reason.BILL_CHANGED,
        "deposit.refused": Reason.NO_UNIQUE_AMOUNT,
    }
)
"""Events that are a refusal."""
EVENTS: Final = (*ENDINGS, *BILL_ENDINGS, *TICKET_ENDINGS)

LENGTHS: Final = (12, 11, 10, 13, 14)
"""How long numbers are, the usual length first."""


class Triggered(msgspec.Struct, frozen=True, kw_only=True):
    """What was done: an order, a bill that was shown, a ticket, or the refusal that was wanted."""

    event: str
    state: str
    reference: str = ""
    product: str = ""
    destination: str = ""
    order_id: int | None = None
    ticket_id: int | None = None
    total: int | None = None
    """Rupiah: of the bill, or what a ticket asks for."""
    reason: str = ""


def find_destination(
    ending: str, *, prefixes: Iterable[str], problem: Callable[[str], str]
) -> str | None:
    """Make a number that the product takes and that ends as wanted; None: there is none.

    `problem` says what is wrong with a number, and nothing where it is right.
    """
    for prefix in (*prefixes, "0812", "1"):
        for length in LENGTHS:
            number = prefix.ljust(length - len(ending), "0") + ending
            if len(number) == length and not problem(number):
                return number
    return None
