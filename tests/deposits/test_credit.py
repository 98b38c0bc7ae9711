from __future__ import annotations

import asyncio
import random
from collections import Counter as Count
from typing import Any

import asyncpg
import msgspec
import pytest

from deposits.counter import BCA, MANDIRI, TERMS, Counter, ago, make_line
from gerbang.deposits.credit import match_waiting, post_waiting
from gerbang.deposits.decide import approve, propose_credit, propose_set_aside, reject
from gerbang.deposits.line import NewLine
from gerbang.deposits.open import cancel_ticket
from gerbang.deposits.read import list_lines, list_proposals, list_tickets, show_line, show_ticket
from gerbang.dialects.contract import TicketView
from gerbang.errors import BadInputError, ConflictError, NotFoundError
from gerbang.ledger.move import MoveMoney
from gerbang.postgres.lane import NotWrittenError
from proof import record
from scale import scale


async def test_an_exact_line_is_credited_by_itself(at: Counter) -> None:
    ticket = await at.ticket()
    line = await at.line(ticket.grand_total)
    assert (line["status"], line["state"], line["verdict"]) == ("new", "credited", "exact")
    assert await at.balance() == ticket.grand_total
    shown = await show_ticket(at.pool, ticket.id)
    assert (shown["state"], shown["bank_line_id"]) == ("paid", line["id"])
    assert (await at.house.verify()).clean


async def test_the_fee_is_a_transfer_of_its_own(at: Counter) -> None:
    at.desk = at.with_terms(msgspec.structs.replace(TERMS, fee=2_500))
    ticket = await at.ticket()
    line = await at.line(ticket.grand_total)
    assert await at.balance() == ticket.amount + ticket.unique
    assert await at.fees() == 2_500
    rows = await at.pool.fetch("SELECT key, event FROM transfers ORDER BY id")
    assert [tuple(row) for row in rows] == [
        (f"bank_line:{line['id']}:deposit", "deposit"),
        (f"bank_line:{line['id']}:fee", "deposit.fee"),
    ]
    assert (await at.house.verify()).clean


async def test_a_deposit_first_pays_what_is_owed(at: Counter) -> None:
    owed = MoveMoney(
        key="owe",
        event="late_success.receivable",
        debit_account_id=at.house.receivable_id,
        credit_account_id=at.house.float_id,
        amount=30_000,
        actor="",
        note="",
    )
    await at.house.lane.submit(owed)
    ticket = await at.ticket()
    await at.line(ticket.grand_total)
    assert await at.balance() == ticket.grand_total - 30_000
    assert await at.balance(at.house.receivable_id) == 0


async def test_the_same_line_again_is_known_and_credits_nothing(at: Counter) -> None:
    ticket = await at.ticket()
    one = make_line(ticket.grand_total)
    for expected in ("new", "known", "known"):
        taken = await at.desk.take_lines([one], source="test")
        assert taken["items"][0]["status"] == expected
    assert await at.balance() == ticket.grand_total


async def test_two_genuine_equal_lines_are_two_and_only_one_pays_the_ticket(at: Counter) -> None:
    ticket = await at.ticket()
    one = make_line(ticket.grand_total)
    taken = await at.desk.take_lines([one, one], source="test")
    assert [item["state"] for item in taken["items"]] == ["credited", "queued"]
    assert "paid already" in taken["items"][1]["why"]
    again = await at.desk.take_lines([one, one], source="other")
    assert (again["new"], again["known"]) == (0, 2)
    assert await at.balance() == ticket.grand_total


async def test_a_reference_used_for_another_amount_is_refused_by_name(at: Counter) -> None:
    first = make_line(50_000, reference="R1", reference_is_id=True)
    other = make_line(60_000, reference="R1", reference_is_id=True)
    taken = await at.desk.take_lines([first, other], source="test")
    assert [item["status"] for item in taken["items"]] == ["new", "refused"]
    assert "50000" in taken["items"][1]["why"]


async def test_a_line_of_an_unknown_account_is_refused_and_the_others_are_taken(
    at: Counter,
) -> None:
    ticket = await at.ticket()
    lines = [make_line(5, account_no="999999"), make_line(ticket.grand_total)]
    taken = await at.desk.take_lines(lines, source="test")
    assert (taken["refused"], taken["new"]) == (1, 1)
    assert await at.balance() == ticket.grand_total


async def test_money_on_any_listed_bank_pays_but_only_once(at: Counter) -> None:
    ticket = await at.ticket()
    first = await at.line(ticket.grand_total, account_no=MANDIRI)
    second = await at.line(ticket.grand_total, account_no=BCA)
    assert (first["state"], second["state"]) == ("credited", "queued")
    assert await at.balance() == ticket.grand_total


@pytest.mark.parametrize("how", ["expired", "cancelled"])
async def test_late_money_waits_for_a_person_and_never_pays_a_stranger(
    at: Counter, how: str
) -> None:
    ticket = await at.ticket()
    if how == "expired":
        await at.expire(ticket.id)
    else:
        async with at.pool.acquire() as connection:
            await cancel_ticket(connection, ticket.id, actor="test")
    line = await at.line(ticket.grand_total)
    assert (line["state"], line["verdict"]) == ("queued", "late")
    assert await at.balance() == 0


async def test_old_late_money_beside_a_new_ticket_goes_to_the_queue(at: Counter) -> None:
    at.desk = at.with_terms(msgspec.structs.replace(TERMS, unique_max=1))
    old = await at.ticket()
    await at.expire(old.id)
    await at.close_long_ago(old.id)
    await at.desk.sweep()
    new = await at.ticket()
    assert new.grand_total == old.grand_total
    line = await at.line(old.grand_total, at=ago(days=7))
    assert (line["state"], line["verdict"]) == ("queued", "two_candidates")
    assert (await at.line(new.grand_total))["state"] == "credited"


async def test_money_that_left_is_set_aside(at: Counter) -> None:
    ticket = await at.ticket()
    line = await at.line(ticket.grand_total, direction="out")
    assert (line["state"], line["verdict"]) == ("set_aside", "outgoing")


async def test_a_near_miss_is_queued_with_a_suggestion(at: Counter) -> None:
    ticket = await at.ticket()
    line = await at.line(ticket.amount)
    shown = await show_line(at.pool, line["id"])
    assert shown["verdict"] == "near_miss"
    assert shown["explanation"]["suggestions"][0]["ticket_id"] == ticket.id


async def test_a_named_reseller_with_another_amount_is_suggested(at: Counter) -> None:
    ticket = await at.ticket()
    line = await at.line(77_777, description="setoran tt budi")
    shown = await show_line(at.pool, line["id"])
    assert shown["verdict"] == "wrong_amount"
    assert shown["explanation"]["suggestions"][0]["ticket_id"] == ticket.id


# --- once, whatever dies --------------------------------------------------------------------------


class DyingLane:
    """A lane that dies after so many writes; the writes before it are done."""

    def __init__(self, lane: Any, after: int) -> None:
        self._lane, self._left = lane, after

    async def submit(self, write: Any, **more: Any) -> Any:
        self._left -= 1
        if self._left < 0:
            raise NotWrittenError
        return await self._lane.submit(write, **more)


@pytest.mark.parametrize("writes", [0, 1, 2])
async def test_an_intention_is_carried_out_once_whoever_dies_in_between(
    at: Counter, writes: int
) -> None:
    at.desk = at.with_terms(msgspec.structs.replace(TERMS, fee=2_500))
    ticket = await at.ticket()
    healthy = at.house.lane
    dying: Any = DyingLane(healthy, writes)
    at.house.lane = dying
    line = await at.with_terms(TERMS).take_lines([make_line(ticket.grand_total)], source="test")
    at.house.lane = healthy
    assert line["items"][0]["state"] == ("credited" if writes > 1 else "crediting")
    await asyncio.gather(*(at.desk.sweep() for _ in range(4)))
    assert await at.balance() == ticket.grand_total - 2_500
    assert await at.fees() == 2_500
    assert (await at.house.verify()).clean


async def test_nodes_that_judge_at_one_moment_credit_once(at: Counter) -> None:
    ids = await at.resellers(20)
    tickets = [await at.ticket(reseller_id=one) for one in ids]
    for ticket in tickets:
        await at.pool.execute(
            "INSERT INTO bank_lines (bank_account_id, identity, direction, amount, description,"
            " reference, at, at_is_day, source) VALUES (1, $2, 'in', $1, '', '', now(), false,"
            " 't')",
            ticket.grand_total,
            f"id:in:{ticket.id}",
        )

    async def node() -> None:
        while await match_waiting(at.pool, limit=3):
            await post_waiting(at.pool, at.house.lane, at.house.house)

    await asyncio.gather(*(node() for _ in range(5)))
    await at.desk.credit()
    assert await at.pool.fetchval("SELECT count(*) FROM transfers") == 20
    assert await at.pool.fetchval("SELECT count(*) FROM bank_lines WHERE state = 'credited'") == 20


async def test_the_database_credits_a_line_once_and_never_more_than_it_brought(
    at: Counter,
) -> None:
    ticket = await at.ticket()
    line = await at.line(ticket.grand_total)
    queued = await at.line(55_555)
    statement = (
        "INSERT INTO deposit_credits (bank_line_id, line_amount, reseller_id, amount, fee, actor,"
        " note) VALUES ($1, $2, $3, $4, 0, 'test', '')"
    )
    reseller = at.house.reseller_id
    with pytest.raises(asyncpg.UniqueViolationError):
        await at.pool.execute(
            statement, line["id"], ticket.grand_total, reseller, ticket.grand_total
        )
    with pytest.raises(asyncpg.CheckViolationError):
        await at.pool.execute(statement, queued["id"], 55_555, reseller, 60_000)
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await at.pool.execute(statement, queued["id"], 60_000, reseller, 60_000)
    with pytest.raises(asyncpg.RestrictViolationError):
        await at.pool.execute("UPDATE bank_lines SET amount = amount + 1")


# --- two persons ----------------------------------------------------------------------------------


async def test_a_late_ticket_is_credited_when_two_persons_agree(at: Counter) -> None:
    ticket = await at.ticket()
    await at.expire(ticket.id)
    line = await at.line(ticket.grand_total)
    async with at.pool.acquire() as c:
        made = await propose_credit(
            c, line["id"], ticket_id=ticket.id, note="came late", actor="console:ani"
        )
        with pytest.raises(ConflictError, match="another person"):
            await approve(c, made["id"], actor="console:ani")
        done = await approve(c, made["id"], actor="console:budi")
    assert (done["state"], done["maker"], done["checker"]) == (
        "approved",
        "console:ani",
        "console:budi",
    )
    await at.desk.sweep()
    assert await at.balance() == ticket.grand_total
    assert (await show_ticket(at.pool, ticket.id))["state"] == "paid"
    assert (await show_line(at.pool, line["id"]))["credited_by"] == "console:ani, console:budi"


async def test_a_wrong_amount_is_credited_as_it_came(at: Counter) -> None:
    ticket = await at.ticket()
    line = await at.line(ticket.amount)
    async with at.pool.acquire() as c:
        made = await propose_credit(
            c, line["id"], reseller="TT", note="digits forgotten", actor="console:ana"
        )
        await approve(c, made["id"], actor="console:budi")
    await at.desk.sweep()
    assert await at.balance() == ticket.amount
    assert (await show_ticket(at.pool, ticket.id))["state"] == "open"


async def test_a_rejected_proposal_leaves_the_line_in_the_queue(at: Counter) -> None:
    line = await at.line(77_777)
    async with at.pool.acquire() as c:
        made = await propose_credit(c, line["id"], reseller="TT", note="x", actor="console:ana")
        with pytest.raises(ConflictError):  # one proposal at a time
            await propose_set_aside(c, line["id"], note="x", actor="console:citra")
        await reject(c, made["id"], actor="console:budi")
        with pytest.raises(ConflictError):
            await approve(c, made["id"], actor="console:budi")
        again = await propose_set_aside(c, line["id"], note="rent", actor="console:ana")
        await approve(c, again["id"], actor="console:budi")
    assert (await show_line(at.pool, line["id"]))["state"] == "set_aside"
    assert await at.balance() == 0
    assert (await list_proposals(at.pool))["items"] == []


async def test_approvals_at_one_moment_credit_once(at: Counter) -> None:
    line = await at.line(77_777)
    async with at.pool.acquire() as c:
        made = await propose_credit(c, line["id"], reseller="TT", note="x", actor="console:ana")

    async def agree(who: str) -> None:
        async with at.pool.acquire() as c, c.transaction():
            await approve(c, made["id"], actor=who)

    found = await asyncio.gather(
        *(agree(f"console:b{n}") for n in range(5)), return_exceptions=True
    )
    assert Count(type(one) for one in found) == {type(None): 1, ConflictError: 4}
    await at.desk.sweep()
    assert await at.balance() == 77_777


async def test_the_database_itself_wants_two_persons(at: Counter) -> None:
    line = await at.line(77_777)
    async with at.pool.acquire() as c:
        made = await propose_credit(c, line["id"], reseller="TT", note="x", actor="console:ana")
        with pytest.raises(asyncpg.CheckViolationError):
            await c.execute(
                "UPDATE deposit_proposals SET state = 'approved', checker = 'user:ana/api:x',"
                " decided_at = now() WHERE id = $1",
                made["id"],
            )
        with pytest.raises(asyncpg.RestrictViolationError, match="as it was written"):
            await c.execute("UPDATE deposit_proposals SET note = 'y' WHERE id = $1", made["id"])


async def test_what_cannot_be_proposed_is_refused(at: Counter) -> None:
    ticket = await at.ticket()
    paid = await at.line(ticket.grand_total)
    line = await at.line(77_777)
    async with at.pool.acquire() as c:
        for line_id, more, error in (
            (paid["id"], {"reseller": "TT", "note": "x"}, ConflictError),
            (line["id"], {"ticket_id": ticket.id, "note": "x"}, ConflictError),
            (line["id"], {"ticket_id": 999, "note": "x"}, NotFoundError),
            (line["id"], {"reseller": "NONE", "note": "x"}, NotFoundError),
            (line["id"], {"reseller": "TT", "note": ""}, BadInputError),
            (line["id"], {"note": "x"}, BadInputError),
            (999, {"reseller": "TT", "note": "x"}, NotFoundError),
        ):
            with pytest.raises(error):
                await propose_credit(c, line_id, actor="console:ana", **more)


async def test_lists_go_on_where_the_page_before_ended(at: Counter) -> None:
    for n in range(3):
        await at.ticket(100_000 + n)
        await at.line(50_000 + n)
    for listed in (list_tickets, list_lines):
        first = await listed(at.pool, limit=2)
        rest = await listed(at.pool, before=first["next"], limit=2)
        assert [len(first["items"]), len(rest["items"]), rest["next"]] == [2, 1, None]


# --- many -----------------------------------------------------------------------------------------


def _statement(tickets: list[TicketView], dice: random.Random, count: int) -> list[NewLine]:
    """Make lines: right, off by some, of nobody, out, and right ones twice."""
    lines: list[NewLine] = []
    free = list(tickets)
    for n in range(count):
        kind = dice.random()
        base = {"description": f"TRSF {n}", "reference": f"S{n}", "reference_is_id": True}
        account = dice.choice([BCA, MANDIRI])
        if kind < 0.5 and free:
            total = free.pop().grand_total
            lines.append(make_line(total, account_no=account, **base))
        elif kind < 0.7:
            off = dice.choice(tickets).grand_total + dice.choice([-101, -50, 777, 50_000])
            lines.append(make_line(off, account_no=account, **base))
        elif kind < 0.85:
            lines.append(make_line(dice.randint(1, 9_999), account_no=account, **base))
        else:
            total = dice.choice(tickets).grand_total
            lines.append(make_line(total, account_no=account, direction="out", **base))
    return lines


async def test_many_lines_shuffled_doubled_and_partly_wrong_credit_nobody_wrongly(
    at: Counter,
) -> None:
    seed, count, resellers = 20_261_120, scale(400, 10_000), scale(60, 900)
    at.desk = at.with_terms(msgspec.structs.replace(TERMS, unpaid_max=1_000))
    dice = random.Random(seed)
    ids = await at.resellers(resellers)
    wanted = range(scale(3, 5))
    tickets = [await at.ticket(100_000 * (n + 1), reseller_id=one) for one in ids for n in wanted]
    of_total = {ticket.grand_total: ticket.id for ticket in tickets}
    assert len(of_total) == len(tickets)
    said = _statement(tickets, dice, count)
    mixed = said + dice.sample(said, count // 3)
    dice.shuffle(mixed)
    for start in range(0, len(mixed), 500):
        await at.desk.take_lines(mixed[start : start + 500], source="test")
    came = Count(line.amount for line in said if line.direction == "in")
    rows = await at.pool.fetch(
        "SELECT c.ticket_id, c.amount, t.grand_total, t.reseller_id = c.reseller_id AS own"
        " FROM deposit_credits c JOIN deposit_tickets t ON t.id = c.ticket_id"
    )
    assert all(row["own"] and row["amount"] == row["grand_total"] for row in rows)
    assert {row["grand_total"] for row in rows} == {t for t in of_total if came[t]}
    moved = await at.pool.fetchval("SELECT sum(amount)::bigint FROM transfers")
    assert moved == sum(row["amount"] for row in rows)
    assert await at.pool.fetchval("SELECT count(*) FROM bank_lines") == count
    left = await at.pool.fetchval(
        "SELECT count(*) FROM bank_lines WHERE state IN ('new', 'crediting')"
    )
    assert left == 0
    assert (await at.house.verify()).clean
    record("bank_lines", seed=seed, lines=len(mixed), credited=len(rows), wrongly=0)
