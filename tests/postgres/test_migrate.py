"""Migrations, and the readable schema they lead to."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from gerbang.postgres.migrate import (
    Migration,
    MigrationFailedError,
    MigrationRefusedError,
    _named,
    check_numbers,
    migrate,
    read_migrations,
)
from postgres.shared import opened

FIRST = Migration(1, "first", "CREATE TABLE one (n int);\nINSERT INTO one VALUES (1);")
SECOND = Migration(2, "second", "CREATE TABLE two (n int);\nINSERT INTO two VALUES (2);")
THIRD = Migration(3, "third", "CREATE TABLE three (n int);")


async def fetch(dsn: str, sql: str) -> list[object]:
    async with opened(dsn) as connection:
        return [row[0] for row in await connection.fetch(sql)]


async def test_our_migrations_apply_to_an_empty_database_once(empty_database_url: str) -> None:
    labels = [each.label for each in read_migrations()]
    assert labels[0].startswith("0001_")
    assert await migrate(empty_database_url) == labels
    assert await migrate(empty_database_url) == []


async def test_a_new_migration_is_applied_after_the_old_ones(empty_database_url: str) -> None:
    assert await migrate(empty_database_url, migrations=[FIRST]) == ["0001_first"]
    assert await migrate(empty_database_url, migrations=[FIRST, SECOND]) == ["0002_second"]
    book = "SELECT number || ' ' || name FROM schema_migrations ORDER BY number"
    assert await fetch(empty_database_url, book) == ["1 first", "2 second"]


async def test_nodes_that_start_at_once_migrate_once(empty_database_url: str) -> None:
    steps = [FIRST, replace(SECOND, sql=SECOND.sql + "SELECT pg_sleep(0.3);")]
    done = await asyncio.gather(*(migrate(empty_database_url, migrations=steps) for _ in range(5)))
    assert sorted(done) == [[], [], [], [], ["0001_first", "0002_second"]]
    assert await fetch(empty_database_url, "SELECT n FROM one") == [1]


async def test_a_failed_migration_leaves_nothing_and_names_its_line(
    empty_database_url: str,
) -> None:
    wrong = replace(SECOND, sql="CREATE TABLE two (n int);\n\nCREATE TABEL three (n int);")
    with pytest.raises(MigrationFailedError, match=r"^0002_second\.sql:3: syntax error"):
        await migrate(empty_database_url, migrations=[FIRST, wrong])
    assert await fetch(empty_database_url, "SELECT to_regclass('two')") == [None]
    assert await migrate(empty_database_url, migrations=[FIRST, SECOND]) == ["0002_second"]


async def test_a_changed_migration_is_refused(empty_database_url: str) -> None:
    await migrate(empty_database_url, migrations=[FIRST])
    changed = replace(FIRST, sql=FIRST.sql + " ")
    with pytest.raises(MigrationRefusedError, match="0001_first was changed after it was applied"):
        await migrate(empty_database_url, migrations=[changed, SECOND])
    renamed = replace(FIRST, name="one")
    with pytest.raises(MigrationRefusedError, match="0001_one was changed"):
        await migrate(empty_database_url, migrations=[renamed])


async def test_a_database_newer_than_the_program_is_refused(empty_database_url: str) -> None:
    await migrate(empty_database_url, migrations=[FIRST, SECOND])
    with pytest.raises(MigrationRefusedError, match="newer than this program"):
        await migrate(empty_database_url, migrations=[FIRST])


async def test_a_gap_in_the_database_is_refused(empty_database_url: str) -> None:
    await migrate(empty_database_url, migrations=[FIRST, SECOND])
    async with opened(empty_database_url) as connection:
        await connection.execute("DELETE FROM schema_migrations WHERE number = 1")
    with pytest.raises(MigrationRefusedError, match="has migration 0002 but not 0001_first"):
        await migrate(empty_database_url, migrations=[FIRST, SECOND, THIRD])


@pytest.mark.parametrize("numbers", [[1, 3], [2], [1, 1], [1, 2, 2]])
def test_gaps_and_repeated_numbers_in_the_program_are_refused(numbers: list[int]) -> None:
    with pytest.raises(MigrationRefusedError, match="not numbered"):
        check_numbers([replace(FIRST, number=number) for number in numbers])


def test_a_file_with_another_kind_of_name_is_refused() -> None:
    with pytest.raises(MigrationRefusedError, match=r"1_spine\.sql is not named like"):
        _named("1_spine.sql", "")


async def test_a_migration_does_not_wait_long_for_a_busy_table(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gerbang.postgres.migrate.MIGRATION_LOCK_TIMEOUT_MS", 100)
    await migrate(empty_database_url, migrations=[FIRST])
    async with opened(empty_database_url) as reader, reader.transaction():
        await reader.execute("SELECT * FROM one")
        blocked = replace(SECOND, sql="ALTER TABLE one ADD COLUMN m int")
        with pytest.raises(MigrationFailedError, match="lock timeout"):
            await migrate(empty_database_url, migrations=[FIRST, blocked])
