"""Show our float at suppliers: as they said it, as the ledger has it, and the difference."""

from __future__ import annotations

from typing import Any

from gerbang.errors import NotFoundError
from gerbang.postgres.pool import Connection, Pool
from gerbang.suppliers.float_position import explained
from gerbang.suppliers.watch_float import SQL


async def show_floats(
    connection: Connection | Pool, code: str | None = None
) -> list[dict[str, Any]]:
    """Show one supplier's float, or those of all, by code.

    `difference` is measured now, `asked_difference` at the last question; what is `in_flight`
    may or may not be taken off there yet, and explains as much.
    """
    rows = await connection.fetch(SQL.positions, code)
    if code is not None and not rows:
        raise NotFoundError(f"no supplier {code}")
    return [_shown(row) for row in rows]


def _shown(row: Any) -> dict[str, Any]:
    now = explained(ledger=row["ledger"], in_flight=row["in_flight"])
    reported = row["reported"]
    return {
        "id": row["id"],
        "code": row["code"],
        "name": row["name"],
        "status": row["status"],
        "ledger": row["ledger"],
        "in_flight": row["in_flight"],
        "reported": reported,
        "reported_at": row["reported_at"],
        "difference": None if reported is None else now.difference(reported),
        "asked_difference": row["difference"],
        "asked_at": row["asked_at"],
        "ask_error": row["ask_error"],
        "float_min": row["float_min"],
        "low": bool(row["low_case"]),
        "differs": bool(row["differs_case"]),
    }
