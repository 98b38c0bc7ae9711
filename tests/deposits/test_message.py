from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gerbang.deposits.message import (
    MessageError,
    check_signature,
    make_signature,
    read_message,
    read_moment,
)

NOW = datetime(2026, 5, 31, 5, 36, 46, tzinfo=UTC)
STAMP = str(int(NOW.timestamp()))
SECRET = "a secret"
BODY = b'{"lines":[]}'


def believed(
    body: bytes = BODY, *, stamp: str = STAMP, secret: str = SECRET, signature: str | None = None
) -> bool:
    made = make_signature(SECRET, STAMP, BODY) if signature is None else signature
    return check_signature(secret, timestamp=stamp, signature=made, body=body, now=NOW)


def test_only_the_holder_of_the_secret_is_believed_and_only_for_five_minutes() -> None:
    assert believed()
    assert believed(signature="sha256=" + make_signature(SECRET, STAMP, BODY).upper())
    assert not believed(b'{"lines":[1]}')
    assert not believed(secret="other")
    assert not believed(signature="")
    assert not believed(stamp="")
    for age, expected in ((300, True), (301, False), (-300, True), (-301, False)):
        stamp = str(int((NOW - timedelta(seconds=age)).timestamp()))
        signature = make_signature(SECRET, stamp, BODY)
        assert believed(stamp=stamp, signature=signature) is expected


@pytest.mark.parametrize(
    ("text", "hour", "is_day"),
    [
        ("2026-05-31T12:36:46+07:00", 5, False),
        ("2026-05-31T12:36:46", 5, False),
        ("2026-05-31 12:36", 5, False),
        ("2026-05-31T05:36:46Z", 5, False),
        ("2026-05-31", 17, True),
        ("", 5, False),
    ],
)
def test_a_moment_without_a_zone_is_wib(text: str, hour: int, *, is_day: bool) -> None:
    at, only_day = read_moment(text, now=NOW)
    assert (at.hour, only_day) == (hour, is_day)


@pytest.mark.parametrize(
    "line",
    [
        {"account_no": "1", "amount": 1.5, "at": "2026-05-31"},
        {"account_no": "1", "amount": 5},
        {"account_no": "1", "amount": 5, "at": "yesterday"},
        {"account_no": "1", "amount": 5, "at": "2026-05-31", "direction": "up"},
        {"amount": 5, "at": "2026-05-31"},
    ],
)
def test_a_line_that_makes_no_sense_refuses_the_message(line: dict[str, object]) -> None:
    with pytest.raises(MessageError):
        read_message(msgspec.json.encode({"lines": [line]}), now=NOW)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with suppress(MessageError):
        read_message(body, now=NOW)
