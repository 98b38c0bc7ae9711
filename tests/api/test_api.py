from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from gerbang.api.tokens import create_token
from gerbang.app import Node
from gerbang.application import all_routes
from gerbang.settings import Settings


class Api:
    def __init__(self, node: Node, token: str) -> None:
        self.node = node
        self.token = token
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(Starlette(routes=all_routes(node))),
            base_url="http://gerbang",
            headers={"authorization": f"Bearer {token}"},
        )

    async def call(self, method: str, path: str, status: int = 200, **more: Any) -> Any:
        answer = await self.client.request(method, f"/api{path}", **more)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None


@pytest.fixture
async def api(database_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    node = Node(Settings(data_dir=str(tmp_path)), database_url=database_url)
    await node.start(work=False)
    async with node.pool.acquire() as connection:
        token = await create_token(connection, "test")
        await connection.execute("INSERT INTO categories (code, name) VALUES ('pulsa', 'Pulsa')")
    api = Api(node, token)
    await api.call("PUT", "/price-lists/default", json={"name": "Default"})
    yield api
    await api.client.aclose()
    await node.stop()


async def toko(api: Api) -> Any:
    body = {"code": "TOKO", "name": "Toko Satu", "credit_limit": 5_000}
    return await api.call("POST", "/resellers", 201, json=body)


async def test_nothing_is_shown_without_a_token_that_holds(api: Api) -> None:
    for headers in ({"authorization": ""}, {"authorization": "Bearer nothing"}):
        answer = await api.call("GET", "/resellers", 401, headers=headers)
        assert answer["error"] == "unauthorized"


async def test_the_documents_are_open_and_need_no_other_host(api: Api) -> None:
    document = await api.call("GET", "/openapi.json", headers={"authorization": ""})
    assert "/resellers/{code}/credits" in document["paths"]
    page = await api.client.get("/api/docs")
    assert "https://" not in page.text
    assert (await api.client.get("/api/swagger-ui/swagger-ui-bundle.js")).status_code == 200


async def test_a_reseller_is_made_changed_funded_and_shown(api: Api) -> None:
    made = await toko(api)
    assert (made["code"], made["credit_limit"]) == ("TOKO", 5_000)
    change = {
        "allowed_ips": ["203.0.113.0/24"],
        "callback": {"url": "https://toko.example/cb", "format": "socx"},
        "limits": {"orders_per_day_max": 7},
        "settings": {"otomax.slug": "toko"},
    }
    shown = await api.call("PATCH", "/resellers/TOKO", json=change)
    assert shown["limits"]["orders_per_day_max"] == 7
    assert shown["callback"]["url"] == "https://toko.example/cb"
    known = api.node.snapshot.reseller_by_code("TOKO")
    assert known is not None
    assert known.orders_per_day_max == 7
    credit = {"amount": 100_000, "key": "k1", "note": "BCA"}
    first = await api.call("POST", "/resellers/TOKO/credits", 201, json=credit)
    second = await api.call("POST", "/resellers/TOKO/credits", 201, json=credit)
    assert (first["exists"], second["exists"], second["balance"]) == (False, True, 100_000)
    lines = await api.call("GET", "/resellers/TOKO/statement")
    assert [(line["amount"], line["balance"]) for line in lines["items"]] == [(100_000, 100_000)]
    assert lines["items"][0]["actor"] == "api:test"
    listed = await api.call("GET", "/resellers?limit=1")
    assert (listed["items"][0]["available"], listed["next"]) == (100_000, "TOKO")
    assert (await api.call("GET", "/resellers/TOKO/refusals"))["items"] == []


async def test_a_new_credential_logs_in_at_once(api: Api) -> None:
    await toko(api)
    await api.call("PATCH", "/resellers/TOKO", json={"dialects": ["socx"]})
    issued = await api.call("POST", "/resellers/TOKO/credentials", 201, json={"dialect": "socx"})
    path = f"/resellers/TOKO/credentials/{issued['id']}"
    rotated = await api.call("POST", f"{path}/rotate", 201, json={"overlap_s": 60})
    assert rotated["secrets"]["token"] != issued["secrets"]["token"]
    assert rotated["old_expires_at"]
    await api.call("DELETE", path, 204)
    shown = await api.call("GET", "/resellers/TOKO")
    assert [c["revoked_at"] is None for c in shown["credentials"]] == [False, True]
    assert issued["secrets"]["token"] not in str(shown)


async def test_products_suppliers_routes_and_prices_are_kept(api: Api) -> None:
    product = {"code": "HSA5", "name": "Halo", "category": "pulsa", "base_price": 5_400}
    await api.call("POST", "/products", 201, json=product)
    closed = await api.call("PATCH", "/products/HSA5", json={"status": "closed"})
    assert closed["status"] == "closed"
    supplier = {
        "code": "maju",
        "name": "Maju",
        "dialect": "socx",
        "base_url": "http://127.0.0.1:1",
        "secrets": {"token": "x"},
    }
    made = await api.call("POST", "/suppliers", 201, json=supplier)
    assert "secrets" not in made
    top_up = {"amount": 1_000, "key": "t1"}
    assert (await api.call("POST", "/suppliers/maju/top-ups", 201, json=top_up))["float"] == 1_000
    route = {
        "product": "HSA5",
        "supplier": "maju",
        "supplier_product_code": "M5",
        "cost": 5_000,
        "rules": {"prefixes": ["0812"]},
    }
    made = await api.call("POST", "/routes", 201, json=route)
    path = f"/routes/{made['id']}"
    assert (await api.call("PATCH", path, json={"enabled": False}))["enabled"] is False
    await api.call("PATCH", path, 422, json={"rules": {"colour": "red"}})
    await api.call("PUT", "/price-lists/default/margins", json={"amount": 100})
    await api.call("PUT", "/price-lists/default/prices", json={"product": "HSA5", "price": 5})
    shown = await api.call("GET", "/products/HSA5")
    assert (shown["prices"], shown["routes_enabled"]) == ({"default": 5}, 0)
    csv = "code,name,category,price\nHSA5,,,5500\nXL5,XL,data,5900\n"
    report = await api.call("POST", "/products/import?dry_run=true", content=csv)
    assert (report["new"], report["changed"], report["applied"]) == (1, 1, False)
    await api.call("POST", "/products/import", content=csv)
    assert len((await api.call("GET", "/products?search=x"))["items"]) == 1


async def test_categories_and_prefixes_are_kept(api: Api) -> None:
    category = {"name": "Pulsa", "destination_pattern": "^0[0-9]{8,13}$"}
    await api.call("PUT", "/categories/pulsa", 204, json=category)
    await api.call("PUT", "/categories/pulsa", 422, json={**category, "destination_pattern": "(["})
    assert len((await api.call("GET", "/categories"))["items"]) == 1
    await api.call("PUT", "/operator-prefixes", 204, json={"prefixes": {"0812": "TELKOMSEL"}})
    await api.call("PUT", "/operator-prefixes", 422, json={"prefixes": {"x": "TELKOMSEL"}})
    assert (await api.call("GET", "/operator-prefixes"))["prefixes"] == {"0812": "TELKOMSEL"}


async def test_the_ledger_is_verified_and_lists_begin_empty(api: Api) -> None:
    assert (await api.call("GET", "/ledger/verify"))["clean"] is True
    accounts = await api.call("GET", "/ledger/accounts")
    assert "bank:main" in [account["code"] for account in accounts["items"]]
    await api.call("GET", "/ledger/accounts/bank:main/statement")
    for path in ("/orders", "/callbacks", "/cases", "/routes", "/orders?needs_decision=true"):
        assert (await api.call("GET", path))["items"] == []


async def test_the_sandbox_clock_moves_only_in_a_demo(api: Api) -> None:
    await api.call("POST", "/sandbox/clock", 403, json={"advance_seconds": 60})
    await api.node.pool.execute("UPDATE installation SET demo = true")
    answer = await api.call("POST", "/sandbox/clock", json={"advance_seconds": 60})
    assert answer == {"offset_seconds": 60}
    assert await api.call("GET", "/sandbox/clock") == answer
    assert api.node.sandbox_clock.offset.total_seconds() == 60
    assert (await toko(api))["sandboxed"] is True
    shown = await api.call("PATCH", "/resellers/TOKO", json={"sandboxed": False})
    assert shown["sandboxed"] is False


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/resellers/NOBODY", 404),
        ("PATCH", "/resellers/NOBODY", 404),
        ("GET", "/resellers/NOBODY/statement", 404),
        ("GET", "/orders?reseller=NOBODY", 404),
        ("GET", "/orders?status=odd", 422),
        ("GET", "/orders?ref=%00", 422),
        ("GET", "/orders/99", 404),
        ("GET", f"/orders/{2**70}", 422),
        ("GET", "/callbacks/99", 404),
        ("POST", "/callbacks/99/resend", 404),
        ("GET", "/products/NO/NE", 404),
        ("GET", "/resellers/%00", 422),
        ("GET", "/resellers?limit=0", 422),
        ("GET", "/ledger/accounts/none/statement", 404),
        ("GET", "/nothing", 404),
        ("PUT", "/resellers", 405),
    ],
)
async def test_what_is_not_there_is_said(api: Api, method: str, path: str, status: int) -> None:
    body: dict[str, Any] | None = {} if method in {"PATCH", "POST", "PUT"} else None
    answer = await api.call(method, path, status, json=body)
    assert answer["error"]
    assert answer["message"]


HOSTILE = (
    b"",
    b"{",
    b"[" * 100_000,
    b"null",
    b'{"name": "\\ud800"}',
    b'{"name": "\\u0000"}',
    b'{"settings": {"a": "\\ud800"}}',
    b'{"settings": {"a": "\\u0000"}}',
    b'{"settings": {"otomax.slug": "status"}}',
    b'{"settings": {"isikuota.timestamp_window_s": "600"}}',
    b'{"settings": {"otomax.templates": {"success": 5}}}',
    b'{"credit_limit": 1e30}',
    b'{"credit_limit": 99999999999999999999999999}',
    b'{"credit_limit": "5"}',
    b'{"limits": {"orders_per_day_max": 99999999999}}',
    b'{"limits": {"orders_per_day_max": null}}',
    b'{"reply_wait_ms": {"socx": -5}}',
    b'{"allowed_ips": [""]}',
    b'{"price_list": "\\u0000"}',
    b'{"price_list": null}',
    b'{"colour": 1}',
    b"\xff\xfe",
)


@pytest.mark.parametrize("body", HOSTILE)
async def test_a_hostile_body_gets_an_answer_in_our_form(api: Api, body: bytes) -> None:
    await toko(api)
    answer = await api.client.patch(
        "/api/resellers/TOKO", content=body, headers={"content-type": "application/json"}
    )
    assert 400 <= answer.status_code < 500, answer.text
    assert set(answer.json()) >= {"error", "message"}


async def test_a_body_that_is_too_large_is_not_read(api: Api) -> None:
    await api.call("PATCH", "/resellers/TOKO", 413, content=b" " * 2_000_000)


async def test_taken_codes_and_used_keys_are_conflicts(api: Api) -> None:
    await toko(api)
    await api.call("POST", "/resellers", 409, json={"code": "TOKO", "name": "x"})
    await api.call("POST", "/resellers/TOKO/credits", 201, json={"amount": 5, "key": "k"})
    await api.call("POST", "/resellers/TOKO/credits", 409, json={"amount": 6, "key": "k"})
    await api.call("POST", "/resellers/TOKO/credits", 409, json={"amount": -9_999, "key": "d"})


async def test_of_two_that_create_the_same_reseller_one_is_told(api: Api) -> None:
    body = {"code": "SAMA", "name": "x"}
    answers = await asyncio.gather(
        *(api.client.post("/api/resellers", json=body) for _ in range(4))
    )
    assert sorted(a.status_code for a in answers) == [201, 409, 409, 409]
