from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from api.test_api import Api
from gerbang.api.tokens import create_token
from gerbang.app import Node
from gerbang.outbound.message import Answered, HttpRequest
from gerbang.settings import Settings
from orders.house import House, open_house


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[House]:
    async with open_house(database_url) as house:
        yield house


@pytest.fixture
async def api(house: House, tmp_path: Path) -> AsyncIterator[Api]:
    node = Node(Settings(data_dir=str(tmp_path)), database_url=house.url)
    sealed = node.box.seal({"token": "x"})
    await house.connection.execute("UPDATE suppliers SET sealed = $1", sealed)
    await node.start(work=False)
    async with node.pool.acquire() as connection:
        token = await create_token(connection, "test")
    api = Api(node, token)
    yield api
    await api.client.aclose()
    await node.stop()


async def test_a_float_is_asked_for_and_shown_beside_the_ledgers(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[HttpRequest] = []

    async def send(request: HttpRequest, **_: Any) -> Answered:
        asked.append(request)
        return Answered(status=200, body=b'{"status":"success","data":{"saldo":900}}')

    monkeypatch.setattr(api.node.outbound, "send", send)
    monkeypatch.setattr(
        type(api.node.float_watch._dialects["socx"].client), "read_balance", lambda *_: 900
    )
    top_up = {"amount": 1_000, "key": "t1"}
    await api.call("POST", "/suppliers/s1/top-ups", 201, json=top_up)
    shown = await api.call("POST", "/floats/s1/ask")
    assert (shown["ledger"], shown["reported"], shown["asked_difference"]) == (1_000, 900, -100)
    assert len(asked) == 1
    assert (await api.call("GET", "/floats/s1"))["difference"] == -100
    assert [item["code"] for item in (await api.call("GET", "/floats"))["items"]] == ["s1"]
    metrics = await api.client.get("/metrics")
    assert 'gerbang_supplier_float{supplier="s1"} 900.0' in metrics.text
    for path in ("/floats/none", "/floats/none/ask"):
        await api.call("POST" if path.endswith("ask") else "GET", path, 404)
