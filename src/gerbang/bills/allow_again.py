"""The explicit override: a person says that a paid bill may be paid once more."""

from __future__ import annotations

from typing import Any

from gerbang.audit import write_audit
from gerbang.bills.store import SQL
from gerbang.errors import ConflictError, NotFoundError
from gerbang.ledger.credit import check_text
from gerbang.postgres.pool import Connection


async def allow_again(
    connection: Connection, order_id: int, *, reason: str, actor: str
) -> dict[str, Any]:
    """Let go of what a payment guards; the next payment of the bill guards it again.

    Not while the payment is pending: whether it was paid is not known then. A payment that failed
    for the reseller and was delivered at our cost guards its bill too.
    """
    check_text("reason", reason, needed=True)
    rows = await connection.fetch(SQL.lock_guards, order_id)
    if not rows:
        raise NotFoundError(f"order {order_id} guards no bill")
    held, state = any(row["held"] for row in rows), rows[0]["state"]
    if state == "pending" or (state != "success" and not held):
        raise ConflictError(f"order {order_id} is {state}: only a paid bill is let go")
    if not held:
        raise ConflictError(f"the bill of order {order_id} may be paid again already")
    await connection.execute(SQL.release_guards, order_id, actor, reason)
    shown = {
        "order_id": order_id,
        "biller": rows[0]["biller"],
        "customer_no": rows[0]["customer_no"],
        "periods": [row["period"] for row in rows if row["held"]],
        "reason": reason,
    }
    await write_audit(
        connection,
        actor=actor,
        action="bill.allowed_again",
        subject=f"order:{order_id}",
        after=shown,
    )
    return shown
