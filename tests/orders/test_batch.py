"""Orders through the write lane, against a real database."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest

from gerbang.clock import FixedClock
from gerbang.dialects.contract import OrderState, Refusal
from gerbang.dialects.supplier_contract import LearnRules
from gerbang.orders.outcome import Accepted, Delivered, NotFound, Rejected, Unavailable, Unknown
from gerbang.orders.reasons import Reason
from gerbang.orders.transitions import AttemptState
from gerbang.orders.writes import Known, Placed, PlannedAttempt
from orders.house import House, open_house
from postgres.shared import opened


async def _sent(house: House) -> Placed:
    placed: Placed = await house.lane.submit(house.purchase())
    assert placed.attempt is not None
    assert await house.claim(placed.attempt)
    return placed


async def test_an_order_its_hold_and_its_attempt_are_one_commit(database_url: str) -> None:
    async with open_house(database_url) as house:
        placed = await house.lane.submit(house.purchase())
        assert placed.balance == 1_000_000 - 5400
        assert await house.account() == (1_000_000, 5400)
        assert (await house.verify()).clean


async def test_64_concurrent_requests_with_one_reference_make_one_order(database_url: str) -> None:
    async with open_house(database_url) as house:
        same = house.purchase()
        results = await asyncio.gather(*(house.lane.submit(same) for _ in range(64)))
        placed = [r for r in results if isinstance(r, Placed)]
        known = [r for r in results if isinstance(r, Known)]
        assert (len(placed), len(known)) == (1, 63)
        assert {k.order.id for k in known} == {placed[0].order.id}
        assert await house.account() == (1_000_000, 5400)


async def test_500_orders_against_money_for_100_sell_exactly_100(database_url: str) -> None:
    async with open_house(database_url, balance=540_000) as house:
        results = await asyncio.gather(*(house.lane.submit(house.purchase()) for _ in range(500)))
        placed = [r for r in results if isinstance(r, Placed)]
        refused = [r for r in results if isinstance(r, Refusal)]
        assert len(placed) == 100
        assert {r.reason for r in refused} == {Reason.INSUFFICIENT_BALANCE}
        assert await house.account() == (540_000, 540_000)
        assert (await house.verify()).clean


async def test_a_reference_with_other_content_is_refused_by_name(database_url: str) -> None:
    async with open_house(database_url) as house:
        await house.lane.submit(house.purchase(reference="A"))
        other = await house.lane.submit(house.purchase(reference="A", destination="0899"))
        assert isinstance(other, Refusal)
        assert other.reason is Reason.REFERENCE_REUSED
        assert other.known_order is not None
        assert other.known_order.destination == "08123456789"


async def test_the_same_day_rule_counts_and_forgets_failures(database_url: str) -> None:
    async with open_house(database_url) as house:
        first = await house.lane.submit(house.purchase(same_day=True))
        again = await house.lane.submit(house.purchase(same_day=True))
        assert isinstance(again, Refusal)
        assert again.reason is Reason.DUPLICATE_SAME_DAY
        second = await house.lane.submit(house.purchase(same_day=True, counter=2))
        assert isinstance(second, Placed)
        assert await house.claim(second.attempt)
        rejected = Rejected(reason=Reason.NUMBER_NOT_FOUND, reroutable=False)
        await house.tell(second.order, second.attempt, rejected)
        retry = await house.lane.submit(house.purchase(same_day=True, counter=2))
        assert isinstance(retry, Placed)
        assert first.order.id != retry.order.id


async def test_a_claim_for_sending_is_granted_once(database_url: str) -> None:
    async with open_house(database_url) as house:
        placed = await house.lane.submit(house.purchase())
        granted = await asyncio.gather(*(house.claim(placed.attempt) for _ in range(20)))
        assert sorted(granted) == [False] * 19 + [True]


async def test_a_delivery_posts_the_hold_books_the_cost_and_calls_back(database_url: str) -> None:
    async with open_house(database_url) as house:
        placed = await _sent(house)
        recorded = await house.tell(placed.order, placed.attempt, Delivered(sn="SN1", cost=5100))
        assert recorded.order.state is OrderState.SUCCESS
        assert len(recorded.callbacks) == 1
        assert await house.account() == (994_600, 0)
        assert await house.balance_of(house.float_id) == 5100
        again = await house.tell(placed.order, placed.attempt, Delivered(sn="SN1", cost=5100))
        assert not again.changed
        assert (await house.verify()).clean


async def test_a_refusal_gives_the_money_back(database_url: str) -> None:
    async with open_house(database_url) as house:
        placed = await _sent(house)
        rejected = Rejected(reason=Reason.NUMBER_NOT_FOUND, reroutable=False)
        recorded = await house.tell(placed.order, placed.attempt, rejected)
        assert recorded.order.state is OrderState.FAILED
        assert recorded.order.reason == Reason.NUMBER_NOT_FOUND
        assert await house.account() == (1_000_000, 0)
        assert (await house.verify()).clean


async def test_a_reroutable_refusal_tries_the_next_route_in_the_same_commit(
    database_url: str,
) -> None:
    async with open_house(database_url) as house:
        placed = await _sent(house)
        house.next_route = house.plan
        rejected = Rejected(reason=Reason.PRODUCT_DISTURBED, reroutable=True)
        recorded = await house.tell(placed.order, placed.attempt, rejected)
        assert recorded.order.state is OrderState.PENDING
        assert recorded.next_attempt is not None
        assert recorded.next_attempt.number == 2
        assert await house.account() == (1_000_000, 5400)


@pytest.mark.parametrize("outcome", [Unknown(message="time-out"), Accepted()])
async def test_what_is_not_final_keeps_the_hold_and_plans_a_question(
    database_url: str, outcome: Unknown | Accepted
) -> None:
    async with open_house(database_url) as house:
        house.next_route = house.plan
        placed = await _sent(house)
        recorded = await house.tell(placed.order, placed.attempt, outcome)
        assert recorded.order.state is OrderState.PENDING
        assert recorded.next_attempt is None
        assert recorded.attempt.due_at is not None
        assert await house.account() == (1_000_000, 5400)


async def test_not_found_is_no_evidence_unless_the_rules_say_so(database_url: str) -> None:
    async with open_house(database_url) as house:
        placed = await _sent(house)
        await house.tell(placed.order, placed.attempt, Unknown())
        for _ in range(5):
            recorded = await house.tell(placed.order, placed.attempt, NotFound())
        assert recorded.order.state is OrderState.PENDING


async def test_a_nodes_clock_that_runs_ahead_makes_no_evidence(database_url: str) -> None:
    node = FixedClock(datetime.now(UTC))
    async with open_house(database_url, clock=node) as house:
        house.learn = LearnRules(
            resend_same_reference_safe=False, not_found_answers=2, not_found_quiet_s=300
        )
        placed = await _sent(house)
        await house.tell(placed.order, placed.attempt, Unknown())
        await house.tell(placed.order, placed.attempt, NotFound())
        node.advance(timedelta(hours=1))
        recorded = await house.tell(placed.order, placed.attempt, NotFound())
        assert recorded.order.state is OrderState.PENDING
        await house.connection.execute(
            "UPDATE attempts SET not_found_since = now() - interval '301 seconds'"
        )
        node.advance(-timedelta(hours=2))
        recorded = await house.tell(placed.order, placed.attempt, NotFound())
        assert recorded.order.state is OrderState.FAILED


async def test_unavailable_after_an_unknown_sending_proves_nothing(database_url: str) -> None:
    async with open_house(database_url) as house:
        placed = await _sent(house)
        await house.tell(placed.order, placed.attempt, Unknown())
        assert await house.claim(placed.attempt, resend=True)
        recorded = await house.tell(placed.order, placed.attempt, Unavailable())
        assert recorded.order.state is OrderState.PENDING
        assert recorded.attempt.state is AttemptState.UNKNOWN


async def test_what_one_node_does_not_send_another_may_be_sending(database_url: str) -> None:
    """A node whose circuit is open gives up an attempt that it never claimed itself."""
    async with open_house(database_url) as house:
        house.next_route = house.plan
        for claimed, state in ((True, AttemptState.SENDING), (False, AttemptState.UNAVAILABLE)):
            placed = await house.lane.submit(house.purchase())
            if claimed:
                await house.claim(placed.attempt)
            given_up = Unavailable(message="circuit open")
            told = await house.tell(placed.order, placed.attempt, given_up, unclaimed=True)
            assert told.attempt.state is state
            assert (told.next_attempt is None) is claimed
            assert told.order.state is OrderState.PENDING


async def test_a_reversal_repays_reseller_and_float(database_url: str) -> None:
    async with open_house(database_url) as house:
        placed = await _sent(house)
        await house.tell(placed.order, placed.attempt, Delivered(sn="SN1"))
        back = Rejected(reason=Reason.REFUNDED, reroutable=False)
        asked = await house.tell(placed.order, placed.attempt, back, confirm_first=True)
        assert asked.order.state is OrderState.SUCCESS
        reply = await house.tell(placed.order, placed.attempt, back, kind="buy")
        assert reply.order.state is OrderState.SUCCESS, "a reply that came late confirms nothing"
        assert reply.attempt.due_at is not None
        recorded = await house.tell(placed.order, placed.attempt, back, kind="ask")
        assert recorded.order.state is OrderState.REVERSED
        assert await house.account() == (1_000_000, 0)
        assert await house.balance_of(house.float_id) == 0
        assert (await house.verify()).clean


@pytest.mark.parametrize("paid_by", ["us", "reseller"])
async def test_a_late_success_is_paid_by_whom_the_setting_names(
    database_url: str, paid_by: str
) -> None:
    async with open_house(database_url, balance=6_000) as house:
        house.late_success_paid_by = paid_by
        placed = await _sent(house)
        await house.tell(
            placed.order, placed.attempt, Rejected(reason=Reason.BILLER_FAILED, reroutable=False)
        )
        spent = await house.lane.submit(house.purchase(price=4_000))
        assert isinstance(spent, Placed)
        recorded = await house.tell(
            placed.order, placed.attempt, Delivered(sn="LATE"), kind="callback"
        )
        expected = OrderState.FAILED if paid_by == "us" else OrderState.SUCCESS
        assert recorded.order.state is expected
        receivable, _ = await house.account(house.receivable_id)
        assert receivable == (0 if paid_by == "us" else -3_400)
        assert (await house.verify()).clean


async def test_a_locked_account_holds_up_nobody_else(database_url: str) -> None:
    async with open_house(database_url, workers=1) as house:
        other = await house.connection.fetchval(
            "INSERT INTO accounts (code, kind, normal_side, tracked, balance)"
            " VALUES ('reseller:O', 'reseller', 'credit', true, 0) RETURNING id"
        )
        await house.connection.execute("BEGIN")
        await house.connection.execute("SELECT 1 FROM accounts WHERE id = $1 FOR UPDATE", other)
        stuck = asyncio.ensure_future(house.lane.submit(house.purchase(account_id=other)))
        await asyncio.sleep(0)
        started = time.monotonic()
        placed = await house.lane.submit(house.purchase())
        assert isinstance(placed, Placed)
        assert time.monotonic() - started < 20
        assert not stuck.done()
        await house.connection.execute("ROLLBACK")
        assert isinstance(await stuck, Refusal)


async def test_however_many_wait_for_a_locked_account_few_connections_are_opened(
    database_url: str,
) -> None:
    async with open_house(database_url) as house, opened(database_url) as watcher:
        await house.connection.execute("BEGIN")
        await house.connection.execute(
            "SELECT 1 FROM accounts WHERE id = $1 FOR UPDATE", house.account_id
        )
        waiting = [asyncio.ensure_future(house.lane.submit(house.purchase())) for _ in range(60)]
        count = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        most = 0
        for _ in range(20):
            most = max(most, await watcher.fetchval(count))
            await asyncio.sleep(0.1)
        assert 1 <= most <= 4
        await house.connection.execute("ROLLBACK")
        placed = await asyncio.gather(*waiting)
        assert all(isinstance(one, Placed) for one in placed)
        assert (await house.verify()).clean


async def test_an_unexpected_error_hits_only_its_own_write(database_url: str) -> None:
    async with open_house(database_url, workers=1) as house:
        bad = PlannedAttempt(
            supplier_id=house.supplier_id,
            route_id=1,
            supplier_product_code="S",
            cost=2**70,
            explanation={},
        )
        writes = [house.purchase() for _ in range(9)] + [house.purchase(first=bad)]
        results = await asyncio.gather(
            *(house.lane.submit(w) for w in writes), return_exceptions=True
        )
        assert sum(isinstance(r, Placed) for r in results) == 9
        assert isinstance(results[9], Exception)
        assert (await house.verify()).clean
