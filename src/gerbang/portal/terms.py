"""The terms that hold for a reseller: what is asked each month, what things cost, its limits."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

from starlette.responses import Response

from gerbang.people.role import Permission
from gerbang.portal.month_orders import MonthOrders
from gerbang.portal.own import own_reseller
from gerbang.portal.store import SQL
from gerbang.terms.read import show_terms
from gerbang.terms.store import operator_terms, today
from gerbang.terms.terms import Month, Pace
from gerbang.web.pages.site import Site
from gerbang.web.pages.visit import Visit

_PACES: Final = {
    Pace.NO_MINIMUM: "secondary",
    Pace.STARTING: "azure",
    Pace.MET: "green",
    Pace.ON_TRACK: "green",
    Pace.BEHIND: "orange",
    Pace.MISSED: "red",
}
"""The colour of each pace."""
_UNASKED: Final = frozenset({Pace.NO_MINIMUM, Pace.STARTING})


def add_pages(site: Site, counted: MonthOrders) -> None:
    """Add them."""
    site.get("/terms", lambda visit: terms_page(visit, counted), may=Permission.PORTAL_USE)


async def terms_page(visit: Visit, counted: MonthOrders) -> Response:
    """Show what is asked, what of it is reached, and what is charged."""
    reseller = await own_reseller(visit)
    day = await today(visit.pool)
    month = Month.of(day)
    last_month = Month.of(month.first - timedelta(days=1))
    before = await _terms_of(visit, reseller, last_month, counted=counted, day=day)
    settings = visit.kit.settings
    return visit.page(
        "portal/terms.html",
        reseller=reseller,
        now=await _terms_of(visit, reseller, month, counted=counted, day=day),
        before=before if before["progress"]["pace"] not in _UNASKED else None,
        days_left=(month.last - day).days,
        asked=await operator_terms(visit.pool),
        charged=await visit.pool.fetch(SQL.surcharges, reseller["id"]),
        paces=_PACES,
        ticket={
            "fee": settings.deposit_fee,
            "least": settings.deposit_amount_min,
            "most": settings.deposit_amount_max,
            "hours": settings.deposit_ticket_valid_s // 3600,
        },
        limits={name: own or getattr(settings, name) for name, own in reseller["limits"].items()},
        answer_hours=settings.complaint_answer_s // 3600,
    )


async def _terms_of(
    visit: Visit, reseller: dict[str, Any], month: Month, *, counted: MonthOrders, day: date
) -> dict[str, Any]:
    done = await counted.count(visit.pool, reseller["id"], month, today=day)
    return await show_terms(visit.pool, reseller["code"], month=str(month), orders=done)
