"""Connections: one way to open them, with the same codecs and timeouts everywhere."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import asyncpg
import msgspec

from gerbang.postgres.errors import ServerTooOldError

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

Record: TypeAlias = asyncpg.Record
Connection: TypeAlias = "asyncpg.Connection[Record] | PoolConnectionProxy[Record]"
"""A connection, whether opened alone or borrowed from a pool."""
OwnConnection: TypeAlias = "asyncpg.Connection[Record]"
"""A connection opened alone: its holder closes it."""
Pool: TypeAlias = "asyncpg.Pool[Record]"

SERVER_MAJOR_MIN: Final = 15
CONNECT_TIMEOUT_S: Final = 10.0
STATEMENT_CACHE_SIZE: Final = 512
STATEMENT_CACHE_LIFETIME_S: Final = 3600
IDLE_CONNECTION_LIFETIME_S: Final = 300.0
CLOSE_TIMEOUT_S: Final = 1.0

LANE_SETTINGS: Final[Mapping[str, str]] = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}
"""For connections whose statements always go by an index, however small a table was."""

_JSONB_VERSION: Final = b"\x01"


async def open_pool(
    dsn: str,
    *,
    size_min: int = 1,
    size_max: int = 10,
    application_name: str = "gerbang",
    statement_timeout_ms: int = 10_000,
    lock_timeout_ms: int = 2_000,
    idle_in_transaction_timeout_ms: int = 10_000,
) -> Pool:
    """Open a pool; a timeout of 0 means none. JSON columns carry Python values, not text.

    An element of a ``jsonb[]`` cannot be a list: the driver takes it for a second dimension.
    """
    pool = asyncpg.create_pool(
        dsn,
        min_size=size_min,
        max_size=size_max,
        max_inactive_connection_lifetime=IDLE_CONNECTION_LIFETIME_S,
        timeout=CONNECT_TIMEOUT_S,
        statement_cache_size=STATEMENT_CACHE_SIZE,
        max_cached_statement_lifetime=STATEMENT_CACHE_LIFETIME_S,
        init=_prepare,
        server_settings=_server_settings(
            application_name=application_name,
            statement_timeout_ms=statement_timeout_ms,
            lock_timeout_ms=lock_timeout_ms,
            idle_in_transaction_timeout_ms=idle_in_transaction_timeout_ms,
        ),
    )
    try:
        await pool
    except BaseException:
        pool.terminate()
        raise
    return pool


async def close_pool(pool: Pool, *, wait_s: float = CLOSE_TIMEOUT_S) -> None:
    """Close a pool; what is given back at this moment is waited for, what hangs is cut off."""
    try:
        await asyncio.wait_for(pool.close(), wait_s)
    except Exception:  # noqa: BLE001 (whatever holds it up)
        pool.terminate()


async def connect(
    dsn: str,
    *,
    application_name: str = "gerbang",
    statement_timeout_ms: int = 10_000,
    lock_timeout_ms: int = 2_000,
    idle_in_transaction_timeout_ms: int = 10_000,
    settings: Mapping[str, str] | None = None,
) -> OwnConnection:
    """Open one connection, set up like those of a pool. Close it with ``await c.close()``.

    `settings` are more of the server's settings for this connection.
    """
    connection = await asyncpg.connect(
        dsn,
        timeout=CONNECT_TIMEOUT_S,
        statement_cache_size=STATEMENT_CACHE_SIZE,
        max_cached_statement_lifetime=STATEMENT_CACHE_LIFETIME_S,
        server_settings={
            **_server_settings(
                application_name=application_name,
                statement_timeout_ms=statement_timeout_ms,
                lock_timeout_ms=lock_timeout_ms,
                idle_in_transaction_timeout_ms=idle_in_transaction_timeout_ms,
            ),
            **(settings or {}),
        },
    )
    try:
        await _prepare(connection)
    except BaseException:
        connection.terminate()
        raise
    return connection


def _server_settings(
    *,
    application_name: str,
    statement_timeout_ms: int,
    lock_timeout_ms: int,
    idle_in_transaction_timeout_ms: int,
) -> dict[str, str]:
    return {
        "application_name": application_name,
        "statement_timeout": str(statement_timeout_ms),
        "lock_timeout": str(lock_timeout_ms),
        "idle_in_transaction_session_timeout": str(idle_in_transaction_timeout_ms),
        "timezone": "UTC",
        # What quote_literal relies on.
        "standard_conforming_strings": "on",
        # Compiling a statement costs more than any of ours runs.
        "jit": "off",
    }


async def _prepare(connection: Connection) -> None:
    """Refuse old servers and give JSON columns Python values."""
    major = connection.get_server_version().major
    if major < SERVER_MAJOR_MIN:
        raise ServerTooOldError(major, SERVER_MAJOR_MIN)
    await connection.set_type_codec(
        "json",
        encoder=msgspec.json.encode,
        decoder=msgspec.json.decode,
        schema="pg_catalog",
        format="binary",
    )
    await connection.set_type_codec(
        "jsonb",
        encoder=_encode_jsonb,
        decoder=_decode_jsonb,
        schema="pg_catalog",
        format="binary",
    )


def _encode_jsonb(value: Any) -> bytes:
    return _JSONB_VERSION + msgspec.json.encode(value)


def _decode_jsonb(data: bytes) -> Any:
    return msgspec.json.decode(data[1:])
