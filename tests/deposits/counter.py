"""A bank counter for tests: resellers, an account at a bank, a desk with a write lane."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from gerbang.clock import SystemClock
from gerbang.deposits.admin import create_bank
from gerbang.deposits.desk import DepositDesk
from gerbang.deposits.line import NewLine
from gerbang.deposits.ticket import TicketTerms
from gerbang.dialects.contract import Refusal, TicketRequest, TicketView
from gerbang.ledger.account import HouseAccount
from gerbang.postgres.pool import Pool, open_pool
from orders.house import House, open_house

BCA, MANDIRI = "1234567890", "0987654321"
TERMS = TicketTerms(
    amount_min=10_000,
    amount_max=500_000_000,
    fee=0,
    unique_max=999,
    valid_s=86_400,
    unpaid_max=100,
)


class Counter:
    """What a test holds in its hand."""

    def __init__(self, house: House, pool: Pool, terms: TicketTerms = TERMS) -> None:
        self.house = house
        self.pool = pool
        self.desk = self.with_terms(terms)

    def with_terms(self, terms: TicketTerms) -> DepositDesk:
        return DepositDesk(
            pool=self.pool,
            lane=self.house.lane,
            house=self.house.house,
            clock=SystemClock(),
            terms=terms,
        )

    async def ticket(self, amount: int = 1_000_000, **more: Any) -> TicketView:
        found = await self.ask(amount, **more)
        assert isinstance(found, TicketView), found
        return found

    async def ask(
        self, amount: int, *, reseller_id: int | None = None, testing: bool = False
    ) -> TicketView | Refusal:
        request = TicketRequest(dialect="socx", amount=amount, testing=testing)
        return await self.desk.open_ticket(reseller_id or self.house.reseller_id, request)

    async def line(self, amount: int, **more: Any) -> dict[str, Any]:
        taken = await self.desk.take_lines([make_line(amount, **more)], source="test")
        one: dict[str, Any] = taken["items"][0]
        return one

    async def balance(self, account_id: int | None = None) -> int:
        balance: int = (await self.house.account(account_id or self.house.account_id))[0]
        return balance

    async def fees(self) -> int:
        fees: int = await self.pool.fetchval(
            "SELECT coalesce(sum(amount), 0)::bigint FROM entries WHERE account_id = $1",
            self.house.house[HouseAccount.FEES],
        )
        return fees

    async def resellers(self, count: int) -> list[int]:
        """Make more resellers; gives their ids."""
        rows = await self.pool.fetch(
            """
            WITH a AS (INSERT INTO accounts (code, kind, normal_side, tracked)
                SELECT 'reseller:M' || n, 'reseller', 'credit', true FROM generate_series(1, $1) n
                RETURNING id, code),
            b AS (INSERT INTO accounts (code, kind, normal_side, tracked)
                SELECT 'receivable:M' || n, 'receivable', 'credit', true
                  FROM generate_series(1, $1) n
                RETURNING id, code)
            INSERT INTO resellers (code, name, account_id, receivable_account_id, price_list_id)
            SELECT substr(a.code, 10), 'Member', a.id, b.id, (SELECT min(id) FROM price_lists)
              FROM a JOIN b ON substr(a.code, 10) = substr(b.code, 12)
            RETURNING id
            """,
            count,
        )
        return [row["id"] for row in rows]

    async def close_long_ago(self, ticket_id: int, days: int = 8) -> None:
        """Move the moment a ticket closed into the past."""
        await self.pool.execute(
            "UPDATE deposit_tickets SET closed_at = closed_at - make_interval(days => $2)"
            " WHERE id = $1",
            ticket_id,
            days,
        )

    async def expire(self, ticket_id: int) -> None:
        await self.pool.execute(
            "UPDATE deposit_tickets SET valid_before = now() - interval '1 second' WHERE id = $1",
            ticket_id,
        )
        await self.desk.sweep()


def make_line(amount: int, **more: Any) -> NewLine:
    """Give an incoming line at the BCA account, now; `more` replaces members."""
    members: dict[str, Any] = {
        "account_no": BCA,
        "amount": amount,
        "direction": "in",
        "description": "TRSF E-BANKING CR",
        "at": datetime.now(UTC),
    }
    return NewLine(**(members | more))


def ago(**parts: int) -> datetime:
    return datetime.now(UTC) - timedelta(**parts)


@asynccontextmanager
async def open_counter(database_url: str) -> AsyncIterator[Counter]:
    async with open_house(database_url, balance=0) as house:
        pool = await open_pool(database_url, size_max=12)
        await pool.execute("UPDATE accounts SET code = code || 'T' WHERE code LIKE '%:T'")
        async with pool.acquire() as connection:
            for bank, number in (("BCA", BCA), ("Mandiri", MANDIRI)):
                await create_bank(
                    connection,
                    bank_name=bank,
                    account_no=number,
                    beneficiary_name="Name",
                    actor="test",
                )
        yield Counter(house, pool)
        pool.terminate()
