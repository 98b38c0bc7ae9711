"""Profit of finished days comes from few rows, and is to the rupiah what orders and book say."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import asyncpg
import pytest

from gerbang.clock import SystemClock, business_day
from gerbang.figures.count import SQL, count_days
from gerbang.figures.profit import GROUPS, profit_by, profit_by_day
from gerbang.ledger.seal import seal_days
from gerbang.orders.order import Attempt, Order
from gerbang.orders.outcome import Delivered, Rejected
from gerbang.orders.reasons import Reason
from orders.house import House, open_house
from postgres.shared import opened

PLAIN_DAYS = """
SELECT t.business_day AS day,
       coalesce(sum(e.amount) FILTER (WHERE a.code IN ('house:sales', 'house:bill_margin')), 0)::bigint,
       coalesce(-sum(e.amount) FILTER (WHERE a.code = 'house:cost'), 0)::bigint,
       coalesce(sum(e.amount) FILTER (WHERE a.code = 'house:fees'), 0)::bigint,
       coalesce(sum(e.amount) FILTER (WHERE a.code IN ('house:corrections', 'house:late_success')), 0)::bigint
  FROM accounts a JOIN entries e ON e.account_id = a.id JOIN transfers t ON t.id = e.transfer_id
 WHERE a.kind = 'house' AND a.code <> 'house:opening' GROUP BY 1 ORDER BY 1
"""  # noqa: E501 (a query, straight from the book)
PLAIN_GROUPS = {
    "product": "SELECT o.product_code, count(*), sum(price), sum(cost) FROM orders o",
    "reseller": "SELECT r.code, count(*), sum(price), sum(cost) FROM orders o"
    " JOIN resellers r ON r.id = o.reseller_id",
    "supplier": "SELECT s.code, count(*), sum(price), sum(cost) FROM orders o"
    " JOIN suppliers s ON s.id = o.supplier_id",
}
TODAY = business_day(SystemClock().now())
FIRST, LAST = TODAY - timedelta(days=5), TODAY + timedelta(days=1)


async def _live_a_little(house: House) -> tuple[Order, Attempt]:
    """Two deliveries and a refusal; gives an order that is still open."""
    for outcome in (
        Delivered(sn="A"),
        Delivered(sn="B"),
        Rejected(reason=Reason.NUMBER_NOT_FOUND, reroutable=False),
    ):
        placed = await house.lane.submit(house.purchase())
        await house.claim(placed.attempt)
        await house.tell(placed.order, placed.attempt, outcome)
    placed = await house.lane.submit(house.purchase())
    await house.claim(placed.attempt)
    return placed.order, placed.attempt


async def _let_a_day_pass(c: Any) -> None:
    for table, move in (
        ("transfers", "UPDATE transfers SET business_day = business_day - 1"),
        ("orders", "UPDATE orders SET business_day = business_day - 1"),
    ):
        await c.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        await c.execute(move)
        await c.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


async def _is_exact(c: Any) -> None:
    """Compare both ways of computing, and that there is something to compare."""
    days = [tuple(day.values()) for day in await profit_by_day(c, FIRST, LAST)]
    assert days == [tuple(row) for row in await c.fetch(PLAIN_DAYS)] != []
    for group in GROUPS:
        rows = [tuple(row.values()) for row in await profit_by(c, group, FIRST, LAST)]
        plain = await c.fetch(
            f"{PLAIN_GROUPS[group]} WHERE o.state = 'success' GROUP BY 1 ORDER BY 1"
        )
        assert sorted(rows) == [tuple(row) for row in plain] != []


async def _sums(c: Any) -> dict[date, int]:
    """What is kept of each day that holds: orders by product."""
    rows = await c.fetch(
        "SELECT s.business_day, sum(s.orders)::int FROM order_day_sums s JOIN counted_days d"
        " ON d.business_day = s.business_day AND d.subject = 'orders' AND d.counted = d.changes"
        " WHERE s.dimension = 'product' GROUP BY 1"
    )
    return dict(rows)


async def test_sealed_and_counted_days_are_what_book_and_orders_say(database_url: str) -> None:
    async with open_house(database_url) as house:
        c = house.connection
        await _live_a_little(house)
        await _let_a_day_pass(c)
        await _live_a_little(house)
        await _let_a_day_pass(c)
        await _live_a_little(house)
        await _is_exact(c)
        await seal_days(c)
        counted = await count_days(c)
        yesterday = TODAY - timedelta(days=1)
        assert counted == [("orders", yesterday), ("orders", yesterday - timedelta(days=1))]
        assert await _sums(c) == {yesterday: 2, yesterday - timedelta(days=1): 2}
        await _is_exact(c)
        assert await count_days(c) == []


async def test_an_order_that_ends_days_later_is_in_its_days_profit_at_once(
    database_url: str,
) -> None:
    async with open_house(database_url) as house:
        c = house.connection
        order, attempt = await _live_a_little(house)
        await _let_a_day_pass(c)
        await seal_days(c)
        await count_days(c)
        yesterday = TODAY - timedelta(days=1)
        assert await _sums(c) == {yesterday: 2}
        await house.tell(order, attempt, Delivered(sn="LATE"))
        assert await _sums(c) == {}
        await _is_exact(c)
        assert await count_days(c) == [("orders", yesterday)]
        assert await _sums(c) == {yesterday: 3}
        await _is_exact(c)


async def test_a_change_while_a_day_is_counted_is_never_lost(database_url: str) -> None:
    async with open_house(database_url) as house, opened(database_url) as counting:
        c = house.connection
        order, attempt = await _live_a_little(house)
        await _let_a_day_pass(c)
        yesterday = TODAY - timedelta(days=1)
        await counting.execute(SQL.mark_days)
        begun = counting.transaction(isolation="repeatable_read")
        await begun.start()
        changes = await counting.fetchval(SQL.changes_of_day, "orders", yesterday)
        await counting.execute(SQL.count_orders, yesterday)
        await house.tell(order, attempt, Delivered(sn="LATE"))
        with pytest.raises(asyncpg.SerializationError):
            await counting.execute(SQL.day_is_counted, "orders", yesterday, changes)
        await begun.rollback()
        await _is_exact(c)
        assert await count_days(c) == [("orders", yesterday)]
        assert await _sums(c) == {yesterday: 3}


async def test_a_day_is_not_counted_while_somebody_still_writes_who_began_before(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gerbang.figures.count.WRITERS_WAIT_S_MAX", 0.2)
    async with open_house(database_url) as house, opened(database_url) as writer:
        c = house.connection
        await _live_a_little(house)
        await _let_a_day_pass(c)
        async with writer.transaction():
            await writer.execute("UPDATE suppliers SET name = name")
            assert await count_days(c) == []
        assert await count_days(c) != []
