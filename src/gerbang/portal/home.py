"""The first page: the balance, today's orders, what waits."""

from __future__ import annotations

from datetime import datetime, time

from starlette.responses import Response

from gerbang.callbacks.resend import list_callbacks
from gerbang.clock import WIB
from gerbang.people.role import Permission
from gerbang.portal.own import own_reseller
from gerbang.portal.store import NEWEST, SQL
from gerbang.web.pages.site import Site
from gerbang.web.pages.visit import Visit

NEWEST_ORDERS = 8


def add_pages(site: Site) -> None:
    """Add them."""
    site.get("", home_page, may=Permission.PORTAL_USE)


async def home_page(visit: Visit) -> Response:
    """Show how the reseller stands."""
    reseller = await own_reseller(visit)
    today = visit.kit.clock.now().astimezone(WIB).date()
    begin = datetime.combine(today, time(), WIB)
    by_state = {
        row["state"]: row for row in await visit.pool.fetch(SQL.today, reseller["id"], begin)
    }
    orders = await visit.pool.fetch(
        SQL.orders, reseller["id"], NEWEST, None, None, None, None, None, None, NEWEST_ORDERS
    )
    exhausted = await list_callbacks(
        visit.pool, reseller=reseller["code"], state="exhausted", limit=1
    )
    return visit.page(
        "portal/home.html",
        reseller=reseller,
        by_state=by_state,
        orders=orders,
        exhausted=bool(exhausted["items"]),
    )
