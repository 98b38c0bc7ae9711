"""Callbacks: the queue, one with its deliveries, sending again."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from gerbang.callbacks.resend import list_callbacks, resend_callback, show_callback
from gerbang.errors import ConflictError
from gerbang.people.role import Permission
from gerbang.web.pages.paging import ROWS, after_of, id_of, page_of
from gerbang.web.pages.site import Site
from gerbang.web.pages.visit import Visit

STATES: Final = ("due", "waiting", "delivered", "exhausted")


def add_pages(site: Site) -> None:
    """Add them."""
    site.get("/callbacks", list_page, may=Permission.CALLBACKS_READ)
    site.post("/callbacks/resend", resend_many, may=Permission.CALLBACKS_RESEND)
    site.get("/callbacks/{id}", show_page, may=Permission.CALLBACKS_READ)
    site.post("/callbacks/{id}/resend", resend_one, may=Permission.CALLBACKS_RESEND)


async def list_page(visit: Visit) -> Response:
    """List them newest first."""
    query = visit.query
    state = query.get("state") if query.get("state") in STATES else None
    reseller = query.get("reseller", "").strip().upper().replace("\x00", "")
    found = await list_callbacks(
        visit.pool,
        reseller=reseller or None,
        state=state,
        before=after_of(query),
        limit=ROWS,
    )
    page = page_of(found["items"], after=found["next"], path=visit.path, query=query)
    return visit.page(
        "console/callbacks.html", page=page, state=state or "", states=STATES, reseller=reseller
    )


async def show_page(visit: Visit) -> Response:
    """Show one with every delivery."""
    return visit.page("console/callback.html", c=await show_callback(visit.pool, visit.number()))


async def resend_one(visit: Visit) -> Response:
    """Send one once more."""
    number = visit.number()
    async with visit.changing() as connection:
        await resend_callback(connection, number, actor=visit.actor)
    return visit.go(f"{visit.site.prefix}/callbacks/{number}", visit.t("callback.resent"))


async def resend_many(visit: Visit) -> Response:
    """Send those that were chosen; one that is still on its way is left alone."""
    chosen = (id_of(text) for text in visit.form.all("ids")[:ROWS])
    ids = [number for number in chosen if number is not None]
    sent = 0
    for number in ids:
        try:
            async with visit.changing() as connection:
                await resend_callback(connection, number, actor=visit.actor)
        except ConflictError:
            continue
        sent += 1
    text = visit.t("callback.many_resent", sent=sent, count=len(ids))
    kind = "success" if sent else "warning"
    return visit.go(f"{visit.site.prefix}/callbacks", text, kind=kind)
