"""A database with months of orders in it, made by PostgreSQL itself in minutes.

Every order is a whole life: hold, sale and cost with their entries, one delivered attempt, one
delivered callback. Rows are written without triggers and indexes, which come back afterwards (a
broken unique law would stop them there); that all books agree is what ``verify`` says. The days
that are over are sealed as a node would have sealed them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import msgspec

from gerbang.ledger.seal import seal_days
from gerbang.postgres.id_blocks import BLOCK_SIZE
from gerbang.postgres.pool import Connection, connect
from gerbang.postgres.sql import load_queries
from gerbang_bench.world import DIALECT, PRODUCT, SUPPLIER

SQL = load_queries("gerbang_bench", "large.sql")

ORDERS: Final = 10_000_000
CHUNK: Final = 500_000
DAYS: Final = 100
TRANSFERS_EACH: Final = 3
TAG: Final = "BNCH"
TABLES: Final = ("transfers", "entries", "orders", "order_history", "attempts", "callbacks")
MEMORY: Final = "512MB"
KEPT: Final = "pages"
"""The database that is kept in a folder, and the key its credentials are sealed with."""
KEPT_KEY: Final = bytes(32)
SERVER: Final = {"wal_level": "minimal", "max_wal_senders": "0", "autovacuum": "off"}
"""With these settings PostgreSQL writes the rows once instead of twice; only for loading."""


class Firsts(msgspec.Struct, frozen=True):
    """The first id of each kind."""

    order: int
    transfer: int
    attempt: int
    callback: int


async def load_orders(dsn: str, orders: int, *, say: Callable[[str], None]) -> None:
    """Load, seal the days, and leave the tables as a database in use has them."""
    started = time.monotonic()
    connection = await connect(dsn)
    try:
        for limit in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
            await connection.execute(f"SET {limit} = 0")
        await connection.execute(f"SET maintenance_work_mem = '{MEMORY}'")
        async with connection.transaction():
            for table in TABLES:
                await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            await _load(connection, orders, say)
            for table in TABLES:
                await connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        say(f"{orders:,} orders written, {time.monotonic() - started:.0f} s; sealing")
        await connection.execute("ANALYZE")
        sealed = await seal_days(connection)
        await connection.execute("VACUUM (ANALYZE)")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()
    say(f"{orders:,} orders, {len(sealed)} sealed days, {time.monotonic() - started:.0f} s")


async def _load(connection: Connection, orders: int, say: Callable[[str], None]) -> None:
    """Write everything in one transaction: into tables emptied in it nothing is logged.

    What refers to orders is emptied with them; there are none.
    """
    if await connection.fetchval("SELECT count(*) FROM orders"):
        raise ValueError("orders are loaded into a database without orders")
    firsts = await _take_ids(connection, orders)
    for statement in (SQL.make_purses, SQL.make_lives_table):
        await connection.execute(statement)
    made = await connection.execute(SQL.make_parents, PRODUCT, SUPPLIER)
    if not made.endswith(" 1"):
        raise LookupError("the world has no route")
    for table in TABLES:
        await connection.execute(f"CREATE TEMP TABLE kept_{table} AS SELECT * FROM {table}")  # noqa: S608
    indexes = [(t, row) for t in TABLES for row in await connection.fetch(SQL.indexes, t)]
    await connection.execute(f"TRUNCATE {', '.join(TABLES)} CASCADE")
    for table, index in indexes:
        name = index["of_constraint"]
        await connection.execute(
            f"ALTER TABLE {table} DROP CONSTRAINT {name}" if name else f"DROP INDEX {index['name']}"
        )
    for table in TABLES:
        await connection.execute(f"INSERT INTO {table} SELECT * FROM kept_{table}")  # noqa: S608
    await _write_all(connection, orders, firsts, say)
    for table, index in indexes:
        name = index["of_constraint"]
        said = f"ADD CONSTRAINT {name} {index['constraint_says']}"
        await connection.execute(f"ALTER TABLE {table} {said}" if name else index["index_says"])
    await connection.execute(SQL.save_balances, orders)


async def _write_all(
    connection: Connection, orders: int, firsts: Firsts, say: Callable[[str], None]
) -> None:
    until = await connection.fetchval("SELECT now()")
    since = until - timedelta(days=DAYS)
    for first in range(0, orders, CHUNK):
        last = min(first + CHUNK, orders) - 1
        await connection.execute(SQL.empty_lives)
        await connection.execute(
            SQL.make_lives, first, last, *msgspec.structs.astuple(firsts), orders, since, until
        )
        await connection.execute(SQL.insert_transfers)
        await connection.execute(SQL.insert_entries)
        await connection.execute(SQL.insert_orders, DIALECT)
        await connection.execute(SQL.insert_order_history)
        await connection.execute(SQL.insert_attempts, TAG)
        await connection.execute(SQL.insert_callbacks, DIALECT)
        say(f"{last + 1:,} of {orders:,} orders")


async def _take_ids(connection: Connection, count: int) -> Firsts:
    return Firsts(
        order=await _take(connection, "order_ids", count),
        transfer=await _take(connection, "transfer_ids", count * TRANSFERS_EACH),
        attempt=await _take(connection, "attempt_ids", count),
        callback=await _take(connection, "callback_ids", count),
    )


async def _take(connection: Connection, sequence: str, count: int) -> int:
    """Take blocks that follow each other; nobody else is here yet."""
    first = int(await connection.fetchval("SELECT nextval($1::text::regclass)", sequence))
    last = first + (count - 1) // BLOCK_SIZE * BLOCK_SIZE
    await connection.execute("SELECT setval($1::text::regclass, $2)", sequence, last)
    return first
