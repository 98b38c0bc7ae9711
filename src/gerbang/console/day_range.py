"""The days a page is about: two dates in the URL, or the last few days."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import msgspec

from gerbang.clock import business_day
from gerbang.web.pages.visit import Visit

FIRST: Final = date(2000, 1, 1)
LAST: Final = date(2100, 1, 1)


class DayRange(msgspec.Struct, frozen=True, kw_only=True):
    """From one day to another, both too, and what was wrong with those that were asked for."""

    first: date
    last: date
    trouble: str = ""


def read_days(visit: Visit, *, usual: int, most: int) -> DayRange:
    """Read ``from`` and ``until``; more than `most` days are not shown at once."""
    today = business_day(visit.kit.clock.now())
    last = read_day(visit.query.get("until", "")) or today
    first = read_day(visit.query.get("from", "")) or last - timedelta(days=usual - 1)
    if timedelta(0) <= last - first < timedelta(days=most):
        return DayRange(first=first, last=last)
    trouble = visit.t("ledger.days_wrong", most=most)
    return DayRange(first=today - timedelta(days=usual - 1), last=today, trouble=trouble)


def read_day(text: str) -> date | None:
    """Read a day of this century as browsers send it; anything else is none."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if FIRST <= day <= LAST else None
