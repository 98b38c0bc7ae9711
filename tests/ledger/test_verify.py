"""``ledger verify`` finds every kind of damage; seals prove that the past is what it was."""

from __future__ import annotations

from typing import Any

import pytest

from gerbang.ledger.account import HouseAccount
from gerbang.ledger.read import list_accounts, statement
from gerbang.ledger.seal import SQL, seal_days
from gerbang.orders.outcome import Delivered, Rejected
from gerbang.orders.reasons import Reason
from orders.house import House, open_house


async def _live_a_little(house: House) -> None:
    """A delivery, a refusal and an order that is still open."""
    for outcome in (
        Delivered(sn="SN"),
        Rejected(reason=Reason.NUMBER_NOT_FOUND, reroutable=False),
        None,
    ):
        placed = await house.lane.submit(house.purchase())
        if outcome is not None:
            await house.claim(placed.attempt)
            await house.tell(placed.order, placed.attempt, outcome)


DAMAGE = {
    "balance": "UPDATE accounts SET balance = balance + 1 WHERE kind = 'reseller'",
    "held": "UPDATE accounts SET held = held + 1 WHERE kind = 'reseller'",
    "amount": "UPDATE entries SET amount = amount - 1, balance = balance - 1 WHERE version = 2",
    "lost entry": "DELETE FROM entries WHERE version = 2",
    "lost hold": "DELETE FROM transfers WHERE phase = 'pending' AND id NOT IN"
    " (SELECT pending_id FROM transfers WHERE pending_id IS NOT NULL)",
    "order state": "UPDATE orders SET state = 'failed', final_at = now() WHERE state = 'pending'",
    "order price": "UPDATE orders SET price = price + 1 WHERE state = 'success'",
    "chain": "UPDATE entries SET previous = previous + 1, balance = balance + 1 WHERE version = 1",
    "other account": "UPDATE entries SET account_id ="
    " (SELECT id FROM accounts WHERE code = 'house:fees')"
    " WHERE account_id = (SELECT id FROM accounts WHERE code = 'house:sales')",
}


@pytest.mark.parametrize("damage", DAMAGE)
async def test_every_damage_is_found(database_url: str, damage: str) -> None:
    async with open_house(database_url) as house:
        await _live_a_little(house)
        assert (await house.verify()).clean
        c = house.connection
        for table in ("entries", "transfers", "orders"):
            await c.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        assert not (await c.execute(DAMAGE[damage])).endswith(" 0")
        assert not (await house.verify()).clean


async def test_a_changed_past_breaks_the_seal_and_the_chain_tells_which_day(
    database_url: str,
) -> None:
    async with open_house(database_url) as house:
        await _live_a_little(house)
        c = house.connection
        await c.execute("ALTER TABLE transfers DISABLE TRIGGER USER")
        await c.execute("UPDATE transfers SET business_day = business_day - 1")
        sealed = await seal_days(c)
        assert [s.transfers_count for s in sealed] == [7]
        assert (await house.verify()).clean
        assert await seal_days(c) == []
        await c.execute("UPDATE transfers SET note = 'changed' WHERE event = 'sale.post'")
        found = [d for check in (await house.verify()).checks for d in check.differences]
        assert len(found) == 1
        assert str(sealed[0].business_day) in found[0]


async def test_a_checkpoint_and_the_entries_since_are_a_house_accounts_balance(
    database_url: str,
) -> None:
    async with open_house(database_url) as house:
        await _live_a_little(house)
        c = house.connection
        await c.execute("ALTER TABLE transfers DISABLE TRIGGER USER")
        await c.execute("UPDATE transfers SET business_day = business_day - 1")
        await c.execute("ALTER TABLE transfers ENABLE TRIGGER USER")
        await seal_days(c)
        await _live_a_little(house)
        balances = {a["code"]: a["balance"] for a in await list_accounts(c)}
        assert balances["house:sales"] == 2 * 5400
        assert balances["house:cost"] == -2 * 5000
        assert balances["float:s"] == 2 * 5000
        assert balances["bank:main"] == -1_000_000
        assert (await house.verify()).clean


async def test_a_statement_shows_the_running_balance_page_by_page(database_url: str) -> None:
    async with open_house(database_url) as house:
        for _ in range(3):
            await _live_a_little(house)
        first = await statement(house.connection, "reseller:T", limit=2)
        assert [item["balance"] for item in first["items"]] == [983_800, 989_200]
        rest = await statement(house.connection, "reseller:T", before=first["next"], limit=10)
        assert [item["balance"] for item in rest["items"]] == [994_600, 1_000_000]
        assert rest["next"] is None
        sales = await statement(house.connection, HouseAccount.SALES.value)
        assert [item["amount"] for item in sales["items"]] == [5400] * 3


class AtMidnight:
    """A connection on which midnight comes between the ledger's lock and what follows it."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    async def fetch(self, query: str, *arguments: Any) -> Any:
        if query == SQL.unsealed_days:
            await self._connection.execute("UPDATE midnights SET passed = 1")
        return await self._connection.fetch(query, *arguments)


async def test_a_day_that_ends_while_it_would_be_sealed_waits_for_its_last_writers(
    database_url: str,
) -> None:
    async with open_house(database_url) as house:
        await _live_a_little(house)
        c = house.connection
        await c.execute("CREATE TABLE midnights AS SELECT 0 AS passed")
        await c.execute(
            "CREATE OR REPLACE FUNCTION wib_day(at timestamptz) RETURNS date LANGUAGE sql AS"
            " $$ SELECT (at AT TIME ZONE INTERVAL '+07:00')::date + (SELECT passed FROM midnights)"
            " $$"
        )
        midnight: Any = AtMidnight(c)
        assert await seal_days(midnight) == []
        assert [seal.transfers_count for seal in await seal_days(c)] == [7]
