"""Sessions: a random token in a cookie, its SHA-256 in the database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from gerbang.people.admin import SQL
from gerbang.people.role import Role
from gerbang.people.user import Session, User
from gerbang.postgres.pool import Connection, Pool
from gerbang.secrets_box import generate_token, hash_token

SECOND_FACTOR_WAIT_S: Final = 300
"""How long a right password waits for its second factor."""
SEEN_EVERY: Final = timedelta(minutes=1)
USER_AGENT_LETTERS_MAX: Final = 300


async def begin_session(
    connection: Connection | Pool,
    user_id: int,
    *,
    realm: str,
    second_factor_due: bool,
    ip: str,
    user_agent: str,
    seconds: int,
) -> str:
    """Begin a session and give its token, for the only time."""
    token = generate_token()
    await connection.fetchval(
        SQL.insert_session,
        hash_token(token),
        user_id,
        realm,
        second_factor_due,
        ip,
        user_agent[:USER_AGENT_LETTERS_MAX],
        SECOND_FACTOR_WAIT_S if second_factor_due else seconds,
    )
    return token


async def find_session(
    connection: Connection | Pool, token: str, *, realm: str, ip: str, idle_s: int
) -> Session | None:
    """Find whose token it is, while it holds, and note that it is used."""
    row = await connection.fetchrow(SQL.session_by_hash, hash_token(token), realm, idle_s)
    if row is None:
        return None
    session = Session(
        id=row["session_id"],
        user=user_of_row(row, has_second_factor=row["has_second_factor"]),
        second_factor_due=row["second_factor_due"],
        seen_at=row["seen_at"],
    )
    if session.seen_at < datetime.now(UTC) - SEEN_EVERY:
        await connection.execute(SQL.see_session, session.id, ip)
    return session


def user_of_row(row: Any, *, has_second_factor: bool) -> User:
    """Make the user of a row."""
    return User(
        id=row["id"],
        username=row["username"],
        name=row["name"],
        role=Role(row["role"]),
        reseller_id=row["reseller_id"],
        reseller_code=row["reseller_code"],
        has_second_factor=has_second_factor,
        password_temporary=row["password_temporary"],
    )


async def end_session(connection: Connection | Pool, token: str) -> None:
    """Sign out."""
    await connection.execute(SQL.end_session, hash_token(token))


async def end_sessions(
    connection: Connection | Pool, user_id: int, *, only: int | None = None, but: int | None = None
) -> int:
    """End one session of a user, or all but one; give how many ended."""
    return len(await connection.fetch(SQL.end_sessions, user_id, only, but))


async def list_sessions(
    connection: Connection | Pool, *, realm: str, idle_s: int, user_id: int | None = None
) -> list[dict[str, Any]]:
    """List the browsers that are signed in."""
    return [dict(r) for r in await connection.fetch(SQL.list_sessions, user_id, realm, idle_s)]
