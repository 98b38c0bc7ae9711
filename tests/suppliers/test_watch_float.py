from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gerbang.errors import ConflictError
from gerbang.orders.outcome import Accepted, Delivered
from gerbang.outbound.addresses import AddressPolicy
from gerbang.outbound.message import Answered, HttpRequest, NoAnswer, SendResult
from gerbang.postgres.pool import open_pool
from gerbang.suppliers.admin import top_up_float
from gerbang.suppliers.float_position import Reading
from gerbang.suppliers.read_float import show_floats
from gerbang.suppliers.watch_float import FloatSettings, FloatWatch
from orders.house import House, open_house

SETTINGS = FloatSettings(
    float_read_interval_s=60, float_tolerance=0, float_difference_readings_min=3
)


class Peer:
    """A supplier that says its balance as plain digits."""

    def __init__(self) -> None:
        self.says: SendResult = Answered(status=200, body=b"0")
        self.asked = 0

    async def send(self, request: HttpRequest, **_: Any) -> SendResult:
        self.asked += 1
        return self.says

    def ask_balance(self, supplier: Any, *, now: datetime) -> HttpRequest:
        return HttpRequest(method="GET", url="http://x")

    def read_balance(self, supplier: Any, answer: Answered) -> int | None:
        return int(answer.text()) if answer.text().isdecimal() else None


class World:
    def __init__(self, house: House, pool: Any) -> None:
        self.house = house
        self.pool = pool
        self.peer = Peer()
        self.readings: list[Reading] = []
        self.settings: dict[str, Any] = {}
        self.watch = self.make()

    def make(self) -> FloatWatch:
        return FloatWatch(
            pool=self.pool,
            outbound=cast("Any", self.peer),
            directory=cast("Any", self),
            dialects={"socx": cast("Any", SimpleNamespace(client=self.peer))},
            clock=self.house.clock,
            addresses=AddressPolicy(allow_private=True),
            settings=SETTINGS,
            observe=self.readings.append,
        )

    def channel(self, supplier_id: int) -> Any:
        view = SimpleNamespace(code="s1", dialect="socx", settings=self.settings)
        return SimpleNamespace(view=view, timeout_ms=1_000)

    def says(self, text: str) -> None:
        self.peer.says = Answered(status=200, body=text.encode())

    async def ask(self) -> Reading:
        return await self.watch.ask(self.house.supplier_id)

    async def shown(self) -> dict[str, Any]:
        return (await show_floats(self.pool, "s1"))[0]

    async def cases(self) -> list[tuple[str, bool]]:
        rows = await self.pool.fetch(
            "SELECT kind, closed_at IS NULL AS open FROM cases ORDER BY id"
        )
        return [(row["kind"], row["open"]) for row in rows]


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with open_house(database_url) as house:
        pool = await open_pool(database_url, size_max=4)
        await top_up_float(pool, house.lane, "s1", amount=100_000, key="t1", actor="test")
        yield World(house, pool)
        await pool.close()


async def test_what_the_supplier_says_is_compared_with_the_ledger(world: World) -> None:
    world.says("100000")
    assert (await world.ask()).difference == 0
    world.says("99000")
    assert (await world.ask()).difference == -1_000
    shown = await world.shown()
    assert (shown["ledger"], shown["reported"], shown["difference"]) == (100_000, 99_000, -1_000)
    assert [reading.reported for reading in world.readings] == [100_000, 99_000]


async def test_an_order_on_its_way_explains_its_cost_until_it_is_posted(world: World) -> None:
    placed = await world.house.lane.submit(world.house.purchase())
    await world.house.claim(placed.attempt)
    await world.house.tell(placed.order, placed.attempt, Accepted())
    for said in ("95000", "100000"):
        world.says(said)
        assert (await world.ask()).difference == 0
    await world.house.tell(placed.order, placed.attempt, Delivered(cost=5_000))
    assert (await world.ask()).difference == 5_000
    world.says("95000")
    assert (await world.ask()).difference == 0


async def test_a_difference_that_stays_opens_a_case_and_closes_it_when_gone(world: World) -> None:
    world.says("90000")
    for expected in ([], [], [("float_differs", True)], [("float_differs", True)]):
        await world.ask()
        assert await world.cases() == expected
    world.says("100000")
    await world.ask()
    assert await world.cases() == [("float_differs", False)]


async def test_a_low_float_noted_from_an_answer_raises_the_alarm(world: World) -> None:
    await world.pool.execute("UPDATE suppliers SET float_min = 50000")
    world.watch.note(world.house.supplier_id, 60_000)
    world.watch.note(world.house.supplier_id, 49_999)
    await world.watch.flush()
    await world.watch.flush()
    assert [(r.reported, r.low) for r in world.readings] == [(49_999, True)]
    assert await world.cases() == [("float_low", True)]
    shown = await world.shown()
    assert (shown["low"], shown["reported"], shown["asked_at"]) == (True, 49_999, None)
    row = await world.pool.fetchrow("SELECT float_reported FROM suppliers")
    assert row["float_reported"] == 49_999


async def test_an_answer_that_cannot_be_read_changes_nothing_but_the_error(world: World) -> None:
    world.says("1000000")
    await world.ask()
    for nonsense in (
        Answered(status=200, body=b"<html>"),
        Answered(status=200, body=b"9" * 30),
        NoAnswer(error="timed out"),
    ):
        world.peer.says = nonsense
        with pytest.raises(ConflictError):
            await world.ask()
    shown = await world.shown()
    assert (shown["reported"], shown["ask_error"]) == (1_000_000, "timed out")


async def test_two_nodes_do_not_both_ask(world: World) -> None:
    world.says("100000")
    other = world.make()
    for watch in (world.watch, other, world.watch):
        await watch.ask_due()
    assert world.peer.asked == 1
    await world.pool.execute("UPDATE suppliers SET status = 'paused'")
    await world.pool.execute("UPDATE supplier_floats SET ask_due_at = now()")
    await other.ask_due()
    assert world.peer.asked == 1


async def test_a_supplier_that_must_not_be_asked_is_not(world: World) -> None:
    world.settings["float.ask"] = False
    with pytest.raises(ConflictError):
        await world.ask()
    await world.watch.ask_due()
    assert world.peer.asked == 0
