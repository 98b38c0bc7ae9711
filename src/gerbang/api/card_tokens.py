"""Recurring tokens, and the public key that card fields may be encrypted with."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from gerbang.api.context import AfterId, Authorized, Limit
from gerbang.api.merchants import Txid
from gerbang.api.models import Page
from gerbang.cards.token_admin import list_tokens, revoke_token, show_public_key

router = APIRouter(tags=["cards"])


@router.get("/card-tokens")
async def get_tokens(
    caller: Authorized,
    merchant: Annotated[str | None, Query(max_length=10)] = None,
    after: AfterId = None,
    limit: Limit = 100,
) -> Page[dict[str, Any]]:
    """List recurring and pre-auth tokens by the payment that made them, newest first."""
    page = await list_tokens(caller.node.pool, imid=merchant, before=after, limit=limit)
    return Page[dict[str, Any]].model_validate(page)


@router.post("/card-tokens/{txid}/revoke")
async def post_revoke(caller: Authorized, txid: Txid) -> dict[str, Any]:
    """Refuse a recurring token from now on (9161); `txid` is the payment that made it."""
    async with caller.node.pool.acquire() as connection, connection.transaction():
        return await revoke_token(connection, txid, actor=caller.actor)


@router.get("/card-key")
async def get_card_key(caller: Authorized) -> dict[str, Any]:
    """Show the RSA public key for `encrypted=1`, and its SHA-256 for the field `publicKey`."""
    return await show_public_key(caller.node.pool)
