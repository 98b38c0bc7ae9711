"""Tokens: a person's may what the person may, a program's everything but being a second person."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api.running import Running, running
from console.browser import add_user
from gerbang.api.application import create_api
from gerbang.api.permissions import AREAS, EXCEPTIONS, permission_for
from gerbang.api.services import Services
from gerbang.api.tokens import create_token, find_token, list_tokens, revoke_token
from gerbang.errors import NotFoundError
from gerbang.people.admin import change_user, set_password
from gerbang.people.password import Passwords
from gerbang.people.role import CONSOLE_ROLES, Role


@pytest.fixture
async def here(database_url: str, tmp_path: Path) -> AsyncIterator[Running]:
    async with running(database_url, tmp_path, two_persons_for=("corrections",)) as here:
        for role in CONSOLE_ROLES:
            await add_user(here.node, role)
        yield here


async def as_person(here: Running, name: str) -> Running:
    async with here.node.pool.acquire() as connection:
        return Running(here.node, await create_token(connection, f"of {name}", user=name))


def test_every_address_of_the_api_says_what_it_needs(here: Running) -> None:
    app = create_api(Services(node=here.node))
    paths: dict[str, dict[str, object]] = app.openapi()["paths"]
    routes = [(method.upper(), path) for path, ways in paths.items() for method in ways]
    assert len(routes) > 100
    for method, path in routes:
        assert permission_for(method, path), path
    assert set(EXCEPTIONS) <= set(routes)
    assert set(AREAS) == {path.split("/")[1] for _, path in routes}


async def test_a_persons_token_may_what_the_person_may(here: Running) -> None:
    viewer, owner = await as_person(here, "viewer"), await as_person(here, "owner")
    await viewer.call("GET", "/resellers")
    refused = await viewer.call("POST", "/resellers", 403, json={"code": "TA", "name": "A"})
    assert "resellers.change" in refused["message"]
    await viewer.call("POST", "/corrections", 403, json={})
    await viewer.call("GET", "/ledger/verify", 403)
    await viewer.call("GET", "/testing/checklist?reseller=TA", 403)
    await owner.call("POST", "/resellers", 201, json={"code": "TA", "name": "A"})
    async with here.node.pool.acquire() as connection:
        said = await connection.fetchval("SELECT actor FROM audit_log ORDER BY id DESC LIMIT 1")
        assert said == "user:owner/api:of owner"
        await change_user(connection, "viewer", actor="test", active=False)
    await viewer.call("GET", "/resellers", 401)
    for one in (viewer, owner):
        await one.client.aclose()


async def test_one_person_cannot_propose_here_and_approve_there(here: Running) -> None:
    await here.reseller("TA")
    body = {
        "debit": "house:corrections", "credit": "reseller:TA", "amount": 5, "key": "c1",
        "reason": "x",
    }  # fmt: skip
    refused = await here.call("POST", "/corrections", 409, json=body)  # a program's token
    assert "nobody can tell who you are" in refused["message"]
    finance, owner = await as_person(here, "finance"), await as_person(here, "owner")
    made = await finance.call("POST", "/corrections", 201, json=body)
    assert made["state"] == "waiting"
    path = f"/proposals/{made['id']}/approve"
    await finance.call("POST", path, 409)
    await here.call("POST", path, 409)
    assert (await owner.call("POST", path))["state"] == "done"
    for one in (finance, owner):
        await one.client.aclose()


async def test_tokens_are_listed_without_secrets_and_revoked_by_whose_they_are(
    here: Running,
) -> None:
    async with here.node.pool.acquire() as connection:
        token = await create_token(connection, "mine", user="support")
        user_id = await connection.fetchval("SELECT id FROM users WHERE username = 'support'")
        other_id = await connection.fetchval("SELECT id FROM users WHERE username = 'viewer'")
        (listed,) = await list_tokens(connection, user_id=user_id)
        assert (listed["name"], listed["username"]) == ("mine", "support")
        assert token not in str(listed)
        with pytest.raises(NotFoundError):
            await revoke_token(connection, listed["id"], user_id=other_id, actor="test")
        found = await find_token(connection, token)
        assert found is not None
        assert found.role is Role.SUPPORT
        await revoke_token(connection, listed["id"], user_id=user_id, actor="test")
        assert await find_token(connection, token) is None
        with pytest.raises(NotFoundError):
            await create_token(connection, "whose", user="nobody")


async def test_a_new_password_revokes_the_persons_tokens_and_no_others(here: Running) -> None:
    async with here.node.pool.acquire() as connection:
        theirs = await create_token(connection, "made before", user="support")
        others = await create_token(connection, "somebody else's", user="finance")
        programs = await create_token(connection, "a program's")
        await set_password(
            connection,
            "support",
            "entirely another secret",
            passwords=Passwords(),
            actor="console:owner",
            temporary=True,
        )
        assert await find_token(connection, theirs) is None
        assert await find_token(connection, others) is not None
        assert await find_token(connection, programs) is not None
        said = await connection.fetchval(
            "SELECT actor FROM audit_log WHERE action = 'api_token.revoked' AND subject = $1",
            "api_token:made before",
        )
    assert said == "console:owner"
    refused = Running(here.node, theirs)
    assert (await refused.client.get("/api/about")).status_code == 401
