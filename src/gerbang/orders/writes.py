"""What callers ask the write lane to do with orders: one struct per intention."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from gerbang.dialects.contract import OrderView, Refusal
from gerbang.orders.order import Attempt, Order
from gerbang.orders.outcome import Outcome, StatusOutcome


class PlannedAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """A route that was chosen, and why."""

    supplier_id: int
    route_id: int
    supplier_product_code: str
    cost: int
    explanation: Mapping[str, Any]


class SandboxStep(msgspec.Struct, frozen=True, kw_only=True):
    """What will happen to a testing order, and when."""

    due_at: datetime
    outcome: Mapping[str, Any]


class BillOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What the payment of a bill has beside an order.

    `session_id` is the inquiry that the reseller saw, `inquiry_id` the one that is paid: its id
    becomes that of the attempt. `periods` are what may be paid only once.
    """

    session_id: int
    inquiry_id: int
    biller: str
    periods: tuple[str, ...]
    due: int
    fee: int
    share: int
    supplier_total: int
    data: Mapping[str, Any]


class PlaceOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Write an order, its hold and its first attempt; or find the order of this reference."""

    reseller_id: int
    account_id: int
    credential_id: int
    testing: bool
    dialect: str
    kind: str
    reference: str
    signature_key: str | None
    product_id: int
    product_code: str
    product_name: str
    destination: str
    quantity: int
    counter: int
    same_day: bool
    price: int
    first: PlannedAttempt | None
    steps: tuple[SandboxStep, ...] = ()
    claimed_by: str | None = None
    bill: BillOrder | None = None


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """The order is written."""

    order: Order
    attempt: Attempt | None
    balance: int


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """The reference was known with the same content: here is its order."""

    order: Order
    balance: int


PlaceOutcome = Placed | Known | Refusal


class RecordRefusal(msgspec.Struct, frozen=True, kw_only=True):
    """Keep a refusal in the log; it consumes no reference."""

    reseller_id: int
    dialect: str
    testing: bool
    reference: str
    product_code: str
    destination: str
    reason: str
    message: str


class ClaimAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """Claim one sending: prepared → sending, or one more sending of the same reference.

    The result is True for exactly one caller.
    """

    attempt_id: int
    resend: bool
    claimed_by: str
    claim_ms: int


class Transcript(msgspec.Struct, frozen=True, kw_only=True):
    """What was said, scrubbed."""

    kind: str
    request: str
    answer: str
    elapsed_ms: int = 0


class CannotDecideError(Exception):
    """The order is not one that a person may decide now."""


class RecordOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """Apply what became known of an attempt."""

    order_id: int
    attempt_id: int
    account_ids: tuple[int, ...]
    """The reseller's account and its receivable account."""
    outcome: Outcome | StatusOutcome
    transcript: Transcript
    confirm_first: bool = False
    unanswerable: bool = False
    """Nothing was asked: this supplier cannot be, or not about so old a reference."""
    unclaimed: bool = False
    """Said before the sending was claimed: it counts only while nobody else has claimed it."""
    actor: str = ""

    @property
    def account_id(self) -> int:
        """The account by which the lane chooses its worker."""
        return self.account_ids[0]


class DueCallbackRow(msgspec.Struct, frozen=True, kw_only=True):
    """A callback that was claimed for delivery by this node."""

    id: int
    order_id: int
    reseller_id: int | None
    event: str
    format: str
    occurred_at: datetime
    snapshot: Any
    """An `OrderView`; of a payment the news of `cards/news.py`, plain or as a struct."""
    attempts_count: int
    merchant_id: int | None = None
    """Given where it tells a merchant of a payment; `order_id` is the payment's number then."""


def due_callback_from_row(row: Any) -> DueCallbackRow:
    """Read a claimed callback."""
    of_payment = row["merchant_id"] is not None
    snapshot = row["snapshot"]
    return DueCallbackRow(
        id=row["id"],
        order_id=row["order_id"],
        reseller_id=row["reseller_id"],
        merchant_id=row["merchant_id"],
        event=row["event"],
        format=row["format"],
        occurred_at=row["occurred_at"],
        snapshot=snapshot if of_payment else msgspec.convert(snapshot, OrderView),
        attempts_count=row["attempts_count"],
    )


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """What an outcome came to."""

    order: Order
    attempt: Attempt
    changed: bool
    final: bool
    next_attempt: Attempt | None = None
    resend: bool = False
    callbacks: tuple[DueCallbackRow, ...] = ()
    """Outbox rows of this commit that this node claimed and must deliver."""


class SettleTesting(msgspec.Struct, frozen=True, kw_only=True):
    """Apply one sandbox step to a testing order; no money moves."""

    step_id: int
    order_id: int
    outcome: Mapping[str, Any]


class SettledTesting(msgspec.Struct, frozen=True, kw_only=True):
    """What a sandbox step came to."""

    order: Order
    callbacks: tuple[DueCallbackRow, ...]


class RecordDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """Keep what became of one delivery of a callback."""

    callback_id: int
    order_id: int
    delivered: bool
    exhausted: bool
    status: int | None
    error: str
    request: str
    answer: str
    duration_ms: int
    next_attempt_at: datetime | None
    claimed_by: str
