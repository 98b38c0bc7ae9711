"""Numbered, forward-only migrations: ``migrations/0001_spine.sql`` and so on.

Every node runs them at its start; one does the work and the others wait for it.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from time import monotonic
from typing import Final

import structlog

from gerbang.postgres.errors import PostgresError
from gerbang.postgres.pool import Connection, connect
from gerbang.postgres.sql import load_queries

MIGRATION_LOCK_TIMEOUT_MS: Final = 5_000
"""A migration that cannot have a table soon must not make everyone queue behind it."""
MIGRATION_STATEMENT_TIMEOUT_MS: Final = 600_000
OTHER_NODE_WAIT_S_MAX: Final = 900.0
OTHER_NODE_POLL_S: Final = 0.1

_FILE_NAME: Final = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
_QUERIES: Final = load_queries("gerbang.postgres", "migrate.sql")

log = structlog.get_logger(__name__)


class MigrationRefusedError(Exception):
    """The database and this program do not fit together."""


class MigrationFailedError(Exception):
    """A migration was rolled back; the database is as before it."""

    def __init__(self, migration: Migration, cause: PostgresError) -> None:
        """Say where in the file it failed, if the server said so."""
        position = getattr(cause, "position", None)
        line = migration.sql.count("\n", 0, int(position)) + 1 if position else None
        place = f"{migration.label}.sql" + (f":{line}" if line else "")
        super().__init__(f"{place}: {cause}")


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema."""

    number: int
    name: str
    sql: str

    @property
    def label(self) -> str:
        """Give the name of the file without its ending."""
        return f"{self.number:04}_{self.name}"

    @property
    def sha256(self) -> str:
        """Give the checksum that an applied migration keeps for ever."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Applied:
    """A migration that the database has."""

    number: int
    name: str
    sha256: str


async def migrate(dsn: str, *, migrations: Sequence[Migration] | None = None) -> list[str]:
    """Bring the database up to this program; give the labels of what was applied now."""
    known = read_migrations() if migrations is None else migrations
    check_numbers(known)
    connection = await connect(
        dsn,
        application_name="gerbang migrate",
        statement_timeout_ms=0,
        idle_in_transaction_timeout_ms=0,
    )
    try:
        await _take_turn(connection)
        return await _apply_missing(connection, known)
    finally:
        # Closing also gives up the turn.
        await connection.close()


def read_migrations() -> list[Migration]:
    """Read the migrations that come with the program."""
    folder = files("gerbang.postgres").joinpath("migrations")
    found = [
        (entry.name, entry.read_text(encoding="utf-8"))
        for entry in folder.iterdir()
        if entry.name.endswith(".sql")
    ]
    return [_named(name, sql) for name, sql in sorted(found)]


def check_numbers(migrations: Sequence[Migration]) -> None:
    """Refuse gaps and repeated numbers: two developers took the same one, or a file is missing."""
    numbers = [each.number for each in migrations]
    if numbers != list(range(1, len(numbers) + 1)):
        msg = f"the migrations of this program are not numbered 1, 2, 3 …: {numbers}"
        raise MigrationRefusedError(msg)


def missing(known: Sequence[Migration], applied: Sequence[Applied]) -> list[Migration]:
    """Compare what the program knows with what the database has; give what is to be applied."""
    if len(applied) > len(known):
        newest = applied[-1]
        msg = (
            f"the database is newer than this program: it has {newest.number:04}_{newest.name}, "
            f"this program knows {len(known)} migrations. Install the newer Gerbang"
        )
        raise MigrationRefusedError(msg)
    for ours, theirs in zip(known, applied, strict=False):
        if ours.number != theirs.number:
            msg = f"the database has migration {theirs.number:04} but not {ours.label}"
            raise MigrationRefusedError(msg)
        if (ours.name, ours.sha256) != (theirs.name, theirs.sha256):
            msg = (
                f"{ours.label} was changed after it was applied as "
                f"{theirs.number:04}_{theirs.name} ({theirs.sha256[:12]}, now {ours.sha256[:12]}); "
                f"put it back and write a new migration"
            )
            raise MigrationRefusedError(msg)
    return list(known[len(applied) :])


async def _take_turn(connection: Connection) -> None:
    """Wait for the node that migrates now, without a statement that blocks meanwhile."""
    give_up_at = monotonic() + OTHER_NODE_WAIT_S_MAX
    while not await connection.fetchval(_QUERIES.take_turn):
        if monotonic() > give_up_at:
            msg = f"another node has been migrating for over {OTHER_NODE_WAIT_S_MAX:.0f} s"
            raise MigrationRefusedError(msg)
        await asyncio.sleep(OTHER_NODE_POLL_S)


async def _apply_missing(connection: Connection, known: Sequence[Migration]) -> list[str]:
    await connection.execute(_QUERIES.create_table)
    rows = await connection.fetch(_QUERIES.list_applied)
    steps = missing(known, [Applied(**row) for row in rows])
    for step in steps:
        await _apply(connection, step)
        log.info("migration.applied", migration=step.label)
    return [step.label for step in steps]


async def _apply(connection: Connection, step: Migration) -> None:
    try:
        async with connection.transaction():
            await connection.execute(
                _QUERIES.set_timeouts,
                str(MIGRATION_LOCK_TIMEOUT_MS),
                str(MIGRATION_STATEMENT_TIMEOUT_MS),
            )
            await connection.execute(step.sql)
            await connection.execute(_QUERIES.note_applied, step.number, step.name, step.sha256)
    except PostgresError as error:
        raise MigrationFailedError(step, error) from error


def _named(file_name: str, sql: str) -> Migration:
    match = _FILE_NAME.fullmatch(file_name)
    if match is None:
        msg = f"{file_name} is not named like 0001_spine.sql"
        raise MigrationRefusedError(msg)
    return Migration(number=int(match[1]), name=match[2], sql=sql)
