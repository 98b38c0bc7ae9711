"""Which testing order makes which event happen; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

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

LENGTHS: Final = (12, 11, 10, 13, 14)
"""How long numbers are, the usual length first."""


def find_destination(
    event: str, *, prefixes: Iterable[str], problem: Callable[[str], str]
) -> str | None:
    """Make a number that the product takes and that ends as the event wants; None: there is none.

    `problem` says what is wrong with a number, and nothing where it is right.
    """
    ending = ENDINGS[event]
    for prefix in (*prefixes, "0812", "1"):
        for length in LENGTHS:
            number = prefix.ljust(length - len(ending), "0") + ending
            if len(number) == length and not problem(number):
                return number
    return None
