"""Successful orders of a month: today is counted each time, days that are over now and then."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from gerbang.postgres.pool import Pool
from gerbang.terms.read import count_orders_of_days
from gerbang.terms.terms import Month

PIECE_DAYS: Final = 7
"""So many days are counted by one question, so that none takes long."""
KEPT_S: Final = 600.0
"""An order of a day that is over may still become a success, but seldom."""
KEPT_MAX: Final = 50_000


class MonthOrders:
    """What one node counted for the resellers that looked."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._kept: dict[tuple[int, date, date], tuple[float, int]] = {}
        self._counting: dict[tuple[int, Month], asyncio.Task[int]] = {}

    async def count(self, pool: Pool, reseller_id: int, month: Month, *, today: date) -> int:
        """Count a reseller's successful orders of a month; who asks meanwhile waits too."""
        key = (reseller_id, month)
        task = self._counting.get(key)
        if task is None:
            task = asyncio.create_task(self._count(pool, reseller_id, month, today))
            self._counting[key] = task
            task.add_done_callback(lambda _task: self._counting.pop(key, None))
        return await asyncio.shield(task)

    async def soon(
        self, pool: Pool, reseller_id: int, month: Month, *, today: date, within_s: float
    ) -> int | None:
        """Give the count if it is there in time; the counting goes on for who asks next."""
        try:
            async with asyncio.timeout(within_s):
                return await self.count(pool, reseller_id, month, today=today)
        except TimeoutError:
            return None

    async def _count(self, pool: Pool, reseller_id: int, month: Month, today: date) -> int:
        count = 0
        for first, last in pieces(month, today):
            key, now = (reseller_id, first, last), time.monotonic()
            good_until, kept = self._kept.get(key, (0.0, 0))
            if now >= good_until:
                kept = await _counted(pool, reseller_id, first, last)
                if len(self._kept) >= KEPT_MAX:
                    self._kept.clear()
                self._kept[key] = (now + KEPT_S, kept)
            count += kept
        if Month.of(today) == month:
            count += await _counted(pool, reseller_id, today, today)
        return count


def pieces(month: Month, today: date) -> Iterator[tuple[date, date]]:
    """Cut the days of a month that are over into weeks of the month."""
    end = min(month.last, today - timedelta(days=1))
    first = month.first
    while first <= end:
        last = first + timedelta(days=PIECE_DAYS - 1)
        yield first, min(last, end)
        first = last + timedelta(days=1)


async def _counted(pool: Pool, reseller_id: int, first: date, last: date) -> int:
    found = await count_orders_of_days(pool, first, last, reseller_id=reseller_id)
    return found.get(reseller_id, 0)
