"""Connections as everybody gets them."""

from __future__ import annotations

import asyncio

import pytest
from asyncpg import InterfaceError

from gerbang.postgres import pool as pools
from gerbang.postgres.errors import (
    CheckViolation,
    ConnectionLost,
    LockNotAvailable,
    QueryCanceled,
    RaiseException,
    ServerTooOldError,
    UniqueViolation,
    is_connection_lost,
)
from gerbang.postgres.pool import connect, open_pool
from postgres.shared import opened


@pytest.mark.parametrize("column", ["json", "jsonb"])
async def test_json_columns_carry_python_values(database_url: str, column: str) -> None:
    value = {"serial": "0123/ü", "lines": [1, 2.5, None, True]}
    async with await open_pool(database_url, size_max=2) as pool:
        assert await pool.fetchval(f"SELECT $1::{column}", value) == value
        assert await pool.fetchval(f"SELECT $1::{column}[]", [value, {}]) == [value, {}]
        assert await pool.fetchval(f"SELECT $1::{column}::text", ["a"]) == '["a"]'


async def test_the_settings_of_a_connection_survive_its_return_to_the_pool(
    database_url: str,
) -> None:
    async with await open_pool(
        database_url,
        size_min=1,
        size_max=1,
        application_name="gerbang lane",
        statement_timeout_ms=1234,
        lock_timeout_ms=567,
        idle_in_transaction_timeout_ms=8901,
    ) as pool:
        for _ in range(2):
            async with pool.acquire() as connection:
                shown = [
                    await connection.fetchval("SELECT current_setting($1)", name)
                    for name in (
                        "application_name",
                        "statement_timeout",
                        "lock_timeout",
                        "idle_in_transaction_session_timeout",
                        "TimeZone",
                    )
                ]
                assert shown == ["gerbang lane", "1234ms", "567ms", "8901ms", "UTC"]


async def test_a_statement_past_its_limit_is_canceled(database_url: str) -> None:
    async with opened(database_url, statement_timeout_ms=50) as connection:
        with pytest.raises(QueryCanceled):
            await connection.execute("SELECT pg_sleep(5)")


async def test_a_lock_past_its_limit_is_not_available(database_url: str) -> None:
    async with (
        opened(database_url) as holder,
        opened(database_url, lock_timeout_ms=50) as other,
        holder.transaction(),
    ):
        await holder.execute("SELECT pg_advisory_xact_lock(1)")
        with pytest.raises(LockNotAvailable):
            await other.execute("SELECT pg_advisory_lock(1)")


async def test_the_laws_of_the_database_have_names(database_url: str) -> None:
    async with opened(database_url) as connection:
        await connection.execute("CREATE TABLE t (n int PRIMARY KEY CHECK (n > 0))")
        await connection.execute("INSERT INTO t VALUES (1)")
        with pytest.raises(UniqueViolation):
            await connection.execute("INSERT INTO t VALUES (1)")
        with pytest.raises(CheckViolation):
            await connection.execute("INSERT INTO t VALUES (0)")
        with pytest.raises(RaiseException):
            await connection.execute("DO $$ BEGIN RAISE EXCEPTION 'no'; END $$")


async def test_a_terminated_connection_is_told_from_wrong_use(database_url: str) -> None:
    async with opened(database_url) as victim, opened(database_url) as other:
        running = asyncio.ensure_future(victim.execute("SELECT pg_sleep(30)"))
        await asyncio.sleep(0.1)
        with pytest.raises(InterfaceError) as misused:
            await victim.execute("SELECT 1")
        assert not is_connection_lost(misused.value)
        await other.execute("SELECT pg_terminate_backend($1)", victim.get_server_pid())
        with pytest.raises(ConnectionLost):
            await running
        with pytest.raises(InterfaceError) as closed:
            await victim.execute("SELECT 1")
        assert is_connection_lost(closed.value)


async def test_an_old_server_is_refused_by_name(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "SERVER_MAJOR_MIN", 99)
    with pytest.raises(ServerTooOldError, match="needs 99 or newer"):
        await connect(database_url)
    with pytest.raises(ServerTooOldError, match="needs 99 or newer"):
        await open_pool(database_url)
