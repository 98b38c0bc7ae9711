"""Who may ask, and in which order things are checked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dialects.socx.helpers import (
    BEARER,
    ORDER,
    TOKEN,
    ask,
    buy,
    credential_of,
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
from dialects.stand_in import StandInGateway, make_credential, make_reseller
from gerbang.dialects.socx.login import address_key
from gerbang.orders.reasons import Reason

# --- who asks ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers", [(), (("Authorization", "Bearer wrong"),), (("Authorization", TOKEN),)]
)
async def test_a_wrong_token_is_401_with_code_02(headers: tuple[tuple[str, str], ...]) -> None:
    gateway = make_gateway()
    for path in ("/purchase", "/status"):
        reply = read(await ask(gateway, post_json(path, ORDER, headers=headers)), status=401)
        assert (reply["rc"], reply["trxid"], reply["balance"]) == ("02", 0, 0)
        assert reply["request_id"] == "999999"
    answer = await ask(gateway, get("/saldo", headers=headers))
    assert (answer.status, json.loads(answer.body)["rc"]) == (401, "02")
    assert set(json.loads(answer.body)) == {"rc", "message"}
    reply = read_xml(await ask(gateway, xml(headers=headers)))
    assert (reply["RESPONSECODE"], reply["TRANSACTIONID"]) == ("02", "0")
    assert gateway.placed == []


async def test_a_wrong_address_is_403_with_code_02() -> None:
    gateway = make_gateway()
    gateway.access = lambda _, ip: None if ip == "203.0.113.7" else Reason.ADDRESS_NOT_ALLOWED
    request = post_json("/purchase", {"bad": "payload"})
    reply = read(await ask(gateway, request, client_ip="198.51.100.1"), status=403)
    assert (reply["rc"], reply["balance"]) == ("02", 0)
    answer = await ask(gateway, get("/saldo", headers=(BEARER,)), client_ip="198.51.100.1")
    assert (answer.status, json.loads(answer.body)["rc"]) == (403, "02")
    reply = read_xml(await ask(gateway, xml(headers=(BEARER,)), client_ip="198.51.100.1"))
    assert reply["RESPONSECODE"] == "02"


@pytest.mark.parametrize("request_of", [http_get, http_form, http_multipart])
@pytest.mark.parametrize(
    ("weak", "address_list"), [(False, True), (True, False), ("true", True), (1, True)]
)
async def test_a_token_outside_the_header_needs_the_switch_and_an_address_list(
    request_of: Any, weak: object, address_list: bool
) -> None:
    gateway = make_gateway(has_address_list=address_list, socx_weak_token=weak)
    assert read(await ask(gateway, request_of(token=TOKEN)), status=401)["rc"] == "02"
    assert gateway.placed == []


@pytest.mark.parametrize("way", [{"query": f"?token={TOKEN}"}, {"PIN": TOKEN}])
async def test_the_xml_channel_knows_two_weak_ways(way: dict[str, Any]) -> None:
    enabled = make_gateway(socx_weak_token=True)
    assert read_xml(await ask(enabled, xml(**way)))["RESPONSECODE"] == "00"
    assert read_xml(await ask(make_gateway(), xml(**way)))["RESPONSECODE"] == "02"


async def test_a_wrong_header_is_not_mended_by_a_token_in_the_query() -> None:
    gateway = make_gateway(socx_weak_token=True)
    request = get(f"/http/purchase?token={TOKEN}", headers=(("Authorization", "Bearer x"),))
    assert (await ask(gateway, request)).status == 401


async def test_a_token_in_the_query_opens_no_json_endpoint() -> None:
    gateway = make_gateway(socx_weak_token=True)
    for path in ("/purchase", "/status"):
        request = post_json(f"{path}?token={TOKEN}", {**ORDER, "token": TOKEN}, headers=())
        assert (await ask(gateway, request)).status == 401
    assert (await ask(gateway, get(f"/saldo?token={TOKEN}"))).status == 401


def by_address(**settings: Any) -> StandInGateway:
    reseller = make_reseller(settings=settings, has_address_list=True)
    credential = make_credential("socx", address_key("203.0.113.7"), reseller=reseller)
    return StandInGateway(credentials=[credential])


async def test_the_xml_channel_may_log_in_by_address_where_that_is_switched_on() -> None:
    enabled = by_address(**{"socx.xml_ip_only_auth": True})
    assert read_xml(await ask(enabled, xml()))["RESPONSECODE"] == "00"
    other = await ask(enabled, xml(), client_ip="198.51.100.1")
    assert read_xml(other)["RESPONSECODE"] == "02"
    assert read_xml(await ask(by_address(), xml()))["RESPONSECODE"] == "02"


async def test_an_address_alone_opens_nothing_but_the_xml_channel() -> None:
    enabled = by_address(**{"socx.xml_ip_only_auth": True})
    for request in (post_json("/purchase", ORDER, headers=()), http_get(), get("/saldo")):
        assert (await ask(enabled, request)).status == 401
    key = ("Authorization", f"Bearer {address_key('203.0.113.7')}")
    assert (await ask(enabled, get("/saldo", headers=(key,)))).status == 401


# --- order of checks -----------------------------------------------------------------------------


async def test_a_stranger_learns_nothing_of_his_payload() -> None:
    reply = read(await ask(make_gateway(), post_json("/purchase", b"{", headers=())), status=401)
    assert reply["rc"] == "02"


@pytest.mark.parametrize(
    ("reason", "rc"), [(Reason.RESELLER_SUSPENDED, "71"), (Reason.RATE_LIMITED, "36")]
)
async def test_a_known_order_is_answered_before_the_account_state(reason: Reason, rc: str) -> None:
    gateway = make_gateway()
    await buy(gateway)
    gateway.access = lambda _, __: reason
    assert (await buy(gateway))["trxid"] == 1
    fresh = await buy(gateway, request_id="new")
    assert (fresh["rc"], fresh["trxid"]) == (rc, 0)
    assert len(gateway.placed) == 1
    assert gateway.refused[0][1].reason is reason


async def test_a_bad_payload_comes_before_the_account_state() -> None:
    gateway = make_gateway()
    gateway.access = lambda _, __: Reason.RESELLER_SUSPENDED
    assert (await buy(gateway, msisdn="letters"))["rc"] == "01"


async def test_a_suspended_reseller_may_ask_about_his_orders() -> None:
    gateway = make_gateway()
    await buy(gateway)
    gateway.access = lambda _, __: Reason.RESELLER_SUSPENDED
    asked = read(await ask(gateway, post_json("/status", {"request_id": "999999"})))
    assert asked["rc"] == "00"
    answer = await ask(gateway, get("/saldo", headers=(BEARER,)))
    assert (answer.status, json.loads(answer.body)["rc"]) == (403, "71")


@pytest.mark.parametrize(
    ("reason", "status"), [(Reason.RATE_LIMITED, 429), (Reason.MAINTENANCE, 503)]
)
async def test_a_question_that_cannot_be_answered_now_says_nothing_of_the_order(
    reason: Reason, status: int
) -> None:
    gateway = make_gateway()
    await buy(gateway)
    gateway.access = lambda _, __: reason
    request = post_json("/status", {"request_id": "999999"})
    reply = read(await ask(gateway, request), status=status)
    assert (reply["rc"], reply["trxid"]) == ("68", 0)
    assert (await ask(gateway, get("/saldo", headers=(BEARER,)))).status == status


async def test_an_unknown_request_id_is_code_11_with_status_200() -> None:
    reply = read(await ask(make_gateway(), post_json("/status", {"request_id": "nope"})))
    assert (reply["rc"], reply["trxid"], reply["request_id"]) == ("11", 0, "nope")
    assert (reply["code"], reply["msisdn"], reply["balance"]) == ("", "", 100_000_000)


async def test_nobody_reaches_the_order_of_another_reseller() -> None:
    gateway = make_gateway()
    await buy(gateway)
    other = credential_of("other", reseller=make_reseller(id=8, code="OTHER"))
    gateway.credentials[("socx", other.key)] = other
    headers = (("Authorization", "Bearer other"),)
    request = post_json("/status", {"request_id": "999999"}, headers=headers)
    assert read(await ask(gateway, request))["rc"] == "11"
