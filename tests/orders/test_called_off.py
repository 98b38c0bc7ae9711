"""A late success calls off what still waits to be sent elsewhere; what was sent is not undone."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gerbang.dialects.contract import OrderState
from gerbang.dialects.supplier_contract import LearnRules
from gerbang.orders.outcome import Accepted, Delivered, NotFound, Unavailable, Unknown
from gerbang.orders.situation import CALLED_OFF
from gerbang.orders.transitions import AttemptState
from gerbang.orders.writes import Placed
from orders.house import House, open_house

EVIDENCE = LearnRules(resend_same_reference_safe=False, not_found_answers=1, not_found_quiet_s=0)


async def _given_up(house: House) -> tuple[Placed, Any]:
    """An order whose first supplier knew nothing of it, so that a second one is next."""
    house.learn = EVIDENCE
    placed: Placed = await house.lane.submit(house.purchase())
    assert await house.claim(placed.attempt)
    await house.tell(placed.order, placed.attempt, Unknown())
    house.next_route = house.plan
    given_up = await house.tell(placed.order, placed.attempt, NotFound())
    house.next_route = None
    assert given_up.attempt.state is AttemptState.REJECTED
    assert given_up.next_attempt is not None
    return placed, given_up.next_attempt


async def _states(house: House) -> list[str]:
    rows = await house.connection.fetch("SELECT state::text FROM attempts ORDER BY number")
    return [row[0] for row in rows]


async def test_an_attempt_that_was_not_sent_yet_is_never_sent_after_a_late_success(
    database_url: str,
) -> None:
    async with open_house(database_url) as house:
        placed, second = await _given_up(house)
        late = await house.tell(placed.order, placed.attempt, Delivered(sn="LATE"))
        assert late.order.state is OrderState.SUCCESS
        assert not await house.claim(second)
        assert await _states(house) == ["delivered", "unavailable"]
        message = await house.connection.fetchval("SELECT message FROM attempts WHERE number = 2")
        assert message == CALLED_OFF
        # Its worker comes too late with what it has to say, and changes nothing.
        told = await house.tell(placed.order, second, Unavailable(message="tripped"))
        assert told.order.state is OrderState.SUCCESS
        assert await house.account() == (1_000_000 - 5_400, 0)
        assert (await house.verify()).clean


async def test_an_attempt_on_the_wire_is_left_to_its_own_answer(database_url: str) -> None:
    async with open_house(database_url) as house:
        placed, second = await _given_up(house)
        assert await house.claim(second)
        await house.tell(placed.order, placed.attempt, Delivered(sn="LATE"))
        assert await _states(house) == ["delivered", "sending"]
        twice = await house.tell(placed.order, second, Delivered(sn="TWO"))
        assert twice.order.sn == "LATE"
        assert await _states(house) == ["delivered", "delivered"]
        kinds = await house.connection.fetch("SELECT kind FROM cases")
        assert "delivered_twice" in {row["kind"] for row in kinds}
        assert await house.account() == (1_000_000 - 5_400, 0), "the reseller pays once"
        assert (await house.verify()).clean


@pytest.mark.parametrize("workers", [1, 4])
async def test_a_claim_and_a_late_success_at_once_never_lose_track_of_what_was_sent(
    database_url: str, workers: int
) -> None:
    async with open_house(database_url, workers=workers) as house:
        for _ in range(12):
            placed, second = await _given_up(house)
            late, granted = await asyncio.gather(
                house.tell(placed.order, placed.attempt, Delivered(sn=f"L{placed.order.id}")),
                house.claim(second),
            )
            assert late.order.state is OrderState.SUCCESS
            state = await house.connection.fetchval(
                "SELECT state::text FROM attempts WHERE id = $1", second.id
            )
            assert state == ("sending" if granted else "unavailable")
        assert (await house.verify()).clean


async def test_a_refusal_and_a_late_success_in_one_batch_plan_nothing_further(
    database_url: str,
) -> None:
    async with open_house(database_url, workers=1) as house:
        house.learn = EVIDENCE
        placed: Placed = await house.lane.submit(house.purchase())
        assert await house.claim(placed.attempt)
        await house.tell(placed.order, placed.attempt, Unknown())
        house.next_route = house.plan
        given_up, late = await asyncio.gather(
            house.tell(placed.order, placed.attempt, NotFound()),
            house.tell(placed.order, placed.attempt, Delivered(sn="LATE")),
        )
        assert late.order.state is OrderState.SUCCESS
        if given_up.next_attempt is not None:
            assert not await house.claim(given_up.next_attempt)
        assert "prepared" not in await _states(house)
        assert (await house.verify()).clean


async def test_a_supplier_that_works_on_what_was_given_up_is_asked_again_soon(
    database_url: str,
) -> None:
    async with open_house(database_url) as house:
        placed, _ = await _given_up(house)
        told = await house.tell(placed.order, placed.attempt, Accepted())
        assert told.attempt.state is AttemptState.REJECTED
        waits = (told.attempt.due_at - house.clock.now()).total_seconds()
        assert waits < 60, "not in an hour, as where nobody said anything"
