"""Show callbacks, and send one once more: the original event, id and time."""

from __future__ import annotations

from typing import Any, Final

from gerbang.audit import write_audit
from gerbang.callbacks.store import SQL
from gerbang.errors import ConflictError, NotFoundError
from gerbang.postgres.pool import Connection, Pool

NEWEST: Final = 2**62


async def resend_callback(
    connection: Connection, callback_id: int, *, actor: str
) -> dict[str, Any]:
    """Make a callback due now. A running node sends it within its polling time.

    Raises ConflictError while it, or another callback of its order, is still being delivered:
    callbacks of one order arrive in their order.
    """
    await connection.fetchval(SQL.lock_told, callback_id)
    before = await connection.fetchrow(SQL.callback_by_id, callback_id)
    if before is None:
        raise NotFoundError(f"no callback {callback_id}")
    if await connection.fetchval(SQL.resend_callback, callback_id) is None:
        raise ConflictError(
            f"callback {callback_id} is {before['state']}, or another of order"
            f" {before['order_id']} is on its way: wait until it has ended"
        )
    await write_audit(
        connection,
        actor=actor,
        action="callback.resent",
        subject=f"callback:{callback_id}",
        before={"state": before["state"]},
        after={"state": "due"},
    )
    return await show_callback(connection, callback_id)


async def show_callback(connection: Connection | Pool, callback_id: int) -> dict[str, Any]:
    """Show one callback with its delivery log."""
    row = await connection.fetchrow(SQL.callback_by_id, callback_id)
    if row is None:
        raise NotFoundError(f"no callback {callback_id}")
    deliveries = await connection.fetch(SQL.deliveries_of_callback, callback_id)
    return {**dict(row), "deliveries": [dict(d) for d in deliveries]}


async def list_callbacks(
    connection: Connection | Pool,
    *,
    reseller: str | None = None,
    state: str | None = None,
    order_id: int | None = None,
    before: int | None = None,
    limit: int = 100,
) -> dict[str, Any]:
    """List callbacks newest first; `before` is the `next` of the page before."""
    rows = await connection.fetch(
        SQL.list_callbacks, reseller, state, order_id, before or NEWEST, limit
    )
    items = [dict(row) for row in rows]
    return {"items": items, "next": items[-1]["id"] if len(items) == limit else None}
