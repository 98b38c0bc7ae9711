"""Two persons: an unknown order and a correction wait for somebody else, and happen once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gerbang.approvals.desk import CORRECTIONS, DECISIONS, ApprovalDesk
from gerbang.approvals.read import list_proposals
from gerbang.errors import BadInputError, ConflictError, NotFoundError
from gerbang.orders.decide import CannotDecideError
from gerbang.orders.outcome import Delivered, Unknown
from gerbang.orders.writes import Placed
from gerbang.people.person import PersonUnknownError
from gerbang.postgres.pool import open_pool
from orders.house import House, open_house

BOTH = (DECISIONS, CORRECTIONS)


@asynccontextmanager
async def open_desk(url: str, *two_persons: str) -> AsyncIterator[tuple[House, ApprovalDesk]]:
    async with open_house(url) as house:
        pool = await open_pool(url, size_min=1, size_max=4)
        desk = ApprovalDesk(
            pool=pool,
            lane=house.lane,
            account_ids=lambda _: (house.account_id, house.receivable_id),
            after_recorded=lambda _: None,
            two_persons_for=two_persons,
        )
        try:
            yield house, desk
        finally:
            await pool.close()


async def unknown_order(house: House) -> Placed:
    placed: Placed = await house.lane.submit(house.purchase())
    assert await house.claim(placed.attempt)
    await house.tell(placed.order, placed.attempt, Unknown())
    return placed


async def state_of(house: House, placed: Placed) -> Any:
    return await house.connection.fetchval(
        "SELECT state::text FROM orders WHERE id = $1", placed.order.id
    )


async def test_one_person_decides_where_nothing_else_is_set(database_url: str) -> None:
    async with open_desk(database_url) as (house, desk):
        placed = await unknown_order(house)
        done = await desk.decide_order(
            placed.order.id, "delivered", reason="told by phone", actor="console:ana", sn="77"
        )
        assert (done["state"], done["checker"]) == ("done", None)
        assert await state_of(house, placed) == "success"
        assert (await house.verify()).clean


async def test_a_second_person_must_approve_and_the_first_one_cannot(database_url: str) -> None:
    async with open_desk(database_url, *BOTH) as (house, desk):
        placed = await unknown_order(house)
        waiting = await desk.decide_order(
            placed.order.id, "rejected", reason="not in their list", actor="console:ana"
        )
        assert waiting["state"] == "waiting"
        assert await state_of(house, placed) == "pending"
        with pytest.raises(ConflictError):  # one decision at a time
            await desk.decide_order(
                placed.order.id, "delivered", reason="or so", actor="console:budi"
            )
        with pytest.raises(ConflictError):
            await desk.approve(waiting["id"], actor="console:ana")
        done = await desk.approve(waiting["id"], actor="console:budi")
        assert (done["state"], done["checker"]) == ("done", "console:budi")
        assert await state_of(house, placed) == "failed"
        said = await house.connection.fetchval(
            "SELECT request FROM attempt_messages WHERE kind = 'person'"
        )
        assert said == "console:ana and console:budi: not in their list"
        with pytest.raises(ConflictError):
            await desk.approve(waiting["id"], actor="console:budi")
        audit = "SELECT array_agg(actor || ' ' || action ORDER BY id) FROM audit_log"
        assert await house.connection.fetchval(audit) == [
            "console:ana proposal.made",
            "console:budi proposal.approved",
        ]


async def test_what_was_rejected_does_not_happen_and_may_be_proposed_again(
    database_url: str,
) -> None:
    async with open_desk(database_url, *BOTH) as (house, desk):
        placed = await unknown_order(house)
        first = await desk.decide_order(
            placed.order.id, "rejected", reason="I think", actor="console:ana"
        )
        await desk.reject(first["id"], reason="ask them", actor="console:budi")
        assert await state_of(house, placed) == "pending"
        again = await desk.decide_order(
            placed.order.id, "delivered", reason="they say so", actor="console:ana"
        )
        assert again["state"] == "waiting"
        assert [p["id"] for p in (await list_proposals(desk._pool, state="waiting"))["items"]] == [
            again["id"]
        ]


async def test_the_truth_that_arrives_first_overtakes_a_decision(database_url: str) -> None:
    async with open_desk(database_url, *BOTH) as (house, desk):
        placed = await unknown_order(house)
        waiting = await desk.decide_order(
            placed.order.id, "rejected", reason="no news", actor="console:ana"
        )
        await house.tell(placed.order, placed.attempt, Delivered(sn="1"))
        done = await desk.approve(waiting["id"], actor="console:budi")
        assert done["state"] == "overtaken"
        assert await state_of(house, placed) == "success"
        with pytest.raises(CannotDecideError):
            await desk.decide_order(
                placed.order.id, "rejected", reason="again", actor="console:ana"
            )


async def test_a_correction_moves_money_once_and_never_below_what_is_there(
    database_url: str,
) -> None:
    async with open_desk(database_url, CORRECTIONS) as (house, desk):
        wish: dict[str, Any] = {
            "debit": "house:corrections",
            "credit": "reseller:T",
            "amount": 5_000,
            "key": "c-1",
            "reason": "a refund that was forgotten",
        }
        waiting = await desk.correct(**wish, actor="console:ana")
        assert await house.account() == (1_000_000, 0)
        await desk.approve(waiting["id"], actor="console:budi")
        assert await house.account() == (1_005_000, 0)
        repeated = await desk.correct(**wish, actor="console:ana")
        again = await desk.approve(repeated["id"], actor="console:budi")
        assert again["state"] == "done"  # the same transfer
        assert await house.account() == (1_005_000, 0)
        too_much = {**wish, "debit": "reseller:T", "credit": "house:corrections"}
        asked = await desk.correct(
            **{**too_much, "amount": 9_000_000, "key": "c-2"}, actor="console:ana"
        )
        assert (await desk.approve(asked["id"], actor="console:budi"))["state"] == "overtaken"
        with pytest.raises(NotFoundError):
            await desk.correct(**{**wish, "debit": "house:none", "key": "c-3"}, actor="console:ana")
        with pytest.raises(BadInputError):
            await desk.correct(**{**wish, "debit": "reseller:T", "key": "c-3"}, actor="console:ana")
        assert (await house.verify()).clean


async def test_an_approval_whose_node_died_is_carried_out_by_another(database_url: str) -> None:
    async with open_desk(database_url, *BOTH) as (house, desk):
        placed = await unknown_order(house)
        waiting = await desk.decide_order(
            placed.order.id, "rejected", reason="no news", actor="console:ana"
        )
        await desk._decided(waiting["id"], "approved", actor="console:budi", note="")
        await desk._carry_out(waiting["id"])
        await desk._carry_out(waiting["id"])
        assert await state_of(house, placed) == "failed"


async def test_the_database_itself_refuses_one_person_where_two_are_needed(
    database_url: str,
) -> None:
    async with open_desk(database_url, *BOTH) as (house, desk):
        placed = await unknown_order(house)
        waiting = await desk.decide_order(
            placed.order.id, "rejected", reason="no news", actor="console:ana"
        )
        with pytest.raises(Exception, match="two_persons"):
            await house.connection.execute(
                "UPDATE proposals SET state = 'approved', checker = maker,"
                " decided_at = now() WHERE id = $1",
                waiting["id"],
            )


async def test_what_was_proposed_is_what_is_approved(database_url: str) -> None:
    async with open_desk(database_url, *BOTH) as (house, desk):
        placed = await unknown_order(house)
        waiting = await desk.decide_order(
            placed.order.id, "rejected", reason="no news", actor="console:ana"
        )
        for change in ("content = '{}'", "reason = 'other'", "maker = 'console:budi'"):
            with pytest.raises(Exception, match="as it was written"):
                await house.connection.execute("UPDATE proposals SET " + change)  # noqa: S608 (ours)
        await desk.reject(waiting["id"], reason="wrong", actor="console:budi")
        with pytest.raises(Exception, match="is decided"):
            await house.connection.execute("UPDATE proposals SET state = 'approved'")


async def test_one_person_is_the_same_person_whichever_way_they_come(database_url: str) -> None:
    async with open_desk(database_url, *BOTH) as (house, desk):
        placed = await unknown_order(house)
        waiting = await desk.decide_order(
            placed.order.id, "rejected", reason="no news", actor="user:ana/api:ops"
        )
        for way in ("console:ana", "user:ana/cli:root", "user:ana/api:other"):
            with pytest.raises(ConflictError, match="another person"):
                await desk.approve(waiting["id"], actor=way)
        assert await state_of(house, placed) == "pending"
        done = await desk.approve(waiting["id"], actor="user:budi/cli:root")
        assert done["state"] == "done"


async def test_nobody_knows_whom_proposes_and_approves_nothing(database_url: str) -> None:
    async with open_desk(database_url, *BOTH) as (house, desk):
        placed = await unknown_order(house)
        for nobody in ("api:ops", "cli:root", "portal:ana", "user:", "test"):
            with pytest.raises(PersonUnknownError):
                await desk.decide_order(placed.order.id, "rejected", reason="no news", actor=nobody)
        waiting = await desk.decide_order(
            placed.order.id, "rejected", reason="no news", actor="console:ana"
        )
        with pytest.raises(PersonUnknownError):
            await desk.approve(waiting["id"], actor="cli:ana")


async def test_what_nobody_knows_whom_proposed_before_can_only_be_rejected(
    database_url: str,
) -> None:
    async with open_desk(database_url, *BOTH) as (house, desk):
        placed = await unknown_order(house)
        waiting = await desk.decide_order(
            placed.order.id, "rejected", reason="no news", actor="console:ana"
        )
        await house.connection.execute("ALTER TABLE proposals DISABLE TRIGGER USER")
        await house.connection.execute("UPDATE proposals SET maker = 'cli:root'")
        await house.connection.execute("ALTER TABLE proposals ENABLE TRIGGER USER")
        with pytest.raises(PersonUnknownError, match="reject it"):
            await desk.approve(waiting["id"], actor="console:budi")
        with pytest.raises(Exception, match="two_persons"):
            await house.connection.execute(
                "UPDATE proposals SET state = 'approved', checker = 'console:budi',"
                " decided_at = now()"
            )
        await desk.reject(waiting["id"], reason="again, please", actor="console:budi")
