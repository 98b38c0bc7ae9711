"""The tables of the dialect are complete and agree with each other."""

from __future__ import annotations

import pytest

from gerbang.dialects import otomax
from gerbang.dialects.contract import OrderState
from gerbang.dialects.otomax.spec import (
    ANSWERS,
    LEARN,
    REASON_STATUS,
    REASON_TEXT,
    STATUS_OF_STATE,
    StatusClass,
    reason_text,
    status_class,
    status_reason,
)
from gerbang.orders.reasons import Reason


def test_every_reason_has_a_status_number_and_words() -> None:
    assert set(REASON_STATUS) == set(REASON_TEXT) == set(otomax.DIALECT.reasons) == set(Reason)
    assert all(REASON_TEXT.values())
    assert reason_text(None)


def test_a_reason_is_never_said_with_a_number_that_does_not_mean_failed() -> None:
    doubtful = {reason for reason, status in REASON_STATUS.items() if status == 46}
    assert doubtful == {Reason.REFERENCE_REUSED, Reason.DUPLICATE_SAME_DAY}
    for reason in set(Reason) - doubtful:
        assert status_class(REASON_STATUS[reason]) is StatusClass.FAILED


def test_every_state_has_a_status_number() -> None:
    assert set(STATUS_OF_STATE) == set(OrderState)


@pytest.mark.parametrize(
    ("statuses", "kind"),
    [
        ([0, 1, 2, 3, 4, 5, 200], StatusClass.PENDING),
        ([20], StatusClass.SUCCESS),
        ([21, 22, 23], StatusClass.SUCCESS_IF_SAID),
        (
            [40, 41, 42, 43, 44, 45, 47, 49, 50, 51, 52, 53, 54, 56, 58, 59, 61, 63, 64, 65, 69],
            StatusClass.FAILED,
        ),
        (
            [46, 55, 201, 48, 57, 60, 62, 66, 67, 68, 70, 71, 72, 6, 19, 24, 39, 73, 199, 999],
            StatusClass.UNKNOWN,
        ),
    ],
)
def test_status_numbers_mean_what_the_installations_say(
    statuses: list[int], kind: StatusClass
) -> None:
    assert {status_class(status) for status in statuses} == {kind}


def test_a_number_without_a_reason_of_its_own_is_a_plain_failure() -> None:
    assert status_reason(52) is Reason.NUMBER_NOT_FOUND
    assert status_reason(7) is Reason.BILLER_FAILED


def test_every_documented_answer_has_a_source_and_an_outcome_that_exists() -> None:
    outcomes = {"Accepted", "Delivered", "Rejected", "Unknown", "NotFound"}
    for answer in ANSWERS:
        assert answer.outcome in outcomes
        assert answer.source
        assert (answer.outcome == "Rejected") is (answer.reason is not None)


def test_nothing_is_sent_twice_unless_a_supplier_is_declared_safe() -> None:
    assert not LEARN.resend_same_reference_safe
    assert LEARN.resend_same_reference_declarable
    assert LEARN.not_found_answers == 0
    assert min(LEARN.ask_again_after_ms) >= 30_000
    assert LEARN.ask_safe_days == 90


def test_the_dialect_is_weak_and_answers_at_once() -> None:
    assert otomax.DIALECT.weak
    assert otomax.DIALECT.reply_wait_ms_default == 0
