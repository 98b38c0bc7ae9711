"""The daily limit of orders holds whatever comes at once, and across restarts and midnight."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gerbang.orders.reasons import Reason
from gerbang.postgres.pool import connect
from gerbang.resellers.day_orders import DayOrders, count_orders
from orders.house import open_house

TODAY = date(2026, 5, 31)


@given(st.lists(st.sampled_from(["begin", "placed", "not placed"]), max_size=80))
def test_never_are_more_orders_placed_or_on_their_way_than_the_limit(steps: list[str]) -> None:
    orders, open_ones, placed = DayOrders(), 0, 0
    for step in steps:
        if step == "begin":
            refused = orders.begin(1, 5, day=TODAY)
            assert (refused is not None) == (open_ones + placed >= 5)
            open_ones += refused is None
        elif open_ones:
            orders.end(1, placed=step == "placed")
            open_ones -= 1
            placed += step == "placed"
        assert orders.count(1) == open_ones + placed <= 5


def test_no_limit_is_no_limit() -> None:
    orders = DayOrders()
    assert all(orders.begin(1, 0, day=TODAY) is None for _ in range(100))


def test_the_default_holds_where_a_reseller_has_no_limit_of_its_own() -> None:
    orders = DayOrders(orders_per_day_max=1)
    assert orders.begin(1, 0, day=TODAY) is None
    assert orders.begin(1, 0, day=TODAY) is Reason.DAILY_LIMIT_REACHED
    assert orders.begin(1, 2, day=TODAY) is None


def test_a_new_day_begins_with_nothing_placed_but_keeps_what_is_on_its_way() -> None:
    orders = DayOrders()
    for placed in (True, True, False):
        assert orders.begin(1, 3, day=TODAY) is None
        orders.end(1, placed=placed)
    assert orders.begin(1, 3, day=TODAY) is None
    assert orders.begin(1, 3, day=TODAY) is Reason.DAILY_LIMIT_REACHED
    assert orders.begin(1, 3, day=TODAY + timedelta(days=1)) is None
    assert orders.count(1) == 2


def test_a_count_of_the_database_never_lowers_what_this_node_placed_since() -> None:
    orders = DayOrders()
    orders.begin(1, 0, day=TODAY)
    orders.end(1, placed=True)
    orders.seed(TODAY, {1: 0, 2: 7})
    assert (orders.count(1), orders.count(2)) == (1, 7)
    orders.seed(TODAY - timedelta(days=1), {2: 99})
    assert orders.count(2) == 7


async def test_the_database_counts_the_orders_of_the_day_but_no_testing_orders(
    database_url: str,
) -> None:
    async with open_house(database_url) as house:
        for testing in (False, False, True):
            changes = {"testing": testing} | (
                {"first": None, "claimed_by": None} if testing else {}
            )
            await house.lane.submit(house.purchase(**changes))
        day = await house.connection.fetchval("SELECT wib_day(now())")
        connection = await connect(database_url)
        assert await count_orders(connection, day) == {house.reseller_id: 2}
        assert await count_orders(connection, day - timedelta(days=1)) == {}
        await connection.close()
