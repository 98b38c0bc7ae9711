"""Recurring tokens as operators see them: which there are, and that one is refused from now on.

A token itself is kept nowhere: it is named by the tXid of the payment that made it.
"""

from __future__ import annotations

from typing import Any

from gerbang.audit import write_audit
from gerbang.cards.admin import SQL
from gerbang.cards.store import NEWEST
from gerbang.cards.store import SQL as CARDS_SQL
from gerbang.errors import ConflictError, NotFoundError
from gerbang.postgres.pool import Connection, Pool


async def list_tokens(
    pool: Connection | Pool,
    *,
    imid: str | None = None,
    before: int | None = None,
    limit: int = 100,
) -> dict[str, Any]:
    """List tokens, newest first; `before` is the `next` of the page before."""
    rows = await pool.fetch(SQL.list_tokens, imid, None, before or NEWEST, limit)
    items = [dict(row) for row in rows]
    return {"items": items, "next": items[-1]["id"] if len(items) == limit else None}


async def revoke_token(connection: Connection, txid: str, *, actor: str) -> dict[str, Any]:
    """Refuse the recurring token of a payment from now on; charges made with it stay."""
    token = await connection.fetchrow(SQL.list_tokens, None, txid, NEWEST, 1)
    if token is None or token["kind"] != "recurring":
        raise NotFoundError(f"{txid} made no recurring token")
    if await connection.fetchval(SQL.revoke_token, token["id"]) is None:
        raise ConflictError(f"the token of {txid} is revoked already")
    await write_audit(
        connection,
        actor=actor,
        action="card_token.revoked",
        subject=f"payment:{txid}",
        after={"imid": token["imid"], "card": token["card_mask"]},
    )
    changed = await connection.fetchrow(SQL.list_tokens, None, txid, NEWEST, 1)
    assert changed is not None  # noqa: S101 (tokens are never deleted)
    return dict(changed)


async def show_public_key(pool: Connection | Pool) -> dict[str, Any]:
    """Show the RSA key that merchants may encrypt card fields with (`encrypted=1`)."""
    row = await pool.fetchrow(CARDS_SQL.card_key)
    if row is None:
        raise NotFoundError("no key yet: it is made when the gateway starts")
    return {
        "public_key": row["public_key"],
        "sha256": row["public_key_sha256"],
        "cipher": "RSA/ECB/PKCS1Padding",
        "fields": ["cardNo", "cardExpYymm", "cardCvv", "cardHolderNm"],
    }
