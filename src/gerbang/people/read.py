"""What shows people. Reads only."""

from __future__ import annotations

from typing import Any

from gerbang.people.admin import SQL
from gerbang.postgres.pool import Connection, Pool


async def list_users(
    connection: Connection | Pool, reseller_id: int | None = None
) -> list[dict[str, Any]]:
    """List everybody of the console, or of one reseller."""
    return [dict(row) for row in await connection.fetch(SQL.list_users, reseller_id)]


async def list_networks(connection: Connection | Pool) -> list[dict[str, Any]]:
    """List from where the console may be used; none means from everywhere."""
    return [dict(row) for row in await connection.fetch(SQL.list_networks)]


async def network_allowed(connection: Connection | Pool, ip: str) -> bool:
    """Tell whether the console may be used from an address."""
    allowed: bool = await connection.fetchval(SQL.network_allowed, ip)
    return allowed


async def recovery_codes_left(connection: Connection | Pool, user_id: int) -> int:
    """Count the recovery codes that still work."""
    left: int = await connection.fetchval(SQL.recovery_codes_left, user_id)
    return left
