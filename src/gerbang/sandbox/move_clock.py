"""Move the sandbox clock forward, and pull what waits in real time as much nearer."""

from __future__ import annotations

from typing import Any, Final

from gerbang.audit import write_audit
from gerbang.errors import BadInputError, ForbiddenError
from gerbang.postgres.pool import Connection, Pool
from gerbang.postgres.sql import load_queries

SQL = load_queries("gerbang.sandbox", "sandbox.sql")

ADVANCE_S_MAX: Final = 366 * 86_400


async def move_clock(connection: Connection, advance_s: int, *, actor: str) -> int:
    """Move the clock, in the caller's database transaction; gives the new offset in seconds.

    Claims of running nodes stay as they are: only what waits unclaimed comes nearer.
    """
    if not 0 <= advance_s <= ADVANCE_S_MAX:
        problem = f"0 to {ADVANCE_S_MAX}; the clock never goes back"
        raise BadInputError(f"advance_seconds: {problem}", {"advance_seconds": problem})
    if not (await show_clock(connection))["demo"]:
        raise ForbiddenError("only a demo installation has a clock that can be moved")
    offset_s: int = await connection.fetchval(SQL.move_clock, advance_s)
    for statement in (SQL.pull_callbacks, SQL.pull_attempts, SQL.age_attempts):
        await connection.execute(statement, advance_s)
    await write_audit(
        connection,
        actor=actor,
        action="sandbox_clock.advanced",
        subject="installation",
        after={"advance_seconds": advance_s, "offset_seconds": offset_s},
    )
    return offset_s


async def show_clock(connection: Connection | Pool) -> dict[str, Any]:
    """Give `offset_s`, and `demo`: whether it may be moved here."""
    row = await connection.fetchrow(SQL.clock)
    return dict(row) if row is not None else {"offset_s": 0, "demo": False}
