"""What shows orders. Reads only."""

from __future__ import annotations

from typing import Any, Final

from gerbang.ledger.read import transfers_of_order
from gerbang.orders.intake import SQL
from gerbang.postgres.pool import Connection, Pool

NEWEST: Final = 2**62


class OrderNotFoundError(LookupError):
    """No order has that id."""


async def list_orders(
    connection: Connection | Pool,
    *,
    reseller_id: int | None = None,
    reference: str | None = None,
    state: str | None = None,
    testing: bool | None = None,
    needs_decision: bool | None = None,
    before: int | None = None,
    limit: int = 100,
) -> dict[str, Any]:
    """List orders newest first; `before` is the `next` of the page before."""
    filters = (state, testing, needs_decision, before or NEWEST, limit)
    if reference is None:
        rows = await connection.fetch(SQL.list_orders, reseller_id, *filters)
    else:
        rows = await connection.fetch(SQL.orders_of_reference, reseller_id, reference, *filters)
    items = [dict(row) for row in rows]
    return {"items": items, "next": items[-1]["id"] if len(items) == limit else None}


async def show_order(connection: Connection | Pool, order_id: int) -> dict[str, Any]:
    """Show one order with attempts, transcripts, transfers, callbacks, cases and its timeline.

    Raises OrderNotFoundError.
    """
    row = await connection.fetchrow(SQL.order_by_id, order_id)
    if row is None:
        raise OrderNotFoundError(order_id)
    order = dict(row)
    parts = {
        "attempts": SQL.attempts_of_order,
        "messages": SQL.messages_of_order,
        "history": SQL.history_of_order,
        "callbacks": SQL.callbacks_of_order,
        "cases": SQL.cases_of_order,
        "proposals": SQL.proposals_of_order,
    }
    for name, sql in parts.items():
        order[name] = [dict(part) for part in await connection.fetch(sql, order_id)]
    order["transfers"] = await transfers_of_order(connection, order_id)
    order["timeline"] = _timeline(order)
    return order


async def show_order_at_once(pool: Pool, order_id: int) -> dict[str, Any]:
    """Show one order as of one moment: no state beside a timeline that is a step ahead."""
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        return await show_order(connection, order_id)


def _timeline(order: dict[str, Any]) -> list[dict[str, Any]]:
    """Everything that happened to an order, in time's order."""
    events = [{"at": order["created_at"], "what": "order.placed", "detail": order["reference"]}]
    events += [
        {
            "at": a["created_at"],
            "what": "attempt.prepared",
            "detail": f"{a['supplier_code']} {a['reference']}",
        }
        for a in order["attempts"]
    ]
    events += [
        {"at": m["at"], "what": f"supplier.{m['kind']}", "detail": m["outcome"]}
        for m in order["messages"]
    ]
    events += [
        {"at": t["created_at"], "what": t["event"], "detail": f"{t['phase']} {t['amount']}"}
        for t in order["transfers"]
    ]
    events += [
        {"at": h["at"], "what": f"order.{h['to_state']}", "detail": h["reason"] or ""}
        for h in order["history"]
    ]
    events += [
        {
            "at": c["delivered_at"] or c["occurred_at"],
            "what": f"callback.{c['state']}",
            "detail": c["event"],
        }
        for c in order["callbacks"]
    ]
    return sorted(events, key=lambda event: event["at"])


async def list_refusals(
    connection: Connection | Pool, reseller_id: int, *, before: int | None = None, limit: int = 100
) -> dict[str, Any]:
    """List what was refused to a reseller, newest first."""
    rows = await connection.fetch(SQL.list_refusals, reseller_id, before or NEWEST, limit)
    items = [dict(row) for row in rows]
    return {"items": items, "next": items[-1]["id"] if len(items) == limit else None}
