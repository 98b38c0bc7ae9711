"""Card payments of the reseller's own merchants: payments, one payment's life, settlements."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from gerbang.cards.payment import PaymentState
from gerbang.cards.read import show_payment
from gerbang.errors import NotFoundError
from gerbang.people.role import Permission
from gerbang.portal.days import one_of, text_of
from gerbang.portal.own import own_id
from gerbang.portal.store import NEWEST, SQL
from gerbang.web.pages.paging import ROWS, after_of, page_of
from gerbang.web.pages.site import Site
from gerbang.web.pages.visit import Visit

STATES: Final = tuple(state.value for state in PaymentState)
_USE: Final = Permission.PORTAL_USE


def add_pages(site: Site) -> None:
    """Add them."""
    site.get("/cards", cards_page, may=_USE)
    site.get("/cards/settlements", settlements_page, may=_USE)
    site.get("/cards/{txid}", payment_page, may=_USE)


async def cards_page(visit: Visit) -> Response:
    """List payments."""
    merchants = await visit.pool.fetch(SQL.merchants, own_id(visit))
    rows = await visit.pool.fetch(
        SQL.payments,
        own_id(visit),
        after_of(visit.query) or NEWEST,
        one_of(visit.query, "state", STATES),
        text_of(visit.query, "q"),
        ROWS,
    )
    page = page_of(
        [dict(row) for row in rows],
        after=rows[-1]["id"] if len(rows) == ROWS else None,
        path=visit.path,
        query=visit.query,
    )
    return visit.page(
        "portal/cards.html", merchants=merchants, page=page, states=STATES, query=visit.query
    )


async def settlements_page(visit: Visit) -> Response:
    """Show what was settled, day by day."""
    rows = await visit.pool.fetch(SQL.settlements, own_id(visit))
    return visit.page("portal/settlements.html", settlements=rows)


async def payment_page(visit: Visit) -> Response:
    """Show one payment."""
    txid = visit.name("txid")
    if "\x00" in txid or await visit.pool.fetchval(SQL.payment_owner, txid) != own_id(visit):
        raise NotFoundError(visit.t("error.no_such_thing"))
    return visit.page("portal/payment.html", payment=await show_payment(visit.pool, txid))
