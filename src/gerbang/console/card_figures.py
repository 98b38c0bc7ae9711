"""Charts of card payments: volume, approval rate and declines over days."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import Response

from gerbang.clock import begin_of, days_between
from gerbang.console.day_range import DayRange, read_days
from gerbang.dialects.nicepay.page_words import PROBLEM_OF_CODE
from gerbang.dialects.nicepay.spec import text_of
from gerbang.figures.cards import CardSum, Figures, declines, group, read_card_sums
from gerbang.people.role import Permission
from gerbang.web.pages.formats import NOTHING
from gerbang.web.pages.site import Site
from gerbang.web.pages.visit import Visit

DAYS_USUAL: Final = 30
DAYS_MAX: Final = 92
GROUPS: Final = ("merchant", "brand", "acquirer")
FILTERS: Final = ("imid", "brand", "acquirer")
BARS_MAX: Final = 10
NAME_OF: Final[dict[str, Callable[[CardSum], str]]] = {
    "merchant": lambda one: one.imid,
    "brand": lambda one: one.brand,
    "acquirer": lambda one: one.acquirer,
}
FIELD_OF: Final = {"merchant": "imid", "brand": "brand", "acquirer": "acquirer"}


def add_pages(site: Site) -> None:
    """Add the one."""
    site.get("/cards/figures", figures_page, may=Permission.CARDS_READ)


async def figures_page(visit: Visit) -> Response:
    """Show the days, with filters that live in the URL; every figure leads to its payments."""
    days = read_days(visit, usual=DAYS_USUAL, most=DAYS_MAX)
    by = visit.query.get("by", "merchant")
    by = by if by in GROUPS else "merchant"
    sums = await read_card_sums(visit.pool, days.first, days.last)
    known = {name: sorted({getattr(one, name) for one in sums} - {""}) for name in FILTERS}
    chosen = {name: visit.query.get(name, "") for name in FILTERS}
    chosen = {name: value if value in known[name] else "" for name, value in chosen.items()}
    wanted = [one for one in sums if all(v in ("", getattr(one, n)) for n, v in chosen.items())]
    every = days_between(days.first, days.last)
    by_day = group(wanted, lambda one: one.day.isoformat())
    refused = declines(wanted)
    whole = Figures()
    for one in wanted:
        whole.add(one)
    return visit.page(
        "console/card_figures.html",
        days=days,
        by=by,
        groups=GROUPS,
        known=known,
        chosen=chosen,
        whole=whole,
        by_day=[(d, by_day[d.isoformat()]) for d in reversed(every) if d.isoformat() in by_day],
        rows=group(wanted, NAME_OF[by]),
        field=FIELD_OF[by],
        declines=[(c, number, amount, _reason(visit, c)) for c, number, amount in refused],
        declined=sum(number for _, number, _ in refused),
        volume_chart=_volume_chart(visit, every, by_day),
        tries_chart=_tries_chart(visit, every, by_day),
        rate_chart=_rate_chart(visit, every, by_day),
        decline_chart=_decline_chart(visit, refused[:BARS_MAX]),
        listed=lambda **more: _listed(visit, days, chosen, more),
    )


def _listed(visit: Visit, days: DayRange, chosen: dict[str, str], more: dict[str, Any]) -> str:
    """Give the address of the payments that a figure counts."""
    query = {"from": days.first, "until": days.last, **chosen, **more}
    if "day" in query:
        query["from"] = query["until"] = query.pop("day")
    return f"{visit.site.prefix}/cards?" + urlencode({k: v for k, v in query.items() if v})


def _reason(visit: Visit, code: str) -> str:
    """Say what a result code means: in a few words where we have them, else as the list does."""
    problem = PROBLEM_OF_CODE.get(code, "")
    key = f"card_decline.{problem}"
    return visit.t(key) if visit.t.has(key) else text_of(code)


def _stamps(every: list[date]) -> list[int]:
    return [int(begin_of(day).timestamp()) for day in every]


def _of(every: list[date], by_day: dict[str, Figures]) -> list[Figures]:
    return [by_day.get(day.isoformat(), Figures()) for day in every]


def _volume_chart(visit: Visit, every: list[date], by_day: dict[str, Figures]) -> dict[str, Any]:
    figures = _of(every, by_day)
    return {
        "data": [_stamps(every), [f.volume for f in figures], [f.back for f in figures]],
        "series": [
            {"label": visit.t("card_figures.volume"), "colour": "azure", "fill": True},
            {"label": visit.t("card_figures.back"), "colour": "purple"},
        ],
        "by": "day",
        "money": True,
    }


def _tries_chart(visit: Visit, every: list[date], by_day: dict[str, Figures]) -> dict[str, Any]:
    figures = _of(every, by_day)
    return {
        "data": [_stamps(every), [f.approved for f in figures], [f.declined for f in figures]],
        "series": [
            {"label": visit.t("card_figures.approved"), "colour": "green", "fill": True},
            {"label": visit.t("card_figures.declined"), "colour": "red"},
        ],
        "by": "day",
    }


def _rate_chart(visit: Visit, every: list[date], by_day: dict[str, Figures]) -> dict[str, Any]:
    figures = _of(every, by_day)
    rates = [None if f.basis_points is None else f.basis_points / 100 for f in figures]
    return {
        "data": [_stamps(every), rates],
        "series": [{"label": visit.t("card_figures.rate"), "colour": "green", "points": True}],
        "by": "day",
        "percent": True,
    }


def _decline_chart(visit: Visit, rows: list[tuple[str, int, int]]) -> dict[str, Any]:
    return {
        "data": [list(range(len(rows))), [number for _, number, _ in rows]],
        "names": [code or NOTHING for code, _, _ in rows],
        "series": [{"label": visit.t("card_figures.declined"), "colour": "red"}],
        "kind": "bars",
        "x": "index",
    }
