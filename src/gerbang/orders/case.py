"""A case as a person reads it: what it is about, what was said, what proves it, until when."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from gerbang.errors import NotFoundError
from gerbang.orders.evidence import list_evidence
from gerbang.orders.intake import SQL
from gerbang.postgres.pool import Connection, Pool


async def show_case(pool: Connection | Pool, case_id: int) -> dict[str, Any]:
    """Show one case with its deadline, its files, and the transcript that belongs to it.

    The transcript is that of the attempt it names, or of its order's attempts.
    Raises NotFoundError.
    """
    row = await pool.fetchrow(SQL.case_by_id, case_id)
    if row is None:
        raise NotFoundError(f"no case {case_id}")
    case = dict(row)
    lines = await pool.fetch(SQL.transcript_of_case, case["order_id"], case["attempt_id"])
    return case | {
        "deadline": deadline_of(case["detail"]),
        "files": await list_evidence(pool, case_id),
        "transcript": [dict(line) for line in lines],
    }


def deadline_of(detail: Any) -> datetime | None:
    """Give until when a case wants its answer, where it says so."""
    text = detail.get("deadline") if isinstance(detail, dict) else None
    try:
        return datetime.fromisoformat(text).astimezone(UTC) if isinstance(text, str) else None
    except ValueError:
        return None
