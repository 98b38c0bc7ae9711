"""Days and words of filters in an address; nonsense filters nothing; pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date


def day_of(query: Mapping[str, str], name: str) -> date | None:
    """Read a day."""
    try:
        return date.fromisoformat(query.get(name, ""))
    except ValueError:
        return None


def one_of(query: Mapping[str, str], name: str, allowed: Collection[str]) -> str | None:
    """Read one of some words."""
    word = query.get(name, "")
    return word if word in allowed else None


def text_of(query: Mapping[str, str], name: str) -> str | None:
    """Read a text to look for; None where there is none, or none that could be stored."""
    text = query.get(name, "").strip()[:200]
    return text if text and "\x00" not in text else None
