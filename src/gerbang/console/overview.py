"""The first page: how the house does now."""

from __future__ import annotations

from starlette.responses import Response

from gerbang.people.role import Permission
from gerbang.web.pages.site import Site
from gerbang.web.pages.visit import Visit


def add_pages(site: Site) -> None:
    """Add them."""
    site.get("", overview_page, may=Permission.OVERVIEW_READ)


async def overview_page(visit: Visit) -> Response:
    """Show it."""
    return visit.page("console/overview.html")
