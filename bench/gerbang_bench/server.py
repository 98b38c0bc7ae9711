"""A durable PostgreSQL of the bench's own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg

from gerbang.postgres.embedded import EmbeddedPostgres

DURABLE = ("fsync", "synchronous_commit", "full_page_writes")


class NotDurableError(Exception):
    """A figure of a server that may lose commits means nothing."""


@contextmanager
def bench_server(kept: Path | None = None) -> Iterator[EmbeddedPostgres]:
    """Start an embedded server with the settings every installation gets.

    It lives in a folder that is removed afterwards, or in one that is kept.
    """
    folder = kept or Path(tempfile.mkdtemp(prefix="gerbang-bench-"))
    if kept is None:
        folder.chmod(0o755)  # the server's own account must get through; its folders are private
    server = EmbeddedPostgres.of(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        if kept is None:
            shutil.rmtree(folder, ignore_errors=True)


async def require_durable(dsn: str) -> dict[str, str]:
    """Give the settings that make a commit durable; raises unless all are on."""
    connection = await asyncpg.connect(dsn)
    try:
        found = {name: str(await connection.fetchval(f"SHOW {name}")) for name in DURABLE}
    finally:
        await connection.close()
    if off := [name for name, value in found.items() if value != "on"]:
        raise NotDurableError(f"not on: {', '.join(off)}")
    return found


async def make_database(server: EmbeddedPostgres, name: str) -> str:
    """Make an empty database and give its address."""
    connection = await asyncpg.connect(server.dsn)
    try:
        await connection.execute(f"DROP DATABASE IF EXISTS {name}")
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()
    return server.dsn_for(name)


async def drop_database(server: EmbeddedPostgres, name: str) -> None:
    """Drop a database, whoever is connected."""
    connection = await asyncpg.connect(server.dsn)
    try:
        await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    finally:
        await connection.close()


async def checkpoint(dsn: str) -> None:
    """Write everything now, so that no measurement pays for the one before it."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()
