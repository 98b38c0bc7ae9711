"""What a text and a span of days may mean to who looks for orders; pure.

Console and portal search alike: by reference, id, destination and serial number.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

DESTINATION_DAYS: Final = 92
"""A search looks so far back for a destination."""
SERIAL_LETTERS_MIN: Final = 6
FEW_DAYS: Final = 3
"""Up to so many days are read by the index of days; more by the order's number."""
_ID_DIGITS_MAX: Final = 18


def few_days(first: date | None, last: date | None, today: date) -> list[date] | None:
    """Give the days that are asked for, where they are few."""
    if first is None:
        return None
    last = min(last or today, today)
    count = (last - first).days + 1
    if count > FEW_DAYS:
        return None
    return [first + timedelta(days=n) for n in range(max(count, 0))]


def destination_days(today: date) -> list[date]:
    """Give the days on which a destination is looked for, newest first."""
    return [today - timedelta(days=n) for n in range(DESTINATION_DAYS)]


def order_id_of(text: str) -> int | None:
    """Read a text as an order's id, if it can be one."""
    is_id = text.isascii() and text.isdecimal() and len(text) <= _ID_DIGITS_MAX
    return int(text) if is_id else None


def spellings(text: str) -> list[str]:
    """Give a phone number as it may be kept, however it was typed."""
    plain = "".join(letter for letter in text if letter not in " -+.()")
    found = {text, plain}
    if plain.startswith("62"):
        found.add("0" + plain[2:])
    elif plain.startswith("8"):
        found.add("0" + plain)
    return sorted(found)
