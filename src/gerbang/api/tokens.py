"""Tokens of the management API: shown once, kept as their SHA-256.

A token is a person's or a program's. A person's token may what that person's role may, and
counts as that person where two are needed; a program's may everything but that.
"""

from __future__ import annotations

from typing import Any

import msgspec

from gerbang.audit import write_audit
from gerbang.errors import BadInputError, NotFoundError, database_errors_told
from gerbang.people.person import acting_through
from gerbang.people.role import ALLOWED, Permission, Role
from gerbang.postgres.pool import Connection, Pool
from gerbang.postgres.sql import load_queries
from gerbang.secrets_box import generate_token, hash_token

SQL = load_queries("gerbang.api", "api.sql")


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A token that holds, and whose it is."""

    name: str
    username: str | None = None
    role: Role | None = None

    @property
    def actor(self) -> str:
        """The name for the audit log, the ledger and the rule of two persons."""
        way = f"api:{self.name}"
        return way if self.username is None else acting_through(self.username, way)

    def may(self, permission: Permission) -> bool:
        """Tell whether its holder is allowed something."""
        return self.role is None or permission in ALLOWED[self.role]


async def create_token(
    connection: Connection, name: str, *, user: str | None = None, actor: str = "cli"
) -> str:
    """Make a token under a name that is not taken, and give it for the only time.

    With `user` it is that person's; the caller has made sure that the person wants it.
    """
    name = name.strip()
    if not name or not name.isprintable():
        raise BadInputError("a token needs a name", {"name": "printable letters"})
    user_id = None
    if user is not None:
        user_id = await connection.fetchval(SQL.token_owner, user)
        if user_id is None:
            raise NotFoundError(f"no user {user} of the console")
    token = generate_token()
    with database_errors_told():
        await connection.execute(SQL.insert_token, name, hash_token(token), user_id)
    await write_audit(
        connection,
        actor=actor,
        action="api_token.created",
        subject=f"api_token:{name}",
        after={"user": user},
    )
    return token


async def find_token(pool: Connection | Pool, token: str) -> Token | None:
    """Give a token that holds, or None.

    Only its hash is compared, so the time it takes tells nothing about the token.
    """
    row = await pool.fetchrow(SQL.token_by_hash, hash_token(token))
    if row is None:
        return None
    role = Role(row["role"]) if row["role"] else None
    return Token(name=row["name"], username=row["username"], role=role)


async def list_tokens(
    connection: Connection | Pool, *, user_id: int | None = None
) -> list[dict[str, Any]]:
    """List the tokens that hold, of one person or all."""
    return [dict(row) for row in await connection.fetch(SQL.list_tokens, user_id)]


async def revoke_token(
    connection: Connection, token_id: int, *, user_id: int | None = None, actor: str
) -> None:
    """Let a token hold no more, at once; with `user_id` only if it is that person's."""
    name = await connection.fetchval(SQL.revoke_token, token_id, user_id)
    if name is None:
        raise NotFoundError(f"no token {token_id}")
    await write_audit(
        connection, actor=actor, action="api_token.revoked", subject=f"api_token:{name}"
    )
