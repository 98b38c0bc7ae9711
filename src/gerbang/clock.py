"""Time: aware UTC inside, WIB (UTC+7, Asia/Jakarta) where the trade reads it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Final, Protocol

_WIB_AHEAD: Final = timedelta(hours=7)
WIB: Final = timezone(_WIB_AHEAD, "WIB")
"""Western Indonesian time has no daylight saving, so a fixed offset is exact."""


class Clock(Protocol):
    """Whatever tells the time."""

    def now(self) -> datetime:
        """Give the present moment as aware UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Give the present moment as aware UTC."""
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands still until it is told to move, for tests."""

    def __init__(self, at: datetime) -> None:
        """Stand at `at` (aware)."""
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        """Give the moment the clock stands at."""
        return self._at

    def advance(self, delta: timedelta) -> None:
        """Move forward by `delta`."""
        self._at += delta


def business_day(at: datetime) -> date:
    """Name the WIB calendar day of a moment."""
    if at.tzinfo is UTC:
        return (at + _WIB_AHEAD).date()
    return at.astimezone(WIB).date()


def begin_of(day: date) -> datetime:
    """Give the moment at which a WIB day begins."""
    return datetime.combine(day, time(), WIB)


def days_between(first: date, last: date) -> list[date]:
    """Give every day from one to another, both too."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def wib_text(at: datetime) -> str:
    """Write a moment as ``2026-05-31 12:36:46`` in WIB, without a zone, as IsiKuota replies do."""
    return at.astimezone(WIB).strftime("%Y-%m-%d %H:%M:%S")


def wib_iso(at: datetime) -> str:
    """Write a moment as ``2026-05-31T12:36:46+07:00``."""
    return at.astimezone(WIB).replace(microsecond=0).isoformat()
