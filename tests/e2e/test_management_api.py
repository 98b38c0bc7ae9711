"""The management API keeps to its own OpenAPI document, whatever schemathesis makes of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from e2e.served import ServedGateway, ended
from gerbang.api.tokens import create_token
from postgres.shared import opened
from scale import scale

CHECKS: Final[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]

METHODS: Final = {"get", "post", "put", "patch", "delete"}


@pytest.fixture
async def gateway(empty_database_url: str, tmp_path: Path) -> AsyncIterator[ServedGateway]:
    gateway = ServedGateway("schema", tmp_path, empty_database_url)
    with ended(gateway):
        await gateway.start()
        yield gateway


async def test_every_operation_answers_as_its_document_says(
    gateway: ServedGateway, empty_database_url: str
) -> None:
    async with opened(empty_database_url) as connection:
        token = await create_token(connection, "schemathesis")
    address = f"http://127.0.0.1:{gateway.port}/api"
    await asyncio.to_thread(walk, address, {"authorization": f"Bearer {token}"})


def walk(address: str, headers: dict[str, str]) -> None:
    """Ask every operation, and see that each was asked."""
    with httpx.Client(trust_env=False) as client:
        document = client.get(f"{address}/openapi.json", headers=headers).json()
    asked: Counter[str] = Counter()
    operations: Any = schemathesis.openapi.from_dict(document).get_all_operations()
    for found in operations:
        ask(found.ok(), address, headers, asked)
    wanted = {
        f"{method.upper()} {path}"
        for path, methods in document["paths"].items()
        for method in methods
        if method in METHODS
    }
    assert len(wanted) > 100
    assert set(asked) == wanted


def ask(operation: Any, address: str, headers: dict[str, str], asked: Counter[str]) -> None:
    """Ask one operation with what its schema allows."""

    @given(case=operation.as_strategy())
    @settings(
        max_examples=scale(1, 20),
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    def one(case: Any) -> None:
        answer = case.call(base_url=address, headers=headers)
        asked[operation.label] += 1
        case.validate_response(answer, checks=CHECKS)

    one()
