"""Find movements of an account: pages by version, days by bisection, a bound on what is read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

import msgspec

from gerbang.ledger.transfer import TransferEvent
from gerbang.portal.days import day_of, one_of
from gerbang.portal.find import LOOKED_AT_MAX
from gerbang.portal.store import SQL
from gerbang.postgres.pool import Pool

EVENTS: Final = (
    TransferEvent.SALE_POST,
    TransferEvent.SALE_REVERSAL,
    TransferEvent.DEPOSIT,
    TransferEvent.MANUAL_CREDIT,
    TransferEvent.MANUAL_DEBIT,
    TransferEvent.CORRECTION,
    TransferEvent.SURCHARGE,
)
"""What the list can be narrowed to."""
MARGIN: Final = 500
"""So many versions around midnight may have the day before or after."""


class MovementFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for."""

    first_day: date | None = None
    last_day: date | None = None
    event: str | None = None


def movement_filter_of(query: Mapping[str, str]) -> MovementFilter:
    """Read the filter of an address; what makes no sense filters nothing."""
    return MovementFilter(
        first_day=day_of(query, "from"),
        last_day=day_of(query, "to"),
        event=one_of(query, "event", [event.value for event in EVENTS]),
    )


async def find_movements(
    pool: Pool, account_id: int, chosen: MovementFilter, *, before: int | None, limit: int
) -> tuple[list[dict[str, Any]], int | None]:
    """Find movements, newest first, and the version before which the next page begins.

    A page may have fewer than `limit`, even none, and still be followed by another.
    """
    newest: int = await pool.fetchval(SQL.newest_version, account_id) or 0
    start = min(newest + 1, before or newest + 1)
    floor = 1
    if chosen.last_day is not None and chosen.last_day < date.max:
        after = await _first_of(pool, account_id, chosen.last_day + timedelta(days=1), newest)
        start = min(start, after + MARGIN)
    if chosen.first_day is not None:
        floor = max(1, await _first_of(pool, account_id, chosen.first_day, newest) - MARGIN)
    lowest = max(floor, start - LOOKED_AT_MAX)
    rows = await pool.fetch(
        SQL.statement,
        account_id,
        start,
        lowest,
        chosen.first_day,
        chosen.last_day,
        chosen.event,
        limit,
    )
    items = [dict(row) for row in rows]
    if len(items) == limit:
        return items, items[-1]["version"]
    return items, lowest if lowest > floor else None


async def _first_of(pool: Pool, account_id: int, day: date, newest: int) -> int:
    """Find about the first version of a day or a later one: versions follow the days."""
    low, high = 1, newest + 1
    while low < high:
        middle = (low + high) // 2
        row = await pool.fetchrow(SQL.day_of_version, account_id, middle)
        if row is None or row["business_day"] >= day:
            high = middle
        else:
            low = row["version"] + 1
    return low
