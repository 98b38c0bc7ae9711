"""The list of orders: a search, filters that live in the URL, pages by key."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

import msgspec
from starlette.responses import Response

from gerbang.clock import business_day
from gerbang.errors import BadInputError
from gerbang.orders.search import (
    SERIAL_LETTERS_MIN,
    destination_days,
    few_days,
    order_id_of,
    spellings,
)
from gerbang.people.role import Permission
from gerbang.postgres.pool import Connection, Pool
from gerbang.postgres.sql import load_queries
from gerbang.web.pages.paging import ROWS, Page, after_of, page_of
from gerbang.web.pages.site import Site
from gerbang.web.pages.visit import Visit

SQL = load_queries("gerbang.console", "orders.sql")
NEWEST: Final = 2**62
STATES: Final = ("pending", "success", "failed", "reversed")
SERIAL_DAYS: Final = 3
"""A search looks so far back for a serial number, whose days have to be read."""


AGES: Final[Mapping[str, tuple[timedelta | None, timedelta | None]]] = {
    "under_1_min": (None, timedelta(minutes=1)),
    "under_5_min": (timedelta(minutes=1), timedelta(minutes=5)),
    "under_30_min": (timedelta(minutes=5), timedelta(minutes=30)),
    "longer": (timedelta(minutes=30), None),
}
"""How long an order that is not final waits: as the overview counts them."""


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for, as the URL has it."""

    text: str = ""
    reseller: str = ""
    supplier: str = ""
    product: str = ""
    state: str = ""
    testing: str = ""
    age: str = ""
    first_day: date | None = None
    last_day: date | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether only orders that wait are asked for."""
        return self.state in {"pending", "decide"}


def filter_of(query: Mapping[str, str]) -> Filter:
    """Read the filter of a URL; what makes no sense is left out."""
    return Filter(
        text=query.get("q", "").strip()[:100].replace("\x00", ""),
        reseller=query.get("reseller", "").strip().upper()[:40].replace("\x00", ""),
        supplier=query.get("supplier", "").strip()[:40].replace("\x00", ""),
        product=query.get("product", "").strip().upper()[:40].replace("\x00", ""),
        state=query.get("state", "") if query.get("state") in {*STATES, "decide"} else "",
        testing=query.get("testing", "") if query.get("testing") in {"yes", "no"} else "",
        age=query.get("age", "") if query.get("age") in AGES else "",
        first_day=_day(query.get("from", "")),
        last_day=_day(query.get("until", "")),
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def add_pages(site: Site) -> None:
    """Add them."""
    site.get("/orders", orders_page, may=Permission.ORDERS_READ)


async def orders_page(visit: Visit) -> Response:
    """List orders; HTMX asks for the table alone."""
    chosen = filter_of(visit.query)
    today = business_day(visit.kit.clock.now())
    rows: list[dict[str, Any]] = []
    after, problem = None, ""
    try:
        rows, after = await find_orders(
            visit.pool, chosen, after=after_of(visit.query), today=today, limit=ROWS
        )
    except BadInputError as error:
        problem = error.message
    page: Page = page_of(rows, after=after, path=visit.path, query=visit.query)
    template = "console/order_table.html" if visit.is_fragment else "console/orders.html"
    answer = visit.page(
        template,
        page=page,
        chosen=chosen,
        trouble=problem,
        suppliers=sorted(s.view.code for s in visit.node.snapshot.suppliers.values()),
        states=(*STATES, "decide"),
        ages=tuple(AGES),
    )
    if visit.is_fragment:
        query = visit.request.url.query
        answer.headers["hx-replace-url"] = f"{visit.path}?{query}" if query else visit.path
    return answer


async def find_orders(
    pool: Connection | Pool, chosen: Filter, *, after: int | None, today: date, limit: int
) -> tuple[list[dict[str, Any]], int | None]:
    """Find orders, and the key where the next page begins. Raises BadInputError."""
    if chosen.text:
        return await _search(pool, chosen.text, today), None
    reseller_id = await _id(pool, "resellers", chosen.reseller)
    supplier_id = await _id(pool, "suppliers", chosen.supplier)
    if chosen.is_waiting and chosen.testing != "yes":
        rows = await pool.fetch(
            SQL.waiting, reseller_id, supplier_id, chosen.state == "decide", after or 0, limit,
            chosen.product or None, {"no": False}.get(chosen.testing), chosen.first_day,
            chosen.last_day, *AGES.get(chosen.age, (None, None)),
        )  # fmt: skip
    else:
        rows = await _filtered(pool, chosen, (reseller_id, supplier_id), after, today, limit)
    items = [dict(row) for row in rows]
    return items, items[-1]["id"] if len(items) == limit else None


async def _filtered(
    pool: Connection | Pool,
    chosen: Filter,
    ids: tuple[int | None, int | None],
    after: int | None,
    today: date,
    limit: int,
) -> list[Any]:
    state = None if chosen.state in {"", "decide"} else chosen.state
    testing = {"yes": True, "no": False}.get(chosen.testing)
    product = chosen.product or None
    days = few_days(chosen.first_day, chosen.last_day, today)
    if days is not None:
        return await pool.fetch(
            SQL.filtered_days, ids[0], state, ids[1], product, testing, days, after or NEWEST, limit
        )
    return await pool.fetch(
        SQL.filtered, ids[0], state, ids[1], product, testing, chosen.first_day, chosen.last_day,
        after or NEWEST, limit,
    )  # fmt: skip


async def _search(pool: Connection | Pool, text: str, today: date) -> list[dict[str, Any]]:
    rows = await pool.fetch(SQL.search, *search_arguments(text, today))
    return [dict(row) for row in rows]


def search_arguments(text: str, today: date) -> tuple[Any, ...]:
    """Say what a text may mean: reference or serial number, id, destination, and on which days."""
    days = destination_days(today)
    return (
        text,
        order_id_of(text),
        days,
        days[:SERIAL_DAYS],
        spellings(text),
        len(text) >= SERIAL_LETTERS_MIN,
    )


async def _id(pool: Connection | Pool, table: str, code: str) -> int | None:
    if not code:
        return None
    sql = {
        "resellers": "SELECT id FROM resellers WHERE code = $1",
        "suppliers": "SELECT id FROM suppliers WHERE code = $1",
    }[table]
    found: int | None = await pool.fetchval(sql, code)
    if found is None:
        raise BadInputError(f"{code}?")
    return found
