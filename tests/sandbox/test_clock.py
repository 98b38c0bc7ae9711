"""The sandbox clock moves what is testing or sandboxed, and nothing else."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from gerbang.catalog.load import SnapshotLoader
from gerbang.clock import FixedClock
from gerbang.errors import BadInputError, ForbiddenError
from gerbang.orders.intake import SQL as ORDER_SQL
from gerbang.orders.outcome import Accepted, Delivered
from gerbang.orders.writes import RecordDelivery, SandboxStep
from gerbang.postgres.errors import IntegrityViolation
from gerbang.postgres.pool import open_pool
from gerbang.sandbox.clock import SandboxClock
from gerbang.sandbox.move_clock import move_clock
from gerbang.secrets_box import SecretBox
from orders.house import NODE, House, open_house

DAY_S = 86_400
NOON = datetime(2026, 8, 17, 5, tzinfo=UTC)


class State(msgspec.Struct):
    sandbox_offset_s: int = 0
    sandboxed_id: int = 7

    def is_sandboxed(self, reseller_id: int) -> bool:
        return reseller_id == self.sandboxed_id


def test_it_tells_moved_time_to_testing_and_sandboxed_and_real_time_to_others() -> None:
    state = State()
    clock = SandboxClock(FixedClock(NOON), state)
    assert clock.now() == NOON
    state.sandbox_offset_s = 301
    moved = NOON + timedelta(seconds=301)
    assert clock.now_for(1, testing=True) == moved
    assert clock.now_for(7, testing=False) == moved
    assert clock.now_for(1, testing=False) == NOON


async def make_demo(house: House, *, sandboxed: bool = True) -> None:
    await house.connection.execute(
        "INSERT INTO installation (tag, demo) VALUES ('TEST', true)"
        " ON CONFLICT (only_row) DO UPDATE SET demo = true"
    )
    await house.connection.execute("UPDATE resellers SET sandboxed = $1", sandboxed)


async def move(house: House, seconds: int) -> None:
    async with house.connection.transaction():
        await move_clock(house.connection, seconds, actor="test")


async def unheard(house: House, *, testing: bool) -> int:
    """Make an order whose callback failed, to be tried again in an hour; gives its id."""
    due = datetime.now(UTC)
    steps = (SandboxStep(due_at=due, outcome={"state": "success", "sn": "1"}),)
    if testing:
        placed = await house.lane.submit(
            house.purchase(testing=True, first=None, steps=steps, claimed_by=None)
        )
        callback = await settle_testing(house, placed.order.id)
    else:
        placed = await house.lane.submit(house.purchase())
        await house.claim(placed.attempt)
        recorded = await house.tell(placed.order, placed.attempt, Delivered(sn="1"))
        callback = recorded.callbacks[0]
    await house.lane.submit(failed_delivery(callback))
    return int(callback.id)


async def settle_testing(house: House, order_id: int) -> Any:
    from gerbang.orders.writes import SettleTesting

    row = await house.connection.fetchrow(
        "SELECT id, outcome FROM sandbox_steps WHERE order_id = $1", order_id
    )
    settled = await house.lane.submit(
        SettleTesting(step_id=row["id"], order_id=order_id, outcome=row["outcome"])
    )
    return settled.callbacks[0]


def failed_delivery(callback: Any) -> RecordDelivery:
    return RecordDelivery(
        callback_id=callback.id,
        order_id=callback.order_id,
        delivered=False,
        exhausted=False,
        status=500,
        error="answered 500",
        request="",
        answer="",
        duration_ms=1,
        next_attempt_at=datetime.now(UTC) + timedelta(hours=1),
        claimed_by=NODE,
    )


async def due_ids(house: House) -> set[int]:
    rows = await house.connection.fetch(
        "SELECT id FROM callbacks WHERE due_at <= clock_timestamp() AND claimed_by IS NULL"
    )
    return {row["id"] for row in rows}


async def test_retries_of_testing_orders_and_sandboxed_resellers_come_nearer(
    database_url: str,
) -> None:
    async with open_house(database_url) as house:
        await make_demo(house)
        live, testing = await unheard(house, testing=False), await unheard(house, testing=True)
        await move(house, 3_500)
        assert await due_ids(house) == set()
        await move(house, 200)
        assert await due_ids(house) == {live, testing}


async def test_retries_of_other_resellers_and_claims_stay(database_url: str) -> None:
    async with open_house(database_url) as house:
        await make_demo(house, sandboxed=False)
        await unheard(house, testing=False)
        testing = await unheard(house, testing=True)
        await house.connection.execute("UPDATE callbacks SET claimed_by = 'somebody'")
        await move(house, DAY_S)
        assert await due_ids(house) == set()
        await house.connection.execute("UPDATE callbacks SET claimed_by = NULL")
        await move(house, DAY_S)
        assert await due_ids(house) == {testing}


@pytest.mark.parametrize("sandboxed", [True, False])
async def test_pending_orders_of_sandboxed_resellers_grow_old(
    database_url: str, *, sandboxed: bool
) -> None:
    """An order placed after the clock was moved is as young as any."""
    async with open_house(database_url) as house:
        await make_demo(house, sandboxed=sandboxed)
        await move(house, 10 * DAY_S)
        placed = await house.lane.submit(house.purchase())
        await house.claim(placed.attempt)
        await house.tell(placed.order, placed.attempt, Accepted())
        assert await house.connection.fetch(ORDER_SQL.mark_needing_decision) == []
        await move(house, DAY_S - 60)
        assert await house.connection.fetch(ORDER_SQL.mark_needing_decision) == []
        await move(house, 120)
        marked = await house.connection.fetch(ORDER_SQL.mark_needing_decision)
        assert [row[0] for row in marked] == ([placed.order.id] if sandboxed else [])


async def test_status_questions_of_sandboxed_resellers_come_nearer(database_url: str) -> None:
    async with open_house(database_url) as house:
        await make_demo(house)
        placed = await house.lane.submit(house.purchase())
        await house.claim(placed.attempt)
        asked = "SELECT due_at, claimed_by FROM attempts"
        claimed = await house.connection.fetchrow(asked)
        await move(house, 60)
        assert await house.connection.fetchrow(asked) == claimed
        await house.tell(placed.order, placed.attempt, Accepted())
        before = await house.connection.fetchrow(asked)
        await move(house, 60)
        after = await house.connection.fetchrow(asked)
        assert before["due_at"] - after["due_at"] == timedelta(seconds=60)


async def test_request_times_and_ledger_days_never_move(database_url: str) -> None:
    async with open_house(database_url) as house:
        await make_demo(house)
        await move(house, 40 * DAY_S)
        placed = await house.lane.submit(house.purchase())
        row = await house.connection.fetchrow(
            "SELECT o.created_at, t.business_day, wib_day(clock_timestamp()) AS today, o.testing"
            "  FROM orders o JOIN transfers t ON t.order_id = o.id WHERE o.id = $1",
            placed.order.id,
        )
        assert abs(row["created_at"] - datetime.now(UTC)) < timedelta(minutes=1)
        assert row["business_day"] == row["today"]


async def test_the_clock_never_goes_back_and_moves_only_in_a_demo(database_url: str) -> None:
    async with open_house(database_url) as house:
        with pytest.raises(ForbiddenError):
            await move(house, 60)
        with pytest.raises(IntegrityViolation):
            await house.connection.execute("UPDATE resellers SET sandboxed = true")
        await make_demo(house)
        with pytest.raises(BadInputError):
            await move(house, -1)
        await move(house, 60)
        for wrong in ("SET sandbox_clock_offset_s = 59", "SET demo = false"):
            with pytest.raises(IntegrityViolation):
                await house.connection.execute(f"UPDATE installation {wrong}")


async def test_every_node_knows_within_a_second(database_url: str) -> None:
    async with open_house(database_url) as house:
        await make_demo(house)
        pool = await open_pool(database_url)
        other = SnapshotLoader(pool, SecretBox(bytes(32)), {})
        await other.start()
        try:
            await move(house, 301)
            await asyncio.sleep(0.9)
            assert other.snapshot.sandbox_offset_s == 301
            assert other.snapshot.is_sandboxed(house.reseller_id)
        finally:
            await other.stop()
            pool.terminate()
