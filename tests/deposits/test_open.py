from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import msgspec
import pytest

from deposits.counter import TERMS, Counter
from gerbang.deposits.admin import change_bank
from gerbang.deposits.line import LINE_STEPS
from gerbang.deposits.open import cancel_ticket
from gerbang.deposits.read import show_ticket
from gerbang.deposits.ticket import TICKET_STEPS
from gerbang.dialects.contract import Refusal, TicketView
from gerbang.errors import ConflictError
from gerbang.orders.reasons import Reason
from proof import record
from scale import scale

ASKED = 1_000_000


def reason_of(found: TicketView | Refusal) -> Reason | None:
    return found.reason if isinstance(found, Refusal) else None


async def test_a_ticket_asks_for_amount_unique_digits_and_fee(at: Counter) -> None:
    at.desk = at.with_terms(msgspec.structs.replace(TERMS, fee=2_500))
    ticket = await at.ticket(ASKED)
    assert ticket.grand_total == ASKED + ticket.unique + 2_500
    assert 1 <= ticket.unique <= 999
    assert [bank.bank_name for bank in ticket.banks] == ["BCA", "Mandiri"]


async def test_an_equal_request_gets_the_open_ticket(at: Counter) -> None:
    first = await at.ticket(ASKED)
    again = await asyncio.gather(*(at.ticket(ASKED) for _ in range(10)))
    assert {(one.id, one.grand_total, one.known) for one in again} == {
        (first.id, first.grand_total, True)
    }
    assert (await at.ticket(ASKED + 1_000)).id != first.id
    assert (await at.ticket(ASKED, testing=True)).id != first.id


async def test_equal_requests_at_one_moment_open_one_ticket(at: Counter) -> None:
    found = await asyncio.gather(*(at.ticket(ASKED) for _ in range(20)))
    assert len({one.id for one in found}) == 1


@pytest.mark.parametrize("amount", [9_999, 500_000_001, 0, -1])
async def test_an_amount_outside_the_limits_is_refused(at: Counter, amount: int) -> None:
    assert reason_of(await at.ask(amount)) is Reason.INVALID_AMOUNT


async def test_many_tickets_at_once_for_one_amount_get_totals_of_their_own(at: Counter) -> None:
    count, space = scale(120, 1_000), scale(100, 999)
    at.desk = at.with_terms(msgspec.structs.replace(TERMS, unique_max=space))
    ids = await at.resellers(count)
    found = await asyncio.gather(*(at.ask(ASKED, reseller_id=one) for one in ids))
    totals = [one.grand_total for one in found if isinstance(one, TicketView)]
    refused = [one.reason for one in found if isinstance(one, Refusal)]
    assert len(set(totals)) == len(totals) == space
    assert refused == [Reason.NO_UNIQUE_AMOUNT] * (count - space)
    record("deposit_tickets_at_once", asked=count, totals=len(totals), refused=len(refused))


async def test_the_database_itself_refuses_a_total_twice_on_one_bank(at: Counter) -> None:
    ticket = await at.ticket(ASKED)
    other = await at.ticket(2 * ASKED)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await at.pool.execute(
            "INSERT INTO deposit_ticket_banks (ticket_id, bank_account_id, testing, grand_total)"
            " VALUES ($1, $2, false, $3)",
            other.id,
            ticket.banks[0].id,
            ticket.grand_total,
        )


async def test_totals_overlap_between_amounts_and_still_are_unique(at: Counter) -> None:
    at.desk = at.with_terms(msgspec.structs.replace(TERMS, unique_max=3))
    ids = await at.resellers(6)
    found = [await at.ask(ASKED + n % 2, reseller_id=one) for n, one in enumerate(ids)]
    totals = [one.grand_total for one in found if isinstance(one, TicketView)]
    assert sorted(totals) == sorted(set(totals))
    assert len(totals) == 4  # 1,000,001 to 1,000,004


@pytest.mark.parametrize("how", ["paid", "expired", "cancelled"])
async def test_a_closed_ticket_keeps_its_total_for_seven_days(at: Counter, how: str) -> None:
    at.desk = at.with_terms(msgspec.structs.replace(TERMS, unique_max=1))
    ticket = await at.ticket(ASKED)
    if how == "paid":
        assert (await at.line(ticket.grand_total))["state"] == "credited"
    elif how == "expired":
        await at.expire(ticket.id)
    else:
        async with at.pool.acquire() as connection:
            await cancel_ticket(connection, ticket.id, actor="test")
    await at.close_long_ago(ticket.id, days=6)
    await at.desk.sweep()
    assert reason_of(await at.ask(ASKED)) is Reason.NO_UNIQUE_AMOUNT
    with pytest.raises(asyncpg.CheckViolationError):
        await at.pool.execute("UPDATE deposit_ticket_banks SET reserved = false")
    await at.close_long_ago(ticket.id, days=1)
    await at.desk.sweep()
    assert (await at.ticket(ASKED)).grand_total == ticket.grand_total


async def test_an_expired_ticket_is_not_given_again(at: Counter) -> None:
    ticket = await at.ticket(ASKED)
    await at.pool.execute("UPDATE deposit_tickets SET valid_before = now()")
    other = await at.ticket(ASKED)
    assert other.id != ticket.id
    assert other.grand_total != ticket.grand_total


async def test_one_reseller_cannot_use_up_the_totals(at: Counter) -> None:
    at.desk = at.with_terms(msgspec.structs.replace(TERMS, unpaid_max=3))
    for n in range(3):
        await at.ticket(ASKED + n)
    assert reason_of(await at.ask(ASKED + 3)) is Reason.RATE_LIMITED
    (other,) = await at.resellers(1)
    await at.ticket(ASKED + 3, reseller_id=other)


async def test_only_active_banks_are_listed_and_without_one_there_is_no_ticket(
    at: Counter,
) -> None:
    async with at.pool.acquire() as connection:
        await change_bank(connection, "1234567890", active=False, actor="test")
        assert [b.bank_name for b in (await at.ticket(ASKED)).banks] == ["Mandiri"]
        await change_bank(connection, "0987654321", active=False, actor="test")
    assert reason_of(await at.ask(2 * ASKED)) is Reason.MAINTENANCE


async def test_a_ticket_is_cancelled_once(at: Counter) -> None:
    ticket = await at.ticket(ASKED)
    async with at.pool.acquire() as connection:
        shown = await cancel_ticket(connection, ticket.id, actor="test")
        assert shown["state"] == "cancelled"
        with pytest.raises(ConflictError):
            await cancel_ticket(connection, ticket.id, actor="test")


# --- clocks ---------------------------------------------------------------------------------------


async def advance(at: Counter, *, demo: bool) -> None:
    await at.pool.execute(
        "INSERT INTO installation (tag, demo, sandbox_clock_offset_s) VALUES ('TEST', $1, 0)"
        " ON CONFLICT (only_row) DO UPDATE SET demo = $1",
        demo,
    )


async def states(at: Counter) -> list[str]:
    await at.desk.sweep()
    rows = await at.pool.fetch("SELECT state::text FROM deposit_tickets ORDER BY id")
    return [row["state"] for row in rows]


@pytest.mark.parametrize(("sandboxed", "live"), [(True, "expired"), (False, "open")])
async def test_the_sandbox_clock_moves_only_tickets_of_testing_and_of_sandboxed_resellers(
    at: Counter, *, sandboxed: bool, live: str
) -> None:
    await advance(at, demo=True)
    await at.pool.execute("UPDATE resellers SET sandboxed = $1", sandboxed)
    await at.ticket(ASKED)
    await at.ticket(ASKED, testing=True)
    await at.pool.execute("UPDATE installation SET sandbox_clock_offset_s = 86399")
    assert await states(at) == ["open", "open"]
    await at.pool.execute("UPDATE installation SET sandbox_clock_offset_s = 86401")
    assert await states(at) == [live, "expired"]


async def test_a_testing_ticket_is_never_paid(at: Counter) -> None:
    ticket = await at.ticket(ASKED, testing=True)
    line = await at.line(ticket.grand_total)
    assert (line["state"], line["verdict"]) == ("queued", "no_candidate")
    with pytest.raises(asyncpg.CheckViolationError):
        await at.pool.execute(
            "UPDATE deposit_tickets SET state = 'paid', closed_at = now() WHERE id = $1", ticket.id
        )


# --- tables ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "steps"), [("deposit_ticket_steps", TICKET_STEPS), ("bank_line_steps", LINE_STEPS)]
)
async def test_the_database_lists_the_same_steps(at: Counter, table: str, steps: Any) -> None:
    rows = await at.pool.fetch(f"SELECT from_state::text, to_state::text FROM {table}")  # noqa: S608 (a name from this file)
    assert {tuple(row) for row in rows} == {(a, b) for a, ends in steps.items() for b in ends}


async def test_a_step_that_is_not_listed_is_refused_by_the_database(at: Counter) -> None:
    ticket = await at.ticket(ASKED)
    assert (await at.line(ticket.grand_total))["state"] == "credited"
    with pytest.raises(asyncpg.CheckViolationError):
        await at.pool.execute("UPDATE deposit_tickets SET state = 'expired'")


# --- magic numbers --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ending", "reason"), [(1232, Reason.INVALID_AMOUNT), (1239, Reason.NO_UNIQUE_AMOUNT)]
)
async def test_a_testing_amount_may_be_one_that_is_refused(
    at: Counter, ending: int, reason: Reason
) -> None:
    refused = await at.ask(1_000_000 + ending, testing=True)
    assert isinstance(refused, Refusal)
    assert refused.reason is reason
    assert isinstance(await at.ask(1_000_000 + ending), TicketView)


@pytest.mark.parametrize(
    ("ending", "as_if", "later"),
    [
        (1230, "paid", "paid"),
        (1231, "open", "paid"),
        (1233, "open", "late"),
        (1234, "open", "expired"),
        (1235, "near_miss", "near_miss"),
        (5678, "open", "open"),
    ],
)
async def test_a_testing_ticket_shows_what_a_live_one_would_be_and_is_never_paid(
    at: Counter, ending: int, as_if: str, later: str
) -> None:
    ticket = await at.ticket(1_000_000 + ending, testing=True)
    assert (await show_ticket(at.pool, ticket.id))["simulated"] == as_if
    await at.pool.execute(
        "UPDATE deposit_tickets SET created_at = created_at - interval '3 seconds',"
        " valid_before = valid_before - interval '3 seconds'"
    )
    shown = await show_ticket(at.pool, ticket.id)
    assert shown["simulated"] == later
    assert shown["state"] != "paid"
    assert await at.balance() == 0


async def test_a_live_ticket_simulates_nothing(at: Counter) -> None:
    ticket = await at.ticket(1_001_230)
    assert (await show_ticket(at.pool, ticket.id))["simulated"] is None
