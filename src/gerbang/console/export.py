"""Orders as a file, in the background: the filter of the list, CSV or XLSX."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from starlette.responses import Response

from gerbang.clock import WIB, business_day
from gerbang.console.order_list import (
    NEWEST,
    Filter,
    filter_of,
    find_orders,
    search_arguments,
)
from gerbang.console.sheet import CSV_TYPE, XLSX_TYPE, CsvSheet, Sheet, XlsxSheet
from gerbang.errors import BadInputError
from gerbang.jobs.run import Job
from gerbang.people.role import Permission
from gerbang.postgres.sql import load_queries
from gerbang.web.pages.job_pages import begin_job
from gerbang.web.pages.site import Site
from gerbang.web.pages.visit import Visit

SQL = load_queries("gerbang.console", "export.sql")
ROWS_AT_ONCE: Final = 2_000
NOBODY: Final = 0
"""The id of a reseller or supplier that is asked for and does not exist: it has no orders."""
COLUMNS: Final = (
    "id", "created_at", "final_at", "reference", "reseller", "dialect", "product_code",
    "product_name", "destination", "quantity", "counter", "price", "cost", "state", "reason", "sn",
    "supplier", "testing",
)  # fmt: skip


def add_pages(site: Site) -> None:
    """Add them."""
    site.post("/orders/export", export_orders, may=Permission.ORDERS_EXPORT)


async def export_orders(visit: Visit) -> Response:
    """Begin to write the file of what the list shows."""
    referer = urlsplit(visit.request.headers.get("referer", ""))
    chosen = filter_of(dict(parse_qsl(referer.query)))
    as_sheet = visit.form.raw("format") == "xlsx"
    sheet: Sheet = XlsxSheet("Orders") if as_sheet else CsvSheet()
    now = visit.kit.clock.now()

    async def work(job: Job) -> None:
        await _write(job, sheet, chosen, visit)

    suffix = "xlsx" if as_sheet else "csv"
    return await begin_job(
        visit,
        work,
        kind="orders.export",
        title=visit.t("orders.export_title", form=suffix.upper()),
        file_name=f"orders-{now.astimezone(WIB):%Y%m%d-%H%M%S}.{suffix}",
        file_type=XLSX_TYPE if as_sheet else CSV_TYPE,
    )


async def _write(job: Job, sheet: Sheet, chosen: Filter, visit: Visit) -> None:
    """Read page after page, so that no snapshot of the database is held for long."""
    connection = await job.own_connection()
    try:
        await job.write(sheet.begin(COLUMNS))
        done = 0
        async for rows in _pages(connection, chosen, visit):
            await job.write(await asyncio.to_thread(sheet.add, rows))
            done += len(rows)
            await job.progress(done)
        await job.write(sheet.end())
        job.result["orders"] = done
        await job.progress(done, done, now=True)
    finally:
        await connection.close()


async def _pages(connection: Any, chosen: Filter, visit: Visit) -> AsyncIterator[list[Any]]:
    """Give what the list shows, all of it, page after page by key."""
    if chosen.text:
        pages = _searched(connection, chosen, visit)
    elif chosen.is_waiting and chosen.testing != "yes":
        pages = _waiting(connection, chosen, visit)
    else:
        pages = _filtered(connection, chosen)
    async for rows in pages:
        yield [_cells(row) for row in rows]


async def _searched(connection: Any, chosen: Filter, visit: Visit) -> AsyncIterator[list[Any]]:
    arguments = search_arguments(chosen.text, business_day(visit.kit.clock.now()))
    before = NEWEST
    while found := await connection.fetch(SQL.search_ids, *arguments, before, ROWS_AT_ONCE):
        ids = [row["id"] for row in found]
        yield await connection.fetch(SQL.export_these, ids)
        before = ids[-1]


async def _waiting(connection: Any, chosen: Filter, visit: Visit) -> AsyncIterator[list[Any]]:
    after, today = 0, business_day(visit.kit.clock.now())
    while True:
        try:
            found, following = await find_orders(
                connection, chosen, after=after, today=today, limit=ROWS_AT_ONCE
            )
        except BadInputError:
            return  # who is asked for does not exist, and has no orders
        if found:
            yield await connection.fetch(SQL.export_these, [row["id"] for row in found])
        if following is None:
            return
        after = following


async def _filtered(connection: Any, chosen: Filter) -> AsyncIterator[list[Any]]:
    before = NEWEST
    arguments = await _arguments(connection, chosen)
    while rows := await connection.fetch(SQL.export_page, *arguments, before, ROWS_AT_ONCE):
        yield rows
        before = rows[-1]["id"]


async def _arguments(connection: Any, chosen: Filter) -> tuple[Any, ...]:
    reseller = await connection.fetchval(
        "SELECT id FROM resellers WHERE code = $1", chosen.reseller
    )
    supplier = await connection.fetchval(
        "SELECT id FROM suppliers WHERE code = $1", chosen.supplier
    )
    return (
        (reseller or NOBODY) if chosen.reseller else None,
        chosen.state or None,
        (supplier or NOBODY) if chosen.supplier else None,
        chosen.product or None,
        {"yes": True, "no": False}.get(chosen.testing),
        chosen.first_day,
        chosen.last_day,
    )


def _cells(row: Any) -> Sequence[Any]:
    return [row[name] for name in COLUMNS]
