"""All that is known while one outcome is applied, and the steps it may take; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from gerbang.bills.bill import BillParts
from gerbang.dialects.contract import CallbackEvent, OrderState
from gerbang.dialects.supplier_contract import LearnRules
from gerbang.ledger.account import HouseAccount
from gerbang.ledger.book import Book
from gerbang.orders.order import Attempt, Order
from gerbang.orders.reasons import Reason
from gerbang.orders.transitions import AttemptState, check_attempt_step, check_order_step
from gerbang.orders.writes import PlannedAttempt

CALLED_OFF: Final = "not sent: another supplier had delivered"


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """Something a person should look at; one per subject."""

    kind: str
    subject: str
    detail: Mapping[str, Any]


class Situation(msgspec.Struct, kw_only=True):
    """All that is known while one outcome is applied. `order` and `attempt` are changed."""

    order: Order
    attempt: Attempt
    attempts: Sequence[Attempt]
    now: datetime
    learn: LearnRules
    book: Book
    account_id: int
    receivable_id: int
    float_id: int
    house: Mapping[HouseAccount, int]
    late_success_paid_by: str
    choose_next: Callable[[], PlannedAttempt | None]
    source: str = ""
    """Who said it: buy, ask, callback or person, as in its transcript."""
    confirm_first: bool = False
    """Nobody proved it: what contradicts something final is asked about before it is believed."""
    unanswerable: bool = False
    """No question can be asked about this attempt (any more)."""
    unclaimed: bool = False
    """Said before the sending was claimed; another node may have claimed it since."""
    bill: BillParts | None = None
    """What the money is made of where the order pays a bill."""
    changed: bool = False
    resend: bool = False
    planned: PlannedAttempt | None = None
    not_sent: list[Attempt] = msgspec.field(default_factory=list)
    """Other attempts of the order that wait to be sent and must not be any more."""
    events: list[CallbackEvent] = msgspec.field(default_factory=list)
    cases: list[Case] = msgspec.field(default_factory=list)


def step(s: Situation, after: AttemptState) -> None:
    """Take a step that the table lists."""
    check_attempt_step(s.attempt.state, after)
    s.attempt.state = after
    s.changed = True


def end_attempt(s: Situation, after: AttemptState) -> None:
    """Take a final step; from *sending* straight through."""
    step(s, after)
    s.attempt.due_at = None


def call_off(s: Situation) -> None:
    """Somebody delivered: whatever still waits to be sent elsewhere stays here."""
    for other in s.attempts:
        if other.id == s.attempt.id or other.state is not AttemptState.PREPARED:
            continue
        check_attempt_step(other.state, AttemptState.UNAVAILABLE)
        other.state = AttemptState.UNAVAILABLE
        other.due_at = None
        other.message = CALLED_OFF
        s.not_sent.append(other)


def finish_order(s: Situation, after: OrderState, *, reason: Reason | None) -> None:
    """Give an order its final state."""
    check_order_step(s.order.state, after)
    s.order.state = after
    s.order.reason = reason
    s.order.updated_at = s.now
    s.order.final_at = s.now
    s.order.needs_decision_at = None
    s.changed = True


def open_case(s: Situation, kind: str, detail: Mapping[str, Any]) -> None:
    """Give something about the attempt to a person."""
    s.changed = True
    s.cases.append(Case(kind=kind, subject=f"attempt:{s.attempt.id}:{kind}", detail=detail))
