"""The callback log: what we sent, what was answered, and sending once more."""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import Response

from gerbang.callbacks.resend import resend_callback, show_callback
from gerbang.errors import ConflictError, NotFoundError
from gerbang.people.role import Permission
from gerbang.portal.days import one_of
from gerbang.portal.find import LOOKED_AT_MAX
from gerbang.portal.own import own_id
from gerbang.portal.store import NEWEST, SQL
from gerbang.web.pages.paging import ROWS, after_of, page_of
from gerbang.web.pages.site import Site
from gerbang.web.pages.visit import Visit

STATES: Final = ("waiting", "due", "delivered", "exhausted")
_USE: Final = Permission.PORTAL_USE


def add_pages(site: Site) -> None:
    """Add them."""
    site.get("/callbacks", callbacks_page, may=_USE)
    site.get("/callbacks/{id}", callback_page, may=_USE)
    site.post("/callbacks/{id}/resend", post_resend, may=_USE)


async def callbacks_page(visit: Visit) -> Response:
    """List callbacks."""
    state = one_of(visit.query, "state", STATES)
    start = (own_id(visit), after_of(visit.query) or NEWEST)
    rows = await visit.pool.fetch(SQL.callbacks, *start, state, ROWS, LOOKED_AT_MAX)
    after = rows[-1]["id"] if rows else None
    if len(rows) < ROWS:
        after = await visit.pool.fetchval(SQL.callbacks_looked_at, *start, LOOKED_AT_MAX - 1)
    items = [dict(row) for row in rows]
    page = page_of(items, after=after, path=visit.path, query=visit.query)
    return visit.page(
        "portal/callbacks.html",
        page=page,
        states=STATES,
        query=visit.query,
        looked_at=LOOKED_AT_MAX,
    )


async def callback_page(visit: Visit) -> Response:
    """Show one callback with every delivery."""
    return visit.page("portal/callback.html", callback=await _own(visit))


async def _own(visit: Visit) -> dict[str, Any]:
    callback = await show_callback(visit.pool, visit.number())
    if callback["reseller_code"] != visit.user.reseller_code:
        raise NotFoundError(visit.t("error.no_such_thing"))
    return callback


async def post_resend(visit: Visit) -> Response:
    """Send a callback once more, the same as before."""
    callback = await _own(visit)
    try:
        async with visit.pool.acquire() as connection, connection.transaction():
            await resend_callback(connection, callback["id"], actor=visit.actor)
    except ConflictError as error:
        raise ConflictError(visit.t("portal.resend_busy")) from error
    here = f"{visit.site.prefix}/callbacks/{callback['id']}"
    return visit.go(here, visit.t("portal.resent"))
