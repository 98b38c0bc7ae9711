"""Areas: where the numbers with a prefix are, for rules of routes. Import, list and ask."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import msgspec

from gerbang.audit import write_audit
from gerbang.errors import BadInputError
from gerbang.postgres.pool import Connection, Pool
from gerbang.postgres.sql import load_queries
from gerbang.suppliers.csv_lines import BadCellError, plain, read_lines

SQL = load_queries("gerbang.routing", "areas.sql")

PREFIXES_MAX: Final = 200_000
AREA_CHARS_MAX: Final = 64
BAD_LISTED_MAX: Final = 20
_PREFIX: Final = re.compile(r"[0-9]{3,8}")


class AreasReport(msgspec.Struct, frozen=True, kw_only=True):
    """What an import came to."""

    prefixes: int
    changed: int
    removed: int


def read_areas(source: bytes | Path) -> dict[str, str]:
    """Read a CSV file with the columns prefix and area. Raises BadInputError naming the lines."""
    found: dict[str, str] = {}
    problems: list[str] = []
    columns = {"prefix": "prefix", "area": "area"}
    for number, cells in read_lines(source, columns, needed=("prefix", "area")):
        try:
            prefix, area = _read(cells["prefix"], cells["area"])
        except BadCellError as error:
            problems.append(f"line {number}: {error}")
            continue
        if found.setdefault(prefix, area) != area:
            problems.append(f"line {number}: prefix {prefix} has two areas")
        if len(found) > PREFIXES_MAX:
            raise BadInputError(f"at most {PREFIXES_MAX} prefixes")
    if problems:
        listed = "; ".join(problems[:BAD_LISTED_MAX])
        raise BadInputError(f"{len(problems)} wrong lines, nothing was taken: {listed}")
    return found


def _read(prefix: str, area: str) -> tuple[str, str]:
    if not _PREFIX.fullmatch(prefix):
        raise BadCellError("prefix: 3 to 8 digits")
    if not area:
        raise BadCellError("area: empty")
    return prefix, plain("area", area, chars_max=AREA_CHARS_MAX)


async def save_areas(
    connection: Connection, areas: dict[str, str], *, whole: bool, actor: str
) -> AreasReport:
    """Add and change prefixes; with `whole` those that are not named are taken away."""
    if whole and not areas:
        raise BadInputError("a whole table with no prefix at all is refused")
    changed = await connection.fetchval(SQL.upsert_areas, list(areas), list(areas.values()))
    removed = await connection.fetchval(SQL.clear_others, list(areas)) if whole else 0
    report = AreasReport(prefixes=len(areas), changed=changed, removed=removed)
    await write_audit(
        connection,
        actor=actor,
        action="areas.saved",
        subject="areas",
        after=msgspec.to_builtins(report),
    )
    return report


async def list_areas(
    connection: Connection | Pool, *, area: str | None = None, after: str = "", limit: int = 100
) -> dict[str, Any]:
    """List prefixes; `after` is the `next` of the page before."""
    items = [dict(row) for row in await connection.fetch(SQL.list_areas, after, area, limit)]
    return {"items": items, "next": items[-1]["prefix"] if len(items) == limit else None}


async def area_names(connection: Connection | Pool) -> list[dict[str, Any]]:
    """List the areas there are."""
    return [dict(row) for row in await connection.fetch(SQL.names)]


async def find_area(connection: Connection | Pool, destination: str) -> dict[str, Any]:
    """Say where a number is; both members are empty where that is not known."""
    row = await connection.fetchrow(SQL.area_of, destination)
    return dict(row) if row is not None else {"prefix": "", "area": ""}
