"""The life of a card payment as one table. What is not listed is an error.

PostgreSQL keeps the same table (`payment_steps`); a test keeps the two equal, and the diagram of
docs/cards.md is generated from here.
"""

from __future__ import annotations

from typing import Final

from gerbang.cards.payment import PaymentState as S

PAYMENT_STEPS: Final[frozenset[tuple[S, S]]] = frozenset(
    {
        (S.INITIALISED, S.PROCESSING),
        (S.INITIALISED, S.EXPIRED),
        (S.FAILED, S.PROCESSING),  # another try on the same tXid
        (S.PROCESSING, S.CHALLENGED),
        (S.PROCESSING, S.PAID),
        (S.PROCESSING, S.PREAUTHED),
        (S.PROCESSING, S.FAILED),
        (S.CHALLENGED, S.PROCESSING),
        (S.CHALLENGED, S.PAID),  # the acquirer says so when it is asked
        (S.CHALLENGED, S.PREAUTHED),
        (S.CHALLENGED, S.FAILED),
        (S.PAID, S.VOID),
        (S.PAID, S.SETTLED),
        (S.SETTLED, S.PARTLY_REFUNDED),
        (S.SETTLED, S.REFUNDED),
        (S.PARTLY_REFUNDED, S.REFUNDED),
        (S.PREAUTHED, S.VOID),
        (S.PREAUTHED, S.CAPTURED),
    }
)


class PaymentStepNotListedError(Exception):
    """A state change that the table does not list."""


def check_payment_step(before: S, after: S) -> None:
    """Raise PaymentStepNotListedError unless the step is listed."""
    if before is not after and (before, after) not in PAYMENT_STEPS:
        msg = f"payment: {before} → {after}"
        raise PaymentStepNotListedError(msg)
