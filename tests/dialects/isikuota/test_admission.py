"""Who is let in, and in which order the checks come."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from dialects.isikuota.shop import NOW, ORDER, credential, open_shop, order, post, signed_body
from dialects.stand_in import NOON, StandInGateway, make_reseller
from gerbang.clock import FixedClock
from gerbang.dialects.contract import Credential
from gerbang.orders.reasons import Reason


def denies(reason: Reason) -> Any:
    def access(_credential: Credential, _ip: str) -> Reason:
        return reason

    return access


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'"x"', b"{", b"1", b"{}x", b"\xff"])
async def test_what_is_no_json_object_is_named_so(body: bytes) -> None:
    for path in ("/v1/order", "/v1/balance"):
        reply = await post(open_shop(), body, path=path)
        assert (reply.status, reply.code) == (400, "INVALID_JSON")
        assert (reply.data, reply.errors) == (None, None)


@pytest.mark.parametrize("api_id", [None, "", "other", 7, True, ["demo_api_id"], {}])
async def test_an_unknown_api_id_is_refused(api_id: object) -> None:
    body = json.loads(signed_body(ORDER)) | {"api_id": api_id}
    reply = await post(open_shop(), json.dumps(body).encode())
    assert (reply.status, reply.code) == (401, "INVALID_CREDENTIALS")


async def test_nobody_learns_whether_the_api_id_or_the_signature_was_wrong() -> None:
    unknown = await order(open_shop(), ORDER, api_id="other")
    wrong = await order(open_shop(), ORDER, secret_key="other")
    assert (unknown.body, unknown.headers) == (wrong.body, wrong.headers)


@pytest.mark.parametrize("signature", [None, "", 5, "É" * 64, "a" * 64, True, [], "\u0000"])
async def test_a_wrong_signature_is_refused(signature: object) -> None:
    gateway = open_shop()
    body = json.loads(signed_body(ORDER)) | {"signature": signature}
    reply = await post(gateway, json.dumps(body).encode())
    assert (reply.status, reply.code) == (401, "INVALID_CREDENTIALS")
    assert not gateway.placed


async def test_upper_case_hex_is_not_the_signature() -> None:
    body = json.loads(signed_body(ORDER))
    reply = await post(
        open_shop(), json.dumps(body | {"signature": body["signature"].upper()}).encode()
    )
    assert reply.code == "INVALID_CREDENTIALS"


async def test_a_separator_inside_a_signed_part_does_not_move_the_boundary() -> None:
    """With api_id and api_key glued together the signed text is the same; the login is not."""
    reply = await order(open_shop(), ORDER, api_id="demo_api_id|demo_api_key", api_key="")
    assert reply.code == "INVALID_CREDENTIALS"


@pytest.mark.parametrize(("shift_s", "code"), [(300, "ORDER_SUCCESS"), (301, "TIMESTAMP_EXPIRED")])
async def test_the_timestamp_may_differ_by_300_seconds(shift_s: int, code: str) -> None:
    for sign in (1, -1):
        reply = await order(open_shop(), ORDER, timestamp=NOW + sign * shift_s)
        assert reply.code == code


async def test_the_timestamp_window_is_a_setting_of_the_reseller() -> None:
    reseller = make_reseller(settings={"isikuota.timestamp_window_s": 10})
    reply = await order(open_shop(reseller=reseller), ORDER, timestamp=NOW - 11)
    assert (reply.status, reply.code) == (401, "TIMESTAMP_EXPIRED")


async def test_the_timestamp_is_measured_by_the_gateways_clock() -> None:
    gateway = open_shop()
    gateway.clock = FixedClock(NOON + timedelta(hours=1))
    assert (await order(gateway, ORDER)).code == "TIMESTAMP_EXPIRED"


@pytest.mark.parametrize("timestamp", [None, str(NOW), float(NOW), True, [NOW], 10**40])
async def test_a_timestamp_that_is_no_plain_integer_is_refused(timestamp: object) -> None:
    body = json.loads(signed_body(ORDER)) | {"timestamp": timestamp}
    reply = await post(open_shop(), json.dumps(body).encode())
    assert (reply.status, reply.code) == (401, "TIMESTAMP_EXPIRED")


@pytest.mark.parametrize(
    ("reason", "status", "code"),
    [
        (Reason.ADDRESS_NOT_ALLOWED, 403, "IP_NOT_ALLOWED"),
        (Reason.RESELLER_SUSPENDED, 401, "INVALID_CREDENTIALS"),
        (Reason.DIALECT_NOT_ENABLED, 401, "INVALID_CREDENTIALS"),
        (Reason.RATE_LIMITED, 429, "RATE_LIMITED"),
        (Reason.MAINTENANCE, 503, "MAINTENANCE"),
    ],
)
async def test_access_is_refused_by_name(reason: Reason, status: int, code: str) -> None:
    gateway = open_shop()
    gateway.access = denies(reason)
    reply = await order(gateway, ORDER)
    assert (reply.status, reply.code) == (status, code)
    assert not gateway.placed


async def test_the_address_of_the_caller_is_what_is_checked() -> None:
    gateway = open_shop()
    seen: list[str] = []
    gateway.access = lambda _credential, ip: seen.append(ip)
    await post(gateway, signed_body(ORDER), client_ip="198.51.100.9")
    assert seen == ["198.51.100.9"]


def wrong_in(*faults: str) -> tuple[StandInGateway, bytes]:
    """Make a request with several faults at once."""
    gateway = open_shop()
    business = {**ORDER, "code": 5} if "fields" in faults else ORDER
    members = json.loads(
        signed_body(business, timestamp=NOW - 900 if "timestamp" in faults else NOW)
    )
    if "signature" in faults:
        members["signature"] = "0" * 64
    if "api_id" in faults:
        members["api_id"] = "other"
    if "address" in faults:
        gateway.access = denies(Reason.ADDRESS_NOT_ALLOWED)
    return gateway, json.dumps(members).encode()


@pytest.mark.parametrize(
    ("faults", "code"),
    [
        (("api_id", "timestamp", "signature", "address", "fields"), "INVALID_CREDENTIALS"),
        (("timestamp", "signature", "address", "fields"), "TIMESTAMP_EXPIRED"),
        (("signature", "address", "fields"), "INVALID_CREDENTIALS"),
        (("address", "fields"), "IP_NOT_ALLOWED"),
        (("fields",), "VALIDATION_ERROR"),
        ((), "ORDER_SUCCESS"),
    ],
)
async def test_the_first_fault_in_the_order_of_checks_is_named(
    faults: tuple[str, ...], code: str
) -> None:
    gateway, body = wrong_in(*faults)
    assert (await post(gateway, body)).code == code


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
async def test_another_method_is_refused_in_the_dialects_form(method: str) -> None:
    reply = await post(open_shop(), signed_body(ORDER), method=method)
    assert (reply.status, reply.headers["allow"]) == (405, "POST")


async def test_a_body_that_is_too_large_is_refused_in_the_dialects_form() -> None:
    reply = await post(open_shop(), b" " * 70_000)
    assert (reply.status, reply.code) == (400, "INVALID_JSON")


async def test_a_testing_credential_makes_every_order_a_test() -> None:
    gateway = StandInGateway(credentials=[credential(testing=True)])
    await order(gateway, {**ORDER, "testing": False})
    assert gateway.placed[0].testing
