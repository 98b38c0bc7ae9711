"""Asking what a customer owes: the question is written down, sent, and its answer kept.

No money moves, so a supplier that does not answer is no riddle: the next one is asked. A testing
inquiry reaches no supplier; the sandbox's biller answers it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, Final, Protocol

import msgspec
import structlog

from gerbang.bills.admit import BillWish, admit_bill, as_purchase
from gerbang.bills.bill import BillUnsoundError, check_bill, quote
from gerbang.bills.session import Session
from gerbang.bills.store import SQL
from gerbang.clock import Clock
from gerbang.dialects.contract import BillView, Credential, Inquiry, Pay, Purchase, Refusal
from gerbang.dialects.dialect import Dialect
from gerbang.dialects.supplier_contract import (
    BillAnswer,
    BillFound,
    BillRefused,
    BillUnclear,
    InexpressibleOrderError,
    SupplierInquiry,
)
from gerbang.ids import generate_reference
from gerbang.orders.admit import Offer
from gerbang.orders.reasons import Reason
from gerbang.orders.writes import PlannedAttempt
from gerbang.outbound.addresses import AddressPolicy
from gerbang.outbound.client import OutboundClient
from gerbang.outbound.message import Answered, HttpRequest, SendResult
from gerbang.outbound.transcript import scrub
from gerbang.postgres.pool import Pool
from gerbang.sandbox.bills import look
from gerbang.suppliers.supplier import Supplier

log = structlog.get_logger()

CODES_SEPARATOR: Final = ">"
"""Between the code that asks and the code that pays, where a supplier has two."""


class BillSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of inquiries; see settings.py."""

    bill_inquiry_valid_s: int
    bill_inquiry_timeout_ms: int
    bill_inquiry_deadline_ms: int
    bill_inquiry_suppliers_max: int
    bill_inquiries_concurrent_max: int
    bill_look_again_after_s: int


class BillDirectory(Protocol):
    """What bills ask of this node's memory."""

    def offer(self, credential: Credential, purchase: Purchase) -> Offer | None:
        """Price and state of a product for this reseller."""
        ...

    def channel(self, supplier_id: int) -> Supplier | None:
        """Give a supplier's channel."""
        ...

    def plan_bill(
        self, reseller_id: int, wish: BillWish, tried: frozenset[int]
    ) -> PlannedAttempt | None:
        """Choose a supplier to ask that was not asked yet."""
        ...


class SessionClock(Protocol):
    """The time that sessions live by: moved for testing and sandboxed resellers."""

    def now_for(self, reseller_id: int, *, testing: bool) -> datetime:
        """Give the moment that counts for a reseller."""
        ...


class Asker(msgspec.Struct, frozen=True, kw_only=True):
    """On whose behalf a question goes out. `number` 0 is our own look before a payment."""

    credential: Credential
    dialect: str
    testing: bool
    reference: str


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """What one question came to; `session` where a bill was found."""

    answer: BillAnswer
    session: Session | None = None


class Inquirer:
    """Asks suppliers about bills."""

    def __init__(
        self,
        *,
        pool: Pool,
        outbound: OutboundClient,
        directory: BillDirectory,
        dialects: Mapping[str, Dialect],
        addresses: AddressPolicy,
        clock: Clock,
        session_clock: SessionClock,
        installation_tag: str,
        settings: BillSettings,
        maintenance: Callable[[], bool],
    ) -> None:
        """Wire it."""
        self._pool = pool
        self._outbound = outbound
        self._directory = directory
        self._dialects = dialects
        self._addresses = addresses
        self._clock = clock
        self._session_clock = session_clock
        self._tag = installation_tag
        self._settings = settings
        self._maintenance = maintenance
        self._gates: dict[int, asyncio.Semaphore] = {}

    def admit(self, credential: Credential, asked: Inquiry | Pay) -> BillWish | Refusal:
        """Decide from memory whether this may be asked, or paid."""
        offer = self._directory.offer(credential, as_purchase(asked))
        return admit_bill(asked, offer, maintenance=self._maintenance())

    async def inquire(self, credential: Credential, inquiry: Inquiry) -> BillView | Refusal:
        """Ask one supplier after the other until one knows."""
        wish = self.admit(credential, inquiry)
        if isinstance(wish, Refusal):
            return wish
        if inquiry.reference is not None and await self._has_order(credential, inquiry):
            return Refusal(reason=Reason.REFERENCE_REUSED, product_name=wish.product.name)
        asker = Asker(
            credential=credential,
            dialect=inquiry.dialect,
            testing=inquiry.testing,
            reference=inquiry.reference or generate_reference(),
        )
        if inquiry.testing:
            looked = await self._look_in_sandbox(asker, wish)
        else:
            looked = await self.ask_around(asker, wish)
        if looked.session is not None:
            return looked.session.view()
        return refusal_of(looked.answer, wish)

    async def _has_order(self, credential: Credential, inquiry: Inquiry) -> bool:
        reseller_id = credential.reseller.id
        known: bool = await self._pool.fetchval(
            SQL.has_order, reseller_id, inquiry.testing, inquiry.reference
        )
        return known

    async def ask_around(
        self,
        asker: Asker,
        wish: BillWish,
        *,
        first: PlannedAttempt | None = None,
        ours: bool = False,
    ) -> Looked:
        """Ask `first`, then whoever routing names, within one deadline.

        `ours` says that this is our own look before a payment.
        """
        ends = monotonic() + self._settings.bill_inquiry_deadline_ms / 1000
        tried: set[int] = set()
        looked: Looked | None = None
        for number in range(1, self._settings.bill_inquiry_suppliers_max + 1):
            planned = first if number == 1 and first is not None else None
            if planned is None:
                reseller_id = asker.credential.reseller.id
                planned = self._directory.plan_bill(reseller_id, wish, frozenset(tried))
            left_ms = int((ends - monotonic()) * 1000)
            if planned is None or left_ms <= 0:
                break
            tried.add(planned.supplier_id)
            looked = await self._ask(
                asker, wish, planned, number=0 if ours else number, deadline_ms=left_ms
            )
            if looked.session is not None or _is_final(looked.answer):
                return looked
        no_route = BillRefused(reason=Reason.NO_ROUTE, reroutable=False)
        return looked or Looked(answer=no_route)

    # --- one question -----------------------------------------------------------------------------

    async def _ask(
        self,
        asker: Asker,
        wish: BillWish,
        planned: PlannedAttempt,
        *,
        number: int,
        deadline_ms: int,
    ) -> Looked:
        channel = self._directory.channel(planned.supplier_id)
        if channel is None or channel.status != "active":
            return Looked(answer=BillUnclear(message="this supplier is not in use"))
        row = await self._write_down(asker, wish, planned, number)
        question = SupplierInquiry(
            reference=row["supplier_reference"],
            product_code=planned.supplier_product_code,
            customer_no=wish.customer_no,
            quantity=wish.quantity,
            details_of=wish.service,
        )
        answer, transcript = await self._send(channel, question, deadline_ms)
        if not isinstance(answer, BillFound):
            await self._keep_refusal(row["id"], answer, transcript)
            return Looked(answer=answer)
        session = self._session(asker, wish, planned, row, answer)
        await self._keep_bill(session, transcript)
        return Looked(answer=answer, session=session)

    async def _write_down(
        self, asker: Asker, wish: BillWish, planned: PlannedAttempt | None, number: int
    ) -> Any:
        return await self._pool.fetchrow(
            SQL.ask,
            asker.credential.reseller.id,
            asker.credential.id,
            asker.testing,
            asker.dialect,
            asker.reference,
            number,
            wish.product.id,
            wish.product.code,
            wish.product.name,
            wish.service.value,
            wish.biller,
            wish.customer_no,
            wish.quantity,
            planned.supplier_id if planned else None,
            planned.route_id if planned else None,
            planned.supplier_product_code if planned else "",
            self._tag,
        )

    async def _send(
        self, channel: Supplier, question: SupplierInquiry, deadline_ms: int
    ) -> tuple[BillAnswer, tuple[str, str, int]]:
        client = self._dialects[channel.view.dialect].bills
        nothing_said = ("", "", 0)
        if client is None:
            return BillUnclear(message="its dialect has no bills"), nothing_said
        try:
            request = client.inquire(channel.view, question, now=self._clock.now())
        except InexpressibleOrderError as error:
            return BillUnclear(message=str(error)), nothing_said
        gate = self._gate(channel)
        try:
            async with asyncio.timeout(deadline_ms / 1000), gate:
                result = await self._outbound.send(
                    request,
                    deadline_ms=min(deadline_ms, self._settings.bill_inquiry_timeout_ms),
                    purpose="question",
                    addresses=self._addresses,
                )
        except TimeoutError:
            return BillUnclear(message="no answer in time"), nothing_said
        if not isinstance(result, Answered):
            return BillUnclear(message=result.error), _transcript(request, result)
        answer = client.read_inquiry(channel.view, question, result)
        return _sound(answer), _transcript(request, result)

    def _gate(self, channel: Supplier) -> asyncio.Semaphore:
        gate = self._gates.get(channel.view.id)
        if gate is None:
            most = min(channel.concurrency_max, self._settings.bill_inquiries_concurrent_max)
            gate = self._gates[channel.view.id] = asyncio.Semaphore(most)
        return gate

    # --- what is kept -----------------------------------------------------------------------------

    def _session(
        self,
        asker: Asker,
        wish: BillWish,
        planned: PlannedAttempt | None,
        row: Any,
        found: BillFound,
    ) -> Session:
        reseller_id = asker.credential.reseller.id
        quoted = quote(found.bill, admin_fee=wish.product.admin_fee, net=wish.net)
        kept_by_supplier = (planned.cost if planned else 0) * found.bill.sheets
        valid = timedelta(seconds=self._settings.bill_inquiry_valid_s)
        return Session(
            id=row["id"],
            reseller_id=reseller_id,
            testing=asker.testing,
            reference=asker.reference,
            product_id=wish.product.id,
            product_code=wish.product.code,
            product_name=wish.product.name,
            biller=wish.biller,
            customer_no=wish.customer_no,
            quantity=wish.quantity,
            supplier_id=planned.supplier_id if planned else None,
            route_id=planned.route_id if planned else None,
            supplier_product_code=planned.supplier_product_code if planned else "",
            supplier_total=found.total,
            quoted=quoted,
            cost=found.bill.due + kept_by_supplier,
            created_at=row["created_at"],
            expires_at=self._session_clock.now_for(reseller_id, testing=asker.testing) + valid,
        )

    async def _keep_bill(self, session: Session, transcript: tuple[str, str, int]) -> None:
        await self._pool.execute(
            SQL.found,
            session.id,
            msgspec.to_builtins(session.quoted.bill),
            session.quoted.fee,
            session.quoted.share,
            session.cost,
            session.quoted.total,
            session.supplier_total,
            session.expires_at,
            *transcript,
        )

    async def _keep_refusal(
        self,
        inquiry_id: int,
        answer: BillRefused | BillUnclear,
        transcript: tuple[str, str, int],
    ) -> None:
        refused = isinstance(answer, BillRefused)
        reason = answer.reason.value if isinstance(answer, BillRefused) else None
        await self._pool.execute(
            SQL.not_found,
            inquiry_id,
            "refused" if refused else "unclear",
            reason,
            answer.message.replace("\x00", "")[:500],
            *transcript,
        )

    # --- testing ----------------------------------------------------------------------------------

    async def _look_in_sandbox(self, asker: Asker, wish: BillWish) -> Looked:
        answer = look(
            wish.service,
            wish.customer_no,
            amount=wish.quantity,
            fee=wish.product.admin_fee,
            looks=0,
        )
        row = await self._write_down(asker, wish, None, 1)
        if not isinstance(answer, BillFound):
            await self._keep_refusal(row["id"], answer, ("", "", 0))
            return Looked(answer=answer)
        session = self._session(asker, wish, None, row, answer)
        await self._keep_bill(session, ("", "", 0))
        return Looked(answer=answer, session=session)


def refusal_of(answer: BillAnswer, wish: BillWish) -> Refusal:
    """Say to a reseller why there is no bill; what a supplier has against us is not his fault."""
    if not isinstance(answer, BillRefused):
        return Refusal(reason=Reason.BILLER_UNREACHABLE, product_name=wish.product.name)
    ours = answer.reason in {Reason.SUPPLIER_REFUSED_US, Reason.INSUFFICIENT_BALANCE}
    reason = Reason.PRODUCT_DISTURBED if ours else answer.reason
    return Refusal(reason=reason, product_name=wish.product.name)


def _is_final(answer: BillAnswer) -> bool:
    return isinstance(answer, BillRefused) and not answer.reroutable


def _sound(answer: BillAnswer) -> BillAnswer:
    """Take figures that contradict each other for no answer; nobody should pay on them."""
    if isinstance(answer, BillFound):
        try:
            check_bill(answer.bill)
        except BillUnsoundError as error:
            return BillUnclear(message=str(error))
        clean = msgspec.json.encode(answer.bill)
        if b"\\u0000" in clean:
            return BillUnclear(message="a bill with NUL in its words")
    return answer


def _transcript(request: HttpRequest, result: SendResult) -> tuple[str, str, int]:
    sent, got = scrub(request, result)
    return sent, got, result.elapsed_ms
