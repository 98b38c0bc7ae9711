"""The client half: what it asks a supplier, and what it believes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialects.socx.helpers import BASE, TOKEN, VECTORS, make_order, make_supplier
from dialects.stand_in import NOON
from gerbang.dialects.contract import CallbackRefused, SupplierNews, SupplierView
from gerbang.dialects.socx import topup_xml
from gerbang.dialects.socx.client import QuantityError, SocxClient
from gerbang.orders.outcome import (
    Accepted,
    Delivered,
    NotFound,
    Outcome,
    Rejected,
    StatusOutcome,
    Unknown,
)
from gerbang.orders.reasons import Reason
from gerbang.outbound.message import Answered, HttpRequest, InboundRequest

CLIENT = SocxClient()
REPLY = {
    "code": "HSA5",
    "msisdn": "08121231231",
    "request_id": "999999",
    "rc": "68",
    "trxid": 16413,
    "price": 5400,
    "balance": 341_890_000,
    "sn": "",
    "message": "PENDING, Transaksi sedang diproses",
}


def answered(body: object, status: int = 200) -> Answered:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answered(status=status, body=raw)


def bought(*, without: Sequence[str] = (), status: int = 200, **changes: Any) -> Outcome:
    reply = {name: value for name, value in (REPLY | changes).items() if name not in without}
    return CLIENT.read_buy(make_supplier(), make_order(), answered(reply, status))


def asked(*, without: Sequence[str] = (), **changes: Any) -> StatusOutcome:
    reply = {name: value for name, value in (REPLY | changes).items() if name not in without}
    return CLIENT.read_ask(make_supplier(), make_order(), answered(reply))


def told(body: object) -> Sequence[SupplierNews] | CallbackRefused:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return CLIENT.read_callback(
        make_supplier(), InboundRequest(method="POST", path="/callbacks/niskala", body=raw)
    )


def news_of(body: object) -> SupplierNews:
    news = told(body)
    assert not isinstance(news, CallbackRefused)
    assert len(news) == 1
    return news[0]


# --- requests ---------------------------------------------------------------------------------


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


# --- purchases ----------------------------------------------------------------------------------


def test_pending_is_accepted() -> None:
    assert bought() == Accepted(
        supplier_order_id="16413",
        cost=5400,
        supplier_balance=341_890_000,
        message="PENDING, Transaksi sedang diproses",
    )


def test_a_pending_reply_without_a_serial_number_is_accepted_too() -> None:
    assert isinstance(bought(without=["sn"]), Accepted)


def test_success_at_once_is_delivered() -> None:
    assert bought(rc="00", sn="04092900001248875319", message="SUKSES") == Delivered(
        sn="04092900001248875319",
        cost=5400,
        supplier_order_id="16413",
        supplier_balance=341_890_000,
        message="SUKSES",
    )


def test_spellings_and_digit_strings_are_understood() -> None:
    outcome = bought(
        without=["trxid", "message"],
        rc=0,
        trx_id="16413",
        msg="OK",
        price="5400",
        balance="1000",
        sn=123,
    )
    assert outcome == Delivered(
        sn="123", cost=5400, supplier_order_id="16413", supplier_balance=1000, message="OK"
    )


def test_a_failure_with_an_order_has_consumed_the_reference() -> None:
    outcome = bought(rc="23", message="Gagal, Gagal biller")
    assert outcome == Rejected(
        reason=Reason.BILLER_FAILED,
        reroutable=True,
        reference_consumed=True,
        supplier_order_id="16413",
        supplier_balance=341_890_000,
        message="rc 23 Gagal, Gagal biller",
    )


def test_a_refusal_without_an_order_leaves_the_reference_free() -> None:
    outcome = bought(rc="18", trxid=0, balance=1000)
    assert isinstance(outcome, Rejected)
    assert (outcome.reference_consumed, outcome.supplier_order_id) == (False, "")
    assert outcome.reason is Reason.SUPPLIER_REFUSED_US


@pytest.mark.parametrize(("status", "rc"), [(401, "02"), (403, "02"), (400, "01"), (503, "09")])
def test_the_body_is_read_whatever_the_http_status(status: int, rc: str) -> None:
    body = {"rc": rc, "message": "no"}
    outcome = CLIENT.read_buy(make_supplier(), make_order(), answered(body, status))
    assert isinstance(outcome, Rejected)
    assert outcome.reroutable
    assert not outcome.reference_consumed


@pytest.mark.parametrize("rc", ["03", "08", "11", "76", "04", "99", "069", "1", "", "OK", "0000"])
def test_what_proves_nothing_is_unknown(rc: str) -> None:
    assert isinstance(bought(rc=rc), Unknown)


@pytest.mark.parametrize("rc", [None, True, [], {}, 1.5, -1])
def test_a_code_that_is_no_code_is_unknown(rc: object) -> None:
    assert isinstance(bought(rc=rc), Unknown)


@pytest.mark.parametrize("rc", ["00", "68", "07", "23", "02"])
@pytest.mark.parametrize(
    "change", [{"request_id": "123456"}, {"msisdn": "081234567890"}, {"code": "X10"}]
)
def test_the_echo_of_another_order_is_unknown_and_never_failed(
    rc: str, change: dict[str, Any]
) -> None:
    assert isinstance(bought(rc=rc, **change), Unknown)
    assert isinstance(asked(rc=rc, **change), Unknown)


def test_a_code_in_other_letters_is_the_same_code() -> None:
    assert isinstance(bought(code="hsa5"), Accepted)


HOPELESS = [
    b"",
    b"<html><body>502 Bad Gateway</body></html>",
    b"null",
    b"[]",
    b'"00"',
    b"00",
    b'{"rc":',
    b"\xff\xfe",
    b'{"x":' * 10_000,
    b'{"data":"00"}',
    b'{"data":{"status":"1"}}',
    b"<methodResponse><fault><value>x</value></fault></methodResponse>",
]


@pytest.mark.parametrize("body", HOPELESS)
@pytest.mark.parametrize("status", [200, 404, 500, 502])
def test_an_unreadable_answer_is_unknown_whatever_the_status(body: bytes, status: int) -> None:
    answer = answered(body, status)
    assert isinstance(CLIENT.read_buy(make_supplier(), make_order(), answer), Unknown)
    assert isinstance(CLIENT.read_ask(make_supplier(), make_order(), answer), Unknown)
    assert CLIENT.read_balance(make_supplier(), answer) is None
    assert isinstance(told(body), CallbackRefused)


@given(body=st.binary(max_size=200))
def test_no_answer_makes_an_exception_or_a_decision(body: bytes) -> None:
    answer = answered(body)
    assert isinstance(CLIENT.read_buy(make_supplier(), make_order(), answer), Unknown)
    assert isinstance(CLIENT.read_ask(make_supplier(), make_order(), answer), Unknown)
    assert isinstance(told(body), CallbackRefused)


members = st.sampled_from(
    ["rc", "trxid", "request_id", "sn", "data", "price", "message", "balance"]
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["00", "68"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(members, inner, max_size=3),
    max_leaves=6,
)


@given(reply=st.dictionaries(members, json_values))
def test_no_reply_makes_an_exception_and_every_text_fits_a_database(
    reply: dict[str, object],
) -> None:
    for outcome in (
        CLIENT.read_buy(make_supplier(), make_order(), answered(reply)),
        CLIENT.read_ask(make_supplier(), make_order(), answered(reply)),
    ):
        assert outcome.message.isprintable()
        if isinstance(outcome, Delivered):
            assert outcome.sn.isprintable()
            assert outcome.cost is None or outcome.cost > 0
    told(reply)


def test_a_nul_in_an_answer_reaches_no_database() -> None:
    outcome = bought(rc="00", sn="1\x002", data={"sn_raw": "a\x00b", "parsed": {"k\x00": "v\x00"}})
    assert isinstance(outcome, Delivered)
    assert "\x00" not in str(outcome)
    assert "\\x00" not in str(outcome)


def test_an_xml_reply_is_understood() -> None:
    sample = VECTORS["xml"]["reply"]
    order = make_order(reference=sample["REQUESTID"])
    answer = answered(topup_xml.encode_response(sample))
    outcome = CLIENT.read_buy(make_supplier(channel="xml"), order, answer)
    assert outcome == Accepted(supplier_order_id="5483", message=sample["MESSAGE"])
    other = make_order(reference="77")
    assert isinstance(CLIENT.read_buy(make_supplier(channel="xml"), other, answer), Unknown)


# --- serial numbers -------------------------------------------------------------------------------

PARSED = {"stroom_token": "5065-4980-9887-7667-8924", "rp_bayar": 20000, "kwh": "43,9"}


@pytest.mark.parametrize(
    ("changes", "sn"),
    [
        ({"sn": "A", "data": {"sn": "B", "parsed": PARSED}, "nomor_referensi": "D"}, "A"),
        ({"sn": "", "data": {"sn": "B", "parsed": PARSED}, "nomor_referensi": "D"}, "B"),
        ({"sn": None, "data": {"parsed": PARSED}, "nomor_referensi": "D"}, PARSED["stroom_token"]),
        ({"sn": "", "nomor_referensi": "D"}, "D"),
        ({"sn": "", "data": {"nomor_referensi": "D"}}, "D"),
        ({"sn": ""}, ""),
        ({"sn": "", "data": {"parsed": "x"}}, ""),
        ({"sn": "", "data": []}, ""),
    ],
)
def test_the_serial_number_is_looked_for_in_order(changes: dict[str, Any], sn: object) -> None:
    outcome = bought(rc="00", **changes)
    assert isinstance(outcome, Delivered)
    assert outcome.sn == sn


def test_the_parts_of_a_receipt_are_kept() -> None:
    outcome = bought(rc="00", data={"sn_raw": "STRUK@NAMA:A", "parsed": PARSED, "other": 1})
    assert isinstance(outcome, Delivered)
    assert outcome.data == {"sn_raw": "STRUK@NAMA:A", "parsed": PARSED}


def test_a_receipt_in_the_sellers_form_with_its_ids_swapped_is_understood() -> None:
    reply = {
        "ref_id": "3399862",
        "status": "1",
        "code": "HSA5",
        "hp": "08121231231",
        "price": "20500",
        "message": "SUKSES",
        "balance": "100",
        "tr_id": "999999",
        "rc": "00",
        "sn_raw": "STRUK",
        "parsed": PARSED,
    }
    for read in (CLIENT.read_buy, CLIENT.read_ask):
        outcome = read(make_supplier(), make_order(), answered({"data": reply}))
        assert isinstance(outcome, Delivered)
        assert (outcome.sn, outcome.cost) == (PARSED["stroom_token"], 20500)
        assert outcome.data == {"sn_raw": "STRUK", "parsed": PARSED}


# --- status -------------------------------------------------------------------------------------


def test_an_order_that_is_found_is_believed() -> None:
    assert isinstance(asked(), Accepted)
    assert isinstance(asked(rc="00", sn="1"), Delivered)
    failed = asked(rc="23")
    assert isinstance(failed, Rejected)
    assert failed.reference_consumed


@pytest.mark.parametrize("rc", ["11", "76"])
def test_not_found_is_only_not_found(rc: str) -> None:
    assert isinstance(asked(rc=rc, trxid=0), NotFound)
    assert isinstance(asked(without=["request_id", "trxid", "code", "msisdn"], rc=rc), NotFound)


@pytest.mark.parametrize("rc", ["01", "02", "08", "09", "71", "03"])
@pytest.mark.parametrize("trxid", [0, 16413])
def test_a_code_that_describes_the_question_leaves_the_order_unknown(rc: str, trxid: int) -> None:
    assert isinstance(asked(rc=rc, trxid=trxid), Unknown)


@pytest.mark.parametrize("rc", ["00", "68", "23", "07", "18"])
def test_a_status_without_our_request_id_or_an_order_says_nothing(rc: str) -> None:
    assert isinstance(asked(rc=rc, trxid=0), Unknown)
    assert isinstance(asked(rc=rc, without=["trxid"]), Unknown)
    assert isinstance(asked(rc=rc, without=["request_id"]), Unknown)


# --- balance --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("balance", "amount"), [(14450, 14450), ("14450", 14450), (-5, -5)])
def test_the_balance_is_a_number_or_digits(balance: object, amount: int) -> None:
    answer = answered({"balance": balance})
    assert CLIENT.read_balance(make_supplier(), answer) == amount


@pytest.mark.parametrize("balance", [None, True, 1.5, "1.5", "x", [], 10**20])
def test_another_balance_is_no_balance(balance: object) -> None:
    assert CLIENT.read_balance(make_supplier(), answered({"balance": balance})) is None


def test_a_refused_balance_question_is_no_balance() -> None:
    answer = answered({"rc": "02", "message": "no"}, 401)
    assert CLIENT.read_balance(make_supplier(), answer) is None


# --- callbacks ----------------------------------------------------------------------------------

FLAT = {
    "code": "DANA",
    "msisdn": "089678549508#1000",
    "request_id": "R1",
    "trxid": 13170,
    "price": 1700,
    "rc": "00",
    "balance": 0,
    "sn": "DNID MAUXXXX EGXXXX",
    "message": "SUKSES",
}
DATA = {
    "ref_id": "R1",
    "status": "1",
    "code": "x",
    "hp": "08123",
    "price": "5500",
    "message": "Success",
    "balance": "0",
    "tr_id": "13170",
    "rc": "00",
    "sn": "SN1",
}


def test_the_flat_form_is_read() -> None:
    news = news_of(FLAT)
    assert (news.reference, news.confirm_first, news.reference_if_unknown) == ("R1", False, "")
    assert isinstance(news.outcome, Delivered)
    assert (news.outcome.sn, news.outcome.cost) == ("DNID MAUXXXX EGXXXX", 1700)
    assert news.answer is None


def test_the_data_form_is_read_and_its_other_id_kept_for_the_swap() -> None:
    news = news_of({"data": DATA})
    assert (news.reference, news.reference_if_unknown) == ("R1", "13170")
    assert isinstance(news.outcome, Delivered)
    assert (news.outcome.sn, news.outcome.supplier_order_id) == ("SN1", "13170")


def test_status_of_the_data_form_decides_nothing() -> None:
    assert isinstance(news_of({"data": {**DATA, "status": "1", "rc": "23"}}).outcome, Rejected)
    assert isinstance(news_of({"data": {**DATA, "status": "2"}}).outcome, Delivered)


def test_the_xml_form_is_read_and_answered_as_xml() -> None:
    sample = dict(VECTORS["xml"]["report"])
    method = sample.pop("method")
    news = news_of(topup_xml.encode_call(method, sample))
    assert news.reference == sample["REQUESTID"]
    assert news.outcome == Delivered(
        sn=sample["SN"], cost=5500, supplier_order_id="123123", message="SUKSES"
    )
    assert news.answer is not None
    assert b"methodResponse" in news.answer.body


def test_a_failure_without_a_serial_number_member_is_read() -> None:
    body = {name: value for name, value in FLAT.items() if name != "sn"}
    assert isinstance(news_of({**body, "rc": "23"}).outcome, Rejected)


@pytest.mark.parametrize("rc", ["21", "17"])
def test_reversal_news_is_confirmed_first(rc: str) -> None:
    news = news_of({**FLAT, "rc": rc})
    assert news.confirm_first
    assert isinstance(news.outcome, Rejected)
    assert not news.outcome.reroutable


@pytest.mark.parametrize("rc", ["03", "08", "99", "11"])
def test_a_callback_that_proves_nothing_is_unknown(rc: str) -> None:
    assert isinstance(news_of({**FLAT, "rc": rc}).outcome, Unknown)


@pytest.mark.parametrize("body", [{"rc": "00"}, {"request_id": "R1"}, {"data": {"rc": "00"}}, {}])
def test_a_callback_without_a_reference_or_a_code_is_refused(body: dict[str, object]) -> None:
    refused = told(body)
    assert isinstance(refused, CallbackRefused)
    assert refused.status == 400


@pytest.mark.parametrize("known", [True, False])
def test_every_callback_is_answered_200(known: bool) -> None:
    assert CLIENT.callback_answer(known=known).status == 200
