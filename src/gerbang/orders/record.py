"""Recording in a batch: applies an outcome and writes down what follows from it. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, Final

import msgspec

from gerbang.dialects.contract import CallbackEvent
from gerbang.orders.batch_state import BatchState
from gerbang.orders.order import Attempt, Order
from gerbang.orders.outcome import Outcome, StatusOutcome
from gerbang.orders.place import new_attempt
from gerbang.orders.settle import PERSON, apply_outcome
from gerbang.orders.situation import Situation
from gerbang.orders.transitions import ATTEMPT_DECIDABLE
from gerbang.orders.writes import CannotDecideError, DueCallbackRow, Recorded, RecordOutcome

AnyOutcome = Outcome | StatusOutcome

WORDS_CHARS_MAX: Final = 4_000
"""So long may a supplier's words be, each of them."""
CALLBACK_CLAIM: Final = timedelta(seconds=60)
"""How long the node that wrote a callback may take to deliver it."""


def record_outcome(state: BatchState, w: RecordOutcome) -> Recorded | Exception:
    """Apply an outcome to its attempt and order; LookupError where there is none.

    CannotDecideError where a person decides what has become known meanwhile.
    """
    order = state.orders.get(w.order_id)
    attempts = state.attempts.get(w.order_id, [])
    attempt = next((a for a in attempts if a.id == w.attempt_id), None)
    if order is None or attempt is None:
        return LookupError(f"no attempt {w.attempt_id} of order {w.order_id}")
    if w.transcript.kind == PERSON and attempt.state not in ATTEMPT_DECIDABLE:
        return CannotDecideError(f"its attempt is {attempt.state.value}: nothing to decide")
    outcome = storable(w.outcome)
    s = _situation(state, w, order, attempt, attempts)
    apply_outcome(s, outcome)
    return _recorded(state, w, s, outcome)


def storable(outcome: AnyOutcome) -> AnyOutcome:
    """Replace in a supplier's words what no text of a database may hold: NUL, half characters.

    Words that go on and on are cut: they stand in the order, in its callbacks and on pages.
    """
    try:
        text = _outcome_text(outcome)
        if len(text) <= WORDS_CHARS_MAX and "\\u0000" not in text:
            return outcome
    except UnicodeEncodeError:
        pass
    clean = _clean(msgspec.to_builtins(outcome))
    return msgspec.convert(clean, type(outcome))


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        whole = value[:WORDS_CHARS_MAX].encode("utf-8", "surrogatepass").decode("utf-8", "replace")
        return whole.replace("\x00", "\ufffd")
    if isinstance(value, dict):
        return {_clean(name): _clean(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_clean(member) for member in value]
    return value


def _situation(
    state: BatchState, w: RecordOutcome, order: Order, attempt: Attempt, attempts: Sequence[Attempt]
) -> Situation:
    reseller = state.terms.directory.reseller_terms(order.reseller_id)
    supplier = state.terms.directory.supplier_terms(attempt.supplier_id)
    return Situation(
        order=order,
        attempt=attempt,
        attempts=attempts,
        now=state.told_at,
        learn=supplier.learn,
        book=state.book,
        account_id=reseller.account_id,
        receivable_id=reseller.receivable_account_id,
        float_id=supplier.float_account_id,
        house=state.terms.house,
        late_success_paid_by=reseller.late_success_paid_by,
        choose_next=lambda: state.terms.directory.choose_next(order, attempts),
        source=w.transcript.kind,
        confirm_first=w.confirm_first,
        unanswerable=w.unanswerable,
        unclaimed=w.unclaimed,
        bill=state.bills.get(order.id),
    )


def _recorded(state: BatchState, w: RecordOutcome, s: Situation, outcome: AnyOutcome) -> Recorded:
    transcript = w.transcript
    state.new_messages.append(
        (
            s.attempt.id,
            transcript.kind,
            transcript.request,
            transcript.answer,
            _outcome_text(outcome),
            transcript.elapsed_ms,
        )
    )
    for other in s.not_sent:
        _keep_back(state, other)
    next_attempt = None
    if s.changed:
        state.changed_attempts[s.attempt.id] = s.attempt
        state.changed_orders[s.order.id] = s.order
    if s.planned is not None:
        number = max(a.number for a in s.attempts) + 1
        next_attempt = new_attempt(state, s.order, number, s.planned, state.terms.node)
        state.attempts[s.order.id].append(next_attempt)
    state.new_cases.extend((s.order, s.attempt, case) for case in s.cases)
    return Recorded(
        order=s.order,
        attempt=s.attempt,
        changed=s.changed,
        final=bool(s.events),
        next_attempt=next_attempt,
        resend=s.resend,
        callbacks=enqueue_callbacks(state, s.order, s.events),
    )


def _keep_back(state: BatchState, attempt: Attempt) -> None:
    """Write that an attempt is not sent; one that this very batch planned is not even written."""
    if attempt.id in state.attempt_state_before:
        state.changed_attempts[attempt.id] = attempt
        return
    state.new_attempts = [new for new in state.new_attempts if new[0].id != attempt.id]
    state.attempts[attempt.order_id].remove(attempt)


def enqueue_callbacks(
    state: BatchState, order: Order, events: Iterable[CallbackEvent]
) -> tuple[DueCallbackRow, ...]:
    """Write the outbox rows; only the first unfinished one of an order is due."""
    due: list[DueCallbackRow] = []
    for event in events:
        name = state.terms.directory.callback_format(order, event)
        if name is None:
            continue
        sequence, unfinished = state.tails.get(order.id, (0, False))
        state.tails[order.id] = (sequence + 1, True)
        callback = DueCallbackRow(
            id=state.numbers.callbacks.next(),
            order_id=order.id,
            reseller_id=order.reseller_id,
            event=event.value,
            format=name,
            occurred_at=state.now,
            snapshot=order.view(balance=_balance_of(state, order)),
            attempts_count=0,
        )
        claimed = state.terms.claims_callbacks and not unfinished
        _add_callback(state, callback, sequence + 1, unfinished=unfinished, claimed=claimed)
        if claimed:
            due.append(callback)
    return tuple(due)


def _balance_of(state: BatchState, order: Order) -> int | None:
    """The reseller's available balance after this batch's work, where it is locked."""
    terms = state.terms.directory.reseller_terms(order.reseller_id)
    account = state.book.accounts.get(terms.account_id)
    return account.available if account is not None else None


def _add_callback(
    state: BatchState, callback: DueCallbackRow, sequence: int, *, unfinished: bool, claimed: bool
) -> None:
    due_at = None
    if not unfinished:
        due_at = state.now + CALLBACK_CLAIM if claimed else state.now
    state.new_callbacks.append(
        (
            callback.id,
            callback.order_id,
            callback.reseller_id,
            sequence,
            callback.event,
            callback.format,
            callback.occurred_at,
            msgspec.to_builtins(callback.snapshot),
            "waiting" if unfinished else "due",
            due_at,
            state.terms.node if claimed else None,
        )
    )


def _outcome_text(outcome: AnyOutcome) -> str:
    return msgspec.json.encode(outcome).decode()
