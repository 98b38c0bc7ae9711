"""What becomes of a testing ticket, by the last four digits of its amount; pure.

A testing ticket is never paid: no bank line is ever compared with it, and the database refuses
the state. What would have happened is *shown* beside it, as `simulated`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

import msgspec

from gerbang.orders.reasons import Reason

DIGITS: Final = 10_000


class DepositPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal, or a ticket with what is shown of it after a while; `words` are for the docs."""

    words: str
    refused: Reason | None = None
    valid_s: int | None = None
    simulated: str = "open"
    after_s: int = 0


USUAL: Final = DepositPlan(words="opened; no money comes, and its time runs out as always")

PLANS: Final[Mapping[int, DepositPlan]] = MappingProxyType(
    {
        1230: DepositPlan(words="opened, `paid` at once", simulated="paid"),
        1231: DepositPlan(words="opened, `paid` after 2 s", simulated="paid", after_s=2),
        1232: DepositPlan(words="refused: the amount", refused=Reason.INVALID_AMOUNT),
        1233: DepositPlan(
            words="opened for 1 s; the money comes `late`, after 2 s",
            valid_s=1,
            simulated="late",
            after_s=2,
        ),
        1234: DepositPlan(words="opened for 1 s; no money comes", valid_s=1),
        1235: DepositPlan(
            words="opened; the digits were forgotten, so a `near_miss` waits for a person",
            simulated="near_miss",
        ),
        1239: DepositPlan(
            words="refused: no unique total is left, try another amount",
            refused=Reason.NO_UNIQUE_AMOUNT,
        ),
    }
)


def plan_for(amount: int) -> DepositPlan:
    """Say what a testing ticket for this amount will go through."""
    return PLANS.get(amount % DIGITS, USUAL)


def simulated(*, amount: int, state: str, created_at: datetime, now: datetime) -> str:
    """Say what a live ticket like this testing one would be by now."""
    plan = plan_for(amount)
    if plan.simulated == "open" or state == "cancelled":
        return state
    return plan.simulated if now - created_at >= timedelta(seconds=plan.after_s) else state
