"""Ask the supplier about an order now, instead of at its next turn."""

from __future__ import annotations

from gerbang.audit import write_audit
from gerbang.errors import ConflictError
from gerbang.orders.intake import SQL
from gerbang.postgres.pool import Connection


async def ask_status_now(connection: Connection, order_id: int, *, actor: str) -> None:
    """Make the status question due now; a node sends it within its polling time.

    Raises ConflictError when no attempt waits for an answer, or its supplier cannot be asked.
    """
    attempt_id = await connection.fetchval(SQL.ask_now, order_id)
    if attempt_id is None:
        raise ConflictError("nothing to ask: no attempt of this order waits for its supplier")
    await write_audit(
        connection,
        actor=actor,
        action="order.status_asked",
        subject=f"order:{order_id}",
        after={"attempt_id": attempt_id},
    )
