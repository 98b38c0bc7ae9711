"""The database enforces the law a second time, whatever a program tries."""

from __future__ import annotations

from typing import Any

import pytest

from gerbang.ledger.account import HouseAccount
from gerbang.ledger.seal import seal_days
from gerbang.postgres.errors import PostgresError
from orders.house import House, open_house

TRANSFER = (
    "INSERT INTO transfers (id, key, event, phase, pending_id, debit_account_id,"
    " credit_account_id, amount{more})"
    " VALUES ($1, $2, 'test', $3::text::transfer_phase, $4, $5, $6, $7{values})"
)


async def _transfer(house: House, number: int, phase: str, **more: Any) -> None:
    await house.connection.execute(
        TRANSFER.format(more="", values=""),
        1_000_000 + number,
        more.get("key", f"key{number}"),
        phase,
        more.get("pending_id"),
        more.get("debit", house.account_id),
        more.get("credit", house.house[HouseAccount.SALES]),
        more.get("amount", 100),
    )


async def test_a_hold_ends_exactly_once(database_url: str) -> None:
    async with open_house(database_url) as house:
        await _transfer(house, 1, "pending")
        await _transfer(house, 2, "voided", pending_id=1_000_001)
        for phase in ("posted", "voided"):
            with pytest.raises(PostgresError, match="transfers_pending_ends_once"):
                await _transfer(house, 3, phase, pending_id=1_000_001)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"amount": 101}, "does not fit its pending"),
        ({"debit": 10**9}, "unknown account"),
        ({"credit": 2}, "does not fit its pending"),
        ({"pending_id": 42}, "does not fit its pending"),
        ({"pending_id": None}, "names_its_pending"),
        ({"amount": 0}, "amount_positive"),
    ],
)
async def test_an_end_that_does_not_fit_its_hold_is_refused(
    database_url: str, change: dict[str, Any], why: str
) -> None:
    async with open_house(database_url) as house:
        await _transfer(house, 1, "pending")
        with pytest.raises(PostgresError, match=why):
            await _transfer(house, 2, "posted", **{"pending_id": 1_000_001, **change})


async def test_a_key_is_used_once(database_url: str) -> None:
    async with open_house(database_url) as house:
        await _transfer(house, 1, "pending", key="same")
        with pytest.raises(PostgresError, match="transfers_key_unique"):
            await _transfer(house, 2, "pending", key="same")


@pytest.mark.parametrize(
    "rows",
    [
        "(1000001, {reseller}, -100, 1000000, 999900, 99)",
        "(1000001, {reseller}, -90, 1000000, 999910, 99), (1000001, {sales}, 90, NULL, NULL, NULL)",
        "(1000001, {reseller}, -100, NULL, NULL, NULL), (1000001, {sales}, 100, NULL, NULL, NULL)",
        "(1000001, {reseller}, -100, 5, 6, 99), (1000001, {sales}, 100, NULL, NULL, NULL)",
        "(7, {reseller}, -100, 1000000, 999900, 99), (7, {sales}, 100, NULL, NULL, NULL)",
    ],
    ids=["one side", "other amount", "no chain", "broken sum", "no transfer"],
)
async def test_entries_that_do_not_fit_their_transfer_are_refused(
    database_url: str, rows: str
) -> None:
    async with open_house(database_url) as house:
        await _transfer(house, 1, "direct")
        values = rows.format(reseller=house.account_id, sales=house.house[HouseAccount.SALES])
        with pytest.raises(PostgresError):
            await house.connection.execute("INSERT INTO entries VALUES " + values)  # noqa: S608 (ours)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE transfers SET amount = 1",
        "DELETE FROM transfers",
        "TRUNCATE transfers CASCADE",
        "UPDATE entries SET amount = 1",
        "DELETE FROM entries",
        "DELETE FROM accounts",
        "DELETE FROM orders",
        "DELETE FROM attempts",
        "DELETE FROM order_history",
        "DELETE FROM cases",
        "DELETE FROM proposals",
        "DELETE FROM recon_differences",
        "DELETE FROM payment_history",
        "UPDATE checkpoints SET balance = 0",
        "UPDATE audit_log SET actor = 'nobody'",
        "DELETE FROM seals",
        "DELETE FROM resellers",
        "DELETE FROM products",
    ],
)
async def test_what_was_written_is_never_changed_or_deleted(
    database_url: str, statement: str
) -> None:
    async with open_house(database_url) as house:
        await house.lane.submit(house.purchase())
        with pytest.raises(PostgresError, match="not allowed"):
            await house.connection.execute(statement)


async def test_no_statement_takes_a_reseller_below_its_credit_limit(database_url: str) -> None:
    async with open_house(database_url) as house:
        for change in ("balance = -1", "held = 1000001", "held = -1"):
            with pytest.raises(PostgresError):
                await house.connection.execute(
                    "UPDATE accounts SET " + change + " WHERE id = $1",  # noqa: S608 (ours)
                    house.account_id,
                )


async def test_an_order_takes_only_listed_steps(database_url: str) -> None:
    async with open_house(database_url) as house:
        placed = await house.lane.submit(house.purchase())
        with pytest.raises(PostgresError, match="step that is not listed"):
            await house.connection.execute(
                "UPDATE orders SET state = 'reversed', final_at = now() WHERE id = $1",
                placed.order.id,
            )


async def test_a_testing_order_never_has_an_attempt_or_a_hold(database_url: str) -> None:
    async with open_house(database_url) as house:
        testing = await house.lane.submit(house.purchase(testing=True, first=None))
        with pytest.raises(PostgresError, match="may not have attempts"):
            await house.connection.execute(
                "INSERT INTO attempts (id, order_id, number, supplier_id, route_id,"
                " supplier_product_code, reference, cost_expected)"
                " VALUES (1, $1, 1, 1, 1, 'X', 'T-1', 1)",
                testing.order.id,
            )
        with pytest.raises(PostgresError, match="testing_moves_no_money"):
            await house.connection.execute(
                "UPDATE orders SET hold_id = 1 WHERE id = $1", testing.order.id
            )


async def test_an_order_has_no_second_attempt_while_the_first_may_have_delivered(
    database_url: str,
) -> None:
    async with open_house(database_url) as house:
        placed = await house.lane.submit(house.purchase())
        with pytest.raises(PostgresError, match="not a refusal"):
            await house.connection.execute(
                "INSERT INTO attempts (id, order_id, number, supplier_id, route_id,"
                " supplier_product_code, reference, cost_expected)"
                " VALUES (999, $1, 2, 1, 1, 'X', 'T-999', 1)",
                placed.order.id,
            )


async def test_a_sealed_day_takes_no_more_transfers(database_url: str) -> None:
    async with open_house(database_url) as house:
        await _shift_to_yesterday(house)
        assert len(await seal_days(house.connection)) == 1
        with pytest.raises(PostgresError, match="day is sealed"):
            await house.connection.execute(
                TRANSFER.format(more=", business_day", values=", wib_day(now()) - 1"),
                1_000_001,
                "late",
                "direct",
                None,
                house.account_id,
                house.house[HouseAccount.SALES],
                100,
            )


async def _shift_to_yesterday(house: House) -> None:
    """Only a test may do this: the table's owner takes the guards off for a moment."""
    c = house.connection
    await c.execute("ALTER TABLE transfers DISABLE TRIGGER USER")
    await c.execute("UPDATE transfers SET business_day = business_day - 1")
    await c.execute("ALTER TABLE transfers ENABLE TRIGGER USER")
