"""What a supplier's answers and webhooks mean, whatever they look like."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialects.isikuota.test_client import CLIENT, ORDER, SUPPLIER
from gerbang.dialects.isikuota.client import read_products
from gerbang.dialects.isikuota.spec import REFUSALS
from gerbang.dialects.isikuota.wire import sign_webhook
from gerbang.dialects.supplier_contract import CallbackRefused, SupplierNews
from gerbang.orders.outcome import Accepted, Delivered, Outcome, Rejected, Unknown
from gerbang.orders.reasons import Reason
from gerbang.outbound.message import Answered, InboundRequest


def said(status: int, **members: Any) -> Answered:
    """Give an answer of a supplier."""
    whole = {"message": "m", "data": None, "errors": None, "meta": None} | members
    return Answered(status=status, body=json.dumps(whole).encode())


def order_said(code: str, status: str, *, success: bool, **data: Any) -> Answered:
    payload = {"ref_id": "GB-1", "status": status, "price": 21_425, "sn": "7"} | data
    return said(200, success=success, code=code, data=payload)


# --- answers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (order_said("ORDER_SUCCESS", "Success", success=True), Delivered),
        (order_said("ORDER_SUCCESS", "success", success=True, sn=None), Delivered),
        (order_said("ORDER_SUCCESS", "Pending", success=True), Accepted),
        (order_said("ORDER_PENDING", "PENDING", success=True), Accepted),
        (order_said("ORDER_FAILED", "Failed", success=False), Rejected),
        # Nothing below may be taken for a decision.
        (order_said("ORDER_SUCCESS", "Success", success=True, ref_id="other"), Unknown),
        (order_said("ORDER_FAILED", "Failed", success=False, ref_id="other"), Unknown),
        (order_said("ORDER_SUCCESS", "Failed", success=True), Unknown),
        (order_said("ORDER_FAILED", "Success", success=False), Unknown),
        (order_said("ORDER_FAILED", "Failed", success=True), Unknown),
        (order_said("ORDER_SUCCESS", "Success", success=False), Unknown),
        (order_said("ORDER_PENDING", "Success", success=True), Unknown),
        (order_said("ORDER_SUCCESS", "Refund", success=True), Unknown),
        (order_said("ORDER_ELSE", "Success", success=True), Unknown),
        (said(200, success=False, code="ORDER_FAILED"), Unknown),
        (said(200, success=True, code="SUCCESS"), Unknown),
        (said(409, success=False, code="DUPLICATE_REF_ID"), Unknown),
        (said(500, success=False, code="INTERNAL_ERROR"), Unknown),
        (said(422, success=False, code="ORDER_NOT_FOUND"), Unknown),
        (said(422, success=False, code="BILL_NOT_FOUND"), Rejected),
        (said(422, success=True, code="PRODUCT_NOT_FOUND"), Unknown),
        (said(502, success=False, code="PRODUCT_NOT_FOUND"), Unknown),
        (said(503, success=False, code="MAINTENANCE"), Rejected),
        (said(400, success=False, code="INSUFFICIENT_BALANCE"), Rejected),
        (Answered(status=502, body=b"<html>Bad Gateway</html>"), Unknown),
        (Answered(status=200, body=b""), Unknown),
        (Answered(status=200, body=b'{"success":"true","code":"ORDER_SUCCESS"}'), Unknown),
        (Answered(status=200, body=b"[" * 50_000), Unknown),
    ],
)
def test_an_answer_means_what_the_table_says(answer: Answered, expected: type[Outcome]) -> None:
    assert isinstance(CLIENT.read_buy(SUPPLIER, ORDER, answer), expected)


@pytest.mark.parametrize("code", [*REFUSALS, "DUPLICATE_REF_ID", "INTERNAL_ERROR"])
@pytest.mark.parametrize("status_by", ["cmd_status", "repeat"])
def test_a_refused_question_says_nothing_of_the_order(code: str, status_by: str) -> None:
    supplier = msgspec.structs.replace(SUPPLIER, settings={"status_by": status_by})
    for status in (200, 422, 503):
        answer = said(status, success=False, code=code)
        assert isinstance(CLIENT.read_ask(supplier, ORDER, answer), Unknown)


def test_a_header_of_an_unexpected_kind_is_ignored() -> None:
    answer = order_said("ORDER_FAILED", "Failed", success=False)
    for text in ("insufficient_balance", "wrong_pin", "nonsense", ""):
        told = msgspec.structs.replace(answer, headers=(("x-gerbang-reason", text),))
        outcome = CLIENT.read_buy(SUPPLIER, ORDER, told)
        assert isinstance(outcome, Rejected)
        assert outcome.reason is Reason.BILLER_FAILED


@given(st.integers(100, 599), st.binary())
def test_no_answer_crashes_the_client_half(status: int, body: bytes) -> None:
    answer = Answered(status=status, body=body)
    assert isinstance(CLIENT.read_buy(SUPPLIER, ORDER, answer), Unknown)
    assert isinstance(CLIENT.read_ask(SUPPLIER, ORDER, answer), Unknown)
    assert CLIENT.read_balance(SUPPLIER, answer) is None
    assert read_products(answer) is None


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda v: st.lists(v) | st.dictionaries(st.text(), v),
)


@given(
    st.integers(100, 599),
    st.booleans(),
    st.sampled_from(["ORDER_SUCCESS", "ORDER_FAILED", "ORDER_PENDING", "VALIDATION_ERROR"]),
    st.fixed_dictionaries(
        {}, optional={"ref_id": ANY, "status": ANY, "price": ANY, "sn": ANY, "next": ANY}
    )
    | ANY,
    ANY,
)
def test_no_shape_of_an_answer_decides_an_order_it_does_not_name(
    status: int, success: bool, code: str, data: Any, errors: Any
) -> None:
    if isinstance(data, dict) and data.get("ref_id") == "GB-1":
        return
    answer = said(status, success=success, code=code, data=data, errors=errors, meta=errors)
    outcome = CLIENT.read_buy(SUPPLIER, ORDER, answer)
    assert isinstance(outcome, Unknown) or code == "VALIDATION_ERROR"
    assert isinstance(CLIENT.read_ask(SUPPLIER, ORDER, answer), Unknown)
    CLIENT.read_balance(SUPPLIER, answer)
    read_products(answer)


# --- webhooks -----------------------------------------------------------------------------------


def webhook(body: bytes, signature: str | None = None) -> InboundRequest:
    right = sign_webhook(body, secret_key="demo_secret_key")
    headers = (("x-signature", right if signature is None else signature),)
    return InboundRequest(method="POST", path="/callbacks/IK", headers=headers, body=body)


def event_body(event: str, status: str, **data: Any) -> bytes:
    return json.dumps(
        {"event": event, "data": {"ref_id": "GB-1", "status": status, **data}}
    ).encode()


@pytest.mark.parametrize("signature", ["", "0" * 64, "É" * 64, "sha256=" + "0" * 64])
def test_a_webhook_with_a_wrong_signature_is_not_believed(signature: str) -> None:
    request = webhook(event_body("order.success", "Success"), signature)
    assert CLIENT.read_callback(SUPPLIER, request) == CallbackRefused(message="Invalid signature")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (event_body("order.success", "success", sn="9"), Delivered(sn="9")),
        (event_body("order.failed", "FAILED"), Rejected),
        (event_body("order.success", "Failed"), Unknown),
        (event_body("order.failed", "Success"), Unknown),
        (event_body("order.success", "Pending"), Unknown),
    ],
)
def test_event_and_status_of_a_webhook_must_agree(body: bytes, expected: Any) -> None:
    news = CLIENT.read_callback(SUPPLIER, webhook(body))
    assert isinstance(news, tuple)
    (item,) = news
    assert isinstance(item, SupplierNews)
    if isinstance(expected, type):
        assert isinstance(item.outcome, expected)
    else:
        assert item.outcome == expected


def test_an_unknown_event_is_acknowledged_and_ignored() -> None:
    request = webhook(event_body("order.pending", "Pending"))
    assert CLIENT.read_callback(SUPPLIER, request) == ()


@given(st.binary())
def test_a_signed_webhook_that_cannot_be_read_is_refused(body: bytes) -> None:
    refused = CLIENT.read_callback(SUPPLIER, webhook(body))
    assert isinstance(refused, CallbackRefused)
    assert refused.status == 400


def test_the_same_webhook_again_is_the_same_news() -> None:
    request = webhook(event_body("order.success", "Success", sn="9"))
    assert CLIENT.read_callback(SUPPLIER, request) == CLIENT.read_callback(SUPPLIER, request)


def test_webhooks_are_answered_as_the_documents_show() -> None:
    known = CLIENT.callback_answer(known=True)
    assert (known.status, known.body) == (200, b'{"status":"ok"}')
    assert CLIENT.callback_answer(known=False).status == 200
