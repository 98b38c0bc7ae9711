"""What the core and a dialect's server and callback halves say to each other; nothing does I/O.

A *server half* turns a reseller's bytes into the neutral requests below, calls the `Gateway` it is
handed and encodes the neutral replies. A *callback half* encodes what we tell a reseller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

import msgspec

from gerbang.bills.bill import Quote
from gerbang.clock import Clock
from gerbang.orders.reasons import Reason
from gerbang.outbound.message import HttpRequest


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

    def check_access(
        self, credential: Credential, client_ip: str, *, counted: bool = True
    ) -> Reason | None:
        """Check status, dialect enabled, address list, rate and concurrency; None is welcome.

        Not `counted` leaves rate and concurrency out: who proved nothing uses up nobody's rate.
        """
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
