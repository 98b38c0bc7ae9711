"""Reports that suppliers send to us."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialects.otomax.house import make_supplier
from gerbang.dialects import otomax
from gerbang.dialects.supplier_contract import CallbackRefused, SupplierNews
from gerbang.orders.outcome import Accepted, Delivered, Rejected, Unknown
from gerbang.orders.reasons import Reason
from gerbang.outbound.message import InboundRequest

CLIENT = otomax.DIALECT.client
SUCCESS = (
    "TRANSAKSI LANCAR T#1 R#64525223 IP30.08575xxx724 SUKSES. SN/Ref:038xxx2443623 . "
    "Stok Terpotong 30.442 .Stok 75.377.526 @22/08/25 09:58:47"
)
FAILURE = "R#64524755 SP1.1.085333753276 TRANSAKSI GAGAL. . Stok 75.480.811 @09:56:24."


def got(
    query: str, *, ip: str = "203.0.113.9", body: bytes = b"", method: str = "GET", **changes: Any
) -> SupplierNews | CallbackRefused:
    request = InboundRequest(
        method=method, path="/callbacks/UP", query=query.encode(), body=body, client_ip=ip
    )
    news = CLIENT.read_callback(make_supplier(**changes), request)
    if isinstance(news, CallbackRefused):
        return news
    assert len(news) == 1
    return news[0]


def news(query: str, **rest: Any) -> SupplierNews:
    item = got(query, **rest)
    assert isinstance(item, SupplierNews), item
    return item


def test_the_seed_documents_success_is_read() -> None:
    item = news(f"t=95847&refid=64525223&status=20&price=30442&message={quote(SUCCESS)}")
    assert item == SupplierNews(
        reference="64525223",
        outcome=Delivered(
            sn="038xxx2443623",
            cost=30_442,
            # `t`, although the text says T#1.
            supplier_order_id="95847",
            supplier_balance=75_377_526,
            message=SUCCESS,
        ),
        confirm_first=True,
    )


def test_the_seed_documents_failure_is_read_and_never_takes_a_success_back_unasked() -> None:
    item = news(f"t=95624&refid=64524755&status=40&price=1900&message={quote(FAILURE)}")
    assert isinstance(item.outcome, Rejected)
    assert item.outcome.reason is Reason.BILLER_FAILED
    assert item.confirm_first


def test_the_seed_documents_lines_are_read_as_they_are_printed_without_encoding() -> None:
    # A web server passes on what stands before the first `#`.
    item = news("t=95847&refid=64525223&status=20&price=30442&message=TRANSAKSI LANCAR T")
    assert isinstance(item.outcome, Delivered)
    assert item.outcome.sn == ""


def test_a_message_that_is_not_encoded_may_hold_an_ampersand() -> None:
    item = news(
        "refid=7&message=T%231 R%237 S5.0812345 SUKSES. SN: A&B=1. Saldo 1.000&status=20&t=9"
    )
    assert isinstance(item.outcome, Delivered)
    assert (item.outcome.sn, item.outcome.supplier_order_id) == ("A&B=1", "9")


def test_a_report_may_come_as_a_form() -> None:
    body = f"refid=64524755&status=40&message={quote(FAILURE)}".encode()
    item = news("", body=body, method="POST")
    assert isinstance(item.outcome, Rejected)


def test_refid_and_message_are_enough() -> None:
    item = news(f"RefID=64525223&Message={quote(SUCCESS)}")
    assert isinstance(item.outcome, Delivered)


def test_the_text_alone_names_its_reference() -> None:
    assert news(f"message={quote(SUCCESS)}").reference == "64525223"


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        (f"refid=64525223&status=40&message={quote(SUCCESS)}", Unknown),
        (f"refid=64524755&status=20&message={quote(FAILURE)}", Unknown),
        (f"refid=OTHER&status=20&message={quote(SUCCESS)}", Unknown),
        ("refid=1&status=46&message=R%231%20S5.0812345%20GAGAL.%20dobel", Unknown),
        ("refid=1&status=55", Unknown),
        ("refid=1&status=201", Unknown),
        ("refid=1", Unknown),
        ("refid=1&status=abc", Unknown),
        ("refid=1&status=9999", Unknown),
        ("refid=1&message=Pin%20Salah&status=40", Unknown),
        ("refid=1&message=TIDAK%20ADA%20transaksi", Unknown),
        ("refid=1&status=40&message=R%231%20S5.0812345%20GAGAL%20timeout", Unknown),
        ("refid=1&status=1&message=R%231%20S5.0812345%20akan%20diproses", Accepted),
        ("refid=1&status=52", Rejected),
        ("refid=1&status=20", Delivered),
    ],
)
def test_only_what_number_and_text_agree_on_is_believed(query: str, kind: type) -> None:
    assert isinstance(news(query).outcome, kind)


@pytest.mark.parametrize("ip", ["198.51.100.1", "", "not an address", "::1"])
def test_a_report_from_elsewhere_is_refused(ip: str) -> None:
    item = got("refid=1&status=20", ip=ip)
    assert isinstance(item, CallbackRefused)
    assert item.status == 403


def test_networks_are_addresses_too_and_a_wrong_one_lets_nobody_in() -> None:
    ips = ("nonsense", "203.0.113.0/24", "2001:db8::/32")
    assert isinstance(got("refid=1&status=20", ip="203.0.113.200", callback_ips=ips), SupplierNews)
    assert isinstance(got("refid=1&status=20", ip="2001:db8::5", callback_ips=ips), SupplierNews)
    assert isinstance(
        got("refid=1&status=20", ip="203.0.113.9", callback_ips=("nonsense",)), CallbackRefused
    )


def test_no_report_is_signed_so_none_contradicts_a_final_order_unasked() -> None:
    assert news("refid=1&status=20", callback_ips=()).confirm_first
    assert news("refid=1&status=20").confirm_first


@pytest.mark.parametrize(
    "query", ["", "status=20", f"refid={'A' * 65}&status=20", "refid=1&refid=2"]
)
def test_a_report_without_one_reference_is_refused(query: str) -> None:
    item = got(query)
    assert isinstance(item, CallbackRefused)
    assert item.status == 400


@given(query=st.binary(max_size=300), body=st.binary(max_size=100))
def test_any_bytes_are_read_or_refused(query: bytes, body: bytes) -> None:
    request = InboundRequest(
        method="POST", path="/", query=query, body=body, client_ip="203.0.113.9"
    )
    CLIENT.read_callback(make_supplier(), request)


@pytest.mark.parametrize("known", [True, False])
def test_every_report_is_acknowledged_with_ok(*, known: bool) -> None:
    answer = CLIENT.callback_answer(known=known)
    assert (answer.status, answer.body) == (200, b"OK")
