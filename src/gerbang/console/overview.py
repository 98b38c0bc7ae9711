"""The first page: how the house does now, kept up to date by server-sent events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from starlette.responses import Response

from gerbang.clock import business_day
from gerbang.people.role import Permission
from gerbang.postgres.pool import Pool
from gerbang.postgres.sql import load_queries
from gerbang.suppliers.read_float import show_floats
from gerbang.web.pages.site import Site
from gerbang.web.pages.sse import STREAM_S_MAX, event, event_stream
from gerbang.web.pages.visit import Visit

SQL = load_queries("gerbang.console", "overview.sql")
log = structlog.get_logger()

NEWS_EVERY_S: Final = 2.0
SALES_EVERY_S: Final = 20.0
"""Sums over the whole day are made less often."""
MINUTES: Final = 30
WEEK: Final = timedelta(days=7)


class Kept:
    """A value that is made again at most so often, however many look at it."""

    def __init__(self, seconds: float, make: Callable[[], Awaitable[Any]]) -> None:
        """Name the pace and how it is made."""
        self._seconds = seconds
        self._make = make
        self._made_at = -1e9
        self._value: Any = None
        self._lock = asyncio.Lock()

    async def get(self) -> Any:
        """Give the value; one caller makes it, the others wait for that one."""
        async with self._lock:
            if time.monotonic() - self._made_at > self._seconds:
                self._value = await self._make()
                self._made_at = time.monotonic()
            return self._value


class Overview:
    """What the page shows, made once for everybody who looks."""

    def __init__(
        self, pool: Pool, now: Callable[[], datetime], trusted: Callable[[int], bool]
    ) -> None:
        """Wire it; `trusted` tells of a supplier whether orders may go there now."""
        self._pool = pool
        self._trusted = trusted
        self._now = now
        self._news = Kept(NEWS_EVERY_S * 0.9, self._read_news)
        self._sales = Kept(SALES_EVERY_S, self._read_sales)

    async def read(self) -> dict[str, Any]:
        """Give everything the page shows."""
        return {**await self._news.get(), "sales": await self._sales.get()}

    async def _read_news(self) -> dict[str, Any]:
        pool, now = self._pool, self._now()
        ages = await pool.fetchrow(SQL.pending_ages)
        counters = await pool.fetchrow(SQL.counters)
        return {
            "minutes": [dict(row) for row in await pool.fetch(SQL.minutes, now)],
            "suppliers": [
                {**row, "trusted": self._trusted(row["id"])}
                for row in await pool.fetch(SQL.suppliers, now)
            ],
            "ages": dict(ages or {}),
            "counters": dict(counters or {}),
            "alarms": [dict(row) for row in await pool.fetch(SQL.alarms)],
            "floats": {row["code"]: row for row in await show_floats(pool)},
            "now": now,
        }

    async def _read_sales(self) -> dict[str, Any]:
        now = self._now()
        today = await self._day(now)
        before = await self._day(now - WEEK)
        return {"today": today, "before": before}

    async def _day(self, until: datetime) -> dict[str, Any]:
        row = await self._pool.fetchrow(SQL.sales, business_day(until), until)
        sums = dict(row or {})
        return {**sums, "margin": sums.get("sales", 0) - sums.get("cost", 0)}


def add_pages(site: Site) -> None:
    """Add them."""
    overview: list[Overview] = []

    def shared(visit: Visit) -> Overview:
        if not overview:
            node, now = visit.node, visit.kit.clock.now
            overview.append(
                Overview(
                    visit.pool,
                    now,
                    lambda supplier_id: node.health.pulse.standing(supplier_id, 0, now()).usable,
                )
            )
        return overview[0]

    async def overview_page(visit: Visit) -> Response:
        """Show how the house does."""
        now = await shared(visit).read()
        return visit.page("console/overview.html", o=now, chart=chart_of(visit, now))

    async def live(visit: Visit) -> Response:
        """Go on showing it."""
        return event_stream(_events(visit, shared(visit)))

    site.get("", overview_page, may=Permission.OVERVIEW_READ)
    site.get("/live", live, may=Permission.OVERVIEW_READ)


async def _events(visit: Visit, overview: Overview) -> AsyncIterator[str]:
    """Give the changing part whenever it changed."""
    ends_at = time.monotonic() + STREAM_S_MAX
    said = ""
    while time.monotonic() < ends_at:
        await asyncio.sleep(NEWS_EVERY_S)
        try:
            now = await overview.read()
        except Exception as error:  # noqa: BLE001 (the database may be away; the stream goes on)
            log.warning("overview.not_read", error=repr(error))
            continue
        part = visit.render("console/overview_parts.html", o=now, chart=chart_of(visit, now))
        if part != said:
            said = part
            yield event("overview", part)
        else:
            yield ": still here\n\n"


def chart_of(visit: Visit, now: dict[str, Any]) -> dict[str, Any]:
    """Make the chart of the last half hour; minutes without orders are zero."""
    last = now["now"].replace(second=0, microsecond=0)
    minutes = [last - timedelta(minutes=MINUTES - 1 - n) for n in range(MINUTES)]
    by_minute = {row["minute"]: row for row in now["minutes"]}
    lines = (("success", "green"), ("failed", "red"), ("pending", "azure"), ("unknown", "orange"))
    return {
        "data": [
            [int(minute.timestamp()) for minute in minutes],
            *([by_minute.get(m, {}).get(name, 0) for m in minutes] for name, _ in lines),
        ],
        "series": [{"label": visit.t(f"state.{n}"), "colour": c, "fill": True} for n, c in lines],
        "height": 220,
    }
