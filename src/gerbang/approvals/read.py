"""Show what people proposed and what came of it. Reads only."""

from __future__ import annotations

from typing import Any

from gerbang.errors import NotFoundError
from gerbang.ledger.read import NEWEST
from gerbang.postgres.pool import Connection, Pool
from gerbang.postgres.sql import load_queries

SQL = load_queries("gerbang.approvals", "approvals.sql")


async def list_proposals(
    connection: Connection | Pool,
    *,
    state: str | None = None,
    before: int | None = None,
    limit: int = 100,
) -> dict[str, Any]:
    """List proposals newest first; `before` is the `next` of the page before."""
    rows = await connection.fetch(SQL.list_proposals, before or NEWEST, state, None, limit)
    items = [dict(row) for row in rows]
    return {"items": items, "next": items[-1]["id"] if len(items) == limit else None}


async def show_proposal(connection: Connection | Pool, proposal_id: int) -> dict[str, Any]:
    """Show one proposal."""
    row = await connection.fetchrow(SQL.list_proposals, NEWEST, None, proposal_id, 1)
    if row is None:
        raise NotFoundError(f"no proposal {proposal_id}")
    return dict(row)
