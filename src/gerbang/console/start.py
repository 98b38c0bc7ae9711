"""From empty to the first sale: what is done, what comes next, each with its link."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

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


def _next(visit: Visit, reseller: str | None) -> list[tuple[str, str, str]]:
    """What to try once everything stands: name, link and icon of what somebody may do."""
    prefix, permission = visit.site.prefix, Permission
    found = [
        ("sale", f"{prefix}/test-order?live=1", "shopping-cart", permission.BALANCE_CHANGE),
        ("callback", f"{prefix}/callbacks", "send", permission.CALLBACKS_READ),
        (
            "portal",
            f"{prefix}/resellers/{quote(reseller or '', safe='')}/people",
            "users",
            permission.RESELLERS_READ,
        ),
        ("deposit", f"{prefix}/deposits/lines/new", "building-bank", permission.DEPOSITS_CHANGE),
        ("card", f"{prefix}/cards", "credit-card", permission.CARDS_READ),
    ]
    if visit.node.is_demo:
        found.append(("clock", f"{prefix}/sandbox-clock", "clock", permission.ORDERS_TEST))
    return [(name, href, icon) for name, href, icon, may in found if visit.may(may)]


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
    shown = [] if current and not visit.node.is_demo else _next(visit, reseller)
    answer = visit.page("console/start.html", steps=steps, done=done, current=current, next=shown)
    if current:
        visit.set_cookie(answer, GUIDE_COOKIE, "1", seconds=GUIDED_S)
    else:
        visit.drop_cookie(answer, GUIDE_COOKIE)
    return answer
