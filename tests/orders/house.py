"""A small house for tests of the write lane: accounts, one reseller, one product, one supplier."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from gerbang.clock import Clock, SystemClock
from gerbang.dialects.contract import CallbackEvent
from gerbang.dialects.supplier_contract import LearnRules
from gerbang.ledger.account import HouseAccount
from gerbang.ledger.move import MoveMoney
from gerbang.ledger.read import house_account_ids, untracked_account_ids
from gerbang.ledger.verify import Verification, verify
from gerbang.orders.batch import OrderProgram
from gerbang.orders.directory import ResellerTerms, SupplierTerms
from gerbang.orders.order import Attempt, Order
from gerbang.orders.writes import (
    ClaimAttempt,
    PlaceOrder,
    PlannedAttempt,
    RecordOutcome,
    Transcript,
)
from gerbang.postgres.lane import Lane
from gerbang.postgres.pool import LANE_SETTINGS, connect

NODE = "test-node"


class House:
    """What a test holds in its hand."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.clock: Clock = SystemClock()
        self.learn = LearnRules(resend_same_reference_safe=False)
        self.late_success_paid_by = "us"
        self.next_route: PlannedAttempt | None = None
        self.tells_callbacks = True
        self.lane: Lane
        self.connection: Any
        self.house: Any
        self.account_id = 0
        self.receivable_id = 0
        self.float_id = 0
        self.reseller_id = 0
        self.product_id = 0
        self.supplier_id = 0
        self.route_id = 0
        self._reference = 0

    # --- the Directory the program asks ----------------------------------------------------------

    def reseller_terms(self, reseller_id: int) -> ResellerTerms:
        return ResellerTerms(
            account_id=self.account_id,
            receivable_account_id=self.receivable_id,
            late_success_paid_by=self.late_success_paid_by,
        )

    def supplier_terms(self, supplier_id: int) -> SupplierTerms:
        return SupplierTerms(float_account_id=self.float_id, learn=self.learn)

    def callback_format(self, order: Order, event: CallbackEvent) -> str | None:
        return "socx" if self.tells_callbacks else None

    def choose_next(self, order: Order, attempts: Sequence[Attempt]) -> PlannedAttempt | None:
        return self.next_route

    # --- what tests do ---------------------------------------------------------------------------

    @property
    def plan(self) -> PlannedAttempt:
        return PlannedAttempt(
            supplier_id=self.supplier_id,
            route_id=self.route_id,
            supplier_product_code="S5",
            cost=5000,
            explanation={},
        )

    def purchase(self, **changes: Any) -> PlaceOrder:
        self._reference += 1
        values: dict[str, Any] = {
            "reseller_id": self.reseller_id,
            "account_id": self.account_id,
            "credential_id": 1,
            "testing": False,
            "dialect": "socx",
            "kind": "prepaid",
            "reference": f"R{self._reference}",
            "signature_key": None,
            "product_id": self.product_id,
            "product_code": "HSA5",
            "product_name": "Halo 5.000",
            "destination": "08123456789",
            "quantity": 1,
            "counter": 1,
            "same_day": False,
            "price": 5400,
            "first": self.plan,
            "claimed_by": NODE,
        }
        return PlaceOrder(**{**values, **changes})

    async def fund(self, amount: int, *, key: str = "seed") -> None:
        await self.lane.submit(
            MoveMoney(
                key=key,
                event="manual.credit",
                debit_account_id=self.house[HouseAccount.BANK],
                credit_account_id=self.account_id,
                amount=amount,
                actor="test",
                note="",
            )
        )

    async def claim(self, attempt: Attempt | None, *, resend: bool = False) -> bool:
        assert attempt is not None
        granted: bool = await self.lane.submit(
            ClaimAttempt(attempt_id=attempt.id, resend=resend, claimed_by=NODE, claim_ms=60_000)
        )
        return granted

    async def tell(
        self, order: Order, attempt: Attempt | None, outcome: Any, *, kind: str = "buy", **more: Any
    ) -> Any:
        assert attempt is not None
        return await self.lane.submit(
            RecordOutcome(
                order_id=order.id,
                attempt_id=attempt.id,
                account_ids=(self.account_id, self.receivable_id),
                outcome=outcome,
                transcript=Transcript(kind=kind, request="", answer=""),
                **more,
            )
        )

    async def account(self, account_id: int | None = None) -> tuple[int, int]:
        row = await self.connection.fetchrow(
            "SELECT balance, held FROM accounts WHERE id = $1", account_id or self.account_id
        )
        return row["balance"], row["held"]

    async def balance_of(self, account_id: int) -> int:
        total: int = await self.connection.fetchval(
            "SELECT coalesce(sum(amount), 0)::bigint FROM entries WHERE account_id = $1",
            account_id,
        )
        return total

    async def verify(self) -> Verification:
        return await verify(self.connection)


@asynccontextmanager
async def open_house(
    url: str, *, workers: int = 2, balance: int = 1_000_000, clock: Clock | None = None
) -> AsyncIterator[House]:
    house = House(url)
    house.clock = clock or house.clock
    house.connection = c = await connect(url)
    try:
        await _furnish(house, c)
        await _open_lane(house, workers=workers)
        if balance:
            await house.fund(balance)
        yield house
    finally:
        if hasattr(house, "lane"):
            await house.lane.stop()
        c.terminate()


async def _open_lane(house: House, *, workers: int) -> None:
    house.house = await house_account_ids(house.connection)
    untracked = await untracked_account_ids(house.connection)
    program = OrderProgram(
        clock=house.clock,
        directory=house,
        house=house.house,
        untracked_ids=lambda: untracked,
        installation_tag="TEST",
        node=NODE,
    )
    url = house.url
    house.lane = Lane(
        lambda: connect(url, lock_timeout_ms=500, settings=LANE_SETTINGS), program, workers=workers
    )
    await house.lane.start()


async def _furnish(house: House, c: Any) -> None:
    new_account = (
        "INSERT INTO accounts (code, kind, normal_side, tracked)"
        " VALUES ($1, $2::text::account_kind, $3::text::account_side, $4) RETURNING id"
    )
    house.account_id = await c.fetchval(new_account, "reseller:T", "reseller", "credit", True)
    house.receivable_id = await c.fetchval(new_account, "receivable:T", "receivable", "debit", True)
    house.float_id = await c.fetchval(new_account, "float:s", "supplier_float", "debit", False)
    await c.execute("INSERT INTO categories (code, name) VALUES ('pulsa', 'Pulsa')")
    list_id = await c.fetchval("SELECT id FROM price_lists WHERE code = 'default'")
    house.product_id = await c.fetchval(
        "INSERT INTO products (code, name, category, base_price)"
        " VALUES ('HSA5', 'Halo 5.000', 'pulsa', 5400) RETURNING id"
    )
    house.reseller_id = await c.fetchval(
        "INSERT INTO resellers (code, name, account_id, receivable_account_id, price_list_id)"
        " VALUES ('TT', 'T', $1, $2, $3) RETURNING id",
        house.account_id,
        house.receivable_id,
        list_id,
    )
    house.supplier_id = await c.fetchval(
        "INSERT INTO suppliers (code, name, dialect, base_url, sealed, float_account_id)"
        " VALUES ('s1', 'S', 'socx', 'http://x', '', $1) RETURNING id",
        house.float_id,
    )
    house.route_id = await c.fetchval(
        "INSERT INTO routes (product_id, supplier_id, supplier_product_code, cost)"
        " VALUES ($1, $2, 'S5', 5000) RETURNING id",
        house.product_id,
        house.supplier_id,
    )
