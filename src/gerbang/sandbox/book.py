"""What a fake supplier remembers: orders and counts, rebuilt from its journal; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from gerbang.dialects.contract import OrderState, OrderView, ProductKind
from gerbang.orders.reasons import Reason

FLOAT: Final = 1_000_000_000_000
"""The rupiah that a buyer has at a fake supplier to begin with."""


class Asked(msgspec.Struct, frozen=True, kw_only=True, tag="asked", tag_field="event"):
    """A purchase request that made no order: a repeat, or one that was dropped."""

    reference: str
    at: datetime


class Taken(msgspec.Struct, frozen=True, kw_only=True, tag="taken", tag_field="event"):
    """A purchase request that made an order."""

    reference: str
    at: datetime
    id: int
    product_code: str
    destination: str
    quantity: int
    counter: int
    kind: ProductKind
    price: int
    state: OrderState
    sn: str = ""
    reason: Reason | None = None
    data: Mapping[str, Any] | None = None
    share: int = 0
    """What the buyer gets back of a bill's fee."""


class Inquired(msgspec.Struct, frozen=True, kw_only=True, tag="inquired", tag_field="event"):
    """A bill was shown; `looks` is how often it had been looked at before."""

    reference: str
    at: datetime
    product_code: str
    customer_no: str
    amount: int
    looks: int


class Changed(msgspec.Struct, frozen=True, kw_only=True, tag="changed", tag_field="event"):
    """A later step of an order's plan happened."""

    reference: str
    at: datetime
    step: int
    state: OrderState
    sn: str = ""
    reason: Reason | None = None
    data: Mapping[str, Any] | None = None


class Told(msgspec.Struct, frozen=True, kw_only=True, tag="told", tag_field="event"):
    """The callback of a step was acknowledged, or given up."""

    reference: str
    at: datetime
    step: int
    acknowledged: bool


class Forged(msgspec.Struct, frozen=True, kw_only=True, tag="forged", tag_field="event"):
    """A callback with a wrong signature was sent; `believed` means that it was acknowledged."""

    reference: str
    at: datetime
    believed: bool


Entry = Asked | Taken | Inquired | Changed | Told | Forged

_encode: Final = msgspec.json.Encoder().encode
_decoder: Final = msgspec.json.Decoder(Entry)


def encode_entry(entry: Entry) -> bytes:
    """Write one line of the journal."""
    return _encode(entry)


def decode_entry(line: bytes) -> Entry:
    """Read one line of the journal."""
    entry: Entry = _decoder.decode(line)
    return entry


class FakeOrder(msgspec.Struct, kw_only=True):
    """An order as the fake supplier has it now."""

    taken: Taken
    state: OrderState
    sn: str
    reason: Reason | None
    data: Mapping[str, Any] | None
    updated_at: datetime
    steps_done: int = 0
    steps_told: int = 0
    deliveries: int = 0
    callbacks_acknowledged: int = 0

    def view(self, *, balance: int, known: bool = False) -> OrderView:
        """Show it as a dialect wants it."""
        taken = self.taken
        return OrderView(
            id=taken.id,
            reference=taken.reference,
            state=self.state,
            product_code=taken.product_code,
            product_name=taken.product_code,
            kind=taken.kind,
            destination=taken.destination,
            quantity=taken.quantity,
            counter=taken.counter,
            price=taken.price,
            sn=self.sn,
            reason=self.reason,
            message="",
            testing=False,
            created_at=taken.at,
            updated_at=self.updated_at,
            balance=balance,
            known=known,
            data=self.data,
        )


class Book:
    """Every order, and how often each reference was asked for."""

    def __init__(self) -> None:
        """Start empty."""
        self.orders: dict[str, FakeOrder] = {}
        self.requests: Counter[str] = Counter()
        self.forgeries = 0
        self.forgeries_believed = 0
        self.spent = 0
        self._latest: dict[tuple[str, str], str] = {}
        self.looks: Counter[tuple[str, str]] = Counter()
        self._sessions: dict[str, Inquired] = {}
        self._latest_session: dict[tuple[str, str], Inquired] = {}

    @property
    def balance(self) -> int:
        """Rupiah left; failed and reversed orders give theirs back."""
        return FLOAT - self.spent

    def next_id(self) -> int:
        """Number the next order."""
        return len(self.orders) + 1

    def latest(self, destination: str, product_code: str) -> FakeOrder | None:
        """Find the newest order of a product to a destination."""
        reference = self._latest.get((destination, product_code))
        return self.orders[reference] if reference is not None else None

    def session(self, reference: str | None, code: str, customer_no: str) -> Inquired | None:
        """Find what was shown under a reference; without one the newest of code and customer."""
        if reference is not None:
            return self._sessions.get(reference)
        return self._latest_session.get((code, customer_no))

    def apply(self, entry: Entry) -> None:
        """Make what an entry says true."""
        match entry:
            case Asked():
                self.requests[entry.reference] += 1
            case Taken():
                self._take(entry)
            case Inquired():
                customer = (entry.product_code, entry.customer_no)
                self.looks[customer] += 1
                self._sessions[entry.reference] = self._latest_session[customer] = entry
            case Changed():
                self._change(self.orders[entry.reference], entry)
            case Told():
                order = self.orders[entry.reference]
                order.steps_told = entry.step + 1
                order.callbacks_acknowledged += entry.acknowledged
            case Forged():
                self.forgeries += 1
                self.forgeries_believed += entry.believed

    def _take(self, entry: Taken) -> None:
        self.requests[entry.reference] += 1
        self._latest[entry.destination, entry.product_code] = entry.reference
        self.spent += 0 if entry.state is OrderState.FAILED else entry.price - entry.share
        self.orders[entry.reference] = FakeOrder(
            taken=entry,
            state=entry.state,
            sn=entry.sn,
            reason=entry.reason,
            data=entry.data,
            updated_at=entry.at.astimezone(UTC),
            deliveries=int(entry.state is OrderState.SUCCESS),
        )

    def _change(self, order: FakeOrder, entry: Changed) -> None:
        if entry.state is not order.state:
            order.deliveries += entry.state is OrderState.SUCCESS
            if entry.state in (OrderState.FAILED, OrderState.REVERSED):
                self.spent -= order.taken.price - order.taken.share
        order.state, order.sn, order.reason = entry.state, entry.sn, entry.reason
        order.data, order.updated_at = entry.data, entry.at
        order.steps_done = entry.step + 1

    def stats(self, *, references: bool = True) -> dict[str, Any]:
        """Count; with `references` also each of them."""
        states = Counter(order.state.value for order in self.orders.values())
        deliveries = [order.deliveries for order in self.orders.values()]
        counts: dict[str, Any] = {
            "orders": len(self.orders),
            "requests": self.requests.total(),
            "requests_by_reference_max": max(self.requests.values(), default=0),
            "deliveries_by_reference_max": max(deliveries, default=0),
            "inquiries": self.looks.total(),
            "deliveries_by_bill_max": max(self._deliveries_by_bill().values(), default=0),
            "forgeries": self.forgeries,
            "forgeries_believed": self.forgeries_believed,
            "states": dict(states),
            "balance": self.balance,
        }
        if references:
            counts["references"] = {one: self._reference(one) for one in self.requests}
        return counts

    def _deliveries_by_bill(self) -> Counter[tuple[str, str]]:
        """How often each customer's bill was paid: a buyer's guard keeps it at one."""
        paid: Counter[tuple[str, str]] = Counter()
        for order in self.orders.values():
            if order.taken.kind is ProductKind.POSTPAID:
                paid[order.taken.product_code, order.taken.destination] += order.deliveries
        return paid

    def _reference(self, reference: str) -> dict[str, Any]:
        order = self.orders.get(reference)
        return {
            "requests": self.requests[reference],
            "deliveries": order.deliveries if order else 0,
            "state": order.state.value if order else None,
            "sn": order.sn if order else "",
            "destination": order.taken.destination if order else "",
            "price": order.taken.price if order else 0,
            "callbacks_acknowledged": order.callbacks_acknowledged if order else 0,
        }
