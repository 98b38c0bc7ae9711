"""One server for all tests of this checkout, whatever the number of processes that test.

The first process starts it, the last one stops it. Durability is off: what is lost by pulling the
plug is only tests.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import shutil
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from gerbang.postgres.cluster import ROLE
from gerbang.postgres.embedded import EmbeddedPostgres
from gerbang.postgres.migrate import migrate, read_migrations
from gerbang.postgres.pool import OwnConnection, connect

T = TypeVar("T")

NOT_DURABLE: Final = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "300",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "min_wal_size": "80MB",
}


MEMORY: Final = Path("/dev/shm")  # noqa: S108 (a folder of our own is made there)
DISK: Final = Path("/tmp")  # noqa: S108
MEMORY_BYTES_MIN: Final = 4 * 1024**3


def quickest_place() -> Path:
    """Name where a server that need not be durable is best kept: in memory, if there is enough.

    A database is a thousand small files. On a disk's file system the kernel does not take the
    place of a file that was just removed, and looks for another longer and longer.
    """
    usable = MEMORY.is_dir() and os.access(MEMORY, os.W_OK | os.X_OK)
    return MEMORY if usable and shutil.disk_usage(MEMORY).free >= MEMORY_BYTES_MIN else DISK


def reachable_folder(name: str, *, place: Path = DISK) -> Path:
    """Name a folder that the service account reaches, which pytest's own folders are not."""
    checkout = Path(__file__).resolve().parents[2]
    mark = hashlib.sha256(os.fsencode(checkout)).hexdigest()[:8]
    folder = place / f"gerbang-tests-{os.geteuid()}-{mark}" / name
    folder.parent.mkdir(mode=0o711, exist_ok=True)
    return folder


def run_apart(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in a thread with its own event loop, leaving that of the test alone."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


@dataclass(frozen=True)
class SharedServer:
    """The running server and its migrated template."""

    server: EmbeddedPostgres
    template: str

    def create_database(self, name: str, *, template: str) -> str:
        """Make a database and give its address.

        Its files are copied: to write each page into the log too costs four times the processor.
        """
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
        return self.server.dsn_for(name)

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever is still connected."""
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def execute(self, sql: str) -> None:
        """Run one statement outside every test's database."""
        run_apart(_execute(self.server.dsn, sql))


@contextmanager
def shared_server() -> Iterator[SharedServer]:
    """Use the server of this checkout, and stop it when nobody else does."""
    folder = reachable_folder("shared", place=quickest_place())
    users = folder.with_suffix(".users")
    server = EmbeddedPostgres(folder, settings=NOT_DURABLE)
    with _turn(folder):
        others = _living(users)
        if not others:
            _start_afresh(server, folder)
        users.write_text(" ".join(str(pid) for pid in (*others, os.getpid())))
        shared = SharedServer(server, _make_template(server))
    try:
        yield shared
    finally:
        with _turn(folder):
            others = [pid for pid in _living(users) if pid != os.getpid()]
            users.write_text(" ".join(map(str, others)))
            if others:
                server.detach()
            else:
                server.stop()
                shutil.rmtree(folder)


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    with folder.with_suffix(".turn").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _living(users: Path) -> list[int]:
    if not users.exists():
        return []
    return [pid for pid in map(int, users.read_text().split()) if Path(f"/proc/{pid}").exists()]


def _start_afresh(server: EmbeddedPostgres, folder: Path) -> None:
    """Throw away what a killed run left."""
    if folder.exists():
        server.stop()
        shutil.rmtree(folder)
    server.start()


def _make_template(server: EmbeddedPostgres) -> str:
    """Make the migrated database that tests copy; a changed migration makes a new one."""
    content = "".join(each.label + each.sha256 for each in read_migrations())
    name = f"template_{hashlib.sha256(content.encode()).hexdigest()[:16]}"
    run_apart(_migrate_template(server, name))
    return name


async def _migrate_template(server: EmbeddedPostgres, name: str) -> None:
    connection = await connect(server.dsn)
    try:
        if await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            return
        unfinished = f"{name}_unfinished"
        await connection.execute(f'DROP DATABASE IF EXISTS "{unfinished}" WITH (FORCE)')
        await connection.execute(f'CREATE DATABASE "{unfinished}" OWNER {ROLE}')
        await migrate(server.dsn_for(unfinished))
        await connection.execute(f'ALTER DATABASE "{unfinished}" RENAME TO "{name}"')
    finally:
        await connection.close()


async def _execute(dsn: str, sql: str) -> None:
    connection = await connect(dsn, statement_timeout_ms=60_000, lock_timeout_ms=60_000)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


@asynccontextmanager
async def opened(
    dsn: str, *, statement_timeout_ms: int = 10_000, lock_timeout_ms: int = 2_000
) -> AsyncIterator[OwnConnection]:
    """Give a connection that is closed however the test ends."""
    connection = await connect(
        dsn, statement_timeout_ms=statement_timeout_ms, lock_timeout_ms=lock_timeout_ms
    )
    try:
        yield connection
    finally:
        connection.terminate()
