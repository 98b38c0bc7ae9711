"""An in-memory Gateway for the tests of dialects, and a way to send requests into their routes.

It keeps just enough of the core's promises for a dialect to be tested: references are known,
content is compared, balances fall, and a test scripts what happens to the next purchase.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import msgspec
from starlette.applications import Starlette
from starlette.routing import BaseRoute
from starlette.types import Message

from dialects.bill_stand_in import BillStandIn
from gerbang.clock import Clock, FixedClock, business_day
from gerbang.dialects.contract import (
    BalanceView,
    Credential,
    OrderState,
    OrderView,
    PlaceResult,
    ProductKind,
    ProductQuery,
    ProductView,
    Purchase,
    Refusal,
    ResellerView,
    TicketRequest,
    TicketView,
    Uncertain,
)
from gerbang.orders.reasons import Reason
from gerbang.outbound.message import Answered, HttpRequest
from gerbang.sandbox.tickets import sample_ticket

NOON: Final = datetime(2026, 5, 31, 5, 36, 46, tzinfo=UTC)
"""12:36:46 in WIB."""


class Scripted(msgspec.Struct, frozen=True, kw_only=True):
    """What happens to the next purchase that is taken."""

    state: OrderState = OrderState.SUCCESS
    sn: str = "1234-5678-9012-3456"
    reason: Reason | None = None
    message: str = ""
    data: Mapping[str, Any] | None = None


PENDING: Final = Scripted(state=OrderState.PENDING, sn="")

Script = Scripted | Refusal | Uncertain | Exception


def make_reseller(**changes: Any) -> ResellerView:
    """Give a reseller called DEMO; `changes` replace members."""
    members: dict[str, Any] = {
        "id": 7,
        "code": "DEMO",
        "name": "Demo Member",
        "status": "active",
        "account_id": 70,
        "settings": {},
        "pending_reply_wait_ms": {},
    }
    return ResellerView(**(members | changes))


def make_credential(dialect: str, key: str, **changes: Any) -> Credential:
    """Give a live credential of the reseller DEMO; `changes` replace members."""
    members: dict[str, Any] = {
        "id": 1,
        "reseller": make_reseller(),
        "dialect": dialect,
        "key": key,
        "secrets": {},
        "testing": False,
    }
    return Credential(**(members | changes))


def make_product(code: str, **changes: Any) -> ProductView:
    """Give an open prepaid product at Rp5,400; `changes` replace members."""
    members: dict[str, Any] = {
        "code": code,
        "name": code,
        "category": "Pulsa",
        "brand": "",
        "kind": ProductKind.PREPAID,
        "price": 5_400,
        "admin": None,
        "status": "open",
        "cut_off_start": "",
        "cut_off_end": "",
        "desc": "",
    }
    return ProductView(**(members | changes))


DEMO_PRODUCTS: Final = (
    make_product("TSEL21", name="Telkomsel 21.000", brand="Telkomsel", price=21_425),
    make_product("HSA5", name="Pulsa 5.000"),
    make_product("X10", name="XL 10.000", brand="XL", price=10_500),
    make_product("IP30", name="Indosat 30.000", brand="Indosat", price=30_442),
    make_product("ML86", name="86 Diamonds", category="Game", kind=ProductKind.GAME, price=20_000),
    make_product("GP", name="Saldo Game", category="Game", kind=ProductKind.OPEN, price=1_000),
    make_product("OVO", name="Saldo E-money", category="E-Money", kind=ProductKind.OPEN, price=500),
    make_product("MPBPJS", name="BPJS", kind=ProductKind.POSTPAID, price=None, admin=2_700),
    make_product("DEAD", name="Closed product", status="closed"),
)


class StandInGateway(BillStandIn):
    """A Gateway that remembers in dictionaries; satisfies `contract.Gateway`."""

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        credentials: Iterable[Credential] = (),
        products: Iterable[ProductView] = DEMO_PRODUCTS,
        balance: int = 100_000_000,
    ) -> None:
        super().__init__()
        self.clock: Clock = clock or FixedClock(NOON)
        self.credentials = {(one.dialect, one.key): one for one in credentials}
        self.products = {one.code: one for one in products}
        self.orders: dict[tuple[int, bool, str], OrderView] = {}
        self.by_signature: dict[tuple[int, str], tuple[int, bool, str]] = {}
        self.script: deque[Script] = deque()
        """What happens to the next purchases, in order; empty: success with a serial number."""
        self.balance_now = balance
        self.access: Callable[[Credential, str], Reason | None] = lambda _credential, _ip: None
        self.same_day_rule = False
        self.placed: list[Purchase] = []
        """Every purchase that reached `place`, before deduplication."""
        self.refused: list[tuple[Purchase, Refusal]] = []
        self.ticket_refusal: Refusal | None = None
        self.tickets: list[TicketRequest] = []

    # --- the Gateway --------------------------------------------------------------------------

    def find_credential(self, dialect: str, key: str) -> Credential | None:
        return self.credentials.get((dialect, key))

    def check_access(
        self, credential: Credential, client_ip: str, *, counted: bool = True
    ) -> Reason | None:
        return self.access(credential, client_ip)

    async def place(self, credential: Credential, purchase: Purchase) -> PlaceResult:
        self.placed.append(purchase)
        if known := self._known(credential, purchase):
            return _compare(known, purchase)
        step = self.script.popleft() if self.script else Scripted()
        if isinstance(step, Exception):
            raise step
        if isinstance(step, Refusal | Uncertain):
            return step
        refusal = self._refusal(credential, purchase)
        return refusal or self._create(credential, purchase, step)

    async def refuse(
        self, credential: Credential, purchase: Purchase, refusal: Refusal
    ) -> PlaceResult:
        if known := self._known(credential, purchase):
            return _compare(known, purchase)
        self.refused.append((purchase, refusal))
        return refusal

    async def find_order(
        self, credential: Credential, reference: str, *, testing: bool
    ) -> OrderView | None:
        order = self.orders.get((credential.reseller.id, testing, reference))
        return self._with_balance(order) if order else None

    async def find_latest_order(
        self, credential: Credential, *, destination: str, product_code: str, testing: bool
    ) -> OrderView | None:
        today = business_day(self.clock.now())
        orders = [
            order
            for (reseller, _, _), order in self.orders.items()
            if reseller == credential.reseller.id
            and (order.destination, order.product_code) == (destination, product_code)
            and order.testing == testing
            and business_day(order.created_at) == today
        ]
        return self._with_balance(orders[-1]) if orders else None

    async def balance(self, credential: Credential) -> BalanceView:
        return BalanceView(
            name=credential.reseller.name,
            code=credential.reseller.code,
            balance=self.balance_now,
            checked_at=self.clock.now(),
        )

    def list_products(
        self, credential: Credential, query: ProductQuery
    ) -> tuple[list[ProductView], str | None]:
        found = [
            one
            for one in sorted(self.products.values(), key=lambda one: one.code)
            if query.code in (None, one.code)
            and query.category in (None, one.category)
            and query.brand in (None, one.brand)
            and query.kind in (None, one.kind)
            and (query.after is None or one.code > query.after)
        ]
        page = found[: query.limit]
        return page, page[-1].code if len(found) > query.limit else None

    async def open_ticket(
        self, credential: Credential, request: TicketRequest
    ) -> TicketView | Refusal:
        self.tickets.append(request)
        return self.ticket_refusal or sample_ticket(request, now=self.clock.now())

    # --- for tests ----------------------------------------------------------------------------

    def change(self, reference: str, **members: Any) -> OrderView:
        """Change a stored order, for example its state; gives the new view."""
        key = next(key for key in self.orders if key[2] == reference)
        changed = msgspec.structs.replace(
            self.orders[key], **{"updated_at": self.clock.now(), **members}
        )
        self.orders[key] = changed
        return changed

    def order(self, reference: str) -> OrderView:
        """Give the stored order of a reference."""
        return next(order for key, order in self.orders.items() if key[2] == reference)

    # --- inside -------------------------------------------------------------------------------

    def _known(self, credential: Credential, purchase: Purchase) -> OrderView | None:
        if purchase.reference is None:
            key = self.by_signature.get((credential.id, purchase.signature))
        else:
            key = (credential.reseller.id, purchase.testing, purchase.reference)
        order = self.orders.get(key) if key else None
        return self._with_balance(order, known=True) if order else None

    def _refusal(self, credential: Credential, purchase: Purchase) -> Refusal | None:
        product = self.products.get(purchase.product_code)
        if product is None:
            return Refusal(reason=Reason.PRODUCT_NOT_FOUND)
        if product.kind not in purchase.kinds:
            return Refusal(reason=Reason.PRODUCT_WRONG_KIND, product_name=product.name)
        if product.status != "open":
            return Refusal(reason=Reason.PRODUCT_CLOSED, product_name=product.name)
        if self.same_day_rule and (twin := self._same_day(credential, purchase)):
            return Refusal(reason=Reason.DUPLICATE_SAME_DAY, known_order=twin)
        return self._money_refusal(product, purchase)

    def _money_refusal(self, product: ProductView, purchase: Purchase) -> Refusal | None:
        price = _price(product, purchase.quantity)
        if price is None or (product.kind is ProductKind.OPEN and purchase.quantity is None):
            wrong = Reason.INVALID_QUANTITY if price else Reason.PRICE_NOT_SET
            return Refusal(reason=wrong, product_name=product.name)
        if purchase.price_max is not None and price > purchase.price_max:
            return Refusal(reason=Reason.PRICE_ABOVE_LIMIT, price=price, product_name=product.name)
        if not purchase.testing and price > self.balance_now:
            return Refusal(
                reason=Reason.INSUFFICIENT_BALANCE,
                price=price,
                balance=self.balance_now,
                product_name=product.name,
            )
        return None

    def _same_day(self, credential: Credential, purchase: Purchase) -> OrderView | None:
        wanted = (purchase.product_code, purchase.destination, purchase.counter or 1)
        for (reseller, testing, _), one in self.orders.items():
            content = (one.product_code, one.destination, one.counter)
            if (reseller, testing) == (credential.reseller.id, purchase.testing) and (
                content == wanted and one.state is not OrderState.FAILED
            ):
                return one
        return None

    def _create(self, credential: Credential, purchase: Purchase, step: Scripted) -> OrderView:
        product = self.products[purchase.product_code]
        price = _price(product, purchase.quantity) or 0
        number = len(self.orders) + 1
        order = OrderView(
            id=number,
            reference=purchase.reference or f"TRX{number:012d}",
            state=step.state,
            product_code=product.code,
            product_name=product.name,
            kind=product.kind,
            destination=purchase.destination,
            quantity=purchase.quantity or 1,
            counter=purchase.counter or 1,
            price=price,
            sn=step.sn if step.state is OrderState.SUCCESS else "",
            reason=step.reason,
            message=step.message,
            testing=purchase.testing,
            created_at=self.clock.now(),
            updated_at=self.clock.now(),
            data=step.data,
        )
        if not order.testing and order.state in (OrderState.PENDING, OrderState.SUCCESS):
            self.balance_now -= price
        key = (credential.reseller.id, order.testing, order.reference)
        self.orders[key] = order
        if purchase.reference is None:
            self.by_signature[(credential.id, purchase.signature)] = key
        return self._with_balance(order)

    def _with_balance(self, order: OrderView, *, known: bool = False) -> OrderView:
        return msgspec.structs.replace(order, balance=self.balance_now, known=known)


def _price(product: ProductView, quantity: int | None) -> int | None:
    if product.price is None:
        return None
    if product.kind is ProductKind.OPEN:
        return product.price + (quantity or 0)
    return product.price * (quantity or 1)


def _compare(known: OrderView, purchase: Purchase) -> PlaceResult:
    """Give the stored order, or refuse other content by name where the dialect wants that."""
    content = (known.product_code, known.destination, known.quantity)
    wanted = (purchase.product_code, purchase.destination, purchase.quantity or 1)
    if content == wanted or purchase.dialect == "socx":
        return known
    return Refusal(reason=Reason.REFERENCE_REUSED, known_order=known)


async def send(
    routes: Sequence[BaseRoute], request: HttpRequest, *, client_ip: str = "203.0.113.7"
) -> Answered:
    """Send one request into a dialect's routes, through Starlette, and give the whole answer.

    What a client half builds can be sent as it is.
    """
    parts = urlsplit(request.url)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": parts.scheme or "http",
        "path": unquote(parts.path) or "/",
        "raw_path": parts.path.encode(),
        "root_path": "",
        "query_string": parts.query.encode(),
        "headers": [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in request.headers],
        "client": (client_ip, 40_000),
        "server": ("gerbang.test", 80),
    }
    sent: list[Message] = []
    inbox: deque[Message] = deque(
        [{"type": "http.request", "body": request.body, "more_body": False}]
    )

    async def receive() -> Message:
        return inbox.popleft() if inbox else {"type": "http.disconnect"}

    async def take(message: Message) -> None:
        sent.append(message)

    await Starlette(routes=list(routes))(scope, receive, take)
    return Answered(
        status=sent[0]["status"],
        headers=tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in sent[0]["headers"]),
        body=b"".join(message.get("body", b"") for message in sent[1:]),
    )
