"""The seed documents' own requests, with only host and credentials changed.

Every field of every reply is compared with what the documents print. A field that cannot be equal
(a number the server gives, a time) is compared by type and rule.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final
from urllib.parse import parse_qsl, unquote
from xmlrpc.client import loads

import httpx
import pytest

from e2e.buyer import Buyer, make_buyer
from e2e.running_demo import RunningDemo
from e2e.seed_documents import (
    Curl,
    isikuota_objects,
    otomax_reports,
    otomax_url,
    socx_curl,
    socx_reply,
    socx_xml,
)
from proof import record

LIMIT_S: Final = 120
WIB: Final = timezone(timedelta(hours=7))
AFTER_SALE: Final = 341_890_000
"""The balance in the SocX document's replies; a buyer funded with the price on top ends there."""
PRICE: Final = 5_400
JSON_POST: Final = "API Transaksi HTTP JSON POST"
CHANNELS: Final = (JSON_POST, "API Transaksi HTTP GET", "API Transaksi HTTP POST")

Rule = Callable[[Any], bool]
Compared = Mapping[str, Rule]
_fields_compared: list[str] = []


def compare(reply: Any, printed: Any, rules: Compared | None = None, *, at: str = "") -> None:
    """Demand the printed members in the printed order, each equal or as its rule says."""
    rules = rules or {}
    if isinstance(printed, dict):
        assert isinstance(reply, dict), at
        assert list(reply) == list(printed), at
        for name, value in printed.items():
            compare(reply[name], value, rules, at=f"{at}.{name}" if at else name)
        return
    _fields_compared.append(at)
    assert type(reply) is type(printed), f"{at}: {reply!r} and {printed!r}"
    if at in rules:
        assert rules[at](reply), f"{at}: {reply!r}"
    else:
        assert reply == printed, at


def is_number(value: Any) -> bool:
    return bool(value > 0)


def is_now(text: str) -> bool:
    """Whether a time without a zone is now in WIB."""
    at = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=WIB)
    return abs((datetime.now(UTC) - at).total_seconds()) < LIMIT_S


def is_iso_now(text: str) -> bool:
    at = datetime.fromisoformat(text)
    assert at.utcoffset() == timedelta(hours=7)
    return abs((datetime.now(UTC) - at).total_seconds()) < LIMIT_S


def is_equal_to(expected: Any) -> Rule:
    return lambda value: bool(value == expected)


@pytest.fixture(autouse=True, scope="module")
def _count_of_fields() -> Any:
    yield
    record("seed documents", fields_compared=len(_fields_compared), differences=0)


@pytest.fixture
async def http(demo: RunningDemo) -> AsyncIterator[httpx.AsyncClient]:
    async with asyncio.timeout(LIMIT_S), demo.http() as client:
        yield client


async def send(http: httpx.AsyncClient, curl: Curl) -> httpx.Response:
    """Send what curl would: ``--form`` is multipart."""
    files = {name: (None, value) for name, value in curl.form.items()}
    return await http.request(
        curl.method,
        curl.url,
        headers=curl.headers,
        content=curl.body or None,
        files=files or None,
    )


def socx_request(buyer: Buyer, heading: str) -> Curl:
    base_url = f"{buyer.demo.base_url}/reseller/api/v1"
    return socx_curl(heading, base_url=base_url, token=buyer.token)


def xml_members(document: str | bytes) -> tuple[dict[str, Any], str | None]:
    """Read the one struct of an XML-RPC document, and its method where it is a call."""
    read: Any = loads(document)
    (members,), method = read
    return members, method


async def callback_of(demo: RunningDemo, mark: str) -> dict[str, Any]:
    """Wait for the one callback whose body or query has `mark`."""

    async def found() -> list[dict[str, Any]]:
        return [c for c in await demo.inbox() if mark in c["body"] or mark in c["query"]]

    came: list[dict[str, Any]] = await demo.wait_for(found, 12)
    (callback,) = came
    return callback


# --- SocX -----------------------------------------------------------------------------------------


async def test_the_socx_balance_line_answers_as_printed(
    demo: RunningDemo, http: httpx.AsyncClient
) -> None:
    printed = socx_reply("API Check Saldo")
    buyer = await make_buyer(demo, http, funds=printed["balance"])
    reply = await send(http, socx_request(buyer, "API Check Saldo"))
    assert reply.status_code == 200
    compare(reply.json(), printed)


@pytest.mark.parametrize("heading", CHANNELS)
async def test_every_socx_purchase_line_answers_as_printed(
    demo: RunningDemo, http: httpx.AsyncClient, heading: str
) -> None:
    buyer = await make_buyer(demo, http, funds=AFTER_SALE + PRICE)
    curl = socx_request(buyer, heading)
    sent = json.loads(curl.body) if curl.body else curl.form or dict(httpx.URL(curl.url).params)
    reply = await send(http, curl)
    assert reply.status_code == 200
    assert reply.headers["content-type"].startswith("application/json")
    # All three sections print the reply to the first one's request.
    rules: dict[str, Rule] = {
        "msisdn": is_equal_to(sent["msisdn"]),
        "request_id": is_equal_to(sent["request_id"]),
        "trxid": is_number,
    }
    compare(reply.json(), socx_reply(heading), rules)
    assert await buyer.money(http) in ((AFTER_SALE + PRICE, PRICE), (AFTER_SALE, 0))


async def test_the_socx_status_line_answers_as_printed_and_the_flat_callback_follows(
    demo: RunningDemo, http: httpx.AsyncClient
) -> None:
    buyer = await make_buyer(demo, http, funds=AFTER_SALE + PRICE)
    bought = (await send(http, socx_request(buyer, JSON_POST))).json()
    asked = await send(http, socx_request(buyer, "API Cek Status"))
    compare(asked.json(), socx_reply("API Cek Status"), {"trxid": is_equal_to(bought["trxid"])})
    callback = await callback_of(demo, f'"trxid":{bought["trxid"]},')
    assert callback["method"] == "POST"
    assert callback["headers"]["content-type"].startswith("application/json")
    assert "x-gerbang-testing" not in callback["headers"]
    final: dict[str, Rule] = {
        "rc": is_equal_to("00"),
        "message": is_equal_to("SUKSES"),
        "trxid": is_equal_to(bought["trxid"]),
        "sn": bool,
    }
    told = json.loads(callback["body"])
    compare(told, socx_reply("API Cek Status"), final)
    again = await send(http, socx_request(buyer, "API Cek Status"))
    compare(again.json(), told)
    repeated = await send(http, socx_request(buyer, JSON_POST))
    compare(repeated.json(), told)
    assert await buyer.money(http) == (AFTER_SALE, 0)


@pytest.mark.parametrize("login", ["bearer", "query", "pin"])
async def test_the_socx_xml_sample_answers_as_printed_and_its_report_follows(
    demo: RunningDemo, http: httpx.AsyncClient, login: str
) -> None:
    buyer = await make_buyer(demo, http, funds=1_000_000, callback_format="socx-xml")
    sample = socx_xml("Topup Request")
    if login == "pin":
        sample = sample.replace("<string></string>", f"<string>{buyer.token}</string>")
    reply = await http.post(
        "/reseller/api/v1/xml/purchase",
        content=sample,
        params={"token": buyer.token} if login == "query" else {},
        headers=buyer.bearer if login == "bearer" else {},
    )
    assert reply.status_code == 200
    assert reply.headers["content-type"].startswith("text/xml")
    printed, _ = xml_members(socx_xml("Topup Response"))
    answered, _ = xml_members(reply.content)
    compare(answered, printed, {"TRANSACTIONID": str.isdecimal})

    callback = await callback_of(demo, f"<string>{answered['TRANSACTIONID']}</string>")
    sent, _ = xml_members(sample)
    report_printed, method_printed = xml_members(socx_xml("Topup Report XML"))
    report, method = xml_members(callback["body"])
    assert method == method_printed == "topUpReport"
    rules: dict[str, Rule] = {
        "REQUESTID": is_equal_to(sent["REQUESTID"]),
        "TRANSACTIONID": is_equal_to(answered["TRANSACTIONID"]),
        "SN": bool,
        "MSISDN": is_equal_to(sent["NOHP"]),
        "PRICE": is_equal_to(str(PRICE)),
    }
    compare(report, report_printed, rules)


async def test_the_two_socx_samples_that_share_a_request_id_make_one_order(
    demo: RunningDemo, http: httpx.AsyncClient
) -> None:
    buyer = await make_buyer(demo, http, funds=1_000_000)
    first = (await send(http, socx_request(buyer, "API Transaksi HTTP GET"))).json()
    sample, _ = xml_members(socx_xml("Topup Request"))
    assert sample["REQUESTID"] == first["request_id"]
    reply = await http.post(
        "/reseller/api/v1/xml/purchase", content=socx_xml("Topup Request"), headers=buyer.bearer
    )
    answered, _ = xml_members(reply.content)
    assert answered["TRANSACTIONID"] == str(first["trxid"])
    await callback_of(demo, f'"trxid":{first["trxid"]},')
    assert await buyer.money(http) == (1_000_000 - PRICE, 0)


# --- IsiKuota -------------------------------------------------------------------------------------


def business_of(printed: Mapping[str, Any]) -> dict[str, Any]:
    """Give what is left of a printed request when its credentials are taken out."""
    apart = ("api_id", "timestamp", "signature")
    return {name: value for name, value in printed.items() if name not in apart}


ORDER_RULES: Final[Compared] = {
    "data.ref_id": lambda text: bool(re.fullmatch(r"TRX[A-Za-z0-9]{12}", text)),
    "data.created_at": is_now,
}


async def test_the_isikuota_testing_sample_answers_as_printed_and_moves_no_money(
    demo: RunningDemo, http: httpx.AsyncClient
) -> None:
    buyer = await make_buyer(demo, http, funds=1_000_000)
    entries = await count_entries(demo, buyer)
    printed_request, printed_reply, _ = isikuota_objects()
    request = buyer.signed(business_of(printed_request))
    assert set(request) == set(printed_request)
    reply = await http.post("/v1/order", json=request)
    assert reply.status_code == 200
    compare(reply.json(), printed_reply, ORDER_RULES)

    reference = reply.json()["data"]["ref_id"]
    callback = await callback_of(demo, reference)
    assert callback["headers"]["x-gerbang-testing"] == "true"
    check_webhook(buyer, callback, reply.json()["data"])
    assert await buyer.money(http) == (1_000_000, 0)
    assert await count_entries(demo, buyer) == entries
    order = await buyer.order(http, reference)
    assert order is not None
    assert order["testing"] is True
    assert order["transfers"] == []
    assert order["attempts"] == []
    assert (await demo.verify()).clean


async def test_the_isikuota_production_sample_answers_in_the_same_form_and_sells(
    demo: RunningDemo, http: httpx.AsyncClient
) -> None:
    buyer = await make_buyer(demo, http, funds=1_000_000)
    _, printed_reply, printed_request = isikuota_objects()
    reply = await http.post("/v1/order", json=buyer.signed(business_of(printed_request)))
    compare(reply.json(), printed_reply, {**ORDER_RULES, "data.sn": bool})
    data = reply.json()["data"]
    callback = await callback_of(demo, data["ref_id"])
    assert "x-gerbang-testing" not in callback["headers"]
    check_webhook(buyer, callback, data)
    assert await buyer.money(http) == (1_000_000 - data["price"], 0)


async def test_the_isikuota_balance_answers_as_the_sheet_has_it(
    demo: RunningDemo, http: httpx.AsyncClient
) -> None:
    buyer = await make_buyer(demo, http, funds=25_490)
    printed = {
        "success": True,
        "code": "SUCCESS",
        "message": "Saldo berhasil didapatkan",
        "data": {
            "name": f"Buyer {buyer.code}",
            "balance": 25_490,
            "currency": "IDR",
            "checked_at": "2026-05-31 10:21:58",
        },
        "errors": None,
        "meta": None,
    }
    reply = await http.post("/v1/balance", json=buyer.signed({}))
    assert reply.status_code == 200
    compare(reply.json(), printed, {"data.checked_at": is_now})


def check_webhook(buyer: Buyer, callback: Mapping[str, Any], data: Mapping[str, Any]) -> None:
    """Compare with the documented webhook, and the signature with the bytes that came."""
    raw = callback["body"].encode()
    expected = hmac.new(buyer.secret_key.encode(), raw, hashlib.sha256).hexdigest()
    assert callback["method"] == "POST"
    assert callback["headers"]["x-signature"] == expected
    assert callback["headers"]["x-type-transaction"] == "ppob"
    assert callback["headers"]["content-type"] == "application/json"
    printed = {
        "event": "order.success",
        "timestamp": "2025-01-15T14:30:00+07:00",
        "data": {
            "order_id": 12345,
            "ref_id": data["ref_id"],
            "status": "Success",
            "product_code": data["code"],
            "product_name": data["name"],
            "customer_number": data["customer_no"],
            "price": data["price"],
            "sn": data["sn"],
            "message": "Transaksi berhasil",
            "created_at": "2025-01-15T14:30:00+07:00",
            "updated_at": "2025-01-15T14:30:00+07:00",
        },
    }
    rules: dict[str, Rule] = dict.fromkeys(
        ("timestamp", "data.created_at", "data.updated_at"), is_iso_now
    )
    compare(json.loads(raw), printed, {**rules, "data.order_id": is_number})


async def count_entries(demo: RunningDemo, buyer: Buyer) -> int:
    sql = (
        "SELECT count(*) FROM entries JOIN accounts ON accounts.id = entries.account_id"
        " WHERE accounts.code = $1"
    )
    ((count,),) = await demo.fetch(sql, f"reseller:{buyer.code}")
    return int(count)


@pytest.mark.parametrize(
    ("ending", "event", "status"),
    [("1234", "order.failed", "Failed"), ("1237", "order.sn_received", "Success")],
)
async def test_every_documented_webhook_event_comes_signed(
    demo: RunningDemo, http: httpx.AsyncClient, ending: str, event: str, status: str
) -> None:
    buyer = await make_buyer(demo, http, funds=1_000_000)
    business = {"cmd": "prepaid", "code": "TSEL21", "customer_no": f"08123456{ending}"}
    reply = await http.post("/v1/order", json=buyer.signed(business))
    reference = reply.json()["data"]["ref_id"]

    async def found() -> list[dict[str, Any]]:
        came = [c for c in await demo.inbox() if reference in c["body"]]
        return [c for c in came if json.loads(c["body"])["event"] == event]

    (callback,) = await demo.wait_for(found, 12)
    raw = callback["body"].encode()
    signature = hmac.new(buyer.secret_key.encode(), raw, hashlib.sha256).hexdigest()
    assert callback["headers"]["x-signature"] == signature
    told = json.loads(raw)["data"]
    assert told["status"] == status
    assert bool(told["sn"]) == (event == "order.sn_received")
    assert told["message"]


# --- OtomaX ---------------------------------------------------------------------------------------

LIKE_THE_GUIDE: Final = {
    "otomax.templates": {
        "success": (
            "TRANSAKSI LANCAR T#{trxid} R#{refid} {kode}.{tujuan} SUKSES. SN/Ref:{sn} . "
            "Stok Terpotong {harga} .Stok {saldo} @{waktu:dd/MM/yy HH:mm:ss}"
        ),
        "failed": (
            "R#{refid} {kode}.{ke}.{tujuan} TRANSAKSI GAGAL. . Stok {saldo} @{waktu:HH:mm:ss}."
        ),
    }
}
"""The operator's own texts, so that the reports read as the guide prints them."""

SUCCEEDS: Final = "085757777724"
"""Stands for the masked number of the guide's first sample."""
FAILS: Final = "085333751234"
ACCEPTED: Final = re.compile(
    r"T#(?P<t>\d+) R#(?P<ref>\S+) (?P<name>.+) (?P<code>\w+)\.(?P<dest>\d+) akan diproses\."
    r" Saldo (?P<before>[\d.]+) - (?P<price>[\d.]+) = (?P<after>[\d.]+) @\d\d:\d\d\Z"
)


def rupiah(text: str) -> int:
    return int(text.replace(".", ""))


def filled_in(buyer: Buyer, *, slug: str, product: str, dest: str, reference: str) -> str:
    """Fill in the guide's address; host, slug and credentials are ours."""
    values = {
        "product": product,
        "qty": "1",
        "tujuan": dest,
        "trxid": reference,
        "memberid": buyer.member,
        "sign": buyer.sign(product=product, dest=dest, reference=reference),
    }
    url = otomax_url().replace("http://trx.maxsi.id", buyer.demo.base_url)
    url = url.replace("/slug_unik", f"/{slug}" if slug else "")
    return re.sub(r"\[(\w+)\]", lambda found: values[found[1]], url)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("with_slug", [True, False])
async def test_the_otomax_address_orders_and_is_reported_as_printed(
    demo: RunningDemo, http: httpx.AsyncClient, method: str, *, with_slug: bool
) -> None:
    printed, _ = otomax_reports()
    stock = 75_377_526 + 30_442  # what the guide's report leaves, and the price
    slug = f"slug_unik_{method}"
    settings = LIKE_THE_GUIDE | ({"otomax.slug": slug} if with_slug else {})
    buyer = await make_buyer(demo, http, funds=stock, settings=settings)
    url = filled_in(
        buyer,
        slug=slug if with_slug else "",
        product="IP30",
        dest=SUCCEEDS,
        reference=printed["refid"],
    )
    if method == "GET":
        reply = await http.get(url)
    else:
        path, _, query = url.partition("?")
        reply = await http.post(path, data=dict(parse_qsl(query)))
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"
    accepted = ACCEPTED.match(reply.text)
    assert accepted, reply.text
    assert accepted["ref"] == printed["refid"]
    assert (accepted["code"], accepted["dest"]) == ("IP30", SUCCEEDS)
    assert rupiah(accepted["before"]) == stock
    assert rupiah(accepted["price"]) == int(printed["price"])
    assert rupiah(accepted["after"]) == 75_377_526

    callback = await callback_of(demo, f"t={accepted['t']}&")
    assert callback["method"] == "GET"
    report = report_of(callback)
    words = printed["message"].replace("T#1 ", "T#{t} ").replace("08575xxx724", SUCCEEDS)
    pattern = re.escape(words.replace("{t}", accepted["t"]))
    pattern = pattern.replace("038xxx2443623", r"\d+").replace(r"22/08/25\ 09:58:47", WHEN)
    rules: dict[str, Rule] = {
        "t": is_equal_to(accepted["t"]),
        "message": lambda text: bool(re.fullmatch(pattern, text)),
    }
    compare(report, printed, rules)
    assert await buyer.money(http) == (75_377_526, 0)


WHEN: Final = r"\d\d/\d\d/\d\d \d\d:\d\d:\d\d"


def report_of(callback: Mapping[str, Any]) -> dict[str, str]:
    """Read the report's query as percent-encoded UTF-8, where nothing may be left out."""
    pairs = [pair.partition("=") for pair in callback["query"].split("&")]
    assert all(re.fullmatch(r"[\w.%~-]*", value) for _, _, value in pairs)
    return {name: unquote(value, errors="strict") for name, _, value in pairs}


async def test_a_failed_otomax_order_is_reported_as_printed_and_paid_back(
    demo: RunningDemo, http: httpx.AsyncClient
) -> None:
    _, printed = otomax_reports()
    buyer = await make_buyer(demo, http, funds=75_480_811, settings=LIKE_THE_GUIDE)
    url = filled_in(buyer, slug="", product="SP1", dest=FAILS, reference=printed["refid"])
    accepted = ACCEPTED.match((await http.get(url)).text)
    assert accepted
    callback = await callback_of(demo, f"t={accepted['t']}&")
    words = re.escape(printed["message"].replace("085333753276", FAILS))
    pattern = words.replace("09:56:24", r"\d\d:\d\d:\d\d")
    rules: dict[str, Rule] = {
        "t": is_equal_to(accepted["t"]),
        "message": lambda text: bool(re.fullmatch(pattern, text)),
    }
    compare(report_of(callback), printed, rules)
    assert await buyer.money(http) == (75_480_811, 0)


async def test_the_destination_as_the_guide_prints_it_with_its_counter_is_an_order(
    demo: RunningDemo, http: httpx.AsyncClient
) -> None:
    _, printed = otomax_reports()
    buyer = await make_buyer(demo, http, funds=1_000_000, settings=LIKE_THE_GUIDE)
    # "SP1.1.085333753276" is product, counter and number.
    url = filled_in(
        buyer, slug="", product="SP1", dest="1.085333753276", reference=printed["refid"]
    )
    accepted = ACCEPTED.match((await http.get(url)).text)
    assert accepted
    checked = await http.get(f"{url}&check=1")
    assert f"T#{accepted['t']} R#{printed['refid']} SP1.085333753276" in checked.text
    report = report_of(await callback_of(demo, f"t={accepted['t']}&"))
    assert report["status"] == "20"
    assert report["price"] == printed["price"]
    final = await http.get(f"{url}&check=1")
    assert f"R#{printed['refid']}" in final.text
    assert "status Sukses" in final.text


async def test_an_otomax_testing_order_is_called_back_with_its_mark_and_moves_no_money(
    demo: RunningDemo, http: httpx.AsyncClient
) -> None:
    buyer = await make_buyer(demo, http, funds=1_000_000)
    entries = await count_entries(demo, buyer)
    url = filled_in(buyer, slug="", product="X10", dest="08123456789", reference="TEST-1")
    reply = await http.get(f"{url}&testing=1")
    number = re.search(r"T#(\d+) ", reply.text)
    assert number, reply.text
    callback = await callback_of(demo, f"t={number[1]}&")
    assert callback["headers"]["x-gerbang-testing"] == "true"
    assert report_of(callback)["status"] == "20"
    assert await buyer.money(http) == (1_000_000, 0)
    assert await count_entries(demo, buyer) == entries


async def test_a_socx_testing_order_is_called_back_with_its_mark_and_moves_no_money(
    demo: RunningDemo, http: httpx.AsyncClient
) -> None:
    buyer = await make_buyer(demo, http, funds=1_000_000)
    entries = await count_entries(demo, buyer)
    body = {"code": "HSA5", "msisdn": "08121231230", "request_id": "T1", "testing": True}
    reply = await http.post("/reseller/api/v1/purchase", json=body, headers=buyer.bearer)
    callback = await callback_of(demo, f'"trxid":{reply.json()["trxid"]},')
    assert callback["headers"]["x-gerbang-testing"] == "true"
    assert json.loads(callback["body"])["rc"] == "00"
    assert await buyer.money(http) == (1_000_000, 0)
    assert await count_entries(demo, buyer) == entries
