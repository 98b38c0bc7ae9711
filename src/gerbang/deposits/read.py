"""What deposits show: tickets, lines, the queue. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from gerbang.clock import SystemClock
from gerbang.deposits.store import NEWEST, SQL
from gerbang.deposits.testing import simulated
from gerbang.errors import NotFoundError
from gerbang.postgres.pool import Connection, Pool


async def list_tickets(
    connection: Connection | Pool,
    *,
    reseller: str | None = None,
    state: str | None = None,
    before: int | None = None,
    limit: int = 100,
) -> dict[str, Any]:
    """List tickets, newest first; `before` is the `next` of the page before."""
    rows = await connection.fetch(SQL.tickets, before or NEWEST, None, reseller, state, limit)
    now = SystemClock().now()
    return _page([_with_simulated(row, now) for row in rows], limit)


async def show_ticket(connection: Connection | Pool, ticket_id: int) -> dict[str, Any]:
    """Show one ticket."""
    row = await connection.fetchrow(SQL.tickets, NEWEST, ticket_id, None, None, 1)
    if row is None:
        raise NotFoundError(f"no deposit ticket {ticket_id}")
    return _with_simulated(row, SystemClock().now())


def _with_simulated(row: Any, now: datetime) -> dict[str, Any]:
    """Add to a testing ticket what a live one like it would be by now."""
    ticket = dict(row)
    ticket["simulated"] = None
    if ticket["testing"]:
        ticket["simulated"] = simulated(
            amount=ticket["amount"],
            state=ticket["state"],
            created_at=ticket["created_at"],
            now=now,
        )
    return ticket


async def list_lines(
    connection: Connection | Pool,
    *,
    state: str | None = None,
    account_no: str | None = None,
    before: int | None = None,
    limit: int = 100,
) -> dict[str, Any]:
    """List bank lines, newest first; state "queued" is the queue."""
    rows = await connection.fetch(SQL.lines, before or NEWEST, None, state, account_no, limit)
    return _page(rows, limit)


async def show_line(connection: Connection | Pool, line_id: int) -> dict[str, Any]:
    """Show one line with its verdict, suggestions and waiting proposal."""
    row = await connection.fetchrow(SQL.lines, NEWEST, line_id, None, None, 1)
    if row is None:
        raise NotFoundError(f"no bank line {line_id}")
    return dict(row)


async def list_proposals(
    connection: Connection | Pool,
    *,
    state: str | None = "waiting",
    before: int | None = None,
    limit: int = 100,
) -> dict[str, Any]:
    """List proposals, newest first."""
    rows = await connection.fetch(SQL.proposals, before or NEWEST, None, state, limit)
    return _page(rows, limit)


async def show_proposal(connection: Connection | Pool, proposal_id: int) -> dict[str, Any]:
    """Show one proposal."""
    row = await connection.fetchrow(SQL.proposals, NEWEST, proposal_id, None, 1)
    if row is None:
        raise NotFoundError(f"no proposal {proposal_id}")
    return dict(row)


def _page(rows: Sequence[Any], limit: int) -> dict[str, Any]:
    items = [dict(row) for row in rows]
    return {"items": items, "next": items[-1]["id"] if len(items) == limit else None}
