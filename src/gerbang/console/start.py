"""From empty to the first sale: what is done, what comes next, each with its link."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from gerbang.people.role import Permission
from gerbang.postgres.sql import load_queries
from gerbang.web.pages.site import Site
from gerbang.web.pages.visit import GUIDE_COOKIE, Visit

SQL = load_queries("gerbang.console", "start.sql")
GUIDED_S: Final = 86_400


def add_pages(site: Site) -> None:
    """Add them."""
    site.get("/start", start_page, may=Permission.OVERVIEW_READ)


async def start_page(visit: Visit) -> Response:
    """Show the steps."""
    row = await visit.pool.fetchrow(SQL.steps)
    done = dict(row or {})
    prefix, reseller = visit.site.prefix, done.pop("reseller_code", None)
    supplier = done.pop("supplier_code", None)
    steps = [
        ("bank", f"{prefix}/deposits/banks"),
        ("category", f"{prefix}/products/lists"),
        ("product", f"{prefix}/products/new"),
        ("supplier", f"{prefix}/suppliers/new"),
        ("route", f"{prefix}/suppliers/{supplier}/routes" if supplier else f"{prefix}/suppliers"),
        ("reseller", f"{prefix}/resellers/new"),
        ("credential", f"{prefix}/resellers/{reseller}/credentials" if reseller else ""),
        ("funds", f"{prefix}/resellers/{reseller}/credit" if reseller else ""),
        ("order", f"{prefix}/test-order"),
    ]
    current = next((name for name, _ in steps if not done[name]), "")
    answer = visit.page("console/start.html", steps=steps, done=done, current=current)
    if current:
        visit.set_cookie(answer, GUIDE_COOKIE, "1", seconds=GUIDED_S)
    else:
        visit.drop_cookie(answer, GUIDE_COOKIE)
    return answer
