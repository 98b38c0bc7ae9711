"""Two orders with one serial number open a case, once; nothing else happens to them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gerbang.orders.outcome import Delivered
from gerbang.orders.writes import Placed
from gerbang.postgres.pool import open_pool
from gerbang.suppliers.serials import SerialWatch, serial_hash
from orders.house import House, open_house


@asynccontextmanager
async def open_watch(url: str) -> AsyncIterator[tuple[House, SerialWatch]]:
    async with open_house(url) as house:
        pool = await open_pool(url, size_min=1, size_max=2)
        try:
            yield house, SerialWatch(pool, settled_after_s=0)
        finally:
            await pool.close()


async def delivered(house: House, sn: str) -> Placed:
    placed: Placed = await house.lane.submit(house.purchase())
    assert await house.claim(placed.attempt)
    await house.tell(placed.order, placed.attempt, Delivered(sn=sn))
    return placed


async def cases(house: House) -> list[Any]:
    return list(await house.connection.fetch("SELECT kind, order_id, detail FROM cases"))


async def test_a_serial_number_that_comes_on_a_second_order_opens_a_case(
    database_url: str,
) -> None:
    async with open_watch(database_url) as (house, watch):
        first = await delivered(house, "0411-2233-4455")
        await delivered(house, "0411 2233 9999")
        await watch.compare()
        assert await cases(house) == []
        second = await delivered(house, "041122334455")
        await house.tell(second.order, second.attempt, Delivered(sn="041122334455"))
        assert not await watch.compare()
        assert not await watch.compare()
        (case,) = await cases(house)
        assert (case["kind"], case["order_id"]) == ("serial_number_shared", second.order.id)
        assert case["detail"]["other_order_id"] == first.order.id
        assert (await house.verify()).clean


async def test_a_serial_number_that_follows_later_is_compared_too(database_url: str) -> None:
    async with open_watch(database_url) as (house, watch):
        await delivered(house, "ABC-123456")
        late = await delivered(house, "")
        await watch.compare()
        await house.tell(late.order, late.attempt, Delivered(sn="abc123456"))
        await watch.compare()
        assert [case["order_id"] for case in await cases(house)] == [late.order.id]


async def test_a_supplier_whose_numbers_are_shared_by_nature_opens_none(database_url: str) -> None:
    async with open_watch(database_url) as (house, watch):
        await house.connection.execute(
            """UPDATE suppliers SET settings = '{"serial_numbers_shared": true}'"""
        )
        await delivered(house, "SAME-SERIAL")
        await delivered(house, "SAME-SERIAL")
        await watch.compare()
        assert await cases(house) == []


@pytest.mark.parametrize(
    ("sn", "counts"), [("", False), ("-", False), ("SN OK", False), ("123456", True)]
)
def test_words_that_are_no_serial_numbers_are_left_alone(sn: str, *, counts: bool) -> None:
    assert (serial_hash(sn) is not None) is counts
