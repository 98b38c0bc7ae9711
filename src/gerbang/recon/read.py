"""Show runs and differences of reconciliation."""

from __future__ import annotations

from typing import Any, Final

from gerbang.errors import NotFoundError
from gerbang.ledger.read import NEWEST
from gerbang.postgres.pool import Connection, Pool
from gerbang.recon.run import SQL

OPEN_ONLY: Final = True


async def list_runs(
    connection: Connection | Pool,
    *,
    supplier: str | None = None,
    before: int | None = None,
    limit: int = 100,
) -> dict[str, Any]:
    """List runs, newest first; `before` is the `next` of the page before."""
    rows = await connection.fetch(SQL.list_runs, before or NEWEST, supplier, None, limit)
    items = [dict(row) for row in rows]
    return {"items": items, "next": items[-1]["id"] if len(items) == limit else None}


async def list_differences(
    connection: Connection | Pool,
    *,
    supplier: str | None = None,
    kind: str | None = None,
    open_only: bool = True,
    after: int = 0,
    limit: int = 100,
) -> dict[str, Any]:
    """List differences by id; `after` is the `next` of the page before."""
    rows = await connection.fetch(
        SQL.list_differences, after, supplier, kind, open_only, None, limit
    )
    items = [dict(row) for row in rows]
    return {"items": items, "next": items[-1]["id"] if len(items) == limit else None}


async def show_difference(connection: Connection | Pool, difference_id: int) -> dict[str, Any]:
    """Show one difference."""
    row = await connection.fetchrow(
        SQL.list_differences, 0, None, None, not OPEN_ONLY, difference_id, 1
    )
    if row is None:
        raise NotFoundError(f"no difference {difference_id}")
    return dict(row)


async def list_ages(
    connection: Connection | Pool, supplier: str | None = None
) -> list[dict[str, Any]]:
    """Count open differences by supplier, kind and age."""
    return [dict(row) for row in await connection.fetch(SQL.ages, supplier)]
