"""What the core and a dialect's client half say to each other; nothing here does I/O.

A *client half* builds requests to a supplier and interprets the answers and the supplier's
callbacks: it never sends anything itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec

from gerbang.bills.bill import Bill, Service
from gerbang.dialects.contract import ProductKind
from gerbang.orders.outcome import Outcome, StatusOutcome
from gerbang.orders.reasons import Reason
from gerbang.outbound.message import Answered, HttpRequest, InboundRequest


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
