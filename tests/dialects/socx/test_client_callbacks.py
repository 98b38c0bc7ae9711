"""The client half: what it believes of a supplier's callbacks."""

from __future__ import annotations

import pytest

from dialects.socx.helpers import VECTORS, told
from gerbang.dialects.socx import topup_xml
from gerbang.dialects.socx.client import SocxClient
from gerbang.dialects.supplier_contract import CallbackRefused, SupplierNews
from gerbang.orders.outcome import (
    Delivered,
    Rejected,
    Unknown,
)

CLIENT = SocxClient()


def news_of(body: object) -> SupplierNews:
    news = told(body)
    assert not isinstance(news, CallbackRefused)
    assert len(news) == 1
    return news[0]


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
    assert (news.reference, news.confirm_first, news.reference_if_unknown) == ("R1", True, "")
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


@pytest.mark.parametrize("rc", ["23", "25", "99"])
def test_whatever_the_code_news_that_contradict_are_confirmed_first(rc: str) -> None:
    news = news_of({**FLAT, "rc": rc})
    assert news.confirm_first


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
