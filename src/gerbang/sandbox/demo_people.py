"""Who signs in to the demo."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Final

from gerbang.people.admin import create_user, set_password
from gerbang.people.password import Passwords
from gerbang.people.role import Role
from gerbang.postgres.pool import Connection
from gerbang.sandbox.demo_data import ACTOR, RESELLER

OWNER: Final = "owner"
PARTNER: Final = "demo"


async def furnish_owner(connection: Connection, before: Mapping[str, str]) -> dict[str, str]:
    """Give the console's owner of the demo; a new password where demo.json was lost."""
    return await furnish_user(connection, OWNER, "Demo Owner", before, role=Role.OWNER)


async def furnish_partner(connection: Connection, before: Mapping[str, str]) -> dict[str, str]:
    """Give the person of the demo's reseller, who uses the portal."""
    return await furnish_user(
        connection, PARTNER, "Yusuf", before, role=Role.RESELLER, reseller=RESELLER
    )


async def furnish_user(
    connection: Connection,
    username: str,
    name: str,
    before: Mapping[str, str],
    *,
    role: Role,
    reseller: str | None = None,
) -> dict[str, str]:
    """Give a user of the demo with a password that is known."""
    known = await connection.fetchval("SELECT 1 FROM users WHERE username = $1", username)
    if known and before.get("username") == username and before.get("password"):
        return {"username": username, "password": before["password"]}
    password = secrets.token_urlsafe(9)
    if known:
        await set_password(connection, username, password, passwords=Passwords(), actor=ACTOR)
    else:
        await create_user(
            connection,
            username,
            name=name,
            role=role,
            reseller=reseller,
            password=password,
            passwords=Passwords(),
            actor=ACTOR,
        )
    return {"username": username, "password": password}
