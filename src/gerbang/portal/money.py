"""The statement: every movement of the balance, with the balance after it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from starlette.responses import Response

from gerbang.clock import WIB, business_day
from gerbang.people.role import Permission
from gerbang.portal.csv_file import begin_file, csv_answer
from gerbang.portal.find import LOOKED_AT_MAX, Filter, find_orders
from gerbang.portal.movements import EVENTS, find_movements, movement_filter_of
from gerbang.portal.own import own_reseller
from gerbang.resellers.admin import find_reseller
from gerbang.web.pages.paging import ROWS, after_of, page_of
from gerbang.web.pages.site import Site
from gerbang.web.pages.visit import Visit

CSV_ROWS: Final = 1_000
HOLDS_MAX: Final = 20


def add_pages(site: Site) -> None:
    """Add them."""
    site.get("/statement", statement_page, may=Permission.PORTAL_USE)
    site.get("/statement.csv", statement_file, may=Permission.PORTAL_USE)
    site.post("/statement/export", post_export, may=Permission.PORTAL_USE)


async def statement_page(visit: Visit) -> Response:
    """Show movements, newest first, and what is held now."""
    reseller = await own_reseller(visit)
    rows, after = await _found(visit, before=after_of(visit.query), limit=ROWS)
    page = page_of(rows, after=after, path=visit.path, query=visit.query)
    waiting = Filter(state="pending", testing=False)
    today = business_day(visit.kit.clock.now())
    holds, _ = await find_orders(visit.pool, reseller["id"], waiting, today=today, limit=HOLDS_MAX)
    return visit.page(
        "portal/statement.html",
        reseller=reseller,
        page=page,
        holds=holds,
        events=[event.value for event in EVENTS],
        query=visit.query,
        looked_at=LOOKED_AT_MAX,
    )


async def _found(
    visit: Visit, *, before: int | None, limit: int
) -> tuple[list[dict[str, Any]], int | None]:
    own = await find_reseller(visit.pool, visit.user.reseller_code)
    chosen = movement_filter_of(visit.query)
    return await find_movements(visit.pool, own["account_id"], chosen, before=before, limit=limit)


async def statement_file(visit: Visit) -> Response:
    """Give the filtered statement as CSV at once, for programs."""
    return csv_answer("statement.csv", _lines(visit))


async def post_export(visit: Visit) -> Response:
    """Write the filtered statement into a file in the background."""
    title = visit.t("portal.export_statement")
    return await begin_file(visit, _lines(visit), kind="statement", title=title)


async def _lines(visit: Visit) -> AsyncIterator[Sequence[Any]]:
    yield ("at", *_COLUMNS)
    before: int | None = None
    while True:
        rows, before = await _found(visit, before=before, limit=CSV_ROWS)
        for row in rows:
            at = row["created_at"].astimezone(WIB).isoformat(timespec="seconds")
            yield [at, *(row[name] for name in _COLUMNS)]
        if before is None:
            return


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
