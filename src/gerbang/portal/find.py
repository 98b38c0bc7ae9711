"""Find a reseller's orders: filters that live in the address, a search that goes by indexes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

import msgspec

from gerbang.orders.search import (
    SERIAL_LETTERS_MIN,
    destination_days,
    few_days,
    order_id_of,
    spellings,
)
from gerbang.portal.days import day_of, one_of, text_of
from gerbang.portal.store import NEWEST, SQL
from gerbang.postgres.pool import Connection, Pool

STATES: Final = ("pending", "success", "failed", "reversed")
SERIAL_DAYS: Final = 7
"""A search looks so far back for a serial number, whose days are read: before today or *to*."""
LOOKED_AT_MAX: Final = 10_000
"""So many orders are looked at for one page; where a filter finds less, the next page goes on."""


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for."""

    text: str | None = None
    state: str | None = None
    testing: bool | None = None
    first_day: date | None = None
    last_day: date | None = None


def filter_of(query: Mapping[str, str]) -> Filter:
    """Read the filter of an address; what makes no sense filters nothing."""
    testing = one_of(query, "testing", ("yes", "no"))
    return Filter(
        text=text_of(query, "q"),
        state=one_of(query, "state", STATES),
        testing=None if testing is None else testing == "yes",
        first_day=day_of(query, "from"),
        last_day=day_of(query, "to"),
    )


async def find_orders(
    pool: Connection | Pool,
    reseller_id: int,
    chosen: Filter,
    *,
    today: date,
    before: int | None = None,
    limit: int,
) -> tuple[list[dict[str, Any]], int | None]:
    """Find orders, newest first, and the id before which the next page begins.

    A page may have fewer than `limit`, even none, and still be followed by another.
    """
    product = None
    if chosen.text is not None:
        product = await pool.fetchval(SQL.product_code, chosen.text)
        if product is None:
            return await _search(pool, reseller_id, chosen, today), None
    start = (reseller_id, before or NEWEST)
    days = few_days(chosen.first_day, chosen.last_day, today)
    span = (chosen.first_day, chosen.last_day, limit)
    if chosen.state == "pending":
        rows = await pool.fetch(SQL.pending, *start, chosen.testing, product, *span)
    elif days is not None:
        what = (chosen.state, chosen.testing, product)
        rows = await pool.fetch(SQL.orders_of_days, *start, *what, days, limit)
    else:
        what = (chosen.state, chosen.testing, product)
        rows = await pool.fetch(SQL.orders, *start, *what, *span, LOOKED_AT_MAX)
        if len(rows) < limit:
            following = await pool.fetchval(SQL.orders_looked_at, *start, LOOKED_AT_MAX - 1)
            return [dict(row) for row in rows], following
    items = [dict(row) for row in rows]
    return items, items[-1]["id"] if len(items) == limit else None


async def _search(
    pool: Connection | Pool, reseller_id: int, chosen: Filter, today: date
) -> list[dict[str, Any]]:
    """Look for what a text may mean: a reference, an id or a destination; else a serial number."""
    text = chosen.text or ""
    rows = await pool.fetch(
        SQL.search,
        reseller_id,
        text,
        order_id_of(text),
        destination_days(today),
        spellings(text),
        chosen.state,
        chosen.testing,
        chosen.first_day,
        chosen.last_day,
    )
    if not rows and len(text) >= SERIAL_LETTERS_MIN:
        serial_days = _days_of(chosen, today)
        rows = await pool.fetch(
            SQL.search_serial, reseller_id, text, serial_days, chosen.state, chosen.testing
        )
    return [dict(row) for row in rows]


def _days_of(chosen: Filter, today: date) -> list[date]:
    """Give the days to read for a serial number: the newest of those asked for."""
    last = min(chosen.last_day or today, today)
    days = (last - timedelta(days=n) for n in range(SERIAL_DAYS))
    return [day for day in days if chosen.first_day is None or day >= chosen.first_day]
