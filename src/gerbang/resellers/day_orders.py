"""How many orders each reseller placed this WIB day, against its daily limit. In memory.

An order counts when it is placed, whatever becomes of it. While it is on its way it holds a place,
so that many at once cannot pass the limit together.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from gerbang.orders.reasons import Reason
from gerbang.postgres.pool import Connection, Pool
from gerbang.postgres.sql import load_queries

SQL = load_queries("gerbang.resellers", "day_orders.sql")


class DayOrders:
    """Counts of one node; `seed` brings what other nodes, or an earlier run, have placed."""

    def __init__(self, *, orders_per_day_max: int = 0) -> None:
        """Take the default limit; 0 is none."""
        self._orders_per_day_max = orders_per_day_max
        self._day: date | None = None
        self._placed: dict[int, int] = {}
        self._on_the_way: dict[int, int] = {}

    def begin(self, reseller_id: int, limit: int, *, day: date) -> Reason | None:
        """Take a place for an order, or say that the limit is reached.

        Every `begin` that gives None is followed by one `end`.
        """
        self._turn_to(day)
        most = limit or self._orders_per_day_max
        if most and self.count(reseller_id) >= most:
            return Reason.DAILY_LIMIT_REACHED
        self._on_the_way[reseller_id] = self._on_the_way.get(reseller_id, 0) + 1
        return None

    def end(self, reseller_id: int, *, placed: bool) -> None:
        """Give the place back, or count the order where it was placed anew."""
        left = self._on_the_way[reseller_id] - 1
        if left:
            self._on_the_way[reseller_id] = left
        else:
            del self._on_the_way[reseller_id]
        if placed:
            self._placed[reseller_id] = self._placed.get(reseller_id, 0) + 1

    def count(self, reseller_id: int) -> int:
        """How many orders of today are placed or on their way."""
        return self._placed.get(reseller_id, 0) + self._on_the_way.get(reseller_id, 0)

    def seed(self, day: date, counts: Mapping[int, int]) -> None:
        """Take over what the database counts; an older count never lowers a newer one."""
        self._turn_to(day)
        if day != self._day:
            return
        for reseller_id, count in counts.items():
            self._placed[reseller_id] = max(count, self._placed.get(reseller_id, 0))

    def _turn_to(self, day: date) -> None:
        """Begin a new day with nothing placed; clocks that go back do not."""
        if self._day is None or day > self._day:
            self._day = day
            self._placed.clear()


async def count_orders(connection: Connection | Pool, day: date) -> dict[int, int]:
    """Count the orders of a WIB day by reseller; testing orders do not count."""
    rows = await connection.fetch(SQL.count_orders, day)
    return {row["reseller_id"]: row["count"] for row in rows}
