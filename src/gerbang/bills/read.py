"""What shows inquiries. Reads only."""

from __future__ import annotations

from datetime import date
from typing import Any

from gerbang.bills.store import SQL
from gerbang.orders.read import NEWEST
from gerbang.postgres.pool import Connection, Pool


async def list_inquiries(
    connection: Connection | Pool,
    *,
    reseller_id: int | None = None,
    reference: str | None = None,
    customer_no: str | None = None,
    before: int | None = None,
    limit: int = 100,
) -> dict[str, Any]:
    """List inquiries newest first, one row per supplier that was asked."""
    rows = await connection.fetch(
        SQL.list_inquiries, reseller_id, reference, customer_no, before or NEWEST, limit
    )
    items = [dict(row) for row in rows]
    return {"items": items, "next": items[-1]["id"] if len(items) == limit else None}


async def inquiries_per_day(
    connection: Connection | Pool, reseller_id: int, *, first: date, last: date
) -> dict[date, int]:
    """Count what a reseller asked on each day (WIB), live; days without inquiries are left out."""
    rows = await connection.fetch(SQL.inquiries_per_day, reseller_id, first, last)
    return {row["business_day"]: row["asked"] for row in rows}
