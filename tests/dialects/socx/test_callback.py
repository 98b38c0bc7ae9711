"""What a reseller is told, in the three forms of the sheet."""

from __future__ import annotations

import json
import xmlrpc.client
from typing import Any

import msgspec
import pytest

from dialects.socx.helpers import MEMBERS, VECTORS
from dialects.stand_in import NOON
from gerbang.dialects.contract import (
    CallbackEvent,
    CallbackMessage,
    OrderState,
    OrderView,
    ProductKind,
)
from gerbang.dialects.socx import DIALECT, callback
from gerbang.orders.reasons import Reason

URL = "https://reseller.example/report?key=1"


def message(event: CallbackEvent = CallbackEvent.SUCCESS, **changes: Any) -> CallbackMessage:
    members: dict[str, Any] = {
        "id": 123123,
        "reference": "12345",
        "state": OrderState.SUCCESS,
        "product_code": "HSA5",
        "product_name": "Pulsa 5.000",
        "kind": ProductKind.PREPAID,
        "destination": "08123123123",
        "quantity": 1,
        "counter": 1,
        "price": 5500,
        "sn": "02123123123123123",
        "reason": None,
        "message": "",
        "testing": False,
        "created_at": NOON,
        "updated_at": NOON,
        "balance": 994_500,
    }
    order = OrderView(**(members | changes))
    return CallbackMessage(
        id=1, event=event, occurred_at=NOON, order=order, url=URL, secrets={}, settings={}
    )


FAILED = message(
    CallbackEvent.FAILED, state=OrderState.FAILED, sn="", reason=Reason.NUMBER_NOT_FOUND
)


def test_the_flat_form_is_the_transaction_object() -> None:
    request = callback.encode_flat(message())
    assert (request.method, request.url) == ("POST", URL)
    assert request.headers == (("content-type", "application/json"),)
    body = json.loads(request.body)
    assert list(body) == MEMBERS
    assert body == {
        "code": "HSA5",
        "msisdn": "08123123123",
        "request_id": "12345",
        "rc": "00",
        "trxid": 123123,
        "price": 5500,
        "balance": 994_500,
        "sn": "02123123123123123",
        "message": "SUKSES",
    }


def test_the_flat_form_of_a_failure_has_an_empty_serial_number() -> None:
    body = json.loads(callback.encode_flat(FAILED).body)
    assert (body["rc"], body["sn"], body["trxid"]) == ("07", "", 123123)


def test_the_data_form_is_all_strings() -> None:
    body = json.loads(callback.encode_data(message()).body)
    assert list(body) == ["data"]
    assert body["data"] == {
        "ref_id": "12345",
        "status": "1",
        "code": "HSA5",
        "hp": "08123123123",
        "price": "5500",
        "message": "SUKSES",
        "balance": "994500",
        "tr_id": "123123",
        "rc": "00",
        "sn": "02123123123123123",
    }


@pytest.mark.parametrize("event", [CallbackEvent.FAILED, CallbackEvent.REVERSED])
def test_the_status_of_the_data_form_is_2_for_bad_news(event: CallbackEvent) -> None:
    body = json.loads(callback.encode_data(message(event)).body)
    assert body["data"]["status"] == "2"


def test_the_xml_form_is_the_sample_report() -> None:
    request = callback.encode_xml(message())
    assert request.headers == (("content-type", "text/xml; charset=utf-8"),)
    params, method = xmlrpc.client.loads(request.body.decode())
    members: Any = params[0]
    assert {"method": method, **members} == VECTORS["xml"]["report"]
    assert ["method", *members] == list(VECTORS["xml"]["report"])


@pytest.mark.parametrize("form", sorted(DIALECT.callback_formats))
@pytest.mark.parametrize(
    ("event", "rc"),
    [
        (CallbackEvent.SUCCESS, "00"),
        (CallbackEvent.SN_RECEIVED, "00"),
        (CallbackEvent.REVERSED, "21"),
        (CallbackEvent.FAILED, "23"),
    ],
)
def test_each_event_has_its_code_whatever_the_order_came_to_since(
    form: str, event: CallbackEvent, rc: str
) -> None:
    for state in OrderState:
        body = DIALECT.callback_formats[form](message(event, state=state)).body
        assert rc.encode() in body
        assert b"PENDING" not in body


@pytest.mark.parametrize("form", sorted(DIALECT.callback_formats))
def test_a_testing_order_says_so_in_a_header(form: str) -> None:
    encode = DIALECT.callback_formats[form]
    header = ("X-Gerbang-Testing", "true")
    assert header in encode(message(testing=True)).headers
    assert header not in encode(message()).headers


def test_a_balance_that_was_not_looked_up_is_zero() -> None:
    assert json.loads(callback.encode_flat(message(balance=None)).body)["balance"] == 0


def test_an_open_denomination_shows_its_nominal() -> None:
    opened = message(kind=ProductKind.OPEN, quantity=1000)
    assert json.loads(callback.encode_flat(opened).body)["msisdn"] == "08123123123#1000"


def test_every_event_is_told() -> None:
    assert DIALECT.callback_events == set(CallbackEvent)


def test_nothing_but_the_order_is_told() -> None:
    secret = msgspec.structs.replace(message(), secrets={"token": "SECRET"})
    for encode in DIALECT.callback_formats.values():
        assert b"SECRET" not in encode(secret).body
