"""Sealing: a closed WIB day gets a hash over all its transfers, chained to the day before."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import date
from typing import Any, Final

import msgspec

from gerbang.postgres.lane import LEDGER_LOCK_KEY
from gerbang.postgres.pool import Connection
from gerbang.postgres.sql import load_queries

SQL = load_queries("gerbang.ledger", "ledger.sql")

FIRST_HASH: Final = bytes(32)
LINES_AT_ONCE: Final = 2_000


class Seal(msgspec.Struct, frozen=True, kw_only=True):
    """One closed day."""

    business_day: date
    transfers_count: int
    entries_count: int
    previous_hash: bytes
    hash: bytes


async def seal_days(connection: Connection) -> list[Seal]:
    """Seal every finished day that has transfers; the connection must not be in a transaction."""
    async with connection.transaction():
        await connection.execute(SQL.own_the_ledger_for_an_instant, LEDGER_LOCK_KEY)
        # Asked while nobody writes: were midnight to come after the lock is let go, somebody may
        # still be writing for the day that ends with it.
        today = await connection.fetchval(SQL.today)
    sealed = []
    for row in await connection.fetch(SQL.unsealed_days, today):
        async with connection.transaction(isolation="repeatable_read"):
            sealed.append(await _seal(connection, row[0]))
    return sealed


async def _seal(connection: Connection, day: date) -> Seal:
    last = await connection.fetchrow(SQL.last_seal)
    previous = last["hash"] if last else FIRST_HASH
    seal = await hash_day(connection, day, previous)
    await connection.execute(
        SQL.insert_seal, day, seal.transfers_count, seal.entries_count, previous, seal.hash
    )
    await connection.execute(SQL.insert_checkpoints, day)
    return seal


async def hash_day(connection: Connection, day: date, previous: bytes) -> Seal:
    """Recompute one day's seal from its transfers, inside the caller's transaction."""
    digest = hashlib.sha256(previous + day.isoformat().encode())
    transfers = entries = 0
    rows: list[Any] = []
    async for row in connection.cursor(SQL.day_lines, day, prefetch=LINES_AT_ONCE):
        rows.append(row)
        transfers += 1
        entries += row["entries"]
        if len(rows) == LINES_AT_ONCE:
            await asyncio.to_thread(_update, digest, rows)
            rows = []
    await asyncio.to_thread(_update, digest, rows)
    return Seal(
        business_day=day,
        transfers_count=transfers,
        entries_count=entries,
        previous_hash=previous,
        hash=digest.digest(),
    )


def _update(digest: Any, rows: list[Any]) -> None:
    for row in rows:
        digest.update(row["line"].encode())
        digest.update(b"\n")
