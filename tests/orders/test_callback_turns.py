"""The callbacks of one order go out one after the other, and none waits for ever."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gerbang.callbacks.resend import resend_callback
from gerbang.errors import ConflictError
from gerbang.orders.outcome import Delivered
from gerbang.orders.writes import DueCallbackRow, RecordDelivery, RecordOutcome, Transcript
from orders.house import NODE, House, open_house
from postgres.shared import opened

DEADLINE_S = 60.0


async def _sold_without_serial(house: House) -> tuple[Any, Any, DueCallbackRow]:
    placed = await house.lane.submit(house.purchase())
    assert await house.claim(placed.attempt)
    recorded = await house.tell(placed.order, placed.attempt, Delivered(sn=""))
    return recorded.order, recorded.attempt, recorded.callbacks[0]


def _serial(house: House, order: Any, attempt: Any) -> RecordOutcome:
    return RecordOutcome(
        order_id=order.id,
        attempt_id=attempt.id,
        account_ids=(house.account_id, house.receivable_id),
        outcome=Delivered(sn="SN1"),
        transcript=Transcript(kind="ask", request="", answer=""),
    )


def _heard(callback: DueCallbackRow) -> RecordDelivery:
    return RecordDelivery(
        callback_id=callback.id,
        order_id=callback.order_id,
        delivered=True,
        exhausted=False,
        status=200,
        error="",
        request="",
        answer="",
        duration_ms=1,
        next_attempt_at=None,
        claimed_by=NODE,
    )


async def test_a_callback_written_while_the_one_before_it_ends_is_woken(database_url: str) -> None:
    """The two commits overlap: neither sees what the other is about to write."""
    async with (
        asyncio.timeout(DEADLINE_S),
        open_house(database_url) as house,
        opened(database_url) as beside,
    ):
        order, attempt, first = await _sold_without_serial(house)
        async with beside.transaction():
            program: Any = house.lane.program
            await program.run(beside, [_serial(house, order, attempt)], skip_locked=False)
            heard = house.lane.submit_soon(_heard(first))
            done, _ = await asyncio.wait({heard}, timeout=0.3)
            assert not done, "the end of the first must wait for the second to be written"
        following = await heard
        assert following is not None
        assert following.event == "order.sn_received"
        assert await _states(house) == ["delivered", "due"]


async def test_a_callback_written_after_the_one_before_it_ended_is_due(database_url: str) -> None:
    """The other way round."""
    async with (
        asyncio.timeout(DEADLINE_S),
        open_house(database_url) as house,
        opened(database_url) as beside,
    ):
        order, attempt, first = await _sold_without_serial(house)
        async with beside.transaction():
            program: Any = house.lane.program
            await program.run(beside, [_heard(first)], skip_locked=False)
            serial = house.lane.submit_soon(_serial(house, order, attempt))
            done, _ = await asyncio.wait({serial}, timeout=0.3)
            assert not done, "what became of the first must be known before the second is written"
        recorded = await serial
        assert [callback.event for callback in recorded.callbacks] == ["order.sn_received"]
        assert await _states(house) == ["delivered", "due"]


async def test_both_in_one_batch_leave_the_second_due(database_url: str) -> None:
    async with asyncio.timeout(DEADLINE_S), open_house(database_url, workers=1) as house:
        order, attempt, first = await _sold_without_serial(house)
        serial = house.lane.submit_soon(_serial(house, order, attempt))
        heard = house.lane.submit_soon(_heard(first))
        recorded, following = await asyncio.gather(serial, heard)
        assert bool(recorded.callbacks) != (following is not None), "one of them hands it on"
        assert await _states(house) == ["delivered", "due"]


async def _states(house: House) -> list[str]:
    rows = await house.connection.fetch("SELECT state::text FROM callbacks ORDER BY sequence")
    return [row[0] for row in rows]


async def test_of_two_callbacks_of_an_order_one_at_a_time_is_sent_again(database_url: str) -> None:
    async with (
        asyncio.timeout(DEADLINE_S),
        open_house(database_url) as house,
        opened(database_url) as beside,
        opened(database_url) as other,
    ):
        order, attempt, first = await _sold_without_serial(house)
        recorded, second = await asyncio.gather(
            house.lane.submit(_serial(house, order, attempt)), house.lane.submit(_heard(first))
        )
        second = second or recorded.callbacks[0]
        await house.lane.submit(_heard(second))
        assert await _states(house) == ["delivered", "delivered"]

        async def resend_second() -> None:
            async with other.transaction():
                await resend_callback(other, second.id, actor="test")

        async with beside.transaction():
            await resend_callback(beside, first.id, actor="test")
            meanwhile = asyncio.create_task(resend_second())
            await asyncio.wait({meanwhile}, timeout=0.3)
        with pytest.raises(ConflictError):
            await meanwhile
        assert await _states(house) == ["due", "delivered"]
