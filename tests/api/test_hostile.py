from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from api.test_api import Api
from gerbang.api.tokens import create_token
from gerbang.app import Node
from gerbang.settings import Settings
from orders.house import open_house

SEED = 20_260_817
ROUNDS = 12
TEXTS = ("", "TT", "HSA5", "s1", "\x00", "a|b", "..", "%", "' OR 1=1", "é😀", "x" * 300, "\ud800")
NUMBERS = (0, 1, -1, 5, 2**31, 2**63, -(2**63), 2**200, 1.5, 1e300)
OTHERS: tuple[Any, ...] = (None, True, [], {}, [None], {"a": [{"b": "\ud800"}]}, [["0.0.0.0/0"]])


@pytest.fixture
async def api(database_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with open_house(database_url) as house:
        node = Node(Settings(data_dir=str(tmp_path)), database_url=database_url)
        await house.connection.execute("UPDATE suppliers SET sealed = $1", node.box.seal({}))
        await node.start(work=False)
        token = await create_token(house.connection, "test")
        api = Api(node, token)
        yield api
        await api.client.aclose()
        await node.stop()


def value(chance: random.Random, schema: dict[str, Any]) -> Any:
    """Mostly what the schema says, now and then something else."""
    if chance.random() < 0.3:
        return chance.choice((*TEXTS, *NUMBERS, *OTHERS))
    kinds = [part.get("type") for part in schema.get("anyOf", [schema])]
    kind = chance.choice(kinds)
    if "enum" in schema:
        return chance.choice(schema["enum"])
    made = {
        "string": chance.choice(TEXTS),
        "integer": chance.choice(NUMBERS),
        "boolean": chance.random() < 0.5,
        "array": [chance.choice(TEXTS)],
        "object": {chance.choice(TEXTS): chance.choice((*TEXTS, *NUMBERS))},
    }
    return made.get(str(kind))


def body(chance: random.Random, operation: dict[str, Any], document: dict[str, Any]) -> bytes:
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    schema = schema.get("anyOf", [schema])[0]
    name = schema.get("$ref", "").rpartition("/")[2]
    members = document["components"]["schemas"].get(name, {}).get("properties", {})
    chosen = {k: value(chance, s) for k, s in members.items() if chance.random() < 0.7}
    return json.dumps(chosen).encode()


def address(chance: random.Random, path: str, operation: dict[str, Any]) -> str:
    query = []
    for parameter in operation.get("parameters", ()):
        text = str(chance.choice((*TEXTS[:-1], *NUMBERS)))
        if parameter["in"] == "path":
            path = path.replace("{" + parameter["name"] + "}", quote(text or "TT", safe=""))
        elif chance.random() < 0.5:
            query.append(f"{parameter['name']}={quote(text, safe='')}")
    return "/api" + path + "?" + "&".join(query)


async def test_no_request_of_any_shape_breaks_the_api(api: Api) -> None:
    chance = random.Random(SEED)
    document = await api.call("GET", "/openapi.json")
    asked = 0
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for _ in range(ROUNDS):
                url = address(chance, path, operation)
                content = body(chance, operation, document)
                answer = await api.client.request(
                    method, url, content=content, headers={"content-type": "application/json"}
                )
                assert answer.status_code < 500, (method, url, content, answer.text)
                if answer.status_code >= 400:
                    assert {"error", "message"} <= set(answer.json()), (method, url)
                asked += 1
    assert asked > 400
    assert (await api.call("GET", "/ledger/verify"))["clean"] is True


async def test_a_line_end_in_a_path_is_refused_in_the_api_s_own_words(api: Api) -> None:
    answer = await api.client.get("/api/resellers/a%0Ab")
    assert answer.status_code == 404
    assert {"error", "message"} <= set(answer.json())
