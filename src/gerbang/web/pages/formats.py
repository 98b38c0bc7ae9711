"""Numbers, rupiah, days and times as people here write them: ``Rp1.234.567``, WIB."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from gerbang.clock import WIB
from gerbang.money import format_dots

_MONTHS: Final = {
    "id": ["Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des"],
    "en": ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
}
_AGO: Final = {
    "id": ("{} dtk lalu", "{} mnt lalu", "{} jam lalu", "{} hari lalu", "baru saja"),
    "en": ("{} s ago", "{} min ago", "{} h ago", "{} d ago", "just now"),
}
_LONG: Final = {"id": ("dtk", "mnt", "jam", "hari"), "en": ("s", "min", "h", "d")}
_MINUS: Final = "\u2212"
NOTHING: Final = "\u2013"
"""Stands where there is no value."""
_SECOND_MS: Final = 1_000
_MINUTE_MS: Final = 60_000
_THIN: Final = "\u00a0"


def rupiah(amount: int | None) -> str:
    """Write ``Rp1.234.567``; the same in both languages, so that nobody misreads a point."""
    if amount is None:
        return NOTHING
    return f"{_MINUS if amount < 0 else ''}Rp{format_dots(abs(amount))}"


def signed_rupiah(amount: int) -> str:
    """Write ``+Rp5.000`` or ``-Rp5.000`` with a true minus."""
    return f"+{rupiah(amount)}" if amount > 0 else rupiah(amount)


def short_rupiah(amount: int, language: str) -> str:
    """Write large amounts short: ``Rp1,2 jt``, ``Rp3,4 M`` (million and billion in English)."""
    units = {
        "id": ((10**12, "T"), (10**9, "M"), (10**6, "jt")),
        "en": ((10**12, "tn"), (10**9, "bn"), (10**6, "m")),
    }[language]
    for size, name in units:
        # What would round up to a thousand of the next unit is written in this one.
        nearly = size // 20_000 if size > 10**6 else 0
        if abs(amount) + nearly >= size:
            tenths = round(abs(amount) * 10 / size)
            whole, rest = divmod(tenths, 10)
            text = format_dots(whole) + (f",{rest}" if rest else "")
            return f"{_MINUS if amount < 0 else ''}Rp{text}{_THIN}{name}"
    return rupiah(amount)


def number(value: int | None) -> str:
    """Write ``1.234``."""
    if value is None:
        return NOTHING
    return f"{_MINUS if value < 0 else ''}{format_dots(abs(value))}"


def percent(part: int, whole: int) -> str:
    """Write the share of `part` in `whole` as ``97,3%``."""
    if not whole:
        return NOTHING
    tenths = round(abs(part) * 1000 / abs(whole))
    sign = _MINUS if part * whole < 0 else ""
    return f"{sign}{format_dots(tenths // 10)},{tenths % 10}%"


def day(value: date | datetime | None, language: str) -> str:
    """Write ``25 Nov 2026`` (of a moment: its day in WIB)."""
    if value is None:
        return NOTHING
    local = value.astimezone(WIB) if isinstance(value, datetime) else value
    return f"{local.day} {_MONTHS[language][local.month - 1]} {local.year}"


def moment(value: datetime | None, language: str) -> str:
    """Write ``25 Nov 2026 19.05.33 WIB``."""
    if value is None:
        return NOTHING
    return f"{day(value, language)} {clock_time(value)} WIB"


def short_moment(value: datetime | None, language: str, *, now: datetime) -> str:
    """Write ``19.05.33`` of today, ``25 Nov 19.05`` of this year, else the day and year too."""
    if value is None:
        return NOTHING
    local, today = value.astimezone(WIB), now.astimezone(WIB)
    if local.date() == today.date():
        return clock_time(value)
    if local.year == today.year:
        return f"{local.day} {_MONTHS[language][local.month - 1]} {local:%H.%M}"
    return f"{day(value, language)} {local:%H.%M}"


def clock_time(value: datetime) -> str:
    """Write ``19.05.33``, the time in WIB."""
    return f"{value.astimezone(WIB):%H.%M.%S}"


def ago(value: datetime | None, language: str, *, now: datetime) -> str:
    """Write ``5 mnt lalu``."""
    if value is None:
        return NOTHING
    seconds = int((now - value).total_seconds())
    texts = _AGO[language]
    if seconds < 1:
        return texts[4]
    for size, text in ((86_400, texts[3]), (3_600, texts[2]), (60, texts[1])):
        if seconds >= size:
            return text.format(seconds // size)
    return texts[0].format(seconds)


def duration(value: timedelta | None, language: str) -> str:
    """Write ``850 ms``, ``1,2 dtk``, ``5 mnt``, ``3 jam``."""
    if value is None:
        return NOTHING
    return duration_ms(round(value.total_seconds() * 1000), language)


def duration_ms(value: int | None, language: str) -> str:
    """Write milliseconds like `duration`."""
    if value is None:
        return NOTHING
    seconds, minutes, hours, days = _LONG[language]
    if value < _SECOND_MS:
        return f"{value} ms"
    if value < _MINUTE_MS:
        tenths = round(value / 100)
        return f"{tenths // 10},{tenths % 10} {seconds}"
    for size, name in ((86_400_000, days), (3_600_000, hours), (_MINUTE_MS, minutes)):
        if value >= size:
            return f"{value // size} {name}"
    return f"{value} ms"


_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("CriOS", "Chrome"),
    ("Safari", "Safari"),
    ("curl", "curl"),
)
_SYSTEMS: Final = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def browser(value: str) -> str:
    """Write ``Chrome, Android`` for what a browser says of itself; its own words where unknown."""
    found = [
        next((name for mark, name in marks if mark in value), "") for marks in (_BROWSERS, _SYSTEMS)
    ]
    return ", ".join(filter(None, found)) or value[:40] or NOTHING
