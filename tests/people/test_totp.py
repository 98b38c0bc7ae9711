from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyotp

from gerbang.people.totp import matching_step, new_recovery_codes, new_secret

NOW = datetime(2026, 11, 25, 12, 0, 10, tzinfo=UTC)


def test_a_code_holds_for_its_step_and_the_ones_around() -> None:
    secret = new_secret()
    code = pyotp.TOTP(secret).at(NOW)
    step = int(NOW.timestamp()) // 30
    for shift in (-30, 0, 30):
        at = NOW + timedelta(seconds=shift)
        assert matching_step(secret, code, at=at, after_step=0) == step
    late = NOW + timedelta(seconds=90)
    assert matching_step(secret, code, at=late, after_step=0) is None


def test_a_code_whose_step_was_used_holds_no_more() -> None:
    secret = new_secret()
    step = int(NOW.timestamp()) // 30
    code = pyotp.TOTP(secret).at(NOW)
    assert matching_step(secret, code, at=NOW, after_step=step) is None


def test_what_is_not_six_digits_is_no_code() -> None:
    for text in ("", "abcdef", "١٢٣٤٥٦", "1" * 500):
        assert matching_step(new_secret(), text, at=NOW, after_step=0) is None


def test_recovery_codes_are_all_different() -> None:
    assert len(set(new_recovery_codes())) == 8
