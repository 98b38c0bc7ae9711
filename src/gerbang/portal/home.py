"""The first page: the balance, today's orders, what waits."""

from __future__ import annotations

from starlette.responses import Response

from gerbang.clock import business_day
from gerbang.people.role import Permission
from gerbang.portal.find import Filter, find_orders
from gerbang.portal.month_orders import MonthOrders
from gerbang.portal.own import own_reseller
from gerbang.portal.store import SQL
from gerbang.terms.read import show_terms
from gerbang.terms.terms import Month
from gerbang.web.pages.site import Site
from gerbang.web.pages.visit import Visit

NEWEST_ORDERS = 8
GOAL_WITHIN_S = 0.3
"""The page does not wait longer for the orders of the month; the next time they are there."""


def add_pages(site: Site, counted: MonthOrders) -> None:
    """Add them."""
    site.get("", lambda visit: home_page(visit, counted), may=Permission.PORTAL_USE)


async def home_page(visit: Visit, counted: MonthOrders) -> Response:
    """Show how the reseller stands."""
    reseller = await own_reseller(visit)
    today = business_day(visit.kit.clock.now())
    by_state = {
        row["state"]: row for row in await visit.pool.fetch(SQL.today, reseller["id"], today)
    }
    orders, _ = await find_orders(
        visit.pool, reseller["id"], Filter(), today=today, limit=NEWEST_ORDERS
    )
    month = Month.of(today)
    done = await counted.soon(
        visit.pool, reseller["id"], month, today=today, within_s=GOAL_WITHIN_S
    )
    goal = None
    if done is not None:
        terms = await show_terms(visit.pool, reseller["code"], month=str(month), orders=done)
        goal = terms["progress"]
    exhausted = await visit.pool.fetchval(SQL.lately_exhausted, reseller["id"])
    return visit.page(
        "portal/home.html",
        reseller=reseller,
        by_state=by_state,
        orders=orders,
        exhausted=exhausted,
        goal=goal,
    )
