"""The server half: paths, order of checks, replies."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dialects.otomax.house import (
    ACCEPTED,
    BASE,
    LOGIN,
    PASSWORD,
    PIN,
    ask,
    encode,
    get,
    make_gateway,
    order_fields,
    pending,
)
from dialects.stand_in import NOON, PENDING, send
from gerbang.dialects import otomax
from gerbang.dialects.contract import OrderState, Uncertain
from gerbang.dialects.otomax import wire
from gerbang.dialects.otomax.spec import BEFORE_LOOKUP, REASON_TEXT
from gerbang.orders.reasons import Reason
from gerbang.outbound.message import HttpRequest

# --- paths and methods ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/trx", "/trx/", "/api/h2h/trx", "/api/h2h/trx/", "/without-sign/trx"]
)
async def test_every_path_takes_an_order(path: str) -> None:
    assert await ask(pending(), path) == ACCEPTED


async def test_the_seed_documents_request_works_under_the_resellers_own_path() -> None:
    gateway = make_gateway(settings={"otomax.slug": "toko_berkah"})
    gateway.script.append(PENDING)
    assert await ask(gateway, "/trx/toko_berkah") == ACCEPTED
    assert await ask(gateway, "/trx/toko_berkah/") != ""
    assert (await ask(gateway, refID="2", path="/trx")).startswith("T#2 R#2 ")


@pytest.mark.parametrize("path", ["/trx/other", "/trx/TOKO_BERKAH", "/trx/toko_berkah2"])
async def test_a_path_of_another_is_an_unknown_member(path: str) -> None:
    gateway = make_gateway(settings={"otomax.slug": "toko_berkah"})
    assert await ask(gateway, path) == "Pengguna tidak ditemukan"
    assert gateway.placed == []


async def test_a_path_means_nothing_where_none_is_set() -> None:
    assert await ask(make_gateway(), "/trx/anything") == "Pengguna tidak ditemukan"


@pytest.mark.parametrize("slug", ["pricelist", "inquiry"])
async def test_reserved_paths_are_nobodys(slug: str) -> None:
    gateway = make_gateway(settings={"otomax.slug": slug})
    assert await ask(gateway, f"/trx/{slug}") == "Format salah: perintah tidak dikenal"
    assert gateway.placed == []


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", ""])
async def test_a_form_is_as_good_as_a_query(kind: str) -> None:
    headers = (("content-type", kind),) if kind else ()
    body = encode(order_fields()).encode()
    request = HttpRequest(method="POST", url=f"{BASE}/trx", headers=headers, body=body)
    answer = await send(otomax.DIALECT.routes(pending()), request)
    assert answer.text() == ACCEPTED
    assert answer.headers[0] == ("content-type", "text/plain; charset=utf-8")


async def test_a_head_request_buys_nothing() -> None:
    gateway = make_gateway()
    request = HttpRequest(method="HEAD", url=f"{BASE}/trx?{encode(order_fields())}")
    await send(otomax.DIALECT.routes(gateway), request)
    assert gateway.placed == []


async def test_a_body_that_is_too_large_is_refused_as_text() -> None:
    request = HttpRequest(method="POST", url=f"{BASE}/trx", body=b"a=" + b"x" * 70_000)
    answer = await send(otomax.DIALECT.routes(make_gateway()), request)
    assert (answer.status, answer.text()) == (200, "Format salah: permintaan terlalu besar")


async def test_a_crash_reads_as_pending() -> None:
    gateway = make_gateway()
    gateway.script.append(RuntimeError("bug"))
    answer = await get(gateway, order_fields())
    assert answer.status == 200
    assert "sedang diproses" in answer.text()
    assert "GAGAL" not in answer.text().upper()


# --- who asks -------------------------------------------------------------------------------------


async def test_without_a_member_nothing_is_looked_up() -> None:
    assert await ask(make_gateway(), memberID=None) == "Too short: memberID kosong"


@pytest.mark.parametrize("member", ["NOBODY", "YUSUF|X10", "yusuf\x00", "é", "' OR 1=1"])
async def test_an_unknown_member_is_told_so(member: str) -> None:
    assert await ask(make_gateway(), memberID=member) == "Pengguna tidak ditemukan"


@pytest.mark.parametrize("member", ["yusuf", "Yusuf", " YUSUF "])
async def test_a_member_is_found_in_any_letters(member: str) -> None:
    fields = order_fields(memberID=member, sign=None, pin=PIN, password=PASSWORD)
    answer = await get(pending(), fields)
    assert answer.text() == ACCEPTED


@pytest.mark.parametrize("reason", sorted(BEFORE_LOOKUP - {Reason.MAINTENANCE}))
async def test_a_caller_who_is_not_welcome_hears_why_before_his_sign_is_looked_at(
    reason: Reason,
) -> None:
    gateway = make_gateway()
    gateway.access = lambda _credential, _ip: reason
    text = await ask(gateway, sign="wrong")
    assert text.startswith(REASON_TEXT[reason])
    assert "GAGAL" not in text


async def test_a_wrong_address_is_named() -> None:
    gateway = make_gateway()
    gateway.access = lambda _credential, _ip: Reason.ADDRESS_NOT_ALLOWED
    assert await ask(gateway) == "IP tidak sesuai @203.0.113.7"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"sign": "wrong"}, "Invalid Signature"),
        ({"sign": None}, "Invalid Signature"),
        ({"sign": None, "pin": PIN}, "Invalid Signature"),
        ({"pin": "9", "password": PASSWORD}, "R#0 X10.08123456789 GAGAL. Pin Salah"),
        ({"pin": PIN, "password": "9"}, "R#0 X10.08123456789 GAGAL. Password Salah"),
    ],
)
async def test_a_wrong_secret_is_refused_before_anything_else(
    changes: dict[str, str | None], text: str
) -> None:
    gateway = make_gateway()
    assert (await get(gateway, order_fields(**changes))).text() == text
    assert not gateway.placed
    assert not gateway.refused


async def test_pin_and_password_are_enough_unless_a_sign_is_demanded() -> None:
    fields = order_fields(sign=None, pin=PIN, password=PASSWORD)
    assert (await get(pending(), fields)).text() == ACCEPTED
    strict = make_gateway(settings={"otomax.require_sign": True})
    assert (await get(strict, fields)).text() == "Invalid Signature"


async def test_the_hexadecimal_sign_works_by_setting_only() -> None:
    legacy = "MGE5ZjRkMmQ1YjhhNTgxYjc5NDllY2JmYjhjOTU4YjJmOWNhYmM5Mg=="
    assert await ask(make_gateway(), sign=legacy) == "Invalid Signature"
    gateway = make_gateway(settings={"otomax.legacy_sign": True})
    gateway.script.append(PENDING)
    assert await ask(gateway, sign=legacy) == ACCEPTED


async def test_a_reseller_without_secrets_cannot_log_in() -> None:
    gateway = make_gateway(secrets={})
    assert await ask(gateway) == "Invalid Signature"


# --- balance --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/balance", "/trx/balance", "/balance/", "/trx/balance/"])
@pytest.mark.parametrize("formula", [wire.balance_text, wire.balance_text_empty_slots])
async def test_the_balance_is_told_for_both_published_formulas(path: str, formula: Any) -> None:
    gateway = make_gateway(balance=75_377_526)
    fields = {"memberID": "YUSUF", "sign": wire.make_sign(formula(LOGIN))}
    answer = await get(gateway, fields, path)
    assert (answer.status, answer.text()) == (200, "Saldo 75.377.526")


async def test_the_balance_is_told_for_pin_and_password() -> None:
    fields = {"memberID": "yusuf", "pin": PIN, "password": PASSWORD}
    assert (await get(make_gateway(), fields, "/balance")).text() == "Saldo 100.000"


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "Too short: memberID kosong"),
        ({"memberID": "X"}, "Pengguna tidak ditemukan"),
        ({"memberID": "YUSUF"}, "Invalid Signature"),
        ({"memberID": "YUSUF", "sign": "x"}, "Invalid Signature"),
        ({"memberID": "YUSUF", "pin": "9", "password": PASSWORD}, "Pin Salah"),
        ({"memberID": "YUSUF", "pin": PIN, "password": "9"}, "Password Salah"),
    ],
)
async def test_the_balance_is_told_to_its_owner_only(fields: dict[str, str], text: str) -> None:
    assert (await get(make_gateway(), fields, "/balance")).text() == text


async def test_an_orders_sign_does_not_open_the_balance() -> None:
    fields = {"memberID": "YUSUF", "sign": order_fields()["sign"]}
    assert (await get(make_gateway(), fields, "/balance")).text() == "Invalid Signature"


# --- JSON -----------------------------------------------------------------------------------------


async def test_the_json_profile_answers_in_the_envelope() -> None:
    gateway = make_gateway(settings={"otomax.profile": "json-h2hid"})
    gateway.script.append(PENDING)
    answer = await get(gateway, order_fields())
    body = json.loads(answer.body)
    assert answer.headers[0] == ("content-type", "application/json")
    assert body["status"] is True
    assert body["data"] == {
        "ref_id": "2140669",
        "transaction_status": "pending",
        "serial_number": "",
        "price": 10_500,
        "invoice": "1",
    }
    gateway.change("2140669", state=OrderState.SUCCESS, sn="SN1")
    checked = json.loads((await get(gateway, order_fields(check="1"))).body)
    assert checked["data"]["transaction_status"] == "success"
    assert checked["data"]["serial_number"] == "SN1"


async def test_the_json_profile_tells_errors_and_balance_in_the_envelope() -> None:
    gateway = make_gateway(settings={"otomax.profile": "json-h2hid"})
    refused = json.loads((await get(gateway, order_fields(product="NONE"))).body)
    assert (refused["status"], refused["data"]) == (False, None)
    wrong = json.loads((await get(gateway, order_fields(sign="x"))).body)
    assert wrong == {"status": False, "message": "Invalid Signature", "data": None}
    fields = {"memberID": "YUSUF", "pin": PIN, "password": PASSWORD}
    balance = json.loads((await get(gateway, fields, "/trx/balance")).body)
    assert balance["data"] == {"balance": 100_000}
    assert balance["balance"] == 100_000


async def test_the_json_profile_says_pending_when_nothing_is_certain() -> None:
    gateway = make_gateway(settings={"otomax.profile": "json-h2hid"})
    gateway.script.append(Uncertain(reference="2140669", price=1, product_name="", created_at=NOON))
    body = json.loads((await get(gateway, order_fields())).body)
    assert (body["status"], body["data"]["transaction_status"]) == (True, "pending")


# --- hostile --------------------------------------------------------------------------------------


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.binary(max_size=200), body=st.binary(max_size=200), slug=st.text(max_size=20))
async def test_no_bytes_get_anything_but_the_dialects_own_answer(
    query: bytes, body: bytes, slug: str
) -> None:
    gateway = make_gateway()
    url = f"{BASE}/trx?{query.decode('latin-1')}".encode("ascii", "replace").decode()
    request = HttpRequest(method="POST", url=url, body=body)
    answer = await send(otomax.DIALECT.routes(gateway), request)
    assert answer.status == 200
    assert gateway.placed == []


async def test_no_reply_repeats_a_secret() -> None:
    gateway = make_gateway()
    fields = order_fields(pin=PIN, password=PASSWORD, qty="x", counter="y")
    text = (await get(gateway, fields)).text()
    assert PASSWORD not in text
    assert fields["sign"] not in text


def test_the_gateway_is_asked_with_the_member_in_capitals() -> None:
    credential = next(iter(make_gateway().credentials.values()))
    assert msgspec.structs.asdict(credential)["key"] == "YUSUF"
