"""``/ledger``: accounts, and the whole book recomputed."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter

from gerbang.api.context import AfterCode, AfterId, Authorized, Limit
from gerbang.api.models import AccountShown, Page, StatementShown, VerificationShown
from gerbang.ledger.read import list_accounts, statement
from gerbang.ledger.verify import verify

router = APIRouter(prefix="/ledger", tags=["ledger"])


@router.get("/accounts")
async def get_accounts(
    caller: Authorized, after: AfterCode = "", limit: Limit = 100
) -> Page[AccountShown]:
    """List accounts by code; balances are credit-positive."""
    items = await list_accounts(caller.node.pool, after=after, limit=limit)
    following = items[-1]["code"] if len(items) == limit else None
    return Page[AccountShown].model_validate({"items": items, "next": following})


@router.get("/accounts/{account}/statement")
async def get_account_statement(
    caller: Authorized, account: str, after: AfterId = None, limit: Limit = 100
) -> StatementShown:
    """Show an account's entries, newest first."""
    page = await statement(caller.node.pool, account, before=after, limit=limit)
    return StatementShown.model_validate(page)


@router.get("/verify")
async def get_verification(caller: Authorized) -> VerificationShown:
    """Recompute everything in one snapshot; `clean` says whether nothing differs."""
    async with caller.node.pool.acquire() as connection:
        result = await verify(connection)
    shown = {**msgspec.to_builtins(result), "clean": result.clean}
    return VerificationShown.model_validate(shown)
