"""When a supplier is asked, what its answers count for, and who is believed unasked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from gerbang.dialects.contract import OrderState
from gerbang.dialects.supplier_contract import LearnRules
from gerbang.docs_postings import Scenario, run_scenario
from gerbang.orders.outcome import Delivered, NotFound, Rejected, Unknown
from gerbang.orders.questions import SENDS_MAX, UNASKABLE_LOOK_AGAIN, WATCH_AFTER
from gerbang.orders.reasons import Reason
from gerbang.orders.settle import PERSON, apply_outcome
from gerbang.orders.situation import Situation
from gerbang.orders.transitions import AttemptState

REFUSED = Rejected(reason=Reason.BILLER_FAILED, reroutable=False)
CAME = Delivered(sn="123", cost=9_000)
SAFE = LearnRules(
    resend_same_reference_safe=True, not_found_answers=2, not_found_quiet_s=60, ask_safe_days=10
)


def at(attempt: AttemptState, order: OrderState = OrderState.PENDING, **more: Any) -> Situation:
    """Give a situation in which nothing was told yet."""
    silent = Scenario(case="", order=order, attempt=attempt, outcome=Unknown(), **more)
    if attempt in {AttemptState.DELIVERED, AttemptState.REJECTED, AttemptState.PREPARED}:
        return run_scenario(silent)
    return again(run_scenario(msgspec.structs.replace(silent, outcome=Unknown())))


def again(s: Situation, **members: Any) -> Situation:
    """Give the same order and attempt, as the next batch would load them."""
    values = {name: getattr(s, name) for name in s.__struct_fields__}
    fresh: dict[str, Any] = {
        "changed": False,
        "resend": False,
        "planned": None,
        "events": [],
        "cases": [],
    }
    return Situation(**{**values, **fresh, "source": "", "confirm_first": False, **members})


def kinds(s: Situation) -> list[str]:
    return [case.kind for case in s.cases]


# --- doubts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attempt", "order", "news", "answer", "case"),
    [
        (AttemptState.DELIVERED, OrderState.SUCCESS, REFUSED, REFUSED, "reversed"),
        (AttemptState.DELIVERED, OrderState.SUCCESS, REFUSED, CAME, "news_not_confirmed"),
        (AttemptState.DELIVERED, OrderState.SUCCESS, REFUSED, NotFound(), "news_not_confirmed"),
        (AttemptState.REJECTED, OrderState.FAILED, CAME, CAME, "late_success"),
        (AttemptState.REJECTED, OrderState.FAILED, CAME, REFUSED, "news_not_confirmed"),
        (AttemptState.REJECTED, OrderState.FAILED, CAME, NotFound(), "news_not_confirmed"),
    ],
)
def test_unproved_news_that_contradict_are_asked_about_and_the_answer_decides(
    attempt: AttemptState, order: OrderState, news: Any, answer: Any, case: str
) -> None:
    s = again(at(attempt, order), source="callback", confirm_first=True)
    apply_outcome(s, news)
    assert (s.order.state, s.attempt.state, s.attempt.due_at) == (order, attempt, s.now)
    assert s.book.transfers == []
    silent = again(s, source="ask")
    apply_outcome(silent, Unknown(message="no answer"))
    assert silent.attempt.due_at is not None  # until there is one
    told = again(silent, source="ask")
    apply_outcome(told, answer)
    assert kinds(told) == [case]
    assert told.attempt.due_at is None


def test_an_old_callback_that_comes_again_does_not_end_a_doubt() -> None:
    s = again(at(AttemptState.DELIVERED, OrderState.SUCCESS, sn="123"), confirm_first=True)
    apply_outcome(s, REFUSED)
    repeated = again(s, source="callback", confirm_first=True)
    apply_outcome(repeated, CAME)
    assert repeated.attempt.due_at is not None
    assert kinds(repeated) == []


def test_a_doubt_about_a_supplier_that_cannot_be_asked_goes_to_a_person() -> None:
    s = again(at(AttemptState.DELIVERED, OrderState.SUCCESS), confirm_first=True)
    apply_outcome(s, REFUSED)
    unasked = again(s, source="ask", unanswerable=True)
    apply_outcome(unasked, Unknown())
    assert (kinds(unasked), unasked.attempt.due_at) == (["news_not_confirmed"], None)
    assert unasked.order.state is OrderState.SUCCESS


def test_a_proved_success_after_a_refusal_is_believed_at_once() -> None:
    s = again(at(AttemptState.REJECTED, OrderState.FAILED), source="callback")
    apply_outcome(s, CAME)
    assert kinds(s) == ["late_success"]


def test_an_order_that_cannot_be_asked_about_waits_for_a_callback_or_a_person() -> None:
    s = again(at(AttemptState.UNKNOWN), source="ask", unanswerable=True)
    apply_outcome(s, Unknown())
    assert s.attempt.due_at == s.now + UNASKABLE_LOOK_AGAIN
    assert s.order.state is OrderState.PENDING


# --- "not found" ---------------------------------------------------------------------------------


def test_a_question_that_came_too_early_does_not_touch_the_claim_of_a_sending() -> None:
    s = run_scenario(
        Scenario(
            case="",
            order=OrderState.PENDING,
            attempt=AttemptState.SENDING,
            outcome=NotFound(),
            asked_about=True,
        )
    )
    assert (s.attempt.state, s.attempt.due_at, s.changed) == (AttemptState.SENDING, s.now, False)


def test_after_the_last_repeat_not_found_counts_until_it_is_evidence() -> None:
    """Repeats are safe there, and five of them were not found: then the answers count."""
    s = again(at(AttemptState.UNKNOWN), learn=SAFE)
    for sends in range(1, SENDS_MAX):
        s.attempt.sends = sends
        s = again(s, source="ask")
        apply_outcome(s, NotFound())
        assert (s.resend, s.attempt.not_found) == (True, 0)
    s.attempt.sends = SENDS_MAX
    for _ in range(2):  # two answers, and no time between them: no evidence
        s = again(s, source="ask")
        apply_outcome(s, NotFound())
        assert (s.resend, s.order.state) == (False, OrderState.PENDING)
    s = again(s, source="ask", now=s.now + timedelta(seconds=60))
    apply_outcome(s, NotFound())
    assert (s.attempt.state, s.order.state) == (AttemptState.REJECTED, OrderState.FAILED)
    assert kinds(s) == ["decided_by_not_found"]
    assert s.attempt.due_at == s.now + WATCH_AFTER[0]


def test_a_reference_that_is_too_old_is_never_sent_again() -> None:
    s = again(at(AttemptState.UNKNOWN), learn=SAFE)
    s = again(s, source="ask", now=s.attempt.created_at + timedelta(days=10))
    apply_outcome(s, NotFound())
    assert not s.resend


# --- a person's word -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "truth", "events", "case"),
    [
        (REFUSED, CAME, {"late_success.cost"}, "late_success"),
        (CAME, REFUSED, {"sale.reversal", "cost.reversal"}, "reversed"),
    ],
)
def test_a_persons_decision_is_watched_and_corrected_when_the_truth_arrives_later(
    word: Any, truth: Any, events: set[str], case: str
) -> None:
    s = again(at(AttemptState.UNKNOWN), source=PERSON)
    apply_outcome(s, word)
    assert s.order.state is not OrderState.PENDING
    assert s.attempt.due_at == s.now + WATCH_AFTER[0]
    booked = len(s.book.transfers)
    later = again(s, source="ask", now=s.now + timedelta(hours=1))
    apply_outcome(later, truth)
    assert {str(t.event) for t in later.book.transfers[booked:]} == events
    assert kinds(later) == [case]


def test_a_watched_decision_is_asked_about_three_times_and_then_no_more() -> None:
    s = again(at(AttemptState.UNKNOWN), source=PERSON)
    apply_outcome(s, REFUSED)
    decided_at = s.now
    for following in (WATCH_AFTER[1], WATCH_AFTER[2], None):
        assert s.attempt.due_at is not None
        s = again(s, source="ask", now=s.attempt.due_at)
        apply_outcome(s, Unknown())
        expected = decided_at + following if following else None
        assert s.attempt.due_at == expected


def test_the_suppliers_word_that_agrees_with_a_person_ends_the_watch() -> None:
    s = again(at(AttemptState.UNKNOWN), source=PERSON)
    apply_outcome(s, CAME)
    s = again(s, source="ask")
    apply_outcome(s, CAME)
    assert (s.attempt.due_at, kinds(s)) == (None, [])
