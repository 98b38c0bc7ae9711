"""A node with its management API over a fresh database, for tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette

from gerbang.api.tokens import create_token
from gerbang.app import Node
from gerbang.application import all_routes
from gerbang.settings import Settings


class Running:
    """A node that serves and, where asked, works."""

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

    async def reseller(self, code: str, **more: Any) -> Any:
        """Make a reseller."""
        return await self.call("POST", "/resellers", 201, json={"code": code, "name": code, **more})

    async def product(self, code: str = "HSA5", **more: Any) -> Any:
        """Make a product."""
        body = {"code": code, "name": code, "category": "pulsa", "base_price": 5_400, **more}
        return await self.call("POST", "/products", 201, json=body)

    async def credential(self, code: str, dialect: str, **more: Any) -> dict[str, Any]:
        """Issue a credential; gives key and secrets."""
        issued: dict[str, Any] = await self.call(
            "POST", f"/resellers/{code}/credentials", 201, json={"dialect": dialect, **more}
        )
        return issued


@asynccontextmanager
async def running(
    database_url: str, folder: Path, *, work: bool = False, demo: bool = False, **settings: Any
) -> AsyncIterator[Running]:
    """Start a node; `work` lets it dispatch and deliver too."""
    node = Node(Settings(data_dir=str(folder), **settings), database_url=database_url)
    await node.start(work=work)
    async with node.pool.acquire() as connection:
        token = await create_token(connection, "test")
        await connection.execute("INSERT INTO categories (code, name) VALUES ('pulsa', 'Pulsa')")
        if demo:
            await connection.execute("UPDATE installation SET demo = true")
    await node.loader.refresh_now()
    here = Running(node, token)
    try:
        yield here
    finally:
        await here.client.aclose()
        await node.stop()
