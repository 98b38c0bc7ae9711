"""Whatever is sent, the answer is the dialect's own, and never a crash."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from dialects.isikuota.shop import NOW, ORDER, Reply, open_shop, order, post, signed_body
from gerbang.dialects.isikuota.spec import HTTP_STATUS

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
VALUES = st.recursive(SCALARS, lambda v: st.lists(v) | st.dictionaries(st.text(), v))
NAMES = st.sampled_from(
    ["cmd", "code", "customer_no", "ref_id", "testing", "amount", "kind", "limit", "after"]
)
COMMANDS = st.sampled_from(["prepaid", "game", "status", "products"])
GOOD = {*HTTP_STATUS, "ORDER_SUCCESS", "ORDER_PENDING", "SUCCESS"}


def send(body: bytes) -> Reply:
    """Send a body and fail where anything crashed on the way."""
    with structlog.testing.capture_logs() as logs:
        reply = asyncio.run(post(open_shop(), body))
    assert not logs
    assert reply.code in GOOD
    return reply


@given(st.binary())
def test_any_bytes_get_an_answer(body: bytes) -> None:
    assert send(body).status in (400, 401)


@given(VALUES)
def test_any_json_gets_an_answer(value: Any) -> None:
    assert send(json.dumps(value).encode()).status in (400, 401)


@given(VALUES, VALUES, VALUES)
def test_any_login_gets_an_answer(api_id: Any, timestamp: Any, signature: Any) -> None:
    login = {"api_id": api_id, "timestamp": timestamp, "signature": signature}
    assert send(json.dumps(ORDER | login).encode()).status == 401


@given(COMMANDS, st.dictionaries(NAMES | st.text(), VALUES))
def test_any_signed_members_get_an_answer(command: str, members: dict[str, Any]) -> None:
    for name in ("api_id", "timestamp", "signature"):
        members.pop(name, None)
    try:
        body = signed_body({**members, "cmd": command})
    except OverflowError:
        return  # an integer that the encoder cannot write
    assert send(body).status in (200, 409, 422)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b'{"api_id":"demo_api_id","timestamp":1,"x":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
        b'{"a":"\xed\xa0\x80"}',
        b'{"a":"\xc0\x80"}',
        b'{"a":"\\ud800"}',
        b'{"a":"raw \x00 NUL"}',
        b'{"a":1e999}',
        b'{"a":' + b"9" * 5_000 + b"}",
        b'{"a":NaN}',
        b"\xef\xbb\xbf{}",
        b'{"a":01}',
        b"{'a':1}",
        b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
    ],
)
def test_what_php_would_not_read_either_is_invalid_json(body: bytes) -> None:
    assert send(body).code == "INVALID_JSON"


def test_deep_nesting_below_the_parsers_limit_is_invalid_json_too() -> None:
    members: Any = 1.5
    for _ in range(100):
        members = [members]
    login = {"api_id": "demo_api_id", "timestamp": NOW, "signature": "0" * 64}
    assert send(json.dumps({"a": members, **login}).encode()).code == "INVALID_JSON"


def test_the_last_of_duplicate_members_is_the_one_that_is_signed_and_used() -> None:
    body = signed_body(ORDER)
    doubled = body.replace(b'{"cmd"', b'{"customer_no":"0800","testing":"x","cmd"', 1)
    assert b'"customer_no":"0800"' in doubled
    # `testing` was not signed, so this copy must not get through.
    assert send(doubled).code == "INVALID_CREDENTIALS"
    doubled = body.replace(b'{"cmd"', b'{"customer_no":"0800","cmd"', 1)
    reply = send(doubled)
    assert (reply.code, reply.data["customer_no"]) == ("ORDER_SUCCESS", "08123456789")


def test_a_second_login_at_the_end_wins_and_must_be_right() -> None:
    body = signed_body(ORDER)[:-1] + b',"api_id":"other"}'
    assert send(body).code == "INVALID_CREDENTIALS"


def test_an_unsigned_extra_member_breaks_the_signature() -> None:
    body = signed_body(ORDER)[:-1] + b',"amount":1}'
    assert send(body).code == "INVALID_CREDENTIALS"


async def test_separators_inside_signed_members_change_nothing() -> None:
    reply = await order(open_shop(), {**ORDER, "ref_id": "a|b|1748678400|c"})
    assert reply.data["ref_id"] == "a|b|1748678400|c"


async def test_no_secret_is_in_an_answer_or_a_log() -> None:
    with structlog.testing.capture_logs() as logs:
        gateway = open_shop()
        gateway.script.append(RuntimeError("a bug"))
        replies = [
            await order(gateway, ORDER),
            await order(gateway, ORDER, secret_key="x"),
            await order(gateway, {"cmd": "x"}),
        ]
    text = repr(replies) + repr(logs)
    assert "demo_secret_key" not in text
    assert "demo_api_key" not in text
