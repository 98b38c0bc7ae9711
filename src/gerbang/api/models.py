"""What the management API gives; members that are not named here may come along."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

T = TypeVar("T")


class Shown(BaseModel):
    """Something shown."""

    model_config = ConfigDict(extra="allow")


class Taken(BaseModel):
    """A body that is taken; unknown members are refused."""

    model_config = ConfigDict(extra="forbid")


class Page(BaseModel, Generic[T]):
    """A part of a list; `next` continues it as `after`, null ends it."""

    items: list[T]
    next: str | int | None = None


class CallbackShown(Shown):
    """Where callbacks go."""

    url: str
    format: str
    has_secret: bool


class CredentialShown(Shown):
    """A credential without its secrets."""

    id: int
    dialect: str
    key: str = Field(description="api_id, memberID, or the first letters of a token's hash.")
    testing: bool
    label: str
    expires_at: datetime | None
    revoked_at: datetime | None


class ResellerShown(Shown):
    """A reseller; amounts in rupiah."""

    code: str
    name: str
    status: str
    balance: int = Field(description="Holds not taken off.")
    held: int
    available: int = Field(description="Balance without what is held.")
    credit_limit: int
    receivable: int = Field(description="Negative is what the reseller owes beside its balance.")
    price_list: str
    allowed_ips: list[str]
    dialects: list[str]
    callback: CallbackShown
    limits: dict[str, int]
    reply_wait_ms: dict[str, int]
    settings: dict[str, Any]
    live: bool
    sandboxed: bool
    late_success_paid_by: str
    created_at: datetime
    updated_at: datetime
    credentials: list[CredentialShown] | None = None


class CredentialIssued(Shown):
    """A credential with its secrets: they are never shown again."""

    id: int
    dialect: str
    key: str
    secrets: dict[str, str]
    testing: bool
    label: str
    old_expires_at: datetime | None


class CreditShown(Shown):
    """What a credit came to."""

    transfer_id: int
    key: str
    amount: int
    exists: bool
    collected: int
    balance: int


class StatementLine(Shown):
    """One entry; `amount` is credit-positive."""

    transfer_id: int
    amount: int
    key: str
    event: str
    order_id: int | None
    note: str
    actor: str
    business_day: date
    created_at: datetime
    balance: int | None = None


class StatementShown(Page[StatementLine]):
    """An account's entries, newest first (mutasi)."""

    account: dict[str, Any]


class RefusalShown(Shown):
    """A request that made no order."""

    id: int
    at: datetime
    dialect: str
    testing: bool
    reference: str
    product_code: str
    destination: str
    reason: str
    message: str


class ProductShown(Shown):
    """A product; rupiah."""

    code: str
    name: str
    category: str
    brand: str
    operator: str
    kind: str
    status: str
    status_reason: str
    base_price: int | None
    cost: int | None
    admin_fee: int
    amount_min: int | None
    amount_max: int | None
    amount_step: int
    cut_off_start: str | None
    cut_off_end: str | None
    same_day_rule: str
    description: str
    service: str
    biller: str
    routes_enabled: int
    prices: dict[str, int] | None = Field(default=None, description="Fixed, by price list.")


class CategoryShown(Shown):
    """A category and its rule for destinations."""

    code: str
    name: str
    destination_pattern: str
    destination_hint: str
    uses_operator_prefix: bool


class PriceListShown(Shown):
    """A price list with its margins."""

    code: str
    name: str
    resellers: int
    fixed_prices: int
    margins: list[dict[str, Any]]


class SupplierShown(Shown):
    """A supplier, without secrets; rupiah."""

    code: str
    name: str
    dialect: str
    base_url: str
    status: str
    float: int = Field(description="Our money there, as the ledger has it.")
    float_min: int
    float_reported: int | None
    callback_ips: list[str]
    timeout_ms: int
    concurrency_max: int
    orders_per_day_max: int
    decide_after_s: int
    settings: dict[str, Any]
    routes: int


class RouteShown(Shown):
    """A way to buy a product."""

    id: int
    product: str
    supplier: str
    supplier_product_code: str
    cost: int
    priority: int
    weight: int
    enabled: bool
    disabled_reason: str
    rules: dict[str, Any]


class OrderShown(Shown):
    """An order as lists show it."""

    id: int
    reseller_code: str
    reference: str
    testing: bool
    dialect: str
    product_code: str
    product_name: str
    destination: str
    quantity: int
    counter: int
    price: int
    cost: int | None
    state: str
    reason: str | None
    sn: str
    supplier_code: str | None
    created_at: datetime
    updated_at: datetime
    final_at: datetime | None
    needs_decision_at: datetime | None


class OrderWhole(OrderShown):
    """An order with everything that belongs to it."""

    attempts: list[dict[str, Any]]
    messages: list[dict[str, Any]]
    transfers: list[dict[str, Any]]
    callbacks: list[dict[str, Any]]
    cases: list[dict[str, Any]]
    proposals: list[dict[str, Any]]
    history: list[dict[str, Any]]
    timeline: list[dict[str, Any]]


class CallbackRow(Shown):
    """A callback as lists show it."""

    id: int
    order_id: int = Field(description="The order, or the merchant's payment.")
    reseller_code: str | None
    merchant: str | None = Field(default=None, description="iMid, for news of a payment.")
    sequence: int
    event: str
    format: str
    state: str
    occurred_at: datetime
    attempts_count: int
    due_at: datetime | None
    delivered_at: datetime | None
    last_status: int | None
    last_error: str


class CallbackWhole(CallbackRow):
    """A callback with its delivery log."""

    snapshot: dict[str, Any]
    deliveries: list[dict[str, Any]]


class AccountShown(Shown):
    """A ledger account; balances are credit-positive rupiah."""

    id: int
    code: str
    kind: str
    normal_side: str
    tracked: bool
    balance: int
    held: int
    credit_limit: int


class CheckShown(Shown):
    """One thing that was recomputed."""

    name: str
    differences: list[str]


class VerificationShown(Shown):
    """The ledger, recomputed."""

    clean: bool
    accounts: int
    transfers: int
    entries: int
    orders: int
    checks: list[CheckShown]


class CaseShown(Shown):
    """Something a person should look at."""

    id: int
    kind: str
    subject: str
    order_id: int | None
    attempt_id: int | None
    detail: dict[str, Any]
    opened_at: datetime
    closed_at: datetime | None
    closed_by: str
    resolution: str
