"""Show health: which suppliers and products are not trusted now, and why. And trust them again."""

from __future__ import annotations

from typing import Any

from gerbang.audit import write_audit
from gerbang.errors import NotFoundError
from gerbang.ledger.credit import check_text
from gerbang.postgres.pool import Connection, Pool
from gerbang.routing.desk import SQL


async def show_health(
    connection: Connection | Pool, supplier: str | None = None, *, every: bool = False
) -> dict[str, Any]:
    """List circuits that are not closed (`every`: those that were open lately too) and products."""
    rows = await connection.fetch(SQL.list_health, supplier, every)
    products = await connection.fetch(SQL.closed_products)
    return {
        "circuits": [dict(row) for row in rows],
        "closed_products": [dict(row) for row in products],
    }


async def trust_again(
    connection: Connection, supplier: str, *, product: str | None = None, reason: str, actor: str
) -> dict[str, Any]:
    """Close the circuits of a supplier, or of one product there, on a person's word."""
    check_text("reason", reason, needed=True)
    rows = await connection.fetch(SQL.reset_circuits, supplier, product, actor)
    if not rows:
        raise NotFoundError(f"nothing of {supplier} is distrusted")
    for row in rows:
        if row["alarm"]:
            await connection.execute(SQL.close_case, row["alarm"], reason)
    await write_audit(
        connection,
        actor=actor,
        action="supplier.trusted_again",
        subject=f"supplier:{supplier}",
        after={"product": product, "circuits": len(rows), "reason": reason},
    )
    return await show_health(connection, supplier, every=True)
