"""The demo's data: complete, and never among somebody's own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from gerbang.errors import ConflictError
from gerbang.installation import installation
from gerbang.postgres.pool import connect
from gerbang.resellers.admin import create_reseller
from gerbang.sandbox.demo_data import SUPPLIERS, furnish
from gerbang.secrets_box import SecretBox

BOX = SecretBox(bytes(32))
URLS = {supplier.code: "http://127.0.0.1:9" for supplier in SUPPLIERS}


@pytest.fixture
async def c(database_url: str) -> AsyncIterator[Any]:
    connection = await connect(database_url)
    await installation(connection)
    yield connection
    await connection.close()


async def make(c: Any) -> None:
    async with c.transaction():
        await furnish(c, box=BOX, base_urls=URLS, inbox_url="http://127.0.0.1:9/inbox")


async def test_an_installation_that_somebody_works_with_does_not_become_a_demo(c: Any) -> None:
    async with c.transaction():
        await create_reseller(c, "TOKO", "Toko", actor="test", box=BOX)
    with pytest.raises(ConflictError, match="of its own"):
        await make(c)
    row = await c.fetchrow("SELECT demo, (SELECT count(*) FROM resellers) AS n FROM installation")
    assert tuple(row) == (False, 1)


async def test_a_demo_is_made_once_and_started_again_as_often_as_one_likes(c: Any) -> None:
    await make(c)
    made = await c.fetchval("SELECT count(*) FROM products")
    await make(c)
    assert await c.fetchval("SELECT count(*) FROM products") == made > 100
    assert await c.fetchval("SELECT demo FROM installation")
