"""Import a product file: COPY, compare as a set, say what changes, and merge in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from gerbang.catalog.product_csv import (
    COLUMNS,
    FileUnreadableError,
    LineError,
    ProductFile,
    read_products,
)
from gerbang.postgres.pool import Connection
from gerbang.postgres.sql import load_queries

SQL = load_queries("gerbang.catalog", "import_csv.sql")

DIFFERENCES_MAX: Final = 1_000
STAGES: Final = ("reading", "copying", "comparing", "merging")

Progress = Callable[[str, int, int], None]
"""Hears the stage, how much of it is done, and how much there is."""


class Difference(msgspec.Struct, frozen=True):
    """A new product (`before` is None) or what one line changes."""

    line: int
    code: str
    before: dict[str, Any] | None
    after: dict[str, Any]


class ImportReport(msgspec.Struct, frozen=True, kw_only=True):
    """What an import did, or would do."""

    lines: int
    new: int
    changed: int
    unchanged: int
    errors: tuple[LineError, ...]
    differences: tuple[Difference, ...]
    """The first of the new and changed ones."""
    categories_made: tuple[str, ...]
    applied: bool
    """Whether it was written: not in a dry run, and not with errors that nobody lets pass."""


def read_product_file(path: Path, *, progress: Progress | None = None) -> ProductFile:
    """Read and check a file. Raises FileUnreadableError."""
    size = path.stat().st_size
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileUnreadableError("the file is not UTF-8 text") from error
    total = max(1, text.count("\n")) if size else 1
    if progress is None:
        return read_products(text)
    return read_products(text, progress=lambda done: progress("reading", done, total))


async def import_products(
    connection: Connection,
    file: ProductFile,
    *,
    actor: str,
    dry_run: bool = False,
    skip_errors: bool = False,
    make_categories: bool = False,
    differences_max: int = DIFFERENCES_MAX,
    progress: Progress | None = None,
) -> ImportReport:
    """Merge a file into the products; with errors nothing is written unless they are skipped.

    The connection needs a statement timeout that fits the file, and no transaction of its own.
    """
    step = progress or _silent
    outer = connection.transaction()
    await outer.start()
    try:
        report = await _merge(
            connection,
            file,
            actor=actor,
            write=not dry_run,
            skip_errors=skip_errors,
            make_categories=make_categories,
            differences_max=differences_max,
            step=step,
        )
    except BaseException:
        await outer.rollback()
        raise
    if report.applied:
        await outer.commit()
    else:
        await outer.rollback()
    return report


async def _merge(
    connection: Connection,
    file: ProductFile,
    *,
    actor: str,
    write: bool,
    skip_errors: bool,
    make_categories: bool,
    differences_max: int,
    step: Progress,
) -> ImportReport:
    made = await _work_out(connection, file, make_categories=make_categories, step=step)
    problems = await connection.fetch(SQL.find_problems)
    errors = [*file.errors, *(LineError(**dict(row)) for row in problems)]
    await connection.execute(SQL.leave_out, [row["line"] for row in problems])
    counts = await connection.fetchrow(SQL.count_lines)
    differences = await connection.fetch(SQL.show_differences, differences_max)
    applied = write and (skip_errors or not errors)
    if applied:
        await _write(connection, actor, step)
    return ImportReport(
        lines=len(file.records) + len(file.errors),
        errors=tuple(sorted(errors, key=lambda each: each.line)),
        differences=tuple(Difference(**dict(row)) for row in differences),
        categories_made=made,
        applied=applied,
        **dict(counts or {}),
    )


async def _work_out(
    connection: Connection, file: ProductFile, *, make_categories: bool, step: Progress
) -> tuple[str, ...]:
    """Bring the lines into the database and compute what they ask for."""
    lines = len(file.records)
    await connection.execute(SQL.make_tables)
    step("copying", 0, lines)
    await connection.copy_records_to_table(
        "product_lines", records=file.records, columns=["line", *COLUMNS]
    )
    step("copying", lines, lines)
    step("comparing", 0, lines)
    await connection.execute(SQL.forbid_other_writers)
    await connection.execute(SQL.work_out, list(file.columns))
    await connection.execute(SQL.analyze)
    made = await connection.fetch(SQL.make_categories) if make_categories else []
    step("comparing", lines, lines)
    return tuple(sorted(row["code"] for row in made))


async def _write(connection: Connection, actor: str, step: Progress) -> None:
    parts = (SQL.insert_new, SQL.update_changed)
    step("merging", 0, len(parts) + 1)
    # The audit compares with what is there, so it goes before the merge.
    await connection.execute(SQL.write_audit, actor)
    for done, sql in enumerate(parts, 1):
        step("merging", done, len(parts) + 1)
        await connection.execute(sql)
    step("merging", len(parts) + 1, len(parts) + 1)


async def read_in_thread(text: str) -> ProductFile:
    """Read a file's text without holding up the event loop. Raises FileUnreadableError."""
    return await asyncio.to_thread(read_products, text)


def _silent(_stage: str, _done: int, _total: int) -> None:
    pass
