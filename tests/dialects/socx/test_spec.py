"""The dialect's tables are complete and agree with each other."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from dialects.socx.helpers import make_order, make_supplier
from gerbang.dialects.socx import DIALECT, spec
from gerbang.orders.outcome import Accepted, Delivered, Rejected, Unknown
from gerbang.orders.reasons import Reason
from gerbang.outbound.message import Answered

SHEET_CODES = set(
    """00 01 02 03 05 06 07 08 09 10 11 12 13 14 17 18 19 21 22 23 24 25 35 36 68 70 71 72 73 74
    75 76 77 78 79 80 81 100 101 102 114 115 177 241 247 268 290 293""".split()  # noqa: SIM905
)
REROUTABLE = set(
    "01 02 05 06 09 14 18 19 22 23 24 25 35 36 70 71 72 73 74 75 78 268 293".split()  # noqa: SIM905
)
KINDS: Mapping[str, type[object]] = {
    "delivered": Delivered,
    "accepted": Accepted,
    "rejected": Rejected,
    "unknown": Unknown,
}
UNKNOWN = {"03", "08", "11", "76", "81"}


def test_every_reason_has_a_code() -> None:
    assert set(spec.REASONS) == set(Reason)


def test_every_code_that_is_sent_has_a_text() -> None:
    with_bills = {"102", "114", "177"}
    sent = {*spec.REASONS.values(), *spec.ORDER_RC.values(), *with_bills, "00", "68", "08"}
    assert set(spec.MESSAGES) == sent


def test_one_code_is_sent_of_each_pair_with_one_meaning() -> None:
    assert not {"14", "70", "74", "75", "76", "102"} & set(spec.REASONS.values())


def test_timeout_and_internal_error_are_never_sent_for_an_order() -> None:
    assert not {"03", "08"} & {*spec.REASONS.values(), *spec.ORDER_RC.values()}


@pytest.mark.parametrize("reason", list(Reason))
def test_a_failed_order_never_carries_a_code_that_describes_a_question(reason: Reason) -> None:
    assert spec.ORDER_RC[reason] not in {"01", "02", "03", "08", "09", "11", "71", "76", "00", "68"}


def test_every_code_of_the_sheet_has_a_rule() -> None:
    assert set(spec.RULE_OF_RC) == SHEET_CODES


def test_the_codes_that_another_supplier_may_mend() -> None:
    found = {rc for rc, rule in spec.RULE_OF_RC.items() if rule.reroutable}
    assert found == REROUTABLE


def test_every_rejection_has_a_reason_and_nothing_else_has_one() -> None:
    for rule in spec.ANSWERS:
        assert (rule.reason is not None) == (rule.outcome == "rejected"), rule


def test_the_outcomes_of_the_rules_are_the_neutral_ones() -> None:
    names = {"delivered", "accepted", "rejected", "unknown", "not_found"}
    assert {rule.outcome for rule in spec.ANSWERS} == names


@pytest.mark.parametrize("rc", sorted(SHEET_CODES))
def test_each_rule_is_what_the_client_half_does(rc: str) -> None:
    body = f'{{"rc":"{rc}","trxid":7,"request_id":"999999"}}'.encode()
    outcome = DIALECT.client.read_buy(
        make_supplier(), make_order(), Answered(status=200, body=body)
    )
    rule = spec.RULE_OF_RC[rc]
    assert isinstance(outcome, KINDS[rule.outcome])
    if isinstance(outcome, Rejected):
        assert outcome.reason is rule.reason
        assert outcome.reroutable is rule.reroutable


def test_what_cannot_be_known_is_unknown() -> None:
    found = {rc for rc, rule in spec.RULE_OF_RC.items() if rule.outcome == "unknown"}
    assert found == UNKNOWN


def test_a_code_that_is_sent_for_a_failure_is_read_as_one() -> None:
    for rc in {*spec.ORDER_RC.values()}:
        assert spec.RULE_OF_RC[rc].outcome == "rejected"


def test_the_truth_may_be_learned_by_repeating_and_by_asking() -> None:
    assert spec.LEARN.resend_same_reference_safe
    assert (spec.LEARN.not_found_answers, spec.LEARN.not_found_quiet_s) == (3, 300)


def test_the_dialect_is_whole() -> None:
    assert DIALECT.name == "socx"
    assert DIALECT.reply_wait_ms_default == 0
    assert set(DIALECT.callback_formats) == {"socx", "socx-data", "socx-xml"}
    assert DIALECT.callback_format_default in DIALECT.callback_formats
