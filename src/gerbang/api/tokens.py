"""Tokens of the management API: shown once, kept as their SHA-256."""

from __future__ import annotations

from gerbang.audit import write_audit
from gerbang.errors import BadInputError, database_errors_told
from gerbang.postgres.pool import Connection, Pool
from gerbang.postgres.sql import load_queries
from gerbang.secrets_box import generate_token, hash_token

SQL = load_queries("gerbang.api", "api.sql")


async def create_token(connection: Connection, name: str, *, actor: str = "cli") -> str:
    """Make a token under a name that is not taken, and give it for the only time."""
    if not name.strip() or not name.isprintable():
        raise BadInputError("a token needs a name", {"name": "printable letters"})
    token = generate_token()
    with database_errors_told():
        await connection.execute(SQL.insert_token, name.strip(), hash_token(token))
    await write_audit(
        connection, actor=actor, action="api_token.created", subject=f"api_token:{name.strip()}"
    )
    return token


async def find_token(pool: Connection | Pool, token: str) -> str | None:
    """Give the name of a token that holds, or None.

    Only its hash is compared, so the time it takes tells nothing about the token.
    """
    found: str | None = await pool.fetchval(SQL.token_by_hash, hash_token(token))
    return found
