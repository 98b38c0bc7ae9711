"""What the core and a dialect say to each other; nothing here does I/O.

A dialect is a folder with one name, `DIALECT: Dialect`, in its ``__init__.py``. Its *server half*
turns a reseller's bytes into the neutral requests below, calls the `Gateway` it is handed and
encodes the neutral replies. Its *client half* builds requests to a supplier and interprets the
answers. Its *callback half* encodes what we tell a reseller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

import msgspec
from starlette.routing import BaseRoute

from gerbang.bills.bill import Bill, Quote, Service
from gerbang.clock import Clock
from gerbang.dialects.credential_form import CredentialForm
from gerbang.orders.outcome import Outcome, StatusOutcome
from gerbang.orders.reasons import Reason
from gerbang.outbound.message import Answered, HttpRequest, InboundRequest


class OrderState(StrEnum):
    """Where an order stands, as everybody outside the core sees it."""

    PENDING = "pending"
    SUCCESS = "success"
    FAILED = "failed"
    REVERSED = "reversed"


class ProductKind(StrEnum):
    """What sort of thing a product is; decides which command may buy it."""

    PREPAID = "prepaid"
    GAME = "game"
    OPEN = "open"
    """Open denomination: the quantity is the amount in rupiah."""
    POSTPAID = "postpaid"


# --- who asks ---------------------------------------------------------------------------------


class ResellerView(msgspec.Struct, frozen=True, kw_only=True):
    """What a dialect may know about the reseller that asks. Kept in memory, at most a second old.

    `settings` holds per-reseller dialect settings, for example ``otomax.profile``.
    """

    id: int
    code: str
    name: str
    status: str
    account_id: int
    settings: Mapping[str, Any]
    pending_reply_wait_ms: Mapping[str, int]
    """By dialect: how long a reply may wait for the final result (missing: the default)."""
    has_address_list: bool = False
    """Whether an address list limits who may call; weak ways to log in need one."""


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """One way to log in, found by what travels on the wire.

    `secrets` are unsealed in memory only, as `Dialect.credential` names them. `testing`
    credentials make every request a testing one.
    """

    id: int
    reseller: ResellerView
    dialect: str
    key: str
    secrets: Mapping[str, str]
    testing: bool


# --- neutral requests -------------------------------------------------------------------------


class Purchase(msgspec.Struct, frozen=True, kw_only=True):
    """Buy one product. `kinds` are the product kinds this command may buy.

    `reference` None means the reseller sent none: one is generated and `signature` (with the
    credential) is the idempotency key. `quantity` None means not said: 1, or refused for an open
    denomination. `counter` is the trade's n-th order of the same product and number in one day.
    """

    dialect: str
    product_code: str
    destination: str
    kinds: frozenset[ProductKind]
    reference: str | None = None
    quantity: int | None = None
    counter: int | None = None
    testing: bool = False
    signature: str = ""
    price_max: int | None = None


class Inquiry(msgspec.Struct, frozen=True, kw_only=True):
    """Ask what a customer owes; nothing is bought. `amount` is that of an open amount."""

    dialect: str
    product_code: str
    customer_no: str
    reference: str | None = None
    amount: int | None = None
    testing: bool = False


class Pay(msgspec.Struct, frozen=True, kw_only=True):
    """Pay the bill that an inquiry showed.

    `reference` names the order. `inquiry_reference` names the inquiry where the dialect passes
    one; None means the newest inquiry of the product and customer.
    """

    dialect: str
    product_code: str
    customer_no: str
    reference: str | None
    inquiry_reference: str | None = None
    amount: int | None = None
    testing: bool = False
    signature: str = ""
    price_max: int | None = None


class ProductQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which products to list; None means all."""

    code: str | None = None
    category: str | None = None
    brand: str | None = None
    kind: ProductKind | None = None
    after: str | None = None
    limit: int = 1000


class TicketRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for a deposit ticket: `amount` rupiah, to which unique digits and a fee are added."""

    dialect: str
    amount: int
    testing: bool = False


# --- neutral replies --------------------------------------------------------------------------


class OrderView(msgspec.Struct, frozen=True, kw_only=True):
    """An order as it stands; what every reply, status and callback is encoded from.

    `balance` is the reseller's available rupiah after the hold (None when not looked up),
    `known` says that this reference was already known before this request.
    """

    id: int
    reference: str
    state: OrderState
    product_code: str
    product_name: str
    kind: ProductKind
    destination: str
    quantity: int
    counter: int
    price: int
    sn: str
    reason: Reason | None
    message: str
    testing: bool
    created_at: datetime
    updated_at: datetime
    balance: int | None = None
    known: bool = False
    data: Mapping[str, Any] | None = None
    """Details beside the serial number, for example the parts of a PLN token."""
    credential_id: int = 0
    """The credential that ordered; callbacks of a testing one are signed with testing secrets."""


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing was created; the reference stays free (except REFERENCE_REUSED).

    `known_order` is the earlier order where the refusal is about one (REFERENCE_REUSED,
    DUPLICATE_SAME_DAY). `fields` maps field names to what is wrong, for VALIDATION errors.
    """

    reason: Reason
    message: str = ""
    fields: Mapping[str, Sequence[str]] | None = None
    price: int = 0
    balance: int | None = None
    product_name: str = ""
    known_order: OrderView | None = None


class Uncertain(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the order was written is not known yet: say the dialect's *pending*, never failed."""

    reference: str
    price: int
    product_name: str
    created_at: datetime


class BillView(msgspec.Struct, frozen=True, kw_only=True):
    """A bill that was found, as it may be paid until `expires_at`. A name check has no amounts."""

    reference: str
    product_code: str
    product_name: str
    customer_no: str
    quoted: Quote
    testing: bool
    created_at: datetime
    expires_at: datetime
    balance: int | None = None


class BalanceView(msgspec.Struct, frozen=True, kw_only=True):
    """`balance` is available rupiah: what the reseller can spend now, holds taken off."""

    name: str
    code: str
    balance: int
    checked_at: datetime


class ProductView(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the reseller's price list. `price` is None where none is set."""

    code: str
    name: str
    category: str
    brand: str
    kind: ProductKind
    price: int | None
    admin: int | None
    status: str
    cut_off_start: str
    cut_off_end: str
    desc: str
    service: str = ""
    """What a bill is for (`bills.bill.Service`); empty where nothing can be asked about."""


class BankView(msgspec.Struct, frozen=True, kw_only=True):
    """An account of ours that a deposit may be sent to."""

    id: int
    bank_name: str
    account_no: str
    beneficiary_name: str
    active: bool


class TicketView(msgspec.Struct, frozen=True, kw_only=True):
    """A deposit ticket: exactly `grand_total` (amount, unique digits and fee) must come.

    `known` says that it was open before this request.
    """

    id: int
    amount: int
    unique: int
    fee: int
    grand_total: int
    banks: tuple[BankView, ...]
    valid_before: datetime
    testing: bool
    known: bool = False


PlaceResult = OrderView | Refusal | Uncertain


class Gateway(Protocol):
    """What `app.py` hands to a dialect's server half."""

    clock: Clock

    def find_credential(self, dialect: str, key: str) -> Credential | None:
        """Look up an active credential in memory; SocX passes the SHA-256 hex of its token."""
        ...

    def check_access(self, credential: Credential, client_ip: str) -> Reason | None:
        """Check status, dialect enabled, address list, rate and concurrency; None is welcome."""
        ...

    async def place(self, credential: Credential, purchase: Purchase) -> PlaceResult:
        """Buy, idempotently; waits for the final result as long as the reseller's setting says."""
        ...

    async def refuse(
        self, credential: Credential, purchase: Purchase, refusal: Refusal
    ) -> PlaceResult:
        """Log a refusal the dialect decided, unless the reference has an order: then that."""
        ...

    async def inquire(self, credential: Credential, inquiry: Inquiry) -> BillView | Refusal:
        """Ask a supplier what a customer owes, or whose meter it is; moves no money."""
        ...

    async def pay(self, credential: Credential, payment: Pay) -> PlaceResult:
        """Pay a bill that an inquiry showed, idempotently by reference."""
        ...

    async def find_order(
        self, credential: Credential, reference: str, *, testing: bool
    ) -> OrderView | None:
        """Find the reseller's own order by reference, with the balance filled."""
        ...

    async def find_latest_order(
        self, credential: Credential, *, destination: str, product_code: str, testing: bool
    ) -> OrderView | None:
        """Find the reseller's newest order of today (WIB) to a destination."""
        ...

    async def balance(self, credential: Credential) -> BalanceView:
        """Read the reseller's available balance from the database."""
        ...

    def list_products(
        self, credential: Credential, query: ProductQuery
    ) -> tuple[list[ProductView], str | None]:
        """List the reseller's prices from memory; the second value continues the list."""
        ...

    async def open_ticket(
        self, credential: Credential, request: TicketRequest
    ) -> TicketView | Refusal:
        """Open a deposit ticket, or give the one that is open for the same amount."""
        ...


# --- callbacks to resellers ---------------------------------------------------------------------


class CallbackEvent(StrEnum):
    """What a callback tells. The first three are IsiKuota's; a reversal uses FAILED's form."""

    SUCCESS = "order.success"
    FAILED = "order.failed"
    SN_RECEIVED = "order.sn_received"
    REVERSED = "order.reversed"


class CallbackMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One callback to encode: the order as it stood when `event` happened."""

    id: int
    event: CallbackEvent
    occurred_at: datetime
    order: OrderView
    url: str
    secrets: Mapping[str, str]
    """The reseller's current secrets of this dialect (isikuota: secret_key)."""
    settings: Mapping[str, Any]


CallbackEncoder = Callable[[CallbackMessage], HttpRequest]


# --- suppliers ----------------------------------------------------------------------------------


class SupplierView(msgspec.Struct, frozen=True, kw_only=True):
    """What a client half may know of a supplier. `secrets` are unsealed in memory only."""

    id: int
    code: str
    dialect: str
    base_url: str
    secrets: Mapping[str, str]
    settings: Mapping[str, Any]
    callback_ips: Sequence[str] = ()


class SupplierOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt as a supplier sees it. `reference` is ours and unique at that supplier."""

    reference: str
    product_code: str
    destination: str
    quantity: int
    counter: int
    kind: ProductKind
    open_denomination: bool = False


class SupplierInquiry(msgspec.Struct, frozen=True, kw_only=True):
    """One question about a bill as a supplier sees it. `reference` is ours.

    Where it is paid, the payment's `SupplierOrder` has the same reference, code, number and
    quantity. `details_of` is what the answer's details are read as.
    """

    reference: str
    product_code: str
    customer_no: str
    quantity: int
    details_of: Service


class BillFound(msgspec.Struct, frozen=True, kw_only=True):
    """A supplier's bill; `total` is what it would take, its own fee with it."""

    bill: Bill
    total: int


class BillRefused(msgspec.Struct, frozen=True, kw_only=True):
    """No bill; `reroutable` says whether another supplier may know more."""

    reason: Reason
    reroutable: bool
    message: str = ""


class BillUnclear(msgspec.Struct, frozen=True, kw_only=True):
    """No answer, or one that cannot be read: another supplier may be asked at once."""

    message: str = ""


BillAnswer = BillFound | BillRefused | BillUnclear


class BillClient(Protocol):
    """The part of a client half that asks about bills; paying one is `SupplierClient.buy`."""

    binds_total: bool
    """Whether a payment names its inquiry, so that the supplier itself refuses a changed bill.

    Where it does not, the bill is looked at once more right before it is paid.
    """

    def inquire(
        self, supplier: SupplierView, question: SupplierInquiry, *, now: datetime
    ) -> HttpRequest:
        """Build the question. Raises InexpressibleOrderError where the dialect cannot say it."""
        ...

    def read_inquiry(
        self, supplier: SupplierView, question: SupplierInquiry, answer: Answered
    ) -> BillAnswer:
        """Interpret the answer; what is not listed is unclear."""
        ...


class SupplierNews(msgspec.Struct, frozen=True, kw_only=True):
    """What a supplier's callback said of one of our references.

    `confirm_first` asks for a status question before news that contradict something final are
    believed: a failure after a success, a success after a failure. `reference_if_unknown` is tried
    only where nobody knows `reference` (a documented swap of two members), and then confirmed
    first too. `answer` replaces `callback_answer` where the reply depends on the form of the
    callback.
    """

    reference: str
    outcome: StatusOutcome
    confirm_first: bool = False
    reference_if_unknown: str = ""
    answer: Answered | None = None


class CallbackRefused(msgspec.Struct, frozen=True, kw_only=True):
    """A supplier's callback that is not believed: wrong signature, unreadable."""

    message: str
    status: int = 401


class InexpressibleOrderError(Exception):
    """The dialect has no words for this order: nothing can be sent, so another route is next."""


class SupplierClient(Protocol):
    """A dialect's client half: builds requests, interprets answers, sends nothing."""

    def buy(self, supplier: SupplierView, order: SupplierOrder, *, now: datetime) -> HttpRequest:
        """Build the purchase request; the same order gives the same request but for time.

        Raises InexpressibleOrderError where the dialect cannot say it (several pieces, say).
        """
        ...

    def read_buy(self, supplier: SupplierView, order: SupplierOrder, answer: Answered) -> Outcome:
        """Interpret the answer to a purchase; what is not listed is Unknown."""
        ...

    def ask(
        self, supplier: SupplierView, order: SupplierOrder, *, now: datetime
    ) -> HttpRequest | None:
        """Build the status question, or None where this supplier has none."""
        ...

    def read_ask(
        self, supplier: SupplierView, order: SupplierOrder, answer: Answered
    ) -> StatusOutcome:
        """Interpret the answer to a status question."""
        ...

    def ask_balance(self, supplier: SupplierView, *, now: datetime) -> HttpRequest | None:
        """Build the balance question, or None where this supplier has none."""
        ...

    def read_balance(self, supplier: SupplierView, answer: Answered) -> int | None:
        """Read our float at the supplier in rupiah, or None where the answer does not say."""
        ...

    def read_callback(
        self, supplier: SupplierView, request: InboundRequest
    ) -> Sequence[SupplierNews] | CallbackRefused:
        """Check and interpret a callback from the supplier."""
        ...

    def callback_answer(self, *, known: bool) -> Answered:
        """Give the reply the supplier expects; `known` is False for an unknown reference."""
        ...


class LearnRules(msgspec.Struct, frozen=True, kw_only=True):
    """How the truth about an Unknown attempt may be learned (design §2, rule 5).

    A supplier's own settings may narrow these, never widen them. `not_found_answers` 0 means that
    "not found" is no evidence at all. The one exception: where a protocol leaves repeats to each
    installation, `resend_same_reference_declarable` lets a supplier's setting
    ``resend_same_reference: safe`` declare what its operator knows.
    """

    resend_same_reference_safe: bool
    resend_same_reference_declarable: bool = False
    not_found_answers: int = 0
    not_found_quiet_s: int = 0
    ask_again_after_ms: tuple[int, ...] = (2_000, 3_000, 5_000, 10_000, 30_000, 60_000)
    ask_safe_days: int = 90
    """Some suppliers buy again when asked about an older reference."""


class AnswerRule(msgspec.Struct, frozen=True, kw_only=True):
    """One documented supplier answer and what it means; docs/truth-tables.md is made from these."""

    answer: str
    outcome: str
    reason: Reason | None = None
    reroutable: bool = False
    reference_consumed: bool = True
    source: str


class SignatureExplanation(msgspec.Struct, frozen=True, kw_only=True):
    """How we build a signature, and where a wrong one parts from it; never with a secret.

    `steps` are (name, text); secrets stand there as ``<name>``. `differs` is the first kind of
    difference that explains the signature that came: order, spacing, escaping, members, join, hash
    form, secret; ``nothing`` where it is right, ``unexplained`` where no guess fits.
    """

    steps: tuple[tuple[str, str], ...]
    differs: str
    advice: str


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the core knows of a dialect.

    `reasons` maps every `Reason` to the dialect's own word (SocX rc, OtomaX status, IsiKuota
    code); a test proves it complete. `weak` dialects are on only with an address list.
    `example_curl` gives copyable lines for the demo.
    """

    name: str
    title: str
    weak: bool
    reply_wait_ms_default: int
    routes: Callable[[Gateway], Sequence[BaseRoute]]
    client: SupplierClient
    learn: LearnRules
    callback_formats: Mapping[str, CallbackEncoder]
    callback_format_default: str
    callback_events: frozenset[CallbackEvent]
    """Events this dialect's resellers expect; others are not sent."""
    reasons: Mapping[Reason, str]
    answers: Sequence[AnswerRule]
    explain: Callable[[InboundRequest, Credential], SignatureExplanation | None] | None = None
    """Explain a request's signature; None where the dialect signs nothing or it cannot be read."""
    bills: BillClient | None = None
    """How suppliers of this dialect are asked about bills; None where they cannot be."""
    credential: CredentialForm | None = None
    """What resellers log in with; None where no credential can be issued."""
