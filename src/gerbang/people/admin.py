"""Who may sign in: made, changed, given a new password. Everything is in the audit log."""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import Any, Final

from gerbang.audit import write_audit
from gerbang.errors import BadInputError, ConflictError, NotFoundError, database_errors_told
from gerbang.people.password import Passwords
from gerbang.people.role import Role
from gerbang.postgres.pool import Connection
from gerbang.postgres.sql import load_queries

SQL = load_queries("gerbang.people", "people.sql")
USERNAME: Final = re.compile(r"[a-z0-9][a-z0-9._@+-]{1,63}")


async def create_user(
    connection: Connection,
    username: str,
    *,
    name: str,
    role: Role,
    password: str,
    passwords: Passwords,
    actor: str,
    reseller: str | None = None,
    temporary: bool = False,
) -> int:
    """Make a user. `reseller` is the code of whoever a portal user belongs to."""
    username = username.strip().lower()
    if not USERNAME.fullmatch(username):
        text = "2 to 64 small letters, digits and . _ @ + -"
        raise BadInputError(f"username: {text}", {"username": text})
    if not name.strip() or not name.isprintable():
        raise BadInputError("name: is needed", {"name": "is needed"})
    reseller_id = await _reseller_id(connection, reseller, role)
    kept = await passwords.hash(password)
    if await connection.fetchrow(SQL.user_by_name, username) is not None:
        raise ConflictError(f"{username} is taken", {"username": "is taken"})
    with database_errors_told():
        user_id: int = await connection.fetchval(
            SQL.insert_user, username, name.strip(), role.value, reseller_id, kept, temporary
        )
    await write_audit(
        connection,
        actor=actor,
        action="user.created",
        subject=f"user:{username}",
        after={"name": name.strip(), "role": role.value, "reseller": reseller},
    )
    return user_id


async def _reseller_id(connection: Connection, code: str | None, role: Role) -> int | None:
    if (role is Role.RESELLER) != bool(code):
        text = "a user of the portal belongs to a reseller, one of the console does not"
        raise BadInputError(text, {"role": text})
    if code is None:
        return None
    found: int | None = await connection.fetchval("SELECT id FROM resellers WHERE code = $1", code)
    if found is None:
        raise NotFoundError(f"no reseller {code}", {"reseller": "does not exist"})
    return found


async def change_user(
    connection: Connection,
    username: str,
    *,
    actor: str,
    name: str | None = None,
    role: Role | None = None,
    active: bool | None = None,
) -> None:
    """Change what is given; the last owner stays an owner. Ends the sessions of who is stopped."""
    await connection.fetch(SQL.lock_owners)
    row = await _locked(connection, username)
    before = {"name": row["name"], "role": row["role"], "active": row["active"]}
    after = {
        "name": before["name"] if name is None else name.strip(),
        "role": before["role"] if role is None else role.value,
        "active": before["active"] if active is None else active,
    }
    if not after["name"]:
        raise BadInputError("name: is needed", {"name": "is needed"})
    if (after["role"] == Role.RESELLER) != (row["reseller_id"] is not None):
        raise BadInputError("a user does not change between console and portal", {"role": "stays"})
    with database_errors_told():
        await connection.execute(SQL.change_user, row["id"], *after.values())
    if before["role"] == Role.OWNER and not await connection.fetchval(SQL.active_owners):
        raise ConflictError("one owner must stay", {"role": "one owner must stay"})
    if after["role"] != before["role"] or not after["active"]:
        await connection.fetch(SQL.end_sessions, row["id"], None, None)
    await write_audit(
        connection,
        actor=actor,
        action="user.changed",
        subject=f"user:{username}",
        before=before,
        after=after,
    )


async def _locked(connection: Connection, username: str) -> Any:
    row = await connection.fetchrow(SQL.lock_user, username)
    if row is None:
        raise NotFoundError(f"no user {username}")
    return row


async def set_password(
    connection: Connection,
    username: str,
    password: str,
    *,
    passwords: Passwords,
    actor: str,
    temporary: bool = False,
    keep_session: int | None = None,
) -> None:
    """Give a new password: what the old one opened ends, every other session and every token.

    Who knew the old one may have made himself a token, which would outlive it.
    """
    kept = await passwords.hash(password)
    row = await _locked(connection, username)
    await connection.execute(SQL.set_password, row["id"], kept, temporary)
    await connection.fetch(SQL.end_sessions, row["id"], None, keep_session)
    tokens = [revoked["name"] for revoked in await connection.fetch(SQL.revoke_tokens, row["id"])]
    await write_audit(
        connection,
        actor=actor,
        action="user.password_set",
        subject=f"user:{username}",
        after={"tokens_revoked": tokens},
    )
    for name in tokens:
        await write_audit(
            connection, actor=actor, action="api_token.revoked", subject=f"api_token:{name}"
        )


async def remove_second_factor(connection: Connection, username: str, *, actor: str) -> None:
    """Take the second factor away, for who lost it."""
    row = await _locked(connection, username)
    await connection.execute(SQL.remove_second_factor, row["id"])
    await connection.execute(SQL.delete_recovery_codes, row["id"])
    await write_audit(
        connection, actor=actor, action="user.second_factor_removed", subject=f"user:{username}"
    )


async def allow_network(connection: Connection, text: str, note: str, *, actor: str) -> str:
    """Let the console be used from a network; gives it in its plain form."""
    try:
        network = str(ip_network(text.strip()))
    except ValueError as error:
        raise BadInputError(str(error), {"network": str(error)}) from error
    await connection.execute(SQL.insert_network, network, note.strip())
    await write_audit(
        connection,
        actor=actor,
        action="console_network.allowed",
        subject=f"network:{network}",
        after={"note": note.strip()},
    )
    return network


async def forbid_network(connection: Connection, network: str, *, actor: str) -> None:
    """Take a network off the list."""
    with database_errors_told():
        gone = await connection.fetchval(SQL.delete_network, network)
    if gone is None:
        raise NotFoundError(f"{network} is not in the list")
    await write_audit(
        connection, actor=actor, action="console_network.removed", subject=f"network:{network}"
    )


async def allow_everywhere(connection: Connection, *, actor: str) -> None:
    """Empty the list, for who locked everybody out."""
    await connection.execute(SQL.delete_networks)
    await write_audit(
        connection, actor=actor, action="console_network.all_removed", subject="console"
    )
