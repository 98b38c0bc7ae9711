"""What a reseller sees: every endpoint, every status, and the order of the checks."""

from __future__ import annotations

import asyncio
import json
import xmlrpc.client
from typing import Any

import pytest

from dialects.socx.helpers import (
    BASE,
    BEARER,
    ORDER,
    TOKEN,
    ask,
    buy,
    get,
    http_form,
    http_get,
    http_multipart,
    make_gateway,
    post_json,
    read,
    read_xml,
    xml,
)
from dialects.stand_in import NOON, PENDING, Scripted
from gerbang.dialects.contract import OrderState, ProductKind, Refusal, Uncertain
from gerbang.orders.reasons import Reason
from gerbang.outbound.message import HttpRequest

PENDING_MESSAGE = "PENDING, Transaksi sedang diproses"


# --- purchases, as the seed document asks for them -----------------------------------------------


async def test_a_json_purchase_is_pending_with_all_nine_members() -> None:
    gateway = make_gateway()
    gateway.script.append(PENDING)
    answer = await ask(gateway, post_json("/purchase", ORDER))
    assert json.loads(answer.body) == {
        "code": "HSA5",
        "msisdn": "08121231231",
        "request_id": "999999",
        "rc": "68",
        "trxid": 1,
        "price": 5400,
        "balance": 99_994_600,
        "sn": "",
        "message": PENDING_MESSAGE,
    }
    read(answer)


@pytest.mark.parametrize(
    "content_type", ["application/json", "", "\x98application/json\x99", "text/plain", None]
)
async def test_json_is_read_whatever_the_content_type_says(content_type: str | None) -> None:
    gateway = make_gateway()
    headers = (BEARER,) if content_type is None else (BEARER, ("Content-Type", content_type))
    assert read(await ask(gateway, post_json("/purchase", ORDER, headers=headers)))["rc"] == "00"


@pytest.mark.parametrize("request_of", [http_get, http_form, http_multipart])
async def test_the_http_channel_buys_with_a_token_among_its_fields(request_of: Any) -> None:
    gateway = make_gateway(socx_weak_token=True)
    gateway.script.append(PENDING)
    reply = read(await ask(gateway, request_of(token=TOKEN)))
    assert (reply["rc"], reply["msisdn"], reply["trxid"]) == ("68", "08121231231", 1)


@pytest.mark.parametrize("request_of", [http_get, http_form, http_multipart])
async def test_the_http_channel_buys_with_a_bearer_token_too(request_of: Any) -> None:
    request = request_of()
    request = HttpRequest(
        method=request.method,
        url=request.url,
        headers=(*request.headers, BEARER),
        body=request.body,
    )
    assert read(await ask(make_gateway(), request))["rc"] == "00"


async def test_the_xml_channel_answers_its_four_members() -> None:
    gateway = make_gateway()
    gateway.script.append(PENDING)
    reply = read_xml(await ask(gateway, xml(headers=(BEARER,))))
    assert reply == {
        "RESPONSECODE": "68",
        "REQUESTID": "123456",
        "MESSAGE": PENDING_MESSAGE,
        "TRANSACTIONID": "1",
    }
    assert gateway.order("123456").destination == "0818111222"


def test_a_server_proxy_of_the_standard_library_buys_unmodified() -> None:
    gateway = make_gateway(socx_weak_token=True)

    class Transport(xmlrpc.client.Transport):
        def request(self, host: Any, handler: str, request_body: Any, verbose: bool = False) -> Any:
            url = f"http://{host}{handler}"
            request = HttpRequest(method="POST", url=url, body=bytes(request_body))
            answer = asyncio.run(ask(gateway, request))
            return xmlrpc.client.loads(answer.body.decode())[0]

    proxy = xmlrpc.client.ServerProxy(BASE + "/xml/purchase", transport=Transport())
    order = {"NOHP": "0818111222", "REQUESTID": "123456", "PIN": TOKEN, "NOM": "HSA5"}
    assert proxy.topUpRequest(order)["RESPONSECODE"] == "00"  # type: ignore[call-overload, index]


async def test_the_balance_is_a_number() -> None:
    answer = await ask(make_gateway(), get("/saldo", headers=(BEARER,)))
    assert (answer.status, json.loads(answer.body)) == (200, {"balance": 100_000_000})


async def test_a_status_question_is_answered_with_the_same_object() -> None:
    gateway = make_gateway()
    gateway.script.append(PENDING)
    bought = await buy(gateway)
    asked = read(await ask(gateway, post_json("/status", {"request_id": "999999"})))
    assert asked == bought
    gateway.change("999999", state=OrderState.SUCCESS, sn="04092900001248875319")
    asked = read(await ask(gateway, post_json("/status", {"request_id": "999999"})))
    assert (asked["rc"], asked["sn"], asked["message"]) == ("00", "04092900001248875319", "SUKSES")


# --- outcomes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "reason", "rc"),
    [
        (OrderState.SUCCESS, None, "00"),
        (OrderState.PENDING, None, "68"),
        (OrderState.FAILED, Reason.NUMBER_NOT_FOUND, "07"),
        (OrderState.FAILED, Reason.BILLER_FAILED, "23"),
        (OrderState.FAILED, Reason.MAINTENANCE, "23"),
        (OrderState.FAILED, Reason.SUPPLIER_REFUSED_US, "06"),
        (OrderState.FAILED, None, "23"),
        (OrderState.REVERSED, Reason.REFUNDED, "21"),
    ],
)
async def test_the_code_of_a_stored_order(
    state: OrderState, reason: Reason | None, rc: str
) -> None:
    gateway = make_gateway()
    gateway.script.append(Scripted(state=state, reason=reason, sn="S"))
    reply = await buy(gateway)
    assert (reply["rc"], reply["trxid"], reply["price"]) == (rc, 1, 5400)
    assert reply["sn"] == ("S" if state is OrderState.SUCCESS else "")
    assert read(await ask(gateway, post_json("/status", {"request_id": "999999"})))["rc"] == rc


@pytest.mark.parametrize("reason", list(Reason))
async def test_every_refusal_carries_all_members_and_creates_nothing(reason: Reason) -> None:
    gateway = make_gateway()
    gateway.script.append(Refusal(reason=reason, price=5400, balance=1000))
    reply = await buy(gateway)
    assert (reply["code"], reply["msisdn"], reply["request_id"]) == tuple(ORDER.values())
    assert reply["trxid"] == 0
    if reason is Reason.REFERENCE_REUSED:  # an order exists somewhere: never a failure
        assert reply["rc"] == "68"
    else:
        assert reply["balance"] == 1000
        assert reply["price"] == (5400 if reason is Reason.INSUFFICIENT_BALANCE else 0)


async def test_a_known_caller_sees_his_balance_with_a_refusal_that_has_none() -> None:
    gateway = make_gateway()
    assert (await buy(gateway, code="NOPE"))["balance"] == 100_000_000
    assert (await buy(gateway, code=""))["balance"] == 100_000_000


async def test_no_balance_carries_the_list_price() -> None:
    gateway = make_gateway()
    gateway.balance_now = 1000
    reply = await buy(gateway)
    assert (reply["rc"], reply["trxid"], reply["price"], reply["balance"]) == ("18", 0, 5400, 1000)


async def test_what_is_uncertain_is_pending_and_never_failed() -> None:
    gateway = make_gateway()
    gateway.script.append(
        Uncertain(reference="999999", price=5400, product_name="x", created_at=NOON)
    )
    reply = await buy(gateway)
    assert (reply["rc"], reply["trxid"], reply["price"]) == ("68", 0, 5400)


async def test_a_crash_is_pending_and_echoes_the_request() -> None:
    gateway = make_gateway(socx_weak_token=True)
    for request in (post_json("/purchase", ORDER), http_get(token=TOKEN), http_form(token=TOKEN)):
        gateway.script.append(RuntimeError("bug"))
        reply = read(await ask(gateway, request))
        assert (reply["rc"], reply["request_id"], reply["code"]) == ("68", "999999", "HSA5")
    gateway.script.append(RuntimeError("bug"))
    reply = read_xml(await ask(gateway, xml(headers=(BEARER,))))
    assert (reply["RESPONSECODE"], reply["REQUESTID"]) == ("68", "123456")


async def test_a_crash_of_a_question_is_no_failure_of_an_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gateway = make_gateway()

    def crash(*_: Any, **__: Any) -> None:
        raise RuntimeError("bug")

    monkeypatch.setattr(gateway, "find_order", crash)
    monkeypatch.setattr(gateway, "balance", crash)
    reply = read(await ask(gateway, post_json("/status", {"request_id": "999999"})))
    assert (reply["rc"], reply["trxid"], reply["request_id"]) == ("68", 0, "999999")
    answer = await ask(gateway, get("/saldo", headers=(BEARER,)))
    assert (answer.status, json.loads(answer.body)["rc"]) == (500, "08")


async def test_details_of_a_token_come_beside_the_nine_members() -> None:
    gateway = make_gateway()
    data = {"sn_raw": "STRUK@NO_METER:1", "parsed": {"stroom_token": "1-2", "rp_bayar": 20000}}
    gateway.script.append(Scripted(data=data))
    assert (await buy(gateway))["data"] == data


# --- idempotency ---------------------------------------------------------------------------------


async def test_the_same_request_id_gives_the_order_as_it_stands_now_on_every_channel() -> None:
    gateway = make_gateway(socx_weak_token=True)
    gateway.script.append(PENDING)
    await buy(gateway)
    gateway.change("999999", state=OrderState.SUCCESS, sn="SN")
    for request in (
        post_json("/purchase", ORDER),
        http_get(token=TOKEN),
        http_form(token=TOKEN),
        http_multipart(token=TOKEN),
    ):
        reply = read(await ask(gateway, request))
        assert (reply["rc"], reply["trxid"], reply["sn"]) == ("00", 1, "SN")
    again = xml(headers=(BEARER,), REQUESTID="999999", NOHP="08121231231")
    assert read_xml(await ask(gateway, again))["RESPONSECODE"] == "00"
    assert len(gateway.orders) == 1


async def test_the_same_request_id_with_other_content_shows_the_stored_order() -> None:
    gateway = make_gateway()
    await buy(gateway)
    reply = await buy(gateway, code="X10", msisdn="0899")
    assert (reply["code"], reply["msisdn"], reply["trxid"]) == ("HSA5", "08121231231", 1)
    assert len(gateway.orders) == 1


async def test_a_refusal_that_names_the_known_order_shows_it_too() -> None:
    gateway = make_gateway()
    await buy(gateway)
    known = gateway.order("999999")
    refusal = Refusal(reason=Reason.REFERENCE_REUSED, known_order=known)
    gateway.script.append(refusal)
    reply = await buy(gateway, request_id="other", code="X10")
    assert (reply["code"], reply["request_id"], reply["trxid"]) == ("HSA5", "999999", 1)
    assert reply["balance"] == gateway.balance_now


async def test_the_order_of_another_request_id_is_not_shown() -> None:
    gateway = make_gateway()
    gateway.same_day_rule = True
    await buy(gateway)
    reply = await buy(gateway, request_id="2")
    assert (reply["rc"], reply["trxid"], reply["request_id"]) == ("77", 0, "2")


async def test_a_code_in_other_letters_is_echoed_as_it_was_sent() -> None:
    gateway = make_gateway()
    await buy(gateway)
    assert (await buy(gateway, code="hsa5"))["code"] == "hsa5"


async def test_a_number_that_the_core_spells_otherwise_is_echoed_as_it_was_sent() -> None:
    gateway = make_gateway()
    await buy(gateway)
    gateway.change("999999", destination="08121231231")
    assert (await buy(gateway, msisdn="628121231231"))["msisdn"] == "628121231231"


async def test_a_refusal_says_what_the_core_adds() -> None:
    gateway = make_gateway()
    gateway.script.append(Refusal(reason=Reason.PRODUCT_CLOSED, message="stok habis"))
    assert (await buy(gateway))["message"] == "GAGAL, produk sedang ditutup (stok habis)"


# --- products ------------------------------------------------------------------------------------


async def test_prepaid_game_and_open_products_are_bought_here_and_bills_are_not() -> None:
    gateway = make_gateway()
    await buy(gateway)
    assert gateway.placed[0].kinds == {ProductKind.PREPAID, ProductKind.GAME, ProductKind.OPEN}
    assert (await buy(gateway, request_id="2", code="MPBPJS"))["rc"] == "73"


async def test_a_nominal_after_a_hash_is_the_quantity_of_an_open_product() -> None:
    gateway = make_gateway()
    reply = await buy(gateway, code="OVO", msisdn="089678549508#1000")
    placed = gateway.placed[0]
    assert (placed.destination, placed.quantity) == ("089678549508", 1000)
    assert (reply["msisdn"], reply["price"]) == ("089678549508#1000", 1500)


async def test_a_nominal_never_multiplies_another_product() -> None:
    gateway = make_gateway()
    assert (await buy(gateway, msisdn="08121231231#1000"))["rc"] == "73"
    assert gateway.orders == {}


async def test_an_open_product_without_a_nominal_is_refused() -> None:
    assert (await buy(make_gateway(), code="OVO"))["rc"] == "01"
