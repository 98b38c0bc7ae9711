"""Webhooks to resellers, byte for byte."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gerbang.dialects import isikuota
from gerbang.dialects.contract import (
    CallbackEvent,
    CallbackMessage,
    OrderState,
    OrderView,
    ProductKind,
)
from gerbang.dialects.isikuota import DIALECT
from gerbang.dialects.isikuota.callback import encode_webhook
from gerbang.orders.reasons import Reason

VECTORS = json.loads(Path(__file__).parents[2].joinpath("vectors/isikuota.json").read_text())
DONE = datetime(2026, 5, 31, 5, 36, 46, tzinfo=UTC)
ORDER = OrderView(
    id=12345,
    reference="TRX12345",
    state=OrderState.SUCCESS,
    product_code="TSEL21",
    product_name="Telkomsel 21.000",
    kind=ProductKind.PREPAID,
    destination="08123456789",
    quantity=1,
    counter=1,
    price=21_425,
    sn="1234-5678-9012-3456",
    reason=None,
    message="OK",
    testing=False,
    created_at=DONE - timedelta(seconds=6),
    updated_at=DONE,
)


def message(event: CallbackEvent = CallbackEvent.SUCCESS, **changes: Any) -> CallbackMessage:
    return CallbackMessage(
        id=1,
        event=event,
        occurred_at=DONE,
        order=msgspec.structs.replace(ORDER, **changes),
        url="https://reseller.test/hook?a=1",
        secrets={"secret_key": "demo_secret_key"},
        settings={},
    )


def test_a_success_is_the_vector_byte_for_byte() -> None:
    request = encode_webhook(message())
    vector = VECTORS["webhooks"][0]
    sample = Path(isikuota.__file__).parent / "samples/webhook_success.json"
    assert request.body.decode() == vector["body"] == sample.read_text().rstrip()
    assert dict(request.headers) == {
        "Content-Type": "application/json",
        "X-Signature": vector["x_signature"],
        "X-Type-Transaction": "ppob",
    }
    assert (request.method, request.url) == ("POST", "https://reseller.test/hook?a=1")


def test_slashes_and_accents_are_escaped_as_in_the_vector() -> None:
    request = encode_webhook(
        message(
            CallbackEvent.FAILED,
            state=OrderState.FAILED,
            product_name="Kuota 1GB/30 hari – é",  # noqa: RUF001 (the dash of the vector)
            sn="",
            message="Gagal",
        )
    )
    vector = VECTORS["webhooks"][1]
    assert request.body.decode() == vector["body"]
    assert dict(request.headers)["X-Signature"] == vector["x_signature"]


def test_the_same_message_gives_the_same_bytes() -> None:
    assert encode_webhook(message()) == encode_webhook(message())


@pytest.mark.parametrize(
    ("event", "state", "word", "status"),
    [
        (CallbackEvent.SUCCESS, OrderState.SUCCESS, "order.success", "Success"),
        (CallbackEvent.SN_RECEIVED, OrderState.SUCCESS, "order.sn_received", "Success"),
        (CallbackEvent.FAILED, OrderState.FAILED, "order.failed", "Failed"),
        (CallbackEvent.REVERSED, OrderState.REVERSED, "order.failed", "Failed"),
    ],
)
def test_only_the_three_known_events_are_sent(
    event: CallbackEvent, state: OrderState, word: str, status: str
) -> None:
    body = json.loads(encode_webhook(message(event, state=state, message="")).body)
    assert (body["event"], body["data"]["status"]) == (word, status)
    assert body["data"]["message"]
    assert event in DIALECT.callback_events


def test_a_reversal_tells_of_the_refund_whatever_the_order_said_before() -> None:
    request = encode_webhook(message(CallbackEvent.REVERSED, state=OrderState.REVERSED))
    assert "dikembalikan" in json.loads(request.body)["data"]["message"]
    assert ("x-gerbang-reason", "refunded") in request.headers


def test_a_failure_says_why_without_our_own_affairs() -> None:
    failed = message(
        CallbackEvent.FAILED,
        state=OrderState.FAILED,
        reason=Reason.SUPPLIER_REFUSED_US,
        message="",
    )
    request = encode_webhook(failed)
    assert json.loads(request.body)["data"]["message"] == "Produk sedang gangguan"
    assert ("x-gerbang-reason", "product_disturbed") in request.headers


def test_a_test_says_so_in_a_header_and_the_body_stays_the_documented_one() -> None:
    request = encode_webhook(message(testing=True))
    assert ("X-Gerbang-Testing", "true") in request.headers
    assert request.body == encode_webhook(message()).body


def test_the_secret_and_the_signature_are_marked_for_scrubbing() -> None:
    request = encode_webhook(message())
    assert set(request.secrets) == {"demo_secret_key", dict(request.headers)["X-Signature"]}
