"""The client half: what it asks a supplier."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from dialects.socx.helpers import BASE, TOKEN, VECTORS, make_order, make_supplier
from dialects.stand_in import NOON
from gerbang.dialects.socx import topup_xml
from gerbang.dialects.socx.client import QuantityError, SocxClient
from gerbang.dialects.supplier_contract import SupplierView
from gerbang.outbound.message import HttpRequest

CLIENT = SocxClient()


def test_a_json_purchase_carries_the_token_in_its_header_only() -> None:
    request = CLIENT.buy(make_supplier(), make_order(), now=NOON)
    assert (request.method, request.url) == ("POST", BASE + "/purchase")
    assert ("authorization", f"Bearer {TOKEN}") in request.headers
    assert json.loads(request.body) == {
        "code": "HSA5",
        "msisdn": "08121231231",
        "request_id": "999999",
    }
    assert TOKEN.encode() not in request.body
    assert request.secrets == (TOKEN,)


FORM_FIELDS = {
    "code": ["HSA5"],
    "msisdn": ["08121231231"],
    "request_id": ["999999"],
    "token": [TOKEN],
}


def test_an_http_get_purchase_carries_everything_in_its_query() -> None:
    request = CLIENT.buy(make_supplier(channel="http_get"), make_order(), now=NOON)
    assert (request.method, request.body, request.headers) == ("GET", b"", ())
    assert request.url.startswith(BASE + "/http/purchase?")
    assert parse_qs(urlsplit(request.url).query) == FORM_FIELDS
    assert request.secrets == (TOKEN,)


def test_an_http_form_purchase_carries_everything_in_its_body() -> None:
    request = CLIENT.buy(make_supplier(channel="http_form"), make_order(), now=NOON)
    assert (request.method, request.url) == ("POST", BASE + "/http/purchase")
    assert parse_qs(request.body.decode()) == FORM_FIELDS
    assert request.secrets == (TOKEN,)


def test_an_xml_purchase_is_the_sample_request() -> None:
    sample = VECTORS["xml"]["request"]
    order = make_order(
        reference=sample["REQUESTID"], destination=sample["NOHP"], product_code=sample["NOM"]
    )
    request = CLIENT.buy(make_supplier(channel="xml"), order, now=NOON)
    method, members = topup_xml.parse_call(request.body)
    assert {"method": method, **members} == sample
    assert ("authorization", f"Bearer {TOKEN}") in request.headers


@pytest.mark.parametrize(
    ("auth", "where"), [("bearer", "header"), ("query", "url"), ("pin", "body"), ("none", "")]
)
def test_the_xml_channel_logs_in_as_the_supplier_wants(auth: str, where: str) -> None:
    supplier = make_supplier(channel="xml", xml_auth=auth)
    request = CLIENT.buy(supplier, make_order(), now=NOON)
    found = {
        "header": TOKEN in str(request.headers),
        "url": TOKEN in request.url,
        "body": TOKEN.encode() in request.body,
    }
    assert [place for place, there in found.items() if there] == ([where] if where else [])


def test_the_same_order_gives_the_same_request() -> None:
    for channel in ("json", "http_get", "http_form", "xml"):
        supplier = make_supplier(channel=channel)
        assert CLIENT.buy(supplier, make_order(), now=NOON) == CLIENT.buy(
            supplier, make_order(), now=NOON
        )


def test_an_open_denomination_is_written_after_a_hash() -> None:
    order = make_order(open_denomination=True, quantity=5000)
    assert json.loads(CLIENT.buy(make_supplier(), order, now=NOON).body)["msisdn"] == (
        "08121231231#5000"
    )


def test_a_quantity_that_cannot_be_said_is_never_sent() -> None:
    with pytest.raises(QuantityError):
        CLIENT.buy(make_supplier(), make_order(quantity=3), now=NOON)


def test_an_unknown_channel_is_an_error_before_anything_is_sent() -> None:
    with pytest.raises(ValueError, match="smoke"):
        CLIENT.buy(make_supplier(channel="smoke"), make_order(), now=NOON)


def test_a_slash_at_the_end_of_the_base_address_does_no_harm() -> None:
    supplier = SupplierView(
        id=1,
        code="x",
        dialect="socx",
        base_url=BASE + "/",
        secrets={"token": TOKEN},
        settings={},
    )
    request = CLIENT.ask(supplier, make_order(), now=NOON)
    assert isinstance(request, HttpRequest)
    assert request.url == BASE + "/status"
    assert json.loads(request.body) == {"request_id": "999999"}


def test_nothing_is_asked_without_a_token() -> None:
    supplier = SupplierView(
        id=1, code="x", dialect="socx", base_url=BASE, secrets={}, settings={"channel": "xml"}
    )
    assert CLIENT.ask(supplier, make_order(), now=NOON) is None
    assert CLIENT.ask_balance(supplier, now=NOON) is None
