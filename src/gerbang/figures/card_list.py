"""The payments that a figure of the card charts counts."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import msgspec

from gerbang.clock import days_between
from gerbang.figures.cards import SQL
from gerbang.postgres.pool import Connection, Pool

NEWEST: Final = 2**62


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """Which payments: those whose cards were tried on some days; what is empty is any."""

    first: date
    last: date
    imid: str = ""
    brand: str = ""
    acquirer: str = ""
    declined: str = ""
    """A result code with which a try was declined on those days."""


async def list_tried_payments(
    pool: Pool,
    want: Tried,
    *,
    state: str | None = None,
    before: int | None = None,
    limit: int = 100,
) -> dict[str, Any]:
    """List them by the day of the try, the newest first; `before` is the `next` of the page before.

    Sums tell on which days there is nothing to look for. A payment whose card was tried on two
    days is listed on both.
    """
    items: list[dict[str, Any]] = []
    async with pool.acquire() as connection:
        for day in await _days(connection, want, before):
            rows = await connection.fetch(
                SQL.tried_payments,
                day,
                before or NEWEST,
                want.declined or None,
                want.imid or None,
                want.brand or None,
                want.acquirer or None,
                state,
                limit - len(items),
            )
            items += [dict(row) for row in rows]
            if len(items) == limit:
                break
    return {"items": items, "next": items[-1]["try_id"] if len(items) == limit else None}


async def _days(connection: Connection, want: Tried, before: int | None) -> list[date]:
    last = want.last
    if before is not None and (day := await connection.fetchval(SQL.day_of_attempt, before)):
        last = min(last, day)
    every = days_between(want.first, last)
    kept = {row[0] for row in await connection.fetch(SQL.kept_card_days, want.first, last)}
    filters = (want.imid or None, want.brand or None, want.acquirer or None, want.declined or None)
    found = await connection.fetch(SQL.card_days_with, sorted(kept), *filters)
    worth = {row[0] for row in found} | (set(every) - kept)
    return [day for day in reversed(every) if day in worth]
