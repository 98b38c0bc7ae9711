"""The client half: what it believes of a supplier's answers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialects.socx.helpers import VECTORS, make_order, make_supplier, told
from gerbang.dialects.socx import topup_xml
from gerbang.dialects.socx.client import SocxClient
from gerbang.dialects.supplier_contract import CallbackRefused
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
from gerbang.outbound.message import Answered

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


def test_a_number_in_its_other_spelling_is_the_same_number() -> None:
    assert isinstance(bought(msisdn="628121231231"), Accepted)
    assert isinstance(asked(rc="00", msisdn="628121231231"), Delivered)


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
