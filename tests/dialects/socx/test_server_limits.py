"""Testing, limits, and what is not there."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from dialects.socx.helpers import (
    BASE,
    BEARER,
    FORM,
    MEMBERS,
    ORDER,
    TOKEN,
    ask,
    buy,
    get,
    http_get,
    make_gateway,
    post_json,
    read,
    read_xml,
    xml,
)
from gerbang.outbound.message import HttpRequest

# --- testing -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "request_",
    [
        post_json("/purchase", {**ORDER, "testing": True}),
        post_json("/purchase?testing=1", ORDER),
        get("/http/purchase?" + urlencode({**ORDER, "testing": "true"}), headers=(BEARER,)),
        HttpRequest(
            method="POST",
            url=BASE + "/http/purchase?testing=1",
            headers=(BEARER, FORM),
            body=urlencode(ORDER).encode(),
        ),
        xml(headers=(BEARER,), query="?testing=1"),
        xml(headers=(BEARER,), testing="1"),
    ],
)
async def test_a_request_that_says_testing_is_never_live(request_: HttpRequest) -> None:
    gateway = make_gateway()
    assert (await ask(gateway, request_)).status == 200
    assert [purchase.testing for purchase in gateway.placed] == [True]
    assert gateway.balance_now == 100_000_000


async def test_a_testing_credential_makes_every_request_a_testing_one() -> None:
    gateway = make_gateway(testing=True)
    await buy(gateway, testing=False)
    assert gateway.placed[0].testing
    assert read(await ask(gateway, post_json("/status", {"request_id": "999999"})))["rc"] == "00"


async def test_testing_orders_and_live_ones_have_their_own_references() -> None:
    gateway = make_gateway()
    await buy(gateway, testing=True)
    live = read(await ask(gateway, post_json("/status", {"request_id": "999999"})))
    assert live["rc"] == "11"
    testing = post_json("/status", {"request_id": "999999", "testing": True})
    assert read(await ask(gateway, testing))["rc"] == "00"


@pytest.mark.parametrize("query", ["?testing=maybe", "?testing=1&testing=0", "?testing"])
async def test_testing_of_another_type_is_refused_and_buys_nothing(query: str) -> None:
    gateway = make_gateway()
    for request in (
        post_json("/purchase" + query, ORDER),
        post_json("/purchase", {**ORDER, "testing": "true"}),
        HttpRequest(
            method="POST",
            url=BASE + "/http/purchase" + query,
            headers=(BEARER, FORM),
            body=urlencode(ORDER).encode(),
        ),
    ):
        assert read(await ask(gateway, request))["rc"] == "01"
    reply = read_xml(await ask(gateway, xml(headers=(BEARER,), query=query)))
    assert reply["RESPONSECODE"] == "01"
    assert gateway.placed == []


# --- the rest ------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["HEAD", "GET", "PUT", "DELETE", "OPTIONS", "PATCH"])
@pytest.mark.parametrize("path", ["/purchase", "/status", "/xml/purchase", "/payment", "/x"])
async def test_another_path_or_method_is_refused_by_name(method: str, path: str) -> None:
    gateway = make_gateway()
    answer = await ask(gateway, HttpRequest(method=method, url=BASE + path, headers=(BEARER,)))
    reply = read(answer, status=404)
    assert (reply["rc"], list(reply)) == ("01", MEMBERS)


async def test_a_link_checker_buys_nothing() -> None:
    gateway = make_gateway(socx_weak_token=True)
    request = HttpRequest(method="HEAD", url=http_get(token=TOKEN).url)
    assert (await ask(gateway, request)).status == 404
    assert gateway.placed == []


async def test_a_request_that_is_too_large_is_refused() -> None:
    gateway = make_gateway()
    reply = read(await ask(gateway, post_json("/purchase", b"x" * 65_537)))
    assert (reply["rc"], reply["trxid"]) == ("01", 0)
    body = HttpRequest(method="POST", url=BASE + "/xml/purchase", body=b"x" * 65_537)
    assert read_xml(await ask(gateway, body))["RESPONSECODE"] == "01"
    long = http_get(request_id="9" * 17_000, token=TOKEN)
    assert read(await ask(gateway, long))["rc"] == "01"
    assert read(await ask(gateway, post_json("/status", b"x" * 65_537)))["rc"] == "01"


async def test_no_answer_carries_the_token() -> None:
    gateway = make_gateway()
    for request in (
        post_json("/purchase", {**ORDER, "request_id": "", "token": TOKEN}),
        http_get(token=TOKEN),
        xml(PIN=TOKEN),
        xml(query=f"?token={TOKEN}"),
    ):
        assert TOKEN.encode() not in (await ask(gateway, request)).body
