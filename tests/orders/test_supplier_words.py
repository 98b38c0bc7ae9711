"""A supplier's words that the database would not take, and news that come at the same time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gerbang.orders.outcome import Delivered, Rejected, Unknown
from gerbang.orders.reasons import Reason
from gerbang.orders.transitions import AttemptState
from gerbang.orders.writes import (
    CannotDecideError,
    Placed,
    RecordDelivery,
    Recorded,
    RecordOutcome,
    Transcript,
)
from orders.house import NODE, House, open_house

LIMIT_S = 60


async def _sent(house: House) -> Placed:
    placed: Placed = await house.lane.submit(house.purchase())
    assert placed.attempt is not None
    assert await house.claim(placed.attempt)
    return placed


async def _told(house: House, placed: Placed, outcome: Any, **more: Any) -> Recorded:
    assert placed.attempt is not None
    recorded: Recorded = await house.tell(placed.order, placed.attempt, outcome, **more)
    return recorded


async def test_a_nul_in_a_suppliers_words_does_not_keep_its_outcome_from_being_recorded(
    database_url: str,
) -> None:
    async with asyncio.timeout(LIMIT_S), open_house(database_url) as house:
        placed = await _sent(house)
        unknown = await _told(house, placed, Unknown(message="502\x00 nginx"))
        assert unknown.attempt.state is AttemptState.UNKNOWN
        assert unknown.attempt.message == "502\ufffd nginx"
        delivered = Delivered(sn="S\x00N", message="ok \\u0000", data={"\x00": ["a\x00"]})
        told = await _told(house, placed, delivered)
        assert told.order.sn == "S\ufffdN"
        row = await house.connection.fetchrow("SELECT sn, data FROM orders")
        assert (row["sn"], row["data"]) == ("S\ufffdN", {"\ufffd": ["a\ufffd"]})
        assert told.attempt.message == "ok \\u0000"  # only NUL itself is replaced


async def test_half_a_character_in_a_suppliers_words_is_replaced_too(database_url: str) -> None:
    async with asyncio.timeout(LIMIT_S), open_house(database_url) as house:
        placed = await _sent(house)
        said = Delivered(sn="S\ud83dN", message="ok", data={"x\ud800": "\udfff"})
        told = await _told(house, placed, said)
        assert told.order.sn.startswith("S\ufffd")
        assert await house.connection.fetchval("SELECT state::text FROM orders") == "success"


async def test_words_that_go_on_and_on_are_cut(database_url: str) -> None:
    async with asyncio.timeout(LIMIT_S), open_house(database_url) as house:
        placed = await _sent(house)
        said = Delivered(sn="9" * 200_000, message="m" * 5_000, data={"note": "n" * 100_000})
        told = await _told(house, placed, said)
        assert (len(told.order.sn), len(told.attempt.message)) == (4_000, 4_000)
        assert told.order.data == {"note": "n" * 4_000}


@pytest.mark.parametrize("cost", [-5_000, 10**30])
async def test_a_cost_that_cannot_be_is_not_believed_but_the_delivery_is(
    database_url: str, cost: int
) -> None:
    async with asyncio.timeout(LIMIT_S), open_house(database_url) as house:
        placed = await _sent(house)
        told = await _told(house, placed, Delivered(sn="SN", cost=cost))
        assert (told.order.state, told.order.cost) == ("success", 5000)
        case = await house.connection.fetchrow("SELECT kind, detail FROM cases")
        assert (case["kind"], case["detail"]) == ("cost_impossible", {"said": str(cost)})
        assert (await house.verify()).clean


async def test_a_person_does_not_contradict_what_the_supplier_said_a_moment_before(
    database_url: str,
) -> None:
    async with asyncio.timeout(LIMIT_S), open_house(database_url) as house:
        for said, decided in (
            (Delivered(sn="SN"), Rejected(reason=Reason.BILLER_FAILED, reroutable=False)),
            (Rejected(reason=Reason.NUMBER_NOT_FOUND, reroutable=False), Delivered()),
        ):
            placed = await _sent(house)
            assert placed.attempt is not None
            decision = RecordOutcome(
                order_id=placed.order.id,
                attempt_id=placed.attempt.id,
                account_ids=(house.account_id, house.receivable_id),
                outcome=decided,
                transcript=Transcript(kind="person", request="no news", answer=""),
            )
            told = await _told(house, placed, said)
            with pytest.raises(CannotDecideError):
                await house.lane.submit(decision)
            state = "SELECT state::text FROM orders WHERE id = $1"
            kept = await house.connection.fetchval(state, placed.order.id)
            assert kept == told.order.state
        assert (await house.verify()).clean


async def test_the_next_callback_of_an_order_is_woken_however_two_commits_meet(
    database_url: str,
) -> None:
    """A delivery recorded while the next news of the same order is written: nobody may wait."""
    async with asyncio.timeout(LIMIT_S), open_house(database_url) as house:
        for _ in range(40):
            placed = await _sent(house)
            told = await _told(house, placed, Delivered(sn="SN"))
            (callback,) = told.callbacks
            delivery = RecordDelivery(
                callback_id=callback.id,
                order_id=placed.order.id,
                status=200,
                error="",
                request="",
                answer="",
                duration_ms=1,
                delivered=True,
                exhausted=False,
                next_attempt_at=None,
                claimed_by=NODE,
            )
            taken_back = Rejected(reason=Reason.REFUNDED, reroutable=False)
            later = asyncio.create_task(_told(house, placed, taken_back, kind="callback"))
            await asyncio.gather(house.lane.submit(delivery), later)
        stuck = await house.connection.fetchval(
            "SELECT count(*) FROM callbacks c WHERE state = 'waiting' AND NOT EXISTS"
            " (SELECT 1 FROM callbacks p WHERE p.order_id = c.order_id AND p.state = 'due')"
        )
        assert stuck == 0


async def test_a_success_that_is_confirmed_by_asking_is_not_asked_about_again(
    database_url: str,
) -> None:
    async with asyncio.timeout(LIMIT_S), open_house(database_url) as house:
        placed = await _sent(house)
        await _told(house, placed, Delivered(sn="SN"))
        doubted = Rejected(reason=Reason.BILLER_FAILED, reroutable=True)
        asked = await _told(house, placed, doubted, confirm_first=True)
        assert asked.attempt.due_at is not None
        lost = await _told(house, placed, Unknown(message="no answer"))
        assert lost.attempt.due_at is not None
        assert lost.attempt.due_at - datetime.now(UTC) < timedelta(minutes=2)
        confirmed = await _told(house, placed, Delivered(sn="SN"))
        assert confirmed.attempt.due_at is None
        assert await house.connection.fetchval("SELECT count(due_at) FROM attempts") == 0
