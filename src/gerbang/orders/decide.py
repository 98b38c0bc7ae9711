"""A person decides an unknown order, with a reason that stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal

from gerbang.orders.intake import SQL
from gerbang.orders.outcome import Delivered, Outcome, Rejected
from gerbang.orders.reasons import Reason
from gerbang.orders.transitions import ATTEMPT_DECIDABLE
from gerbang.orders.writes import CannotDecideError, Recorded, RecordOutcome, Transcript
from gerbang.postgres.lane import Lane
from gerbang.postgres.pool import Pool

__all__ = ["CannotDecideError", "Decision", "check_decidable", "decide_order"]

Decision = Literal["delivered", "rejected"]
REASON_LENGTH_MIN: Final = 5


async def decide_order(
    order_id: int,
    decision: Decision,
    *,
    lane: Lane,
    pool: Pool,
    account_ids: Callable[[int], tuple[int, int]],
    reason: str,
    actor: str,
    sn: str = "",
) -> Recorded:
    """Settle the last attempt of a pending order as `delivered` or `rejected`.

    Only an attempt that was sent and is not final can be decided; the lane looks again, under the
    order's lock, so that no person contradicts what the supplier just said. Raises
    CannotDecideError.
    """
    row = await check_decidable(pool, order_id, reason)
    recorded: Recorded = await lane.submit(
        RecordOutcome(
            order_id=order_id,
            attempt_id=row["attempt_id"],
            account_ids=account_ids(row["reseller_id"]),
            outcome=_outcome(decision, sn),
            transcript=Transcript(kind="person", request=f"{actor}: {reason}", answer=decision),
            actor=actor,
        )
    )
    return recorded


async def check_decidable(pool: Pool, order_id: int, reason: str) -> Any:
    """Give the attempt that a person may decide now. Raises CannotDecideError."""
    if len(reason.strip()) < REASON_LENGTH_MIN:
        raise CannotDecideError(f"a reason of at least {REASON_LENGTH_MIN} letters is needed")
    row = await pool.fetchrow(SQL.attempt_for_decision, order_id)
    if row is None:
        raise CannotDecideError(f"order {order_id} has no attempt")
    if row["state"] not in ATTEMPT_DECIDABLE:
        raise CannotDecideError(f"its attempt is {row['state']}: nothing to decide")
    return row


def _outcome(decision: Decision, sn: str) -> Outcome:
    if decision == "delivered":
        return Delivered(sn=sn, message="decided by a person")
    return Rejected(reason=Reason.BILLER_FAILED, reroutable=False, message="decided by a person")
