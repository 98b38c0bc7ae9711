"""A word that was on its way when another overtook it is no news: the supplier is asked."""

from __future__ import annotations

from typing import Any

import pytest

from gerbang.dialects.contract import OrderState
from gerbang.orders.outcome import Delivered, NotFound, Rejected, Unknown
from gerbang.orders.reasons import Reason
from gerbang.orders.transitions import AttemptState
from gerbang.orders.writes import Placed, PlannedAttempt, Recorded
from orders.house import House, open_house

TAKEN_BACK = Rejected(reason=Reason.REFUNDED, reroutable=False)
DELIVERED = Delivered(sn="SN1")


async def _sent(house: House) -> Placed:
    placed: Placed = await house.lane.submit(house.purchase())
    assert await house.claim(placed.attempt)
    return placed


async def _told(house: House, placed: Placed, outcome: Any, kind: str) -> Recorded:
    recorded: Recorded = await house.tell(placed.order, placed.attempt, outcome, kind=kind)
    return recorded


async def _cases(house: House) -> list[str]:
    rows = await house.connection.fetch("SELECT kind FROM cases ORDER BY id")
    return [row["kind"] for row in rows]


@pytest.mark.parametrize("kind", ["buy", "ask"])
async def test_a_reversal_that_overtakes_the_delivery_leaves_the_order_failed(
    database_url: str, kind: str
) -> None:
    """Delivered and taken back; the callback of the second came before the word of the first."""
    async with open_house(database_url) as house:
        placed = await _sent(house)
        failed = await _told(house, placed, TAKEN_BACK, "callback")
        assert failed.order.state is OrderState.FAILED
        overtaken = await _told(house, placed, DELIVERED, kind)
        assert overtaken.attempt.state is AttemptState.REJECTED
        assert overtaken.attempt.due_at is not None, "the supplier is asked"
        answered = await _told(house, placed, TAKEN_BACK, "ask")
        assert answered.attempt.state is AttemptState.REJECTED
        assert answered.attempt.due_at is None
        assert await _cases(house) == ["news_not_confirmed"]
        assert await house.account() == (1_000_000, 0)
        assert await house.balance_of(house.float_id) == 0
        assert (await house.verify()).clean


@pytest.mark.parametrize("kind", ["buy", "ask"])
async def test_a_late_success_that_the_supplier_confirms_is_believed(
    database_url: str, kind: str
) -> None:
    async with open_house(database_url) as house:
        placed = await _sent(house)
        await _told(house, placed, TAKEN_BACK, "callback")
        await _told(house, placed, DELIVERED, kind)
        assert await _cases(house) == []
        confirmed = await _told(house, placed, DELIVERED, "ask")
        assert confirmed.attempt.state is AttemptState.DELIVERED
        assert confirmed.attempt.due_at is None
        assert await _cases(house) == ["late_success"]
        assert (await house.verify()).clean


async def test_an_answer_that_a_delivery_overtook_takes_nothing_back(database_url: str) -> None:
    """It was asked about, said no, and delivered before its answer was read."""
    async with open_house(database_url) as house:
        placed = await _sent(house)
        await _told(house, placed, Unknown(message="timeout"), "buy")
        sold = await _told(house, placed, DELIVERED, "callback")
        assert sold.order.state is OrderState.SUCCESS
        overtaken = await _told(house, placed, TAKEN_BACK, "ask")
        assert overtaken.order.state is OrderState.SUCCESS
        assert overtaken.attempt.due_at is not None, "the supplier is asked"
        confirmed = await _told(house, placed, DELIVERED, "ask")
        assert confirmed.order.state is OrderState.SUCCESS
        assert confirmed.attempt.due_at is None
        assert (await house.verify()).clean


@pytest.mark.parametrize("answer", [DELIVERED, TAKEN_BACK, NotFound(message="no")])
async def test_a_late_success_of_an_order_that_is_under_way_elsewhere_is_believed_and_asked_about(
    database_url: str, answer: Delivered | Rejected | NotFound
) -> None:
    """Nothing may be sent elsewhere while the question runs, so the delivery is believed first."""
    async with open_house(database_url) as house:
        elsewhere = PlannedAttempt(
            supplier_id=house.supplier_id,
            route_id=1,
            supplier_product_code="OTHER",
            cost=5_000,
            explanation={},
        )
        house.next_route = elsewhere
        placed = await _sent(house)
        refused = Rejected(reason=Reason.BILLER_FAILED, reroutable=True)
        rerouted = await _told(house, placed, refused, "callback")
        assert rerouted.order.state is OrderState.PENDING
        assert rerouted.next_attempt is not None
        sold = await _told(house, placed, DELIVERED, "buy")
        assert sold.order.state is OrderState.SUCCESS
        assert sold.attempt.due_at is not None, "the supplier is asked"
        assert not await house.claim(rerouted.next_attempt), "nothing is sent elsewhere"
        answered = await _told(house, placed, answer, "ask")
        kept = not isinstance(answer, Rejected)
        assert answered.order.state is (OrderState.SUCCESS if kept else OrderState.REVERSED)
        assert (answered.attempt.due_at is None) is (not isinstance(answer, NotFound))
        assert await _cases(house) == ["late_success"] + ([] if kept else ["reversed"])
        assert (await house.verify()).clean
