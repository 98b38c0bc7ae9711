"""The clock of a demo: let hours or days pass, so that what waits for them can be seen."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from gerbang.errors import NotFoundError
from gerbang.people.role import Permission
from gerbang.sandbox.move_clock import move_clock
from gerbang.web.pages.site import Site
from gerbang.web.pages.visit import Visit

HOUR_S: Final = 3_600
STEPS: Final = {"hour": HOUR_S, "day": 24 * HOUR_S, "week": 7 * 24 * HOUR_S}


def add_pages(site: Site) -> None:
    """Add them."""
    site.get("/sandbox-clock", clock_page, may=Permission.ORDERS_TEST)
    site.post("/sandbox-clock", advance, may=Permission.ORDERS_TEST, form_page=clock_page)


async def clock_page(visit: Visit) -> Response:
    """Show where the clock stands and what moves with it."""
    _only_in_a_demo(visit)
    clock = visit.node.sandbox_clock
    return visit.page(
        "console/sandbox_clock.html", now=clock.now(), ahead=clock.offset, steps=tuple(STEPS)
    )


async def advance(visit: Visit) -> Response:
    """Let the time pass."""
    _only_in_a_demo(visit)
    step = visit.form.choice("step", tuple(STEPS))
    visit.form.check()
    async with visit.changing() as connection:
        await move_clock(connection, STEPS[step], actor=visit.actor)
    return visit.go(f"{visit.site.prefix}/sandbox-clock", visit.t(f"sandbox_clock.passed_{step}"))


def _only_in_a_demo(visit: Visit) -> None:
    if not visit.node.is_demo:
        raise NotFoundError(visit.t("sandbox_clock.only_demo"))
