"""The tables are whole and agree with each other."""

from __future__ import annotations

from gerbang.dialects.isikuota import DIALECT
from gerbang.dialects.isikuota.spec import (
    ANSWERS,
    HTTP_STATUS,
    PEER_REASONS,
    REASON_TEXT,
    public_reason,
)
from gerbang.orders.reasons import Reason


def test_every_reason_has_a_code_an_http_status_and_words() -> None:
    assert set(DIALECT.reasons) == set(REASON_TEXT) == set(Reason)
    assert set(DIALECT.reasons.values()) <= set(HTTP_STATUS)


def test_every_documented_code_is_used() -> None:
    unused = set(HTTP_STATUS) - set(DIALECT.reasons.values())
    assert unused == {"INVALID_JSON"}


def test_what_a_reseller_may_see_is_seen_by_a_peer_as_the_same_thing() -> None:
    for reason in PEER_REASONS:
        assert public_reason(reason) is reason


def test_every_answer_has_a_source_and_every_rejection_a_reason() -> None:
    for rule in ANSWERS:
        assert rule.source
        assert (rule.outcome == "Rejected") == (rule.reason is not None)


def test_the_dialect_is_not_weak_and_waits_eight_seconds_for_a_final_reply() -> None:
    assert not DIALECT.weak
    assert DIALECT.reply_wait_ms_default == 8_000
    assert DIALECT.callback_format_default in DIALECT.callback_formats
