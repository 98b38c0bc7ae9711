"""Areas of destinations: which prefixes are where, for routes that serve some areas only."""

from __future__ import annotations

import asyncio

from starlette.responses import Response

from gerbang.people.role import Permission
from gerbang.routing.areas import (
    AreasReport,
    area_names,
    find_area,
    list_areas,
    read_areas,
    save_areas,
)
from gerbang.web.pages.paging import ROWS, page_of
from gerbang.web.pages.site import UPLOAD_BYTES_MAX, Site
from gerbang.web.pages.visit import Visit


def add_pages(site: Site) -> None:
    """Add them; before those of one supplier, so that the address is not taken for its code."""
    change = Permission.SUPPLIERS_CHANGE
    site.get("/suppliers/areas", areas_page, may=Permission.SUPPLIERS_READ)
    site.post("/suppliers/areas", take, may=change, upload=True, form_page=areas_page)


async def areas_page(visit: Visit) -> Response:
    """List prefixes, and say where a number is."""
    query = visit.query
    area, after, number = (_word(query.get(name, "")) for name in ("area", "after", "number"))
    found = await list_areas(visit.pool, area=area or None, after=after, limit=ROWS)
    path = f"{visit.site.prefix}/suppliers/areas"
    return visit.page(
        "console/areas.html",
        page=page_of(found["items"], after=found["next"], path=path, query=query),
        names=await area_names(visit.pool),
        area=area,
        number=number,
        where=await find_area(visit.pool, number) if number else None,
    )


def _word(text: str) -> str:
    return text.replace("\x00", "").strip()[:64]


async def take(visit: Visit) -> Response:
    """Take a table of prefixes; nothing is taken when a line is wrong."""
    data = await visit.form.upload("file", bytes_max=UPLOAD_BYTES_MAX)
    whole = visit.form.flag("whole")
    visit.form.check()
    areas = await asyncio.to_thread(read_areas, data)
    async with visit.changing() as connection:
        report: AreasReport = await save_areas(connection, areas, whole=whole, actor=visit.actor)
    text = visit.t(
        "areas.taken", prefixes=report.prefixes, changed=report.changed, removed=report.removed
    )
    return visit.go(f"{visit.site.prefix}/suppliers/areas", text)
