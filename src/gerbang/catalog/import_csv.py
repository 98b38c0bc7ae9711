"""Import products from CSV: read and check in Python, then COPY and merge as sets."""

from __future__ import annotations

import asyncio
import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import time
from typing import Any, Final

import msgspec

from gerbang.audit import write_audit
from gerbang.bills.bill import Service
from gerbang.errors import BadInputError
from gerbang.money import RUPIAH_MAX
from gerbang.postgres.pool import Connection
from gerbang.postgres.sql import load_queries

SQL = load_queries("gerbang.catalog", "import_csv.sql")

COLUMNS: Final = (
    "code",
    "name",
    "category",
    "brand",
    "operator",
    "kind",
    "status",
    "status_reason",
    "base_price",
    "cost",
    "admin_fee",
    "amount_min",
    "amount_max",
    "amount_step",
    "cut_off_start",
    "cut_off_end",
    "same_day_rule",
    "description",
    "service",
    "biller",
    "supplier",
    "supplier_code",
)
REPORTED_MAX: Final = 1_000
"""So many changes and so many errors are listed; all are counted."""
CELL_CHARS_MAX: Final = 2_000
ROWS_PER_STEP: Final = 5_000
_CODE: Final = re.compile(r"[A-Z0-9_/-]{1,32}")
_CATEGORY: Final = re.compile(r"[A-Za-z0-9_-]{1,32}")
_TIME: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(:00)?", re.ASCII)
_WHOLE: Final = re.compile(r"\d{1,16}", re.ASCII)
_MONEY: Final = frozenset(
    {"base_price", "cost", "admin_fee", "amount_min", "amount_max", "amount_step"}
)
_ONE_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "kind": ("prepaid", "game", "open", "postpaid"),
    "status": ("open", "closed", "disturbed"),
    "same_day_rule": ("off", "on", "reseller"),
    "service": tuple(Service),
}
_ALIASES: Final[Mapping[str, str]] = {"price": "base_price"}

Progress = Callable[[str, int, int], None]
"""Called with the step's name, what is done of it, and how much there is."""


class RowError(msgspec.Struct, frozen=True):
    """What is wrong with one line of the file."""

    line: int
    code: str
    problem: str


class RowChange(msgspec.Struct, frozen=True):
    """What a line changes; only the members that differ."""

    line: int
    code: str
    before: dict[str, Any]
    after: dict[str, Any]


class ImportReport(msgspec.Struct, kw_only=True):
    """What an import did, or in a dry run would do."""

    dry_run: bool
    applied: bool
    rows: int
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    new_categories: int = 0
    errors_count: int = 0
    changes: list[RowChange] = []
    errors: list[RowError] = []


async def import_products(
    connection: Connection,
    data: bytes,
    *,
    actor: str,
    dry_run: bool = False,
    skip_bad: bool = False,
    progress: Progress | None = None,
) -> ImportReport:
    """Import a CSV file inside the caller's transaction.

    The first line names the columns; `code` is needed. A missing column or an empty cell keeps
    what is there. When any line is wrong nothing is written, unless `skip_bad` leaves those out.
    """
    tell = progress or _say_nothing
    rows, errors = await asyncio.to_thread(_read, data, tell)
    await connection.execute("SET LOCAL statement_timeout = 0")
    await connection.execute(SQL.alone)
    await connection.execute(SQL.make_rows)
    tell("copying", 0, len(rows))
    await connection.copy_records_to_table("import_rows", records=rows, columns=("line", *COLUMNS))
    tell("comparing", 0, len(rows))
    await connection.execute(SQL.make_merged)
    more = [RowError(*row) for row in await connection.fetch(SQL.problems)]
    await connection.execute(SQL.drop_bad, [error.line for error in more])
    await connection.execute(SQL.make_changed)
    report = await _report(connection, sorted(errors + more, key=lambda e: e.line), dry_run=dry_run)
    report.applied = not dry_run and (skip_bad or not report.errors_count)
    if report.applied:
        tell("writing", 0, len(rows))
        await _write(connection, report, actor)
    tell("done", len(rows), len(rows))
    return report


async def _write(connection: Connection, report: ImportReport, actor: str) -> None:
    for sql in (SQL.insert_categories, SQL.insert_products, SQL.update_products, SQL.merge_routes):
        await connection.execute(sql)
    await connection.execute(SQL.audit_changed, actor)
    counts = {"new": report.new, "changed": report.changed, "unchanged": report.unchanged}
    await write_audit(
        connection, actor=actor, action="products.imported", subject="products", after=counts
    )


async def _report(connection: Connection, errors: list[RowError], *, dry_run: bool) -> ImportReport:
    counts = await connection.fetchrow(SQL.counts)
    changed = await connection.fetch(SQL.changed, REPORTED_MAX)
    known = counts["known"] if counts else 0
    new = counts["new"] if counts else 0
    return ImportReport(
        dry_run=dry_run,
        applied=False,
        rows=new + known + len(errors),
        new=new,
        changed=counts["changed"] if counts else 0,
        unchanged=known - (counts["changed"] if counts else 0),
        new_categories=counts["categories"] if counts else 0,
        errors_count=len(errors),
        changes=[_change(row) for row in changed],
        errors=errors[:REPORTED_MAX],
    )


def _change(row: Any) -> RowChange:
    names = [name for name, value in row["after"].items() if row["before"][name] != value]
    return RowChange(
        row["line"],
        row["code"],
        {name: row["before"][name] for name in names},
        {name: row["after"][name] for name in names},
    )


# --- reading the file -----------------------------------------------------------------------------


def _read(data: bytes, tell: Progress) -> tuple[list[tuple[Any, ...]], list[RowError]]:
    """Give the good rows as tuples for COPY, and what is wrong with the others."""
    text = _decoded(data)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    places = _places(reader)
    total = text.count("\n")
    rows: list[tuple[Any, ...]] = []
    errors: list[RowError] = []
    seen: dict[str, int] = {}
    for number, cells in enumerate(_lines(reader)):
        if number % ROWS_PER_STEP == 0:
            tell("reading", number, total)
        line, values = reader.line_num, dict(zip(places, map(str.strip, cells), strict=False))
        code = values.get("code", "")
        try:
            if len(cells) > len(places):
                raise ValueError("more cells than columns")  # noqa: TRY301
            if code in seen:
                raise ValueError(f"code: already on line {seen[code]}")  # noqa: TRY301
            rows.append((line, *(_value(name, values.get(name, "")) for name in COLUMNS)))
            seen[code] = line
        except ValueError as error:
            errors.append(RowError(line, code[:64], str(error)))
    return rows, errors


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInputError("the file is not UTF-8") from error


def _delimiter(text: str) -> str:
    head = text.split("\n", 1)[0]
    return max((",", ";", "\t"), key=head.count)


def _lines(reader: Iterator[list[str]]) -> Iterator[list[str]]:
    try:
        yield from (cells for cells in reader if any(cells))
    except csv.Error as error:
        raise BadInputError(f"not a CSV file: {error}") from error


def _places(reader: Iterator[list[str]]) -> list[str]:
    try:
        head = next(reader, [])
    except csv.Error as error:
        raise BadInputError(f"not a CSV file: {error}") from error
    places = [_ALIASES.get(cell.strip().lower(), cell.strip().lower()) for cell in head]
    unknown = [name for name in places if name not in COLUMNS]
    if unknown or "code" not in places or len(set(places)) != len(places):
        raise BadInputError(
            "the first line must name the columns, each once and `code` among them; known are "
            + ", ".join(COLUMNS)
            + (f" (not: {', '.join(unknown)[:200]})" if unknown else "")
        )
    return places


def _value(name: str, text: str) -> Any:
    """Read one cell; None is an empty one. Raises ValueError with what is wrong."""
    if not text and name != "code":
        return None
    if name in _MONEY:
        return _whole(name, text)
    if name in {"cut_off_start", "cut_off_end"}:
        if not (found := _TIME.fullmatch(text)):
            raise ValueError(f"{name}: {text[:20]!r} is not a time like 23:30")
        return time(int(found[1]), int(found[2]))
    if name in _ONE_OF and text not in _ONE_OF[name]:
        raise ValueError(f"{name}: {text[:20]!r} is none of {', '.join(_ONE_OF[name])}")
    if name == "code" and not _CODE.fullmatch(text):
        raise ValueError("code: capitals, digits, _ / and -; 1 to 32 of them")
    if name == "category" and not _CATEGORY.fullmatch(text):
        raise ValueError("category: letters, digits, _ and -; 1 to 32 of them")
    if len(text) > CELL_CHARS_MAX or not text.isprintable():
        raise ValueError(f"{name}: at most {CELL_CHARS_MAX} printable letters")
    return text


def _whole(name: str, text: str) -> int:
    value = int(text) if _WHOLE.fullmatch(text) else -1
    least = 1 if name == "amount_step" else 0
    if not least <= value <= RUPIAH_MAX:
        raise ValueError(f"{name}: {text[:20]!r} is not whole rupiah, digits only")
    return value


def _say_nothing(_step: str, _done: int, _total: int) -> None:
    pass
