"""A dialect that is only in the registry: credentials, lists and forms follow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from api.running import running
from dialects.mini import DIALECT
from gerbang.dialects import registry


@pytest.fixture
async def supplier_url() -> AsyncIterator[str]:
    """Give a supplier that speaks Mini over real HTTP and delivers everything."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        asked = parse_qs(urlsplit(head.split()[1]).query)
        line = f"OK;{asked.get('ref', [''])[0]};5000;SN-MINI;".encode()
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: ")
        writer.write(str(len(line)).encode() + b"\r\n\r\n" + line)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


async def test_a_dialect_in_the_registry_is_bought_through_without_another_line(
    database_url: str, tmp_path: Path, supplier_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(registry.DIALECTS, "mini", DIALECT)
    async with running(database_url, tmp_path, work=True) as here:
        await here.reseller("TOKO", allowed_ips=["127.0.0.1"], dialects=["mini"])
        path = "/resellers/TOKO/credentials"
        issued = await here.call("POST", path, 201, json={"dialect": "mini"})
        assert (issued["key"].startswith("TOKO-"), issued["secrets"]) == (True, {})
        await here.call("PATCH", "/resellers/TOKO", 200, json={"callback": {"format": "mini"}})
        await here.call("POST", path, 422, json={"dialect": "maxi"})
        await here.call("POST", "/resellers/TOKO/credits", 201, json={"amount": 9_000, "key": "k"})
        await here.product()
        supplier = {
            "code": "s1", "name": "S", "dialect": "mini", "base_url": supplier_url,
            "secrets": {"key": "ours"},
        }  # fmt: skip
        await here.call("POST", "/suppliers", 201, json=supplier)
        route = {"product": "HSA5", "supplier": "s1", "supplier_product_code": "S5", "cost": 5_000}
        await here.call("POST", "/routes", 201, json=route)
        await here.node.loader.refresh_now()
        order = {"key": issued["key"], "ref": "R1", "code": "HSA5", "to": "081234567890"}
        said = ""
        for _ in range(600):
            said = (await here.client.get("/mini", params={"do": "buy", **order})).text
            if not said.startswith("WAIT"):
                break
            await asyncio.sleep(0.1)
        assert said == "OK;R1;5400;SN-MINI;"
