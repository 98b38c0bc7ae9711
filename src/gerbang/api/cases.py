"""``/cases``: what a person should look at."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field

from gerbang.api.context import AfterId, Authorized, Id, Limit
from gerbang.api.models import CaseShown, Page, Taken
from gerbang.api.tokens import SQL
from gerbang.audit import write_audit
from gerbang.errors import NotFoundError
from gerbang.ledger.read import NEWEST

router = APIRouter(prefix="/cases", tags=["cases"])


class CloseBody(Taken):
    """What came of it."""

    resolution: str = Field(min_length=1, max_length=1000)


@router.get("")
async def get_cases(
    caller: Authorized, *, open_only: bool = True, after: AfterId = None, limit: Limit = 100
) -> Page[CaseShown]:
    """List cases newest first."""
    rows = await caller.node.pool.fetch(SQL.list_cases, open_only, after or NEWEST, limit)
    items = [dict(row) for row in rows]
    following = items[-1]["id"] if len(items) == limit else None
    return Page[CaseShown].model_validate({"items": items, "next": following})


@router.post("/{case_id}/close")
async def post_close(caller: Authorized, case_id: Id, body: CloseBody) -> CaseShown:
    """Close a case with what came of it; its order stays as it is."""
    async with caller.changing() as connection:
        row = await connection.fetchrow(SQL.close_case, case_id, caller.actor, body.resolution)
        if row is None:
            raise NotFoundError(f"no open case {case_id}")
        await write_audit(
            connection,
            actor=caller.actor,
            action="case.closed",
            subject=f"case:{case_id}",
            after={"resolution": body.resolution},
        )
    return CaseShown.model_validate(dict(row))
