"""Reports to resellers."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from dialects.otomax.house import get as get_trx
from dialects.otomax.house import make_gateway, make_supplier, order_fields
from dialects.stand_in import NOON
from gerbang.dialects import otomax
from gerbang.dialects.contract import (
    CallbackEvent,
    CallbackMessage,
    OrderState,
    OrderView,
    ProductKind,
)
from gerbang.dialects.otomax.callback import add_query
from gerbang.dialects.supplier_contract import SupplierNews
from gerbang.orders.outcome import Delivered, Rejected
from gerbang.orders.reasons import Reason
from gerbang.outbound.message import HttpRequest, InboundRequest

SEED = OrderView(
    id=95847,
    reference="64525223",
    state=OrderState.SUCCESS,
    product_code="IP30",
    product_name="Indosat 30.000",
    kind=ProductKind.PREPAID,
    destination="08575123724",
    quantity=1,
    counter=1,
    price=30_442,
    sn="0381232443623",
    reason=None,
    message="",
    testing=False,
    created_at=NOON,
    updated_at=NOON,
    balance=75_377_526,
)
FAILED: dict[str, Any] = {
    "id": 95624,
    "reference": "64524755",
    "state": OrderState.FAILED,
    "product_code": "SP1",
    "product_name": "Simpati 1.000",
    "destination": "085333753276",
    "price": 1_900,
    "sn": "",
    "reason": Reason.NUMBER_NOT_FOUND,
    "balance": 75_480_811,
}


def report(
    event: CallbackEvent = CallbackEvent.SUCCESS,
    *,
    url: str = "https://buyer.test/report",
    settings: dict[str, Any] | None = None,
    **changes: Any,
) -> HttpRequest:
    message = CallbackMessage(
        id=1,
        event=event,
        occurred_at=NOON,
        order=msgspec.structs.replace(SEED, **changes),
        url=url,
        secrets={},
        settings=settings or {},
    )
    return otomax.DIALECT.callback_formats["otomax"](message)


def parameters(request: HttpRequest) -> dict[str, str]:
    query = parse_qs(urlsplit(request.url).query, strict_parsing=True, keep_blank_values=True)
    return {name: values[0] for name, values in query.items()}


def test_success_carries_the_five_parameters_of_the_seed_document() -> None:
    request = report(settings={"otomax.profile": "text-seed"})
    assert (request.method, request.body, request.headers) == ("GET", b"", ())
    assert parameters(request) == {
        "t": "95847",
        "refid": "64525223",
        "status": "20",
        "price": "30442",
        "message": (
            "TRANSAKSI LANCAR T#95847 R#64525223 IP30.08575123724 SUKSES. SN/Ref:0381232443623 ."
            " Stok Terpotong 30.442 .Stok 75.377.526 @31/05/26 12:36:46"
        ),
    }


def test_failure_carries_the_price_of_the_attempt_as_in_the_seed_document() -> None:
    request = report(CallbackEvent.FAILED, settings={"otomax.profile": "text-seed"}, **FAILED)
    assert parameters(request) == {
        "t": "95624",
        "refid": "64524755",
        "status": "40",
        "price": "1900",
        "message": (
            "R#64524755 SP1.1.085333753276 TRANSAKSI GAGAL. Nomor tujuan tidak ditemukan."
            " Stok 75.480.811 @12:36:46."
        ),
    }


def test_everything_in_the_message_is_percent_encoded() -> None:
    query = urlsplit(report(sn="A&B #1+2%/é").url).query
    assert not set(query) - set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~%&="
    )
    assert "A&B #1+2%/é" in parameters(report(sn="A&B #1+2%/é"))["message"]


@pytest.mark.parametrize(
    ("url", "start"),
    [
        ("https://b.test/report", "https://b.test/report?t=95847&refid="),
        ("https://b.test/report?", "https://b.test/report?t=95847&refid="),
        ("https://b.test/r?key=a%20b&x", "https://b.test/r?key=a%20b&x&t=95847&refid="),
        ("https://b.test/r?key=1&", "https://b.test/r?key=1&t=95847&refid="),
        ("https://b.test/r#part", "https://b.test/r?t=95847&refid="),
        ("https://b.test", "https://b.test?t=95847&refid="),
    ],
)
def test_the_resellers_own_query_is_kept(url: str, start: str) -> None:
    assert report(url=url).url.startswith(start)


def test_a_serial_number_that_follows_is_success_again() -> None:
    assert parameters(report(CallbackEvent.SN_RECEIVED))["status"] == "20"
    assert "SN/Ref: 0381232443623." in parameters(report(CallbackEvent.SN_RECEIVED))["message"]


@pytest.mark.parametrize("profile", ["text-oke", "text-plus", "text-digi", "text-seed"])
def test_a_reversal_is_failed_and_speaks_of_the_refund(profile: str) -> None:
    request = report(
        CallbackEvent.REVERSED,
        settings={"otomax.profile": profile},
        state=OrderState.REVERSED,
    )
    assert parameters(request)["status"] == "40"
    message = parameters(request)["message"]
    assert "refund" in message.lower()
    assert "gagal" in message.lower()


def test_a_test_order_says_so_in_a_header() -> None:
    assert ("X-Gerbang-Testing", "true") in report(testing=True).headers


def test_a_balance_that_was_not_looked_up_is_left_out() -> None:
    assert "Saldo" not in parameters(report(balance=None))["message"]


def test_every_event_is_told() -> None:
    assert otomax.DIALECT.callback_events == frozenset(CallbackEvent)
    assert otomax.DIALECT.callback_format_default in otomax.DIALECT.callback_formats


def test_parameters_are_added_in_order() -> None:
    assert add_query("http://a/b", {"x": "1", "y": "ä"}) == "http://a/b?x=1&y=%C3%A4"


def inbound(request: HttpRequest) -> InboundRequest:
    parts = urlsplit(request.url)
    return InboundRequest(
        method="GET",
        path=parts.path,
        query=parts.query.encode(),
        client_ip="203.0.113.9",
    )


@pytest.mark.parametrize("profile", ["text-oke", "text-plus", "text-digi", "text-seed"])
@pytest.mark.parametrize("event", list(CallbackEvent))
def test_our_own_client_half_reads_every_report(profile: str, event: CallbackEvent) -> None:
    failed = event in (CallbackEvent.FAILED, CallbackEvent.REVERSED)
    states = {CallbackEvent.FAILED: OrderState.FAILED, CallbackEvent.REVERSED: OrderState.REVERSED}
    changes = FAILED | {"state": states[event]} if failed else {}
    request = report(event, settings={"otomax.profile": profile}, **changes)
    news = otomax.DIALECT.client.read_callback(make_supplier(), inbound(request))
    assert isinstance(news, list)
    item = news[0]
    assert isinstance(item, SupplierNews)
    assert item.reference == ("64524755" if failed else "64525223")
    if failed:
        assert isinstance(item.outcome, Rejected)
        reason = Reason.NUMBER_NOT_FOUND if event is CallbackEvent.FAILED else Reason.CANCELLED
        assert item.outcome.reason is reason
    else:
        assert isinstance(item.outcome, Delivered)
        assert item.outcome.sn == "0381232443623"
        assert item.outcome.supplier_order_id == "95847"


async def test_a_reply_and_a_report_speak_of_the_same_order_number() -> None:
    gateway = make_gateway()
    text = (await get_trx(gateway, order_fields())).text()
    order = gateway.order("2140669")
    request = report(**msgspec.structs.asdict(order))
    assert text.startswith(f"T#{parameters(request)['t']} R#2140669 ")
