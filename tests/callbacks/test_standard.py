"""The standard format, checked by a verifier written from the convention's own words."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import timedelta

import msgspec
import pytest

from callbacks.samples import NOON, ORDER, message
from gerbang.callbacks.standard import (
    MissingCallbackSecretError,
    encode_standard,
    sign,
    signing_key,
    standard_encoder,
)
from gerbang.clock import FixedClock
from gerbang.dialects.contract import CallbackEvent
from gerbang.outbound.message import HttpRequest


def verified(request: HttpRequest, key: bytes) -> bool:
    headers = dict(request.headers)
    signed = b".".join(
        (headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), request.body)
    )
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return f"v1,{expected}" in headers["webhook-signature"].split(" ")


def test_a_callback_says_what_happened_and_is_signed() -> None:
    request = encode_standard(message(7), now=NOON)
    assert (request.method, request.url) == ("POST", "http://127.0.0.1:1/cb")
    assert verified(request, b"s3cr3t-of-callbacks")
    body = json.loads(request.body)
    assert (body["type"], body["timestamp"]) == ("order.success", "2026-05-31T05:36:46Z")
    assert body["data"]["reference"] == "INV-1"
    assert (body["data"]["price"], body["data"]["id"]) == (21425, "812")


def test_a_resend_has_the_original_id_event_and_time_and_the_current_secret() -> None:
    first = encode_standard(message(7), now=NOON)
    changed = message(7, secrets={"callback_secret": "whsec_" + base64.b64encode(b"k2").decode()})
    again = encode_standard(changed, now=NOON + timedelta(hours=5))
    assert again.body == first.body
    assert dict(again.headers)["webhook-id"] == dict(first.headers)["webhook-id"] == "msg_7"
    assert verified(again, b"k2")
    assert not verified(again, b"s3cr3t-of-callbacks")
    sent = [int(dict(made.headers)["webhook-timestamp"]) for made in (first, again)]
    assert sent[1] - sent[0] == 5 * 3600, "verifiers allow five minutes"


def test_the_published_example_of_the_convention_verifies() -> None:
    """Known input and output, so that key, order and separators cannot drift together."""
    signature = sign(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "1614265330",
        body=b'{"test": 2432232314}',
    )
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_test_order_says_so_in_a_header_and_a_live_one_does_not() -> None:
    live = encode_standard(message(), now=NOON)
    order = msgspec.structs.replace(ORDER, testing=True)
    test = encode_standard(message(order=order), now=NOON)
    assert ("X-Gerbang-Testing", "true") in test.headers
    assert "X-Gerbang-Testing" not in dict(live.headers)
    assert json.loads(test.body)["data"]["testing"] is True


def test_nothing_is_sent_unsigned() -> None:
    with pytest.raises(MissingCallbackSecretError):
        encode_standard(message(secrets={}), now=NOON)


@pytest.mark.parametrize("event", CallbackEvent)
def test_every_event_has_a_form(event: CallbackEvent) -> None:
    request = standard_encoder(FixedClock(NOON))(message(event=event))
    assert json.loads(request.body)["type"] == event


@pytest.mark.parametrize(
    ("secret", "key"),
    [("whsec_azI=", b"k2"), ("whsec_not base64!", b"whsec_not base64!"), ("plain", b"plain")],
)
def test_a_secret_is_base64_only_behind_its_prefix(secret: str, key: bytes) -> None:
    assert signing_key(secret) == key
