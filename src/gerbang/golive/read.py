"""Read the facts of a reseller and judge them; refuse live access while something is open."""

from __future__ import annotations

from typing import Any

import msgspec

from gerbang.dialects.names import weak_dialects
from gerbang.errors import ConflictError, NotFoundError
from gerbang.golive.checklist import Checklist, Facts, judge
from gerbang.postgres.pool import Connection, Pool
from gerbang.postgres.sql import load_queries

SQL = load_queries("gerbang.golive", "golive.sql")


async def read_checklist(connection: Connection | Pool, code: str) -> Checklist:
    """Compute a reseller's checklist. Raises NotFoundError."""
    return judge(await read_facts(connection, code))


async def read_facts(connection: Connection | Pool, code: str) -> Facts:
    """Gather what the checklist asks. Raises NotFoundError."""
    row = await connection.fetchrow(SQL.facts, code)
    if row is None:
        raise NotFoundError(f"no reseller {code}")
    values: dict[str, Any] = {k: v for k, v in dict(row).items() if k in Facts.__struct_fields__}
    values["speaks_weakly"] = not weak_dialects().isdisjoint(row["dialects"])
    return Facts(**values)


async def show_checklist(connection: Connection | Pool, code: str) -> dict[str, Any]:
    """Show a reseller's checklist."""
    found = await read_checklist(connection, code)
    return {"reseller": code, **msgspec.to_builtins(found)}


async def require_green(connection: Connection, code: str) -> None:
    """Refuse live access while lines are open, naming them. Raises ConflictError."""
    found = await read_checklist(connection, code)
    if not found.green:
        open_lines = {item.name: f"{item.title}: {item.why}; {item.how}" for item in found.open}
        names = ", ".join(open_lines)
        raise ConflictError(f"the go-live checklist is not green: {names}", open_lines)
