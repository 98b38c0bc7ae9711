"""The life of orders and attempts as two tables. What is not listed is an error.

PostgreSQL keeps the order table too (`order_steps`); a test keeps the two equal, and
docs/orders.md's diagram is generated from here.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from gerbang.dialects.contract import OrderState


class AttemptState(StrEnum):
    """Where one try at one supplier stands."""

    PREPARED = "prepared"
    SENDING = "sending"
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    DELIVERED = "delivered"
    REJECTED = "rejected"
    UNAVAILABLE = "unavailable"


ATTEMPT_OPEN: Final = frozenset(
    {AttemptState.PREPARED, AttemptState.SENDING, AttemptState.ACCEPTED, AttemptState.UNKNOWN}
)

ATTEMPT_DECIDABLE: Final = frozenset({AttemptState.ACCEPTED, AttemptState.UNKNOWN})
"""What a person may decide: it was sent, and nobody knows what became of it."""

ORDER_STEPS: Final[frozenset[tuple[OrderState, OrderState]]] = frozenset(
    {
        (OrderState.PENDING, OrderState.SUCCESS),
        (OrderState.PENDING, OrderState.FAILED),
        (OrderState.SUCCESS, OrderState.REVERSED),
        (OrderState.FAILED, OrderState.SUCCESS),  # late success that the reseller pays
        (OrderState.REVERSED, OrderState.SUCCESS),  # a reversal that was taken back
    }
)

ATTEMPT_STEPS: Final[frozenset[tuple[AttemptState, AttemptState]]] = frozenset(
    {
        (AttemptState.PREPARED, AttemptState.SENDING),
        (AttemptState.PREPARED, AttemptState.UNAVAILABLE),
        (AttemptState.SENDING, AttemptState.ACCEPTED),
        (AttemptState.SENDING, AttemptState.UNKNOWN),
        (AttemptState.SENDING, AttemptState.DELIVERED),
        (AttemptState.SENDING, AttemptState.REJECTED),
        (AttemptState.SENDING, AttemptState.UNAVAILABLE),
        (AttemptState.ACCEPTED, AttemptState.DELIVERED),
        (AttemptState.ACCEPTED, AttemptState.REJECTED),
        (AttemptState.UNKNOWN, AttemptState.ACCEPTED),
        (AttemptState.UNKNOWN, AttemptState.DELIVERED),
        (AttemptState.UNKNOWN, AttemptState.REJECTED),
        (AttemptState.DELIVERED, AttemptState.REJECTED),  # reversed by the supplier
        (AttemptState.REJECTED, AttemptState.DELIVERED),  # late success
        (AttemptState.UNAVAILABLE, AttemptState.DELIVERED),  # it had arrived after all
    }
)


class StepNotListedError(Exception):
    """A state change that no table lists."""


def check_order_step(before: OrderState, after: OrderState) -> None:
    """Raise StepNotListedError unless the step is listed."""
    if (before, after) not in ORDER_STEPS:
        msg = f"order: {before} → {after}"
        raise StepNotListedError(msg)


def check_attempt_step(before: AttemptState, after: AttemptState) -> None:
    """Raise StepNotListedError unless the step is listed."""
    if (before, after) not in ATTEMPT_STEPS:
        msg = f"attempt: {before} → {after}"
        raise StepNotListedError(msg)
