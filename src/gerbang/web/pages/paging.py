"""Lists page by page: the next page begins after the last row (keyset), and all is in the URL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

ROWS: Final = 50


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One page of a list and where the others are."""

    items: Sequence[Mapping[str, Any]]
    next_url: str | None = None
    first_url: str | None = None


def page_of(
    items: Sequence[Mapping[str, Any]],
    *,
    after: Any,
    path: str,
    query: Mapping[str, str],
    key: str = "after",
) -> Page:
    """Make a page. `after` is the key of the last row when more follows, else None."""
    kept = {name: value for name, value in query.items() if value and name != key}
    first = f"{path}?{urlencode(kept)}" if query.get(key) else None
    following = f"{path}?{urlencode({**kept, key: after})}" if after is not None else None
    return Page(items=items, next_url=following, first_url=first)


def page_of_rows(rows: Sequence[Any], *, path: str, query: Mapping[str, str]) -> Page:
    """Make a page of rows that were read by id, at most `ROWS` of them."""
    items = [dict(row) for row in rows]
    after = items[-1]["id"] if len(items) == ROWS else None
    return page_of(items, after=after, path=path, query=query)


def after_of(query: Mapping[str, str], key: str = "after") -> int | None:
    """Read where a page begins; nonsense begins at the start."""
    return id_of(query.get(key, ""))


def id_of(text: str) -> int | None:
    """Read the number of a row; None where none could have it."""
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 19 else None  # noqa: PLR2004 (digits of a bigint)
