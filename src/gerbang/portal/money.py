"""The statement: every movement of the balance, with the balance after it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from starlette.responses import Response

from gerbang.clock import WIB
from gerbang.ledger.transfer import TransferEvent
from gerbang.people.role import Permission
from gerbang.portal.csv_file import csv_answer
from gerbang.portal.days import day_of, one_of
from gerbang.portal.own import own_reseller
from gerbang.portal.store import NEWEST, SQL
from gerbang.resellers.admin import find_reseller
from gerbang.web.pages.paging import ROWS, after_of, page_of
from gerbang.web.pages.site import Site
from gerbang.web.pages.visit import Visit

CSV_ROWS: Final = 1_000
EVENTS: Final = (
    TransferEvent.SALE_POST,
    TransferEvent.SALE_REVERSAL,
    TransferEvent.DEPOSIT,
    TransferEvent.MANUAL_CREDIT,
    TransferEvent.MANUAL_DEBIT,
    TransferEvent.CORRECTION,
    TransferEvent.SURCHARGE,
)
"""What the list can be narrowed to."""


def add_pages(site: Site) -> None:
    """Add them."""
    site.get("/statement", statement_page, may=Permission.PORTAL_USE)
    site.get("/statement.csv", statement_file, may=Permission.PORTAL_USE)


async def statement_page(visit: Visit) -> Response:
    """Show movements, newest first, and what is held now."""
    reseller = await own_reseller(visit)
    rows = await _rows(visit, before=after_of(visit.query), limit=ROWS)
    page = page_of(
        [dict(row) for row in rows],
        after=rows[-1]["version"] if len(rows) == ROWS else None,
        path=visit.path,
        query=visit.query,
    )
    holds = await visit.pool.fetch(SQL.holds, reseller["id"])
    return visit.page(
        "portal/statement.html",
        reseller=reseller,
        page=page,
        holds=holds,
        events=[event.value for event in EVENTS],
        query=visit.query,
    )


async def _rows(visit: Visit, *, before: int | None, limit: int) -> Sequence[Any]:
    own = await find_reseller(visit.pool, visit.user.reseller_code)
    return await visit.pool.fetch(
        SQL.statement,
        own["account_id"],
        before or NEWEST,
        day_of(visit.query, "from"),
        day_of(visit.query, "to"),
        one_of(visit.query, "event", [event.value for event in EVENTS]),
        limit,
    )


async def statement_file(visit: Visit) -> Response:
    """Give the filtered statement as CSV."""
    return csv_answer("statement.csv", _lines(visit))


async def _lines(visit: Visit) -> AsyncIterator[Sequence[Any]]:
    yield ("at", *_COLUMNS)
    before: int | None = None
    while True:
        rows = await _rows(visit, before=before, limit=CSV_ROWS)
        for row in rows:
            at = row["created_at"].astimezone(WIB).isoformat(timespec="seconds")
            yield [at, *(row[name] for name in _COLUMNS)]
        if len(rows) < CSV_ROWS:
            return
        before = rows[-1]["version"]


_COLUMNS: Final = (
    "event",
    "amount",
    "balance",
    "order_id",
    "reference",
    "product_code",
    "destination",
    "note",
)
