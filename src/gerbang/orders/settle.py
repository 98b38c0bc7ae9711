"""What follows from an outcome: the heart of the promise that unknown is a state.

Everything here is plain Python over rows that the batch has locked. `docs/ledger.md` has the
same rules as a table. An equal repeat changes nothing; a contradiction opens a case.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from gerbang.dialects.contract import CallbackEvent, LearnRules, OrderState
from gerbang.ledger.account import HouseAccount
from gerbang.ledger.book import Book
from gerbang.ledger.transfer import Phase, Transfer, TransferEvent
from gerbang.orders.order import Attempt, Order
from gerbang.orders.outcome import (
    Accepted,
    Delivered,
    NotFound,
    Outcome,
    Rejected,
    StatusOutcome,
    Unavailable,
    Unknown,
)
from gerbang.orders.reasons import Reason
from gerbang.orders.transitions import (
    ATTEMPT_OPEN,
    AttemptState,
    check_attempt_step,
    check_order_step,
)
from gerbang.orders.writes import PlannedAttempt

SENDS_MAX: Final = 5
"""How often one reference is sent where sending it again is declared safe."""
WATCH_AFTER_NOT_FOUND: Final = (
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(hours=24),
)
"""Questions that still go out after "not found" was taken as evidence."""


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
    confirm_first: bool = False
    changed: bool = False
    resend: bool = False
    planned: PlannedAttempt | None = None
    events: list[CallbackEvent] = msgspec.field(default_factory=list)
    cases: list[Case] = msgspec.field(default_factory=list)


def apply_outcome(s: Situation, outcome: Outcome | StatusOutcome) -> None:
    """Apply one outcome of one attempt to the attempt, its order and the book."""
    match outcome:
        case Delivered():
            _delivered(s, outcome)
        case Rejected():
            _rejected(s, outcome)
        case Unavailable():
            _unavailable(s, outcome)
        case Accepted():
            _accepted(s, outcome)
        case NotFound():
            _not_found(s, outcome)
        case Unknown():
            _unknown(s, outcome)


# --- delivered -------------------------------------------------------------------------------


def _delivered(s: Situation, outcome: Delivered) -> None:
    if s.attempt.state is AttemptState.DELIVERED:
        _delivered_again(s, outcome)
        return
    was_open = s.attempt.state in ATTEMPT_OPEN
    if s.attempt.state is AttemptState.PREPARED:
        # A supplier that reports what we have not sent speaks of another order.
        _open_case(s, "news_before_sending", {"sn": outcome.sn})
        return
    if s.attempt.state is AttemptState.REJECTED and s.attempt.cost is not None:
        # Delivered, taken back, and now delivered again: money moved twice already.
        _open_case(s, "reversal_contradicted", {"sn": outcome.sn})
        return
    _end_attempt(s, AttemptState.DELIVERED)
    s.attempt.sn = outcome.sn
    s.attempt.cost = s.attempt.cost_expected if outcome.cost is None else outcome.cost
    s.attempt.message = outcome.message
    s.attempt.supplier_order_id = outcome.supplier_order_id or s.attempt.supplier_order_id
    if s.order.state is OrderState.PENDING:
        _succeed(s, outcome, late=not was_open)
    else:
        _succeed_late(s, outcome)


def _succeed(s: Situation, outcome: Delivered, *, late: bool) -> None:
    """Post the hold and book the cost."""
    s.book.post(_hold(s), f"order:{s.order.id}:post", TransferEvent.SALE_POST)
    _book_cost(s, TransferEvent.COST, HouseAccount.COST)
    _finish_order(s, OrderState.SUCCESS, reason=None)
    _take_delivery(s, outcome)
    s.events.append(CallbackEvent.SUCCESS)
    if late:
        others = [a.id for a in s.attempts if a.id != s.attempt.id and a.state in ATTEMPT_OPEN]
        _open_case(s, "late_success", {"other_open_attempts": others})


def _take_delivery(s: Situation, outcome: Delivered) -> None:
    s.order.sn = outcome.sn
    s.order.data = outcome.data if outcome.data is not None else s.order.data
    s.order.supplier_id = s.attempt.supplier_id
    s.order.cost = s.attempt.cost


def _succeed_late(s: Situation, outcome: Delivered) -> None:
    """Delivered after we had told the reseller something final."""
    if s.order.state is OrderState.SUCCESS:
        # Two suppliers delivered one order: the second cost is our loss, and theirs to answer.
        _book_cost(s, TransferEvent.LATE_COST, HouseAccount.LATE_SUCCESS)
        _open_case(s, "delivered_twice", {"sn": outcome.sn})
        return
    if s.late_success_paid_by == "us":
        _book_cost(s, TransferEvent.LATE_COST, HouseAccount.LATE_SUCCESS)
        _open_case(s, "late_success", {"sn": outcome.sn, "paid_by": "us"})
        return
    _charge_late(s)
    _book_cost(s, TransferEvent.COST, HouseAccount.COST)
    _finish_order(s, OrderState.SUCCESS, reason=None)
    _take_delivery(s, outcome)
    s.events.append(CallbackEvent.SUCCESS)
    _open_case(s, "late_success", {"sn": outcome.sn, "paid_by": "reseller"})


def _charge_late(s: Situation) -> None:
    """Debit what the reseller can spend; the rest becomes a receivable without a floor."""
    account = s.book.accounts[s.account_id]
    now_paid = max(0, min(account.spendable, s.order.price))
    sales = s.house[HouseAccount.SALES]
    key = f"order:{s.order.id}:late:{s.attempt.id}"
    if now_paid:
        s.book.direct(
            key,
            TransferEvent.LATE_SALE,
            debit=s.account_id,
            credit=sales,
            amount=now_paid,
            order_id=s.order.id,
        )
    if s.order.price > now_paid:
        s.book.direct(
            f"{key}:receivable",
            TransferEvent.LATE_SALE_RECEIVABLE,
            debit=s.receivable_id,
            credit=sales,
            amount=s.order.price - now_paid,
            order_id=s.order.id,
        )


def _delivered_again(s: Situation, outcome: Delivered) -> None:
    """A repeat, perhaps with the serial number that was missing."""
    _end_questions(s)
    if not outcome.sn or outcome.sn == s.attempt.sn:
        return
    if s.attempt.sn:
        detail = {"kept": s.attempt.sn, "other": outcome.sn}
        _open_case(s, "serial_number_differs", detail)
        return
    s.attempt.sn = outcome.sn
    s.changed = True
    if s.order.state is OrderState.SUCCESS and s.order.supplier_id == s.attempt.supplier_id:
        s.order.sn = outcome.sn
        s.order.data = outcome.data if outcome.data is not None else s.order.data
        s.order.updated_at = s.now
        s.events.append(CallbackEvent.SN_RECEIVED)


# --- refused -------------------------------------------------------------------------------------


def _rejected(s: Situation, outcome: Rejected) -> None:
    if s.attempt.state in {AttemptState.REJECTED, AttemptState.UNAVAILABLE}:
        _end_questions(s)
        return
    if s.attempt.state is AttemptState.DELIVERED:
        _reversed(s, outcome)
        return
    if s.attempt.state is AttemptState.PREPARED:
        _open_case(s, "news_before_sending", {"reason": outcome.reason})
        return
    if s.attempt.sends > 1 and not outcome.reference_consumed:
        # It refuses the repeat and says nothing of the first sending.
        _unknown(s, Unknown(message=outcome.message))
        return
    _end_attempt(s, AttemptState.REJECTED)
    s.attempt.reason = outcome.reason
    s.attempt.message = outcome.message
    s.attempt.supplier_order_id = outcome.supplier_order_id or s.attempt.supplier_order_id
    _go_on_or_fail(s, reason=outcome.reason, reroutable=outcome.reroutable)


def _unavailable(s: Situation, outcome: Unavailable) -> None:
    if s.attempt.state is AttemptState.UNKNOWN:
        # An earlier sending of this reference may have arrived: this one proves nothing.
        _schedule_question(s)
        return
    if s.attempt.state not in {AttemptState.SENDING, AttemptState.PREPARED}:
        return
    if s.attempt.sends > 1:
        _unknown(s, Unknown(message=outcome.message))
        return
    _end_attempt(s, AttemptState.UNAVAILABLE)
    s.attempt.reason = Reason.BILLER_UNREACHABLE
    s.attempt.message = outcome.message
    _go_on_or_fail(s, reason=Reason.BILLER_UNREACHABLE, reroutable=True)


def _go_on_or_fail(s: Situation, *, reason: Reason, reroutable: bool) -> None:
    """Choose the next route, or give the money back and say failed."""
    if s.order.state is not OrderState.PENDING:
        return
    s.planned = s.choose_next() if reroutable else None
    if s.planned is None:
        _fail(s, reason)


def _fail(s: Situation, reason: Reason) -> None:
    s.book.void(_hold(s), f"order:{s.order.id}:void", TransferEvent.SALE_VOID)
    _finish_order(s, OrderState.FAILED, reason=reason)
    s.order.same_day_counter = None
    s.events.append(CallbackEvent.FAILED)


def _reversed(s: Situation, outcome: Rejected) -> None:
    """Failure after success: the supplier took it back and repaid us."""
    if s.confirm_first:
        s.attempt.due_at = s.now
        s.changed = True
        return
    _end_attempt(s, AttemptState.REJECTED)
    s.attempt.reason = outcome.reason
    _open_case(s, "reversed", {"reason": outcome.reason, "message": outcome.message})
    if s.order.state is not OrderState.SUCCESS or s.order.supplier_id != s.attempt.supplier_id:
        # A delivery that was our own loss, taken back: the loss goes, the order stays as told.
        _book_cost_reversal(s, HouseAccount.LATE_SUCCESS)
        return
    if s.order.price:
        s.book.direct(
            f"order:{s.order.id}:reversal:{s.attempt.id}",
            TransferEvent.SALE_REVERSAL,
            debit=s.house[HouseAccount.SALES],
            credit=s.account_id,
            amount=s.order.price,
            order_id=s.order.id,
        )
    _book_cost_reversal(s, HouseAccount.COST)
    _finish_order(s, OrderState.REVERSED, reason=outcome.reason)
    s.events.append(CallbackEvent.REVERSED)


# --- not final -----------------------------------------------------------------------------------


def _accepted(s: Situation, outcome: Accepted) -> None:
    if s.attempt.state not in ATTEMPT_OPEN or s.attempt.state is AttemptState.PREPARED:
        return
    if s.attempt.state is not AttemptState.ACCEPTED:
        _step(s, AttemptState.ACCEPTED)
    s.attempt.supplier_order_id = outcome.supplier_order_id or s.attempt.supplier_order_id
    s.attempt.message = outcome.message
    s.attempt.not_found = 0
    s.attempt.not_found_since = None
    _schedule_question(s)


def _unknown(s: Situation, outcome: Unknown) -> None:
    if s.attempt.state is AttemptState.SENDING:
        _step(s, AttemptState.UNKNOWN)
        s.attempt.message = outcome.message
    if s.attempt.state in {AttemptState.UNKNOWN, AttemptState.ACCEPTED}:
        _schedule_question(s)
    elif s.attempt.state is AttemptState.DELIVERED and s.attempt.due_at is not None:
        # News that nobody signed took this success back: the question is still open.
        _schedule_question(s)
    elif s.attempt.due_at is not None and s.attempt.state not in ATTEMPT_OPEN:
        _schedule_watch(s)


def _not_found(s: Situation, outcome: NotFound) -> None:
    """Count an answer that may become evidence; never a decision by itself or by a timer."""
    if s.attempt.state not in {AttemptState.UNKNOWN, AttemptState.ACCEPTED}:
        if s.attempt.state is not AttemptState.PREPARED:
            _schedule_watch(s)
        return
    s.attempt.not_found += 1
    s.attempt.not_found_since = s.attempt.not_found_since or s.now
    if s.attempt.state is AttemptState.UNKNOWN and s.learn.resend_same_reference_safe:
        s.resend = s.attempt.sends < SENDS_MAX
        _schedule_question(s)
        return
    if _is_evidence(s):
        _end_attempt(s, AttemptState.REJECTED)
        s.attempt.reason = Reason.BILLER_FAILED
        s.attempt.message = outcome.message or "not found, repeatedly"
        s.attempt.due_at = s.now + WATCH_AFTER_NOT_FOUND[0]
        _open_case(s, "decided_by_not_found", {"answers": s.attempt.not_found})
        _go_on_or_fail(s, reason=Reason.BILLER_FAILED, reroutable=True)
        return
    _schedule_question(s)


def _is_evidence(s: Situation) -> bool:
    """Whether enough spaced "not found" answers came over the quiet window.

    Only for an attempt whose outcome is unknown: a supplier that had accepted the order and
    forgets it contradicts itself, and a person decides.
    """
    needed = s.learn.not_found_answers
    since = s.attempt.not_found_since
    if not needed or since is None or s.attempt.state is not AttemptState.UNKNOWN:
        return False
    quiet = timedelta(seconds=s.learn.not_found_quiet_s)
    return s.attempt.not_found >= needed and s.now - since >= quiet


def _schedule_question(s: Situation) -> None:
    waits = s.learn.ask_again_after_ms
    wait_ms = waits[min(s.attempt.asks, len(waits) - 1)]
    s.attempt.due_at = s.now + timedelta(milliseconds=wait_ms)
    s.changed = True


def _schedule_watch(s: Situation) -> None:
    """Ask a few more times after the decision, then stop."""
    s.changed = True
    left = [at for at in WATCH_AFTER_NOT_FOUND if s.attempt.created_at + at > s.now]
    s.attempt.due_at = s.attempt.created_at + left[0] if left else None


def _end_questions(s: Situation) -> None:
    """The supplier says what we hold to be true, so a question about it is answered."""
    if s.attempt.due_at is not None:
        s.attempt.due_at = None
        s.changed = True


# --- shared --------------------------------------------------------------------------------------


def _step(s: Situation, after: AttemptState) -> None:
    check_attempt_step(s.attempt.state, after)
    s.attempt.state = after
    s.changed = True


def _end_attempt(s: Situation, after: AttemptState) -> None:
    """Take a final step; from *sending* straight through."""
    _step(s, after)
    s.attempt.due_at = None


def _finish_order(s: Situation, after: OrderState, *, reason: Reason | None) -> None:
    check_order_step(s.order.state, after)
    s.order.state = after
    s.order.reason = reason
    s.order.updated_at = s.now
    s.order.final_at = s.now
    s.order.needs_decision_at = None
    s.changed = True


def _hold(s: Situation) -> Transfer:
    """The order's own pending transfer, rebuilt from what never changes."""
    hold_id = s.order.hold_id
    if hold_id is None:
        msg = f"order {s.order.id} has no hold"
        raise ValueError(msg)
    return Transfer(
        hold_id,
        f"order:{s.order.id}:hold",
        TransferEvent.SALE_HOLD,
        Phase.PENDING,
        None,
        s.account_id,
        s.house[HouseAccount.SALES],
        s.order.price,
        s.order.id,
    )


def _book_cost(s: Situation, event: TransferEvent, account: HouseAccount) -> None:
    if not s.attempt.cost:
        return
    s.book.direct(
        f"attempt:{s.attempt.id}:cost",
        event,
        debit=s.house[account],
        credit=s.float_id,
        amount=s.attempt.cost,
        order_id=s.order.id,
    )


def _book_cost_reversal(s: Situation, account: HouseAccount) -> None:
    if not s.attempt.cost:
        return
    s.book.direct(
        f"attempt:{s.attempt.id}:cost_reversal",
        TransferEvent.COST_REVERSAL,
        debit=s.float_id,
        credit=s.house[account],
        amount=s.attempt.cost,
        order_id=s.order.id,
    )


def _open_case(s: Situation, kind: str, detail: Mapping[str, Any]) -> None:
    s.changed = True
    s.cases.append(Case(kind=kind, subject=f"attempt:{s.attempt.id}:{kind}", detail=detail))
