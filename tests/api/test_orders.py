from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api.test_api import Api
from gerbang.api.tokens import create_token
from gerbang.app import Node
from gerbang.orders.outcome import Delivered, Unknown
from gerbang.settings import Settings
from orders.house import House, open_house


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[House]:
    async with open_house(database_url) as house:
        yield house


@pytest.fixture
async def api(house: House, tmp_path: Path) -> AsyncIterator[Api]:
    node = Node(Settings(data_dir=str(tmp_path)), database_url=house.url)
    await house.connection.execute(
        "UPDATE suppliers SET sealed = $1, decide_after_s = 86400", node.box.seal({"token": "x"})
    )
    await node.start(work=False)
    async with node.pool.acquire() as connection:
        token = await create_token(connection, "test")
    api = Api(node, token)
    yield api
    await api.client.aclose()
    await node.stop()


async def test_a_person_decides_an_unknown_order_once(api: Api, house: House) -> None:
    placed = await house.lane.submit(house.purchase())
    path = f"/orders/{placed.order.id}"
    word = {"decision": "delivered", "reason": "supplier says so by phone", "sn": "0411"}
    await api.call("POST", f"{path}/decide", 409, json=word)
    await house.claim(placed.attempt)
    await house.tell(placed.order, placed.attempt, Unknown(message="timeout"))
    await api.call("POST", f"{path}/decide", 409, json={**word, "reason": "x"})
    await api.call("POST", f"{path}/decide", 422, json={**word, "sn": "\x00"})
    await api.call("POST", f"{path}/decide", 422, json={**word, "decision": "perhaps"})
    decided = await api.call("POST", f"{path}/decide", json=word)
    assert (decided["state"], decided["sn"]) == ("success", "0411")
    assert "api:test: supplier says so by phone" in str(decided["messages"])
    await api.call("POST", f"{path}/decide", 409, json=word)
    await api.call("POST", "/orders/99/decide", 404, json=word)
    assert (await house.verify()).clean


async def test_orders_are_found_by_reseller_reference_and_state(api: Api, house: House) -> None:
    for _ in range(3):
        await house.lane.submit(house.purchase())
    page = await api.call("GET", "/orders?reseller=TT&limit=2")
    rest = await api.call("GET", f"/orders?limit=2&after={page['next']}")
    assert [o["reference"] for o in page["items"] + rest["items"]] == ["R3", "R2", "R1"]
    found = await api.call("GET", "/orders?ref=R2&status=pending&testing=false")
    assert len(found["items"]) == 1
    whole = await api.call("GET", f"/orders/{found['items'][0]['id']}")
    assert whole["timeline"][0]["what"] == "order.placed"
    assert len(whole["transfers"]) == 1


async def test_a_callback_is_sent_again_only_when_it_has_ended(api: Api, house: House) -> None:
    placed = await house.lane.submit(house.purchase())
    await house.claim(placed.attempt)
    await house.tell(placed.order, placed.attempt, Delivered(sn="0411"))
    listed = await api.call("GET", f"/callbacks?order_id={placed.order.id}&status=due")
    path = f"/callbacks/{listed['items'][0]['id']}"
    await api.call("POST", f"{path}/resend", 409)
    await house.connection.execute(
        "UPDATE callbacks SET state = 'exhausted', due_at = NULL, claimed_by = NULL"
    )
    again = await api.call("POST", f"{path}/resend", 202)
    assert again["state"] == "due"
    shown = await api.call("GET", path)
    assert shown["snapshot"]["reference"] == "R1"
    assert shown["deliveries"] == []


async def test_a_case_is_closed_once(api: Api, house: House) -> None:
    await house.connection.execute("INSERT INTO cases (kind, subject) VALUES ('odd', 'x:1')")
    case = (await api.call("GET", "/cases"))["items"][0]
    closed = await api.call("POST", f"/cases/{case['id']}/close", json={"resolution": "seen"})
    assert closed["closed_by"] == "api:test"
    await api.call("POST", f"/cases/{case['id']}/close", 404, json={"resolution": "seen"})
    assert (await api.call("GET", "/cases"))["items"] == []
    assert len((await api.call("GET", "/cases?open_only=false"))["items"]) == 1
