"""What this installation is called, and whether it is a demo."""

from __future__ import annotations

import secrets

from gerbang.postgres.pool import Connection, Pool

_TAG_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


async def installation(pool: Pool | Connection) -> tuple[str, bool]:
    """Give this installation's tag, made once, and whether it is a demo."""
    tag = "".join(secrets.choice(_TAG_LETTERS) for _ in range(4))
    await pool.execute(
        "INSERT INTO installation (tag) VALUES ($1) ON CONFLICT (only_row) DO NOTHING", tag
    )
    row = await pool.fetchrow("SELECT tag, demo FROM installation")
    if row is None:
        msg = "the installation row is missing"
        raise RuntimeError(msg)
    return row["tag"], row["demo"]
