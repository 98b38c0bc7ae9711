"""The `Gateway` that dialect server halves are handed: access, intake and reads as one object."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any

import structlog
from prometheus_client import Counter, Histogram

from gerbang.bills.admit import as_purchase
from gerbang.bills.desk import BillDesk
from gerbang.catalog.snapshot import Snapshot
from gerbang.clock import Clock, business_day
from gerbang.deposits.desk import DepositDesk
from gerbang.dialects.contract import (
    BalanceView,
    BillView,
    Credential,
    Inquiry,
    OrderView,
    Pay,
    PlaceResult,
    ProductQuery,
    ProductView,
    Purchase,
    Refusal,
    TicketRequest,
    TicketView,
    Uncertain,
)
from gerbang.memory import Memory
from gerbang.orders.intake import SQL, Intake
from gerbang.orders.order import order_from_row
from gerbang.orders.reasons import Reason
from gerbang.postgres.pool import Pool
from gerbang.resellers.access import Gatekeeper
from gerbang.resellers.day_orders import DayOrders
from gerbang.web.metrics import Metrics

log = structlog.get_logger()


class LiveGateway:
    """One node's gateway."""

    def __init__(
        self,
        *,
        clock: Clock,
        snapshot: Snapshot,
        memory: Memory,
        gatekeeper: Gatekeeper,
        intake: Intake,
        pool: Pool,
        metrics: Metrics,
        day_orders: DayOrders,
        deposits: DepositDesk,
        bills: BillDesk,
    ) -> None:
        """Wire it."""
        self.clock = clock
        self._snapshot = snapshot
        self._memory = memory
        self._gatekeeper = gatekeeper
        self._intake = intake
        self._pool = pool
        self._metrics = metrics
        self._day_orders = day_orders
        self._fed: dict[tuple[str, str], tuple[Counter, Histogram]] = {}
        """What `labels` finds, kept: looking it up costs more than counting."""
        self._deposits = deposits
        self._bills = bills

    def find_credential(self, dialect: str, key: str) -> Credential | None:
        """Look up an active credential in memory."""
        return self._snapshot.credential(dialect, key, self.clock)

    def check_access(
        self, credential: Credential, client_ip: str, *, counted: bool = True
    ) -> Reason | None:
        """Check status, dialect, address list and, where it is counted, limits."""
        reseller = self._snapshot.resellers[credential.reseller.id]
        return self._gatekeeper.check(reseller, credential.dialect, client_ip, counted=counted)

    async def place(self, credential: Credential, purchase: Purchase) -> PlaceResult:
        """Buy, idempotently."""
        if not purchase.testing and not self._is_live(credential):
            refusal = Refusal(reason=Reason.NOT_LIVE)
            return await self.refuse(credential, purchase, refusal)
        return await self._counted(
            credential, purchase, lambda: self._intake.place(credential, purchase)
        )

    async def pay(self, credential: Credential, payment: Pay) -> PlaceResult:
        """Pay a bill, idempotently; limits and metrics are those of orders."""
        purchase = as_purchase(payment)
        if not payment.testing and not self._is_live(credential):
            return await self.refuse(credential, purchase, Refusal(reason=Reason.NOT_LIVE))
        return await self._counted(
            credential, purchase, lambda: self._bills.pay(credential, payment)
        )

    async def inquire(self, credential: Credential, inquiry: Inquiry) -> BillView | Refusal:
        """Ask about a bill; a reseller who is not live yet may only test."""
        if not inquiry.testing and not self._is_live(credential):
            return Refusal(reason=Reason.NOT_LIVE)
        self._gatekeeper.enter(credential.reseller.id)
        try:
            result = await self._bills.inquire(credential, inquiry)
        finally:
            self._gatekeeper.leave(credential.reseller.id)
        word = result.reason if isinstance(result, Refusal) else "found"
        self._metrics.inquired.labels(inquiry.dialect, word).inc()
        return result

    async def _counted(
        self,
        credential: Credential,
        purchase: Purchase,
        place: Callable[[], Awaitable[PlaceResult]],
    ) -> PlaceResult:
        """Place within the reseller's limits, and measure it."""
        started = monotonic()
        self._gatekeeper.enter(credential.reseller.id)
        try:
            result = await self._place_within_limit(credential, purchase, place)
        finally:
            self._gatekeeper.leave(credential.reseller.id)
        self._note_placed(purchase.dialect, _result_word(result), monotonic() - started)
        return result

    def _note_placed(self, dialect: str, result: str, seconds: float) -> None:
        fed = self._fed.get((dialect, result))
        if fed is None:
            metrics = self._metrics
            fed = metrics.placed.labels(dialect, result), metrics.place_seconds.labels(dialect)
            self._fed[dialect, result] = fed
        count, duration = fed
        count.inc()
        duration.observe(seconds)

    async def _place_within_limit(
        self,
        credential: Credential,
        purchase: Purchase,
        place: Callable[[], Awaitable[PlaceResult]],
    ) -> PlaceResult:
        """Place, counting live orders against the reseller's daily limit."""
        if purchase.testing:
            return await place()
        reseller = self._snapshot.resellers[credential.reseller.id]
        day = business_day(self.clock.now())
        reason = self._day_orders.begin(reseller.view.id, reseller.orders_per_day_max, day=day)
        if reason is not None:
            return await self._intake.refuse(credential, purchase, Refusal(reason=reason))
        placed = False
        try:
            result = await place()
            placed = isinstance(result, OrderView) and not result.known
        finally:
            self._day_orders.end(reseller.view.id, placed=placed)
        return result

    def _is_live(self, credential: Credential) -> bool:
        """Tell whether it may spend money: a testing credential never, whatever a dialect says."""
        return not credential.testing and self._snapshot.resellers[credential.reseller.id].live

    async def refuse(
        self, credential: Credential, purchase: Purchase, refusal: Refusal
    ) -> PlaceResult:
        """Log a refusal, unless the reference is known."""
        self._metrics.placed.labels(purchase.dialect, refusal.reason).inc()
        return await self._intake.refuse(credential, purchase, refusal)

    async def find_order(
        self, credential: Credential, reference: str, *, testing: bool
    ) -> OrderView | None:
        """Find the reseller's own order by reference."""
        row = await self._pool.fetchrow(
            SQL.order_by_reference, credential.reseller.id, testing, reference
        )
        return await self._view(credential, row)

    async def find_latest_order(
        self, credential: Credential, *, destination: str, product_code: str, testing: bool
    ) -> OrderView | None:
        """Find the reseller's newest order of today to a destination."""
        row = await self._pool.fetchrow(
            SQL.latest_order_today,
            credential.reseller.id,
            destination,
            testing,
            product_code.upper(),
        )
        return await self._view(credential, row)

    async def _view(self, credential: Credential, row: Any) -> OrderView | None:
        if row is None:
            return None
        if row["testing"]:
            pending = row["state"] == "pending"
            await self._pool.execute(SQL.note_testing_question, row["id"], pending)
        balance = await self._available(credential)
        return order_from_row(row).view(balance=balance, known=True)

    async def _available(self, credential: Credential) -> int:
        balance: int = await self._pool.fetchval(
            SQL.available_balance, credential.reseller.account_id
        )
        return balance

    async def balance(self, credential: Credential) -> BalanceView:
        """Read the reseller's available balance."""
        return BalanceView(
            name=credential.reseller.name,
            code=credential.reseller.code,
            balance=await self._available(credential),
            checked_at=self.clock.now(),
        )

    def list_products(
        self, credential: Credential, query: ProductQuery
    ) -> tuple[list[ProductView], str | None]:
        """List the reseller's prices."""
        return self._memory.list_products(credential.reseller.id, query)

    async def open_ticket(
        self, credential: Credential, request: TicketRequest
    ) -> TicketView | Refusal:
        """Open a deposit ticket; who is not live yet may only test."""
        if not request.testing and not self._is_live(credential):
            return Refusal(reason=Reason.NOT_LIVE)
        return await self._deposits.open_ticket(credential.reseller.id, request)


def _result_word(result: PlaceResult) -> str:
    if isinstance(result, Refusal):
        return result.reason
    if isinstance(result, Uncertain):
        return "uncertain"
    return result.state
