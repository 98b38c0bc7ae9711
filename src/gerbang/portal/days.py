"""Days and words of filters in an address; nonsense filters nothing; pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime, time, timedelta

from gerbang.clock import WIB


def day_of(query: Mapping[str, str], name: str) -> date | None:
    """Read a day."""
    try:
        return date.fromisoformat(query.get(name, ""))
    except ValueError:
        return None


def begin_of(day: date | None, *, days_later: int = 0) -> datetime | None:
    """Give the moment a WIB day begins, or the day some days later."""
    if day is None or day.year >= date.max.year:
        return None
    return datetime.combine(day + timedelta(days=days_later), time(), WIB)


def one_of(query: Mapping[str, str], name: str, allowed: Collection[str]) -> str | None:
    """Read one of some words."""
    word = query.get(name, "")
    return word if word in allowed else None


def text_of(query: Mapping[str, str], name: str) -> str | None:
    """Read a text to look for; None where there is none, or none that could be stored."""
    text = query.get(name, "").strip()[:200]
    return text if text and "\x00" not in text else None
