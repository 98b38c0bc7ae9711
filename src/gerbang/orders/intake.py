"""Intake: from a neutral purchase to a committed order, or a refusal that consumes nothing.

A known reference always gets its stored order, even when product, balance, limit, cut-off or
maintenance would now refuse: so every refusal is first checked against references that are stored
or still on their way through the lane.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec
import structlog

from gerbang.clock import Clock
from gerbang.dialects.contract import (
    Credential,
    OrderState,
    OrderView,
    PlaceResult,
    Purchase,
    Refusal,
    Uncertain,
)
from gerbang.ids import generate_reference
from gerbang.orders.admit import Admission, Offer, admit, check_text
from gerbang.orders.order import Order, order_from_row
from gerbang.orders.reasons import Reason
from gerbang.orders.waiters import Waiters
from gerbang.orders.writes import (
    Known,
    Placed,
    PlaceOrder,
    PlannedAttempt,
    RecordRefusal,
    SandboxStep,
)
from gerbang.postgres.lane import Lane, NotWrittenError, OutcomeUnknownError
from gerbang.postgres.pool import Pool
from gerbang.postgres.sql import load_queries

log = structlog.get_logger()
SQL = load_queries("gerbang.orders", "orders.sql")

TESTING_WAIT_MS_MAX = 800
"""A testing reply waits no longer for the final result, so that a tester can see *pending*."""


class IntakeCatalog(Protocol):
    """What intake asks the memory of this node."""

    def offer(self, credential: Credential, purchase: Purchase) -> Offer | None:
        """Price and state of the asked product for this reseller; None when there is none."""
        ...

    def plan_first(self, credential: Credential, admission: Admission) -> PlannedAttempt | Refusal:
        """Choose the first route."""
        ...

    def plan_testing(self, admission: Admission) -> tuple[SandboxStep, ...]:
        """Plan what will happen to a testing order."""
        ...


class Intake:
    """Places orders."""

    def __init__(
        self,
        *,
        lane: Lane,
        pool: Pool,
        catalog: IntakeCatalog,
        waiters: Waiters,
        clock: Clock,
        after_placed: Callable[[Placed], None],
        claim_node: Callable[[], str | None],
        wait_ms: Callable[[Credential, str], int],
        deadline_s: float,
        maintenance: Callable[[], bool],
        held_replies_max: int = 50,
    ) -> None:
        """Wire it. `claim_node` names this node when it will send the attempt at once."""
        self._lane = lane
        self._pool = pool
        self._catalog = catalog
        self._waiters = waiters
        self._clock = clock
        self._after_placed = after_placed
        self._claim_node = claim_node
        self._wait_ms = wait_ms
        self._deadline_s = deadline_s
        self._maintenance = maintenance
        self._held_replies_max = held_replies_max
        self._held: dict[int, int] = {}
        self._on_the_way: dict[tuple[int, bool, str], asyncio.Future[Any]] = {}

    async def place(self, credential: Credential, purchase: Purchase) -> PlaceResult:
        """Buy once, however often it is asked with the same reference."""
        decided = self._decide(credential, purchase)
        if isinstance(decided, Refusal):
            return await self.refuse(credential, purchase, decided)
        return await self._write(credential, decided)

    def _decide(self, credential: Credential, purchase: Purchase) -> PlaceOrder | Refusal:
        refusal = check_text(purchase)
        if refusal is not None:
            return refusal
        offer = self._catalog.offer(credential, purchase)
        admission = admit(
            purchase,
            offer,
            settings=credential.reseller.settings,
            maintenance=self._maintenance(),
        )
        if isinstance(admission, Refusal):
            return admission
        if purchase.testing:
            steps = self._catalog.plan_testing(admission)
            return self._order(credential, purchase, admission, first=None, steps=steps)
        first = self._catalog.plan_first(credential, admission)
        if isinstance(first, Refusal):
            return first
        return self._order(credential, purchase, admission, first=first, steps=())

    def _order(
        self,
        credential: Credential,
        purchase: Purchase,
        admission: Admission,
        *,
        first: PlannedAttempt | None,
        steps: tuple[SandboxStep, ...],
    ) -> PlaceOrder:
        return PlaceOrder(
            reseller_id=credential.reseller.id,
            account_id=credential.reseller.account_id,
            credential_id=credential.id,
            testing=purchase.testing,
            dialect=purchase.dialect,
            kind=admission.product.kind.value,
            reference=purchase.reference or generate_reference(),
            signature_key=_signature_key(purchase),
            product_id=admission.product.id,
            product_code=admission.product.code,
            product_name=admission.product.name,
            destination=admission.destination,
            quantity=admission.quantity,
            counter=admission.counter,
            same_day=admission.same_day and not purchase.testing,
            price=admission.price,
            first=first,
            steps=steps,
            claimed_by=self._claim_node() if first is not None else None,
        )

    async def _write(self, credential: Credential, order: PlaceOrder) -> PlaceResult:
        wait_ms = self._wait_ms(credential, order.dialect)
        if order.testing:
            wait_ms = min(wait_ms, TESTING_WAIT_MS_MAX)
        if self._held.get(order.reseller_id, 0) >= self._held_replies_max:
            wait_ms = 0
        key = (order.reseller_id, order.testing, order.reference)
        if not wait_ms:
            return await self._write_and_wait(order, None, 0)
        final = self._waiters.register(key)
        self._held[order.reseller_id] = self._held.get(order.reseller_id, 0) + 1
        try:
            return await self._write_and_wait(order, final, wait_ms)
        finally:
            self._held[order.reseller_id] -= 1
            self._waiters.forget(key, final)

    async def _write_and_wait(
        self, order: PlaceOrder, final: asyncio.Future[Order] | None, wait_ms: int
    ) -> PlaceResult:
        try:
            result = await self._submit(order)
        except NotWrittenError:
            return Refusal(reason=Reason.MAINTENANCE)
        except OutcomeUnknownError:
            return Uncertain(
                reference=order.reference,
                price=order.price,
                product_name=order.product_name,
                created_at=self._clock.now(),
            )
        match result:
            case Placed():
                self._after_placed(result)
                view = result.order.view(balance=result.balance)
            case Known():
                view = result.order.view(balance=result.balance, known=True)
            case Refusal():
                await self._log_refusal(order, result)
                return result
            case _:
                msg = f"the lane answered {type(result).__name__}"
                raise TypeError(msg)
        if final is None or view.state is not OrderState.PENDING:
            return view
        return await self._await_final(order, view, final, wait_ms)

    async def _submit(self, order: PlaceOrder) -> Any:
        key = (order.reseller_id, order.testing, order.reference)
        earlier = self._on_the_way.get(key)
        if earlier is not None:
            # The same reference is being written: once that is done, the lane finds it.
            await asyncio.wait({earlier})
        future = self._lane.submit_soon(order, deadline_s=self._deadline_s)
        self._on_the_way[key] = future
        try:
            return await future
        finally:
            if self._on_the_way.get(key) is future:
                del self._on_the_way[key]

    async def _await_final(
        self,
        order: PlaceOrder,
        view: OrderView,
        final: asyncio.Future[Order],
        wait_ms: int,
    ) -> OrderView:
        """Hold the reply for the final result; read once more, in case it came in between."""
        if view.known:
            row = await self._pool.fetchrow(
                SQL.order_by_reference, order.reseller_id, order.testing, view.reference
            )
            if row is not None and row["state"] != "pending":
                return order_from_row(row).view(balance=view.balance, known=True)
        try:
            settled = await asyncio.wait_for(asyncio.shield(final), wait_ms / 1000)
        except TimeoutError:
            return view
        balance = await self._pool.fetchval(SQL.available_balance, order.account_id)
        return settled.view(balance=balance, known=view.known)

    # --- refusals --------------------------------------------------------------------------------

    async def refuse(
        self, credential: Credential, purchase: Purchase, refusal: Refusal
    ) -> PlaceResult:
        """Answer a refusal, unless the reference is known: then its stored order."""
        known = await self._find_known(credential, purchase)
        if known is not None:
            return self._answer_known(purchase, known, refusal)
        balance = refusal.balance
        if balance is None:
            balance = await self._balance(credential)
        self._log_soon(credential, purchase, refusal)
        return msgspec.structs.replace(refusal, balance=balance)

    async def _balance(self, credential: Credential) -> int | None:
        try:
            balance: int | None = await self._pool.fetchval(
                SQL.available_balance, credential.reseller.account_id
            )
        except Exception as error:  # noqa: BLE001 (a refusal needs no balance)
            log.warning("balance.unreadable", error=repr(error))
            return None
        return balance

    async def find_known(self, credential: Credential, purchase: Purchase) -> OrderView | None:
        """Find the order of a reference, waiting for one that is on its way."""
        return await self._find_known(credential, purchase)

    async def write(self, credential: Credential, order: PlaceOrder) -> PlaceResult:
        """Have an order written that was prepared elsewhere; waits for its final result."""
        return await self._write(credential, order)

    def note_refusal(self, credential: Credential, purchase: Purchase, refusal: Refusal) -> None:
        """Keep a refusal in the log."""
        self._log_soon(credential, purchase, refusal)

    async def _find_known(self, credential: Credential, purchase: Purchase) -> OrderView | None:
        reseller = credential.reseller
        if purchase.reference is None:
            signature_key = _signature_key(purchase)
            if signature_key is None:
                return None
            row = await self._pool.fetchrow(SQL.order_by_signature, credential.id, signature_key)
        else:
            key = (reseller.id, purchase.testing, purchase.reference)
            on_the_way = self._on_the_way.get(key)
            if on_the_way is not None:
                await asyncio.wait({on_the_way})
            row = await self._pool.fetchrow(SQL.order_by_reference, *key)
        if row is None:
            return None
        balance = await self._pool.fetchval(SQL.available_balance, reseller.account_id)
        return order_from_row(row).view(balance=balance, known=True)

    @staticmethod
    def _answer_known(purchase: Purchase, known: OrderView, refusal: Refusal) -> PlaceResult:
        """The stored order where the content is the same, as far as it can be told now."""
        quantity = purchase.quantity if purchase.quantity is not None else known.quantity
        same = (known.product_code, known.destination, known.quantity) == (
            purchase.product_code.upper(),
            purchase.destination,
            quantity,
        )
        if same or refusal.reason is Reason.MAINTENANCE:
            return known
        return Refusal(reason=Reason.REFERENCE_REUSED, known_order=known, balance=known.balance)

    async def _log_refusal(self, order: PlaceOrder, refusal: Refusal) -> None:
        self._submit_refusal(
            RecordRefusal(
                reseller_id=order.reseller_id,
                dialect=order.dialect,
                testing=order.testing,
                reference=order.reference,
                product_code=order.product_code,
                destination=order.destination,
                reason=refusal.reason,
                message=refusal.message,
            )
        )

    def _log_soon(self, credential: Credential, purchase: Purchase, refusal: Refusal) -> None:
        self._submit_refusal(
            RecordRefusal(
                reseller_id=credential.reseller.id,
                dialect=purchase.dialect,
                testing=purchase.testing,
                reference=_storable(purchase.reference or ""),
                product_code=_storable(purchase.product_code),
                destination=_storable(purchase.destination),
                reason=refusal.reason,
                message=refusal.message,
            )
        )

    def _submit_refusal(self, write: RecordRefusal) -> None:
        """A refusal is logged behind the reply; losing one in a crash loses no money."""
        try:
            future = self._lane.submit_soon(write)
        except NotWrittenError:
            return
        future.add_done_callback(_swallow)


def _swallow(future: asyncio.Future[Any]) -> None:
    if not future.cancelled() and future.exception() is not None:
        log.warning("refusal.not_logged", error=repr(future.exception()))


def _signature_key(purchase: Purchase) -> str | None:
    """The idempotency key of a request without a reference."""
    if purchase.reference is not None or not purchase.signature:
        return None
    return hashlib.sha256(purchase.signature.encode("utf-8", "replace")).hexdigest()[:32]


def _storable(text: str) -> str:
    """What PostgreSQL can keep of a hostile text."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()[:128]


def reply_wait_ms(credential: Credential, dialect: str, defaults: Mapping[str, int]) -> int:
    """How long this reseller's replies wait for the final result."""
    wait = credential.reseller.pending_reply_wait_ms.get(dialect)
    return defaults.get(dialect, 0) if wait is None else wait
