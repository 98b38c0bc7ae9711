"""Compare a statement with our attempts: COPY, join as sets, judge what is unlike, keep it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec

from gerbang.clock import WIB
from gerbang.errors import BadInputError
from gerbang.postgres.pool import Connection
from gerbang.postgres.sql import load_queries
from gerbang.recon.match import Kind, Side, compare
from gerbang.recon.statement import BadLine, Record, Statement
from gerbang.suppliers.sync_prices import settings_of

SQL = load_queries("gerbang.recon", "recon.sql")

ROWS_AT_ONCE: Final = 10_000
DAYS_MAX: Final = 366

Progress = Callable[[str, int, int], None]
"""Called with the step's name, what is done of it, and how much there is (0: not known)."""


class RunReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a comparison came to; amounts are rupiah that the supplier took."""

    id: int | None
    """None where nothing was kept, because lines are bad."""
    supplier: str
    lines: int
    skipped: int
    bad_count: int
    bad: list[BadLine]
    ours_count: int = 0
    ours_amount: int = 0
    theirs_count: int = 0
    theirs_amount: int = 0
    matched: int = 0
    differences: Mapping[str, int] = {}


async def run_reconciliation(
    connection: Connection,
    code: str,
    source: bytes | Path,
    *,
    first_day: date,
    last_day: date,
    actor: str,
    file_name: str = "",
    skip_bad: bool = False,
    progress: Progress | None = None,
) -> RunReport:
    """Compare a statement with our attempts of these WIB days, inside the caller's transaction.

    When a line cannot be read nothing is kept, unless `skip_bad` leaves such lines out.
    """
    if not timedelta(0) <= last_day - first_day < timedelta(days=DAYS_MAX):
        raise BadInputError(f"days in order, at most {DAYS_MAX}", {"to": "not before from"})
    tell = progress or _say_nothing
    supplier_id, settings = await settings_of(connection, code)
    statement = Statement(source, settings)
    await connection.execute(SQL.make_lines)
    await connection.copy_records_to_table(
        "recon_lines",
        records=_records(statement, tell),
        columns=("line", "reference", "amount", "sn", "supplier_order_id"),
    )
    report = RunReport(
        id=None,
        supplier=code,
        lines=statement.lines,
        skipped=statement.skipped,
        bad_count=statement.bad_count,
        bad=statement.bad,
    )
    if statement.bad_count and not skip_bad:
        return report
    tell("joining", 0, 0)
    await _join(connection, supplier_id, first_day, last_day)
    report = await _judge(connection, report, tell)
    tell("writing", 0, 0)
    values = (supplier_id, first_day, last_day, file_name[:200], actor)
    return await _keep(connection, report, values)


async def _records(statement: Statement, tell: Progress) -> AsyncIterator[Record]:
    """Read in a thread, some thousand lines at a time."""
    records = statement.records()
    while chunk := await asyncio.to_thread(lambda: list(islice(records, ROWS_AT_ONCE))):
        for record in chunk:
            yield record
        tell("reading", statement.lines, 0)


async def _join(connection: Connection, supplier_id: int, first_day: date, last_day: date) -> None:
    begin = datetime.combine(first_day, time(), WIB)
    end = datetime.combine(last_day + timedelta(days=1), time(), WIB)
    await connection.execute(SQL.name_lines, supplier_id, begin, end)
    await connection.execute(SQL.make_theirs)
    await connection.execute(SQL.analyze_theirs)
    await connection.execute(SQL.make_ours, supplier_id, begin, end)
    await connection.execute(SQL.analyze_ours)
    await connection.execute(SQL.make_pairs, supplier_id)


async def _judge(connection: Connection, report: RunReport, tell: Progress) -> RunReport:
    """Judge the pairs that are unlike; what they come to stands in recon_found."""
    totals = await connection.fetchrow(SQL.totals)
    assert totals is not None  # noqa: S101 (an aggregate gives one row)
    await connection.execute(SQL.make_found)
    counts: Counter[Kind] = Counter()
    alike, done = totals["alike"], 0
    cursor = await connection.cursor(SQL.unlike)
    while rows := await cursor.fetch(ROWS_AT_ONCE):
        found: list[tuple[str, str]] = []
        for row in rows:
            differences = _compare(row)
            alike += not differences
            counts.update(each.kind for each in differences)
            found.extend((each.reference, each.kind.value) for each in differences)
        await connection.copy_records_to_table("recon_found", records=found)
        done += len(rows)
        tell("comparing", done, totals["unlike"])
    return msgspec.structs.replace(
        report,
        ours_count=totals["ours_count"],
        ours_amount=totals["ours_amount"],
        theirs_count=totals["theirs_count"],
        theirs_amount=totals["theirs_amount"],
        matched=alike,
        differences={kind.value: counts[kind] for kind in Kind},
    )


def _compare(row: Any) -> tuple[Any, ...]:
    reference = row["reference"]
    return compare(
        reference,
        Side(reference=reference, amount=row["ours_amount"], sn=row["ours_sn"]),
        Side(reference=reference, amount=row["theirs_amount"], sn=row["theirs_sn"]),
    )


async def _keep(
    connection: Connection, report: RunReport, values: tuple[int, date, date, str, str]
) -> RunReport:
    run_id = await connection.fetchval(
        SQL.insert_run,
        *values,
        report.lines,
        report.skipped,
        report.ours_count,
        report.ours_amount,
        report.theirs_count,
        report.theirs_amount,
        report.matched,
        dict(report.differences),
    )
    supplier_id, _, last_day = values[:3]
    unknown_at = datetime.combine(last_day, time(), WIB)
    await connection.execute(SQL.keep_differences, supplier_id, run_id, unknown_at)
    await connection.execute(SQL.close_gone, supplier_id, run_id)
    return msgspec.structs.replace(report, id=run_id)


def _say_nothing(_step: str, _done: int, _total: int) -> None:
    pass
