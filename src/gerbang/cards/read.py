"""Show payments and settlement reports; nothing here changes anything."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from gerbang.cards.payment import PaymentState
from gerbang.errors import BadInputError, NotFoundError
from gerbang.postgres.pool import Connection, Pool
from gerbang.postgres.sql import load_queries

SQL: Final = load_queries("gerbang.cards", "read.sql")
NEWEST: Final = 2**62


async def list_payments(
    pool: Connection | Pool,
    *,
    imid: str | None = None,
    reference: str | None = None,
    state: str | None = None,
    before: int | None = None,
    limit: int = 100,
) -> dict[str, Any]:
    """List payments, newest first; `before` is the `next` of the page before."""
    if state is not None and state not in {one.value for one in PaymentState}:
        raise BadInputError(f"no such state: {state}", {"state": ", ".join(PaymentState)})
    rows = await pool.fetch(
        SQL.list_payments, before or NEWEST, imid, reference, state, None, limit
    )
    items = [dict(row) for row in rows]
    return {"items": items, "next": items[-1]["id"] if len(items) == limit else None}


async def show_payment(pool: Connection | Pool, txid: str) -> dict[str, Any]:
    """Show one payment with its attempts, steps and notifications."""
    row = await pool.fetchrow(SQL.list_payments, NEWEST, None, None, None, txid, 1)
    if row is None:
        raise NotFoundError(f"no payment {txid}")
    return dict(row) | {
        "attempts": await _rows(pool, SQL.attempts_shown, row["id"]),
        "history": await _rows(pool, SQL.history_shown, row["id"]),
        "notifications": await _rows(pool, SQL.callbacks_shown, row["id"]),
    }


async def list_settlements(
    pool: Connection | Pool,
    *,
    imid: str | None = None,
    day: date | None = None,
    before: int | None = None,
    limit: int = 100,
) -> dict[str, Any]:
    """List settlement reports, newest first; `net` is what the merchant gets."""
    rows = await pool.fetch(SQL.list_settlements, imid, day, before or NEWEST, limit)
    items = [dict(row) for row in rows]
    return {"items": items, "next": items[-1]["id"] if len(items) == limit else None}


async def show_settlement(pool: Connection | Pool, imid: str, day: date) -> dict[str, Any]:
    """Show one merchant's report of a day with every charge and refund in it."""
    rows = await pool.fetch(SQL.list_settlements, imid, day, NEWEST, 1)
    if not rows:
        raise NotFoundError(f"no settlement of {imid} on {day}")
    lines = await _rows(pool, SQL.settlement_lines, rows[0]["id"])
    return dict(rows[0]) | {"lines": lines}


async def _rows(pool: Connection | Pool, query: str, *values: Any) -> list[Mapping[str, Any]]:
    return [dict(row) for row in await pool.fetch(query, *values)]
