"""Counting of days that are over, in the background, so that pages over months read few rows.

A day that is watched notes in the same COMMIT when something in it changes (triggers of the
database). Its sums hold while it has not changed since they were made.
"""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Final

import structlog

from gerbang.figures.cards import read_card_day
from gerbang.postgres.pool import Connection, connect
from gerbang.postgres.sql import load_queries

SQL = load_queries("gerbang.figures", "figures.sql")
log = structlog.get_logger()

COUNT_LOCK_KEY: Final = 0x6765726262
DAYS_AT_ONCE: Final = 400
WRITERS_WAIT_S_MAX: Final = 5.0
LOOK_S: Final = 0.05
EVERY_S: Final = 60.0


class DayCounter:
    """Counts on a connection of its own, one node at a time."""

    def __init__(self, database_url: str) -> None:
        """Take where the database is."""
        self._database_url = database_url

    async def __call__(self) -> None:
        """Count what is to be counted; the time between two is the caller's."""
        connection = await connect(self._database_url, statement_timeout_ms=0)
        try:
            for subject, day in await count_days(connection):
                log.info("figures.day_counted", subject=subject, day=day.isoformat())
        finally:
            await connection.close()


async def count_days(connection: Connection) -> list[tuple[str, date]]:
    """Count every day that is over and has no sums that hold; gives which."""
    if not await connection.fetchval(SQL.count_alone, COUNT_LOCK_KEY):
        return []
    await connection.execute(SQL.mark_days)
    found = await connection.fetch(SQL.days_to_count, DAYS_AT_ONCE)
    if not found or not await _writers_ended(connection):
        return []
    days = [(row["subject"], row["business_day"]) for row in found]
    for subject, day in days:
        await _count(connection, subject, day)
    return days


async def _writers_ended(connection: Connection) -> bool:
    """Wait until all have ended who may have changed a day before it was watched."""
    newest = await connection.fetchval(SQL.newest_writer)
    for _ in range(int(WRITERS_WAIT_S_MAX / LOOK_S)):
        if await connection.fetchval(SQL.writers_ended, newest):
            return True
        await asyncio.sleep(LOOK_S)
    return False


async def _count(connection: Connection, subject: str, day: date) -> None:
    """Make a day's sums in one snapshot; a change meanwhile makes PostgreSQL refuse them."""
    async with connection.transaction(isolation="repeatable_read"):
        changes = await connection.fetchval(SQL.changes_of_day, subject, day)
        if subject == "orders":
            await connection.execute(SQL.drop_order_sums, day)
            await connection.execute(SQL.count_orders, day)
        else:
            await connection.execute(SQL.drop_card_sums, day)
            await _keep_cards(connection, day)
        await connection.execute(SQL.day_is_counted, subject, day, changes)


async def _keep_cards(connection: Connection, day: date) -> None:
    sums = await read_card_day(connection, day)
    columns = (
        [s.imid for s in sums],
        [s.acquirer for s in sums],
        [s.brand for s in sums],
        [s.kind for s in sums],
        [s.state for s in sums],
        [s.code for s in sums],
        [s.attempts for s in sums],
        [s.amount for s in sums],
    )
    await connection.execute(SQL.insert_card_sums, day, *columns)
