"""Inside a fake supplier: it takes orders, lives their plans and tells of them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Final, NoReturn

import msgspec
import structlog

from gerbang.bills.admit import as_purchase
from gerbang.clock import Clock, SystemClock, business_day
from gerbang.dialects.contract import (
    BalanceView,
    BillView,
    CallbackEvent,
    Credential,
    Inquiry,
    OrderState,
    OrderView,
    Pay,
    PlaceResult,
    ProductKind,
    ProductQuery,
    ProductView,
    Purchase,
    Refusal,
    TicketRequest,
    TicketView,
)
from gerbang.dialects.dialect import Dialect
from gerbang.ids import generate_reference
from gerbang.orders.reasons import Reason
from gerbang.outbound.client import OutboundClient
from gerbang.sandbox import bill_counter
from gerbang.sandbox.bills import FakeBill
from gerbang.sandbox.book import (
    Asked,
    Book,
    Changed,
    Entry,
    FakeOrder,
    Forged,
    Taken,
    Told,
    decode_entry,
    encode_entry,
)
from gerbang.sandbox.dropping import ConnectionDroppedError
from gerbang.sandbox.faults import (
    NO_FAULTS,
    CallbackFault,
    FaultSettings,
    OtherFault,
    ReplyFault,
    happens,
    pick_callback_fault,
    pick_reply_fault,
)
from gerbang.sandbox.journal import Journal
from gerbang.sandbox.magic import Later, LaterKind, Plan, plan_for
from gerbang.sandbox.serials import make_serial
from gerbang.sandbox.spoiling import spoil_reply
from gerbang.sandbox.teller import Teller
from gerbang.sandbox.tickets import sample_ticket

log = structlog.get_logger()

PRICE_DEFAULT: Final = 5_000
OPEN_QUANTITY_MIN: Final = 1_000
"""Dialects that do not say "open denomination" say it by a quantity that is an amount."""
EARLY_CALLBACK_WAIT_S: Final = 2.0
PRICE_CHANGE_PERCENT: Final = 10

_FIRST_STATE: Final = {
    "success": OrderState.SUCCESS,
    "success_without_sn": OrderState.SUCCESS,
    "drop_after_taking": OrderState.SUCCESS,
    "drop_before_taking": OrderState.SUCCESS,
    "rejected": OrderState.FAILED,
    "pending": OrderState.PENDING,
}
_STATE_OF_STEP: Final[Mapping[LaterKind, OrderState]] = {
    "success": OrderState.SUCCESS,
    "serial_number": OrderState.SUCCESS,
    "failed": OrderState.FAILED,
    "reversed": OrderState.REVERSED,
}
_EVENT_OF_STEP: Final[Mapping[LaterKind, CallbackEvent]] = {
    "success": CallbackEvent.SUCCESS,
    "serial_number": CallbackEvent.SN_RECEIVED,
    "failed": CallbackEvent.FAILED,
    "reversed": CallbackEvent.REVERSED,
}


class FakeSupplierSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What one fake supplier is."""

    credential: Credential
    callback_url: str = ""
    """Empty: no callbacks at all."""
    prices: Mapping[str, int] = {}
    """Rupiah by product code; others cost Rp5,000."""
    orders_max: int = 1_000_000
    """Each is kept in memory, at about a kilobyte; further ones are refused."""
    bills: Mapping[str, FakeBill] = {}
    """What can be asked about, by product code; nothing else can."""
    faults: FaultSettings = NO_FAULTS


class FakeSupplierGateway:
    """A supplier in one file: satisfies `contract.Gateway`."""

    def __init__(
        self,
        dialect: Dialect,
        settings: FakeSupplierSettings,
        journal: Journal,
        client: OutboundClient,
    ) -> None:
        """Remember everything that the journal holds; `resume` makes it go on."""
        self.clock: Clock = SystemClock()
        self.journal = journal
        self.book = Book()
        self._settings = settings
        self._teller = Teller(dialect, settings.credential, settings.callback_url, client)
        self._questions: Counter[str] = Counter()
        self._lives: set[asyncio.Task[None]] = set()
        for line in journal.read():
            self.book.apply(decode_entry(line))

    # --- life of the process -------------------------------------------------------------------

    def resume(self) -> int:
        """Go on with every order that has events before it; say how many there are."""
        for order in self.book.orders.values():
            self._start_life(order)
        return len(self._lives)

    async def close(self) -> None:
        """Stop; what is unfinished goes on after the next start."""
        for life in self._lives:
            life.cancel()
        await asyncio.gather(*self._lives, return_exceptions=True)
        await self.journal.close()

    # --- contract.Gateway ----------------------------------------------------------------------

    def find_credential(self, dialect: str, key: str) -> Credential | None:
        """Accept the one credential."""
        credential = self._settings.credential
        return credential if (dialect, key) == (credential.dialect, credential.key) else None

    def check_access(
        self, credential: Credential, client_ip: str, *, counted: bool = True
    ) -> Reason | None:
        """Welcome everybody."""
        _ = credential, client_ip, counted
        return None

    async def place(self, credential: Credential, purchase: Purchase) -> PlaceResult:
        """Count the request, take the order once, and answer when the journal has it on disk."""
        _ = credential
        reference = purchase.reference or generate_reference()
        if self._is_full(reference):
            return Refusal(reason=Reason.MAINTENANCE)
        fault = self._pick_reply_fault("purchase", reference, self.book.requests[reference])
        if fault is ReplyFault.DROP_BEFORE:
            await self._drop_before_taking(reference)
        result = await self._place(reference, purchase)
        self._spoil(fault)
        return result

    async def inquire(self, credential: Credential, inquiry: Inquiry) -> BillView | Refusal:
        """Show a bill; what was shown is on disk before it is answered."""
        _ = credential
        reference = inquiry.reference or generate_reference()
        count = self.book.looks[inquiry.product_code, inquiry.customer_no]
        fault = self._pick_reply_fault("inquiry", f"{reference}/{inquiry.customer_no}", count)
        entry, shown = bill_counter.inquire(
            self.book, self._settings.bills, inquiry, reference, at=self.clock.now()
        )
        if entry is not None:
            await self._record(entry)
        self._spoil(fault)
        return shown

    async def pay(self, credential: Credential, payment: Pay) -> PlaceResult:
        """Count the request, pay the bill once, and answer when the journal has it on disk."""
        _ = credential
        reference = payment.reference or generate_reference()
        if self._is_full(reference):
            return Refusal(reason=Reason.MAINTENANCE)
        fault = self._pick_reply_fault("purchase", reference, self.book.requests[reference])
        if fault is ReplyFault.DROP_BEFORE:
            await self._drop_before_taking(reference)
        result = await self._pay(reference, payment)
        self._spoil(fault)
        return result

    async def refuse(
        self, credential: Credential, purchase: Purchase, refusal: Refusal
    ) -> PlaceResult:
        """Refuse, unless the reference is known."""
        _ = credential
        known = self.book.orders.get(purchase.reference or "")
        return known.view(balance=self.book.balance, known=True) if known else refusal

    async def find_order(
        self, credential: Credential, reference: str, *, testing: bool
    ) -> OrderView | None:
        """Find an order; what is seen here is on disk."""
        _ = credential, testing
        if len(self._questions) >= self._settings.orders_max:
            self._questions.clear()
        self._questions[reference] += 1
        fault = self._pick_reply_fault("status", reference, self._questions[reference])
        shown = await self._show(self.book.orders.get(reference))
        self._spoil(fault)
        return shown

    async def find_latest_order(
        self, credential: Credential, *, destination: str, product_code: str, testing: bool
    ) -> OrderView | None:
        """Find the newest order of today to a destination."""
        _ = credential, testing
        order = self.book.latest(destination, product_code)
        today = business_day(self.clock.now())
        if order is None or business_day(order.taken.at) != today:
            return None
        return await self._show(order)

    async def balance(self, credential: Credential) -> BalanceView:
        """Say what the buyer has left."""
        buyer = credential.reseller
        return BalanceView(
            name=buyer.name,
            code=buyer.code,
            balance=self.book.balance,
            checked_at=self.clock.now(),
        )

    def list_products(
        self, credential: Credential, query: ProductQuery
    ) -> tuple[list[ProductView], str | None]:
        """List the priced products; every other code can be bought too."""
        _ = credential
        bills = self._settings.bills
        if query.kind not in (None, ProductKind.PREPAID):
            return [], None
        every = {*self._settings.prices, *bills}
        codes = sorted(every) if query.code is None else [query.code]
        left = [code for code in codes if query.after is None or code > query.after]
        page = left[: query.limit]
        more = page[-1] if len(left) > len(page) else None
        return [self._product(code) for code in page], more

    def _product(self, code: str) -> ProductView:
        fake = self._settings.bills.get(code)
        if fake is None:
            return _product(code, self._unit_price(code))
        return bill_counter.bill_product(code, fake, token_price=self._settings.prices.get(code))

    async def open_ticket(
        self, credential: Credential, request: TicketRequest
    ) -> TicketView | Refusal:
        """Give a ticket that nobody will pay."""
        _ = credential
        return sample_ticket(request, now=self.clock.now())

    # --- taking --------------------------------------------------------------------------------

    async def _place(self, reference: str, purchase: Purchase) -> PlaceResult:
        known = self.book.orders.get(reference)
        if known is not None:
            await self._record(Asked(reference=reference, at=self.clock.now()))
            return self._repeat(known, purchase)
        plan = plan_for(purchase.destination)
        return await self._take_over(reference, plan, self._take(reference, purchase, plan))

    async def _pay(self, reference: str, payment: Pay) -> PlaceResult:
        known = self.book.orders.get(reference)
        if known is not None:
            await self._record(Asked(reference=reference, at=self.clock.now()))
            return self._repeat(known, as_purchase(payment))
        bills, now = self._settings.bills, self.clock.now()
        quoted = bill_counter.quote_to_pay(self.book, bills, payment, at=now)
        if isinstance(quoted, Refusal):
            await self._record(Asked(reference=reference, at=now))
            return quoted
        plan = bill_counter.plan_of_payment(payment.customer_no)
        state = _FIRST_STATE[plan.on_request]
        with_sn = state is OrderState.SUCCESS and plan.on_request != "success_without_sn"
        taken = bill_counter.take(
            payment,
            quoted,
            reference=reference,
            number=self.book.next_id(),
            at=now,
            state=state,
            sn=make_serial(reference, "").sn if with_sn else "",
            plan=plan,
            price_change=self._price_change(reference, quoted.fee),
        )
        return await self._take_over(reference, plan, taken)

    async def _take_over(self, reference: str, plan: Plan, taken: Taken) -> PlaceResult:
        """Take an order as planned, and let it live."""
        if plan.on_request == "drop_before_taking" and not self.book.requests[reference]:
            await self._drop_before_taking(reference)
        await self._record(taken)
        order = self.book.orders[reference]
        view = order.view(balance=self.book.balance)
        life = self._start_life(order)
        if plan.on_request == "drop_after_taking":
            raise ConnectionDroppedError
        if life is not None and self._callback_fault(order, 0) is CallbackFault.BEFORE_REPLY:
            await asyncio.wait({life}, timeout=EARLY_CALLBACK_WAIT_S)
        return view

    def _is_full(self, reference: str) -> bool:
        requests = self.book.requests
        return len(requests) >= self._settings.orders_max and reference not in requests

    async def _drop_before_taking(self, reference: str) -> NoReturn:
        await self._record(Asked(reference=reference, at=self.clock.now()))
        raise ConnectionDroppedError

    async def _record(self, entry: Entry) -> None:
        self.book.apply(entry)
        await self.journal.append(encode_entry(entry))

    async def _show(self, order: FakeOrder | None) -> OrderView | None:
        await self.journal.flushed()
        return None if order is None else order.view(balance=self.book.balance)

    def _repeat(self, known: FakeOrder, purchase: Purchase) -> PlaceResult:
        view = known.view(balance=self.book.balance, known=True)
        asked = (purchase.product_code, purchase.destination, purchase.quantity or 1)
        if asked == (view.product_code, view.destination, view.quantity):
            return view
        return Refusal(reason=Reason.REFERENCE_REUSED, known_order=view)

    def _take(self, reference: str, purchase: Purchase, plan: Plan) -> Taken:
        state = _FIRST_STATE[plan.on_request]
        with_sn = state is OrderState.SUCCESS and plan.on_request != "success_without_sn"
        serial = make_serial(reference, purchase.product_code) if with_sn else None
        kind = _kind(purchase)
        return Taken(
            reference=reference,
            at=self.clock.now(),
            id=self.book.next_id(),
            product_code=purchase.product_code,
            destination=purchase.destination,
            quantity=purchase.quantity or 1,
            counter=purchase.counter or 1,
            kind=kind,
            price=self._price(reference, purchase, kind),
            state=state,
            sn=serial.sn if serial else "",
            reason=plan.reason if state is OrderState.FAILED else None,
            data=serial.data if serial else None,
        )

    def _price(self, reference: str, purchase: Purchase, kind: ProductKind) -> int:
        quantity = purchase.quantity or 1
        if kind is ProductKind.OPEN:
            price = quantity + self._settings.prices.get(purchase.product_code, 0)
        else:
            price = quantity * self._unit_price(purchase.product_code)
        return price + self._price_change(reference, price)

    def _price_change(self, reference: str, price: int) -> int:
        changed = happens(self._settings.faults, OtherFault.PRICE_CHANGE, reference)
        return price * PRICE_CHANGE_PERCENT // 100 if changed else 0

    def _unit_price(self, code: str) -> int:
        return self._settings.prices.get(code, PRICE_DEFAULT)

    # --- what happens later --------------------------------------------------------------------

    def _start_life(self, order: FakeOrder) -> asyncio.Task[None] | None:
        later = _plan_of(order).later
        told = not later or order.steps_told >= len(later) or not later[-1].callback
        if order.steps_done >= len(later) and told:
            return None
        life = asyncio.create_task(self._live(order))
        self._lives.add(life)
        life.add_done_callback(self._lives.discard)
        return life

    async def _live(self, order: FakeOrder) -> None:
        plan = _plan_of(order)
        for index, step in enumerate(plan.later):
            fault = self._callback_fault(order, index)
            if index >= order.steps_done:
                if fault is not CallbackFault.BEFORE_REPLY:
                    await self._sleep_until_due(order, step)
                await self._record(self._change(order, plan, index))
            if step.callback and index >= order.steps_told:
                await self._tell(order, index, _EVENT_OF_STEP[step.kind], fault)

    async def _sleep_until_due(self, order: FakeOrder, step: Later) -> None:
        age_s = (self.clock.now() - order.taken.at).total_seconds()
        await asyncio.sleep(max(0.0, step.after_ms / 1000 - age_s))

    def _change(self, order: FakeOrder, plan: Plan, index: int) -> Changed:
        step = plan.later[index]
        state = _STATE_OF_STEP[step.kind]
        sn, data = order.sn, order.data
        if state is OrderState.SUCCESS and not sn:
            bill = order.taken.kind is ProductKind.POSTPAID
            code = "" if bill else order.taken.product_code
            serial = make_serial(order.taken.reference, code)
            sn, data = serial.sn, data if bill else serial.data
        return Changed(
            reference=order.taken.reference,
            at=self.clock.now(),
            step=index,
            state=state,
            sn=sn,
            reason=None if state is OrderState.SUCCESS else plan.reason,
            data=data,
        )

    async def _tell(
        self, order: FakeOrder, index: int, event: CallbackEvent, fault: CallbackFault | None
    ) -> None:
        if fault is CallbackFault.WRONG_SIGNATURE:
            believed = await self._teller.forge(order, event, balance=self.book.balance)
            if believed is not None:
                self._note(
                    Forged(reference=order.taken.reference, at=self.clock.now(), believed=believed)
                )
        acknowledged = await self._teller.tell(order, event, fault, balance=self.book.balance)
        reference = order.taken.reference
        self._note(
            Told(reference=reference, at=self.clock.now(), step=index, acknowledged=acknowledged)
        )

    def _note(self, entry: Entry) -> None:
        """Record what need not be on disk at once: after a kill it happens once more."""
        self.book.apply(entry)
        self.journal.append(encode_entry(entry))

    # --- faults ------------------------------------------------------------------------------

    def _pick_reply_fault(self, what: str, reference: str, count: int) -> ReplyFault | None:
        return pick_reply_fault(self._settings.faults, reference, f"{what} {count}")

    def _callback_fault(self, order: FakeOrder, step: int) -> CallbackFault | None:
        return pick_callback_fault(self._settings.faults, order.taken.reference, step)

    def _spoil(self, fault: ReplyFault | None) -> None:
        if fault in (ReplyFault.DROP_BEFORE, ReplyFault.DROP_AFTER):
            raise ConnectionDroppedError
        if fault is not None:
            spoil_reply(fault, self._settings.faults)


def _plan_of(order: FakeOrder) -> Plan:
    """Say what an order goes through: bills have a table of their own."""
    if order.taken.kind is ProductKind.POSTPAID:
        return bill_counter.plan_of_payment(order.taken.destination)
    return plan_for(order.taken.destination)


def _kind(purchase: Purchase) -> ProductKind:
    amount = purchase.quantity or 0
    only_open = purchase.kinds <= {ProductKind.OPEN}
    if amount and (only_open or amount >= OPEN_QUANTITY_MIN):
        return ProductKind.OPEN
    return ProductKind.GAME if purchase.kinds == {ProductKind.GAME} else ProductKind.PREPAID


def _product(code: str, price: int) -> ProductView:
    return ProductView(
        code=code,
        name=code,
        category="",
        brand="",
        kind=ProductKind.PREPAID,
        price=price,
        admin=None,
        status="open",
        cut_off_start="",
        cut_off_end="",
        desc="",
    )
