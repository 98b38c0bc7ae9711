"""A browser without a screen: keeps cookies, names its origin, follows redirects."""

from __future__ import annotations

import re
from typing import Any, Final

import httpx
from starlette.applications import Starlette

from gerbang.app import Node
from gerbang.application import all_routes
from gerbang.people.admin import create_user
from gerbang.people.password import Passwords
from gerbang.people.role import Role

PASSWORD: Final = "a long enough sentence"


class Browser:
    """One person's browser."""

    def __init__(self, node: Node, *, language: str = "en", ip: str = "127.0.0.1") -> None:
        self.node = node
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(Starlette(routes=all_routes(node)), client=(ip, 1234)),
            base_url="http://gerbang",
            headers={"origin": "http://gerbang", "accept-language": language},
            follow_redirects=True,
        )

    async def get(self, path: str, status: int = 200, **more: Any) -> httpx.Response:
        answer = await self.client.get(path, **more)
        assert answer.status_code == status, f"{path}: {answer.status_code} {told(answer)}"
        return answer

    async def post(
        self, path: str, data: Any = None, status: int = 200, **more: Any
    ) -> httpx.Response:
        answer = await self.client.post(path, data=data, **more)
        assert answer.status_code == status, f"{path}: {answer.status_code} {told(answer)}"
        return answer

    async def sign_in(self, username: str, password: str = PASSWORD, status: int = 200) -> Any:
        return await self.post(
            "/console/sign-in", {"username": username, "password": password}, status
        )

    async def close(self) -> None:
        await self.client.aclose()


def told(answer: httpx.Response) -> str:
    """Give what a page says, without its marks."""
    text = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", answer.text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text)).strip()


async def add_user(node: Node, role: Role, username: str = "", **more: Any) -> str:
    """Make a user with the password of tests."""
    username = username or role.value
    async with node.pool.acquire() as connection:
        await create_user(
            connection,
            username,
            name=username.title(),
            role=role,
            password=PASSWORD,
            passwords=Passwords(),
            actor="test",
            **more,
        )
    return username
