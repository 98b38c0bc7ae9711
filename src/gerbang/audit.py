"""The audit log: who changed what. Rows are only ever added; secrets never get here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gerbang.postgres.pool import Connection
from gerbang.postgres.sql import load_queries

SQL = load_queries("gerbang", "audit.sql")


async def write_audit(
    connection: Connection,
    *,
    actor: str,
    action: str,
    subject: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Write one line inside the caller's transaction; of a change only the members that differ."""
    if before is not None and after is not None:
        names = [name for name in after if before.get(name) != after[name]]
        if not names:
            return
        before = {name: before.get(name) for name in names}
        after = {name: after[name] for name in names}
    await connection.execute(SQL.write, actor, action, subject, before, after)
