"""Sales, cost and margin by day, product, supplier or reseller."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from gerbang.postgres.pool import Connection, Pool
from gerbang.postgres.sql import load_queries

SQL = load_queries("gerbang.figures", "figures.sql")
GROUPS: Final = ("product", "supplier", "reseller")
ROWS_MAX: Final = 100


async def profit_by_day(pool: Connection | Pool, first: date, last: date) -> list[dict[str, Any]]:
    """Give sales, cost, fees and other results of every day on which money moved, by the book."""
    return [dict(row) for row in await pool.fetch(SQL.profit_days, first, last)]


async def profit_by(
    pool: Connection | Pool, group: str, first: date, last: date
) -> list[dict[str, Any]]:
    """Give delivered orders of the days by a group, the best margin first."""
    return [dict(row) for row in await pool.fetch(SQL.orders_by, first, last, group, ROWS_MAX)]
