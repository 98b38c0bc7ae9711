"""``/sandbox``: the clock that testing orders live by."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from gerbang.api.context import Authorized
from gerbang.api.models import Taken
from gerbang.api.tokens import SQL
from gerbang.audit import write_audit

router = APIRouter(prefix="/sandbox", tags=["sandbox"])


class ClockBody(Taken):
    """How far to move the sandbox clock forward; it never goes back."""

    advance_seconds: int = Field(strict=True, ge=0, le=366 * 86_400)


class ClockShown(BaseModel):
    """Where the sandbox clock stands before real time."""

    offset_seconds: int


@router.post("/clock")
async def post_clock(caller: Authorized, body: ClockBody) -> ClockShown:
    """Move the sandbox clock; only in an installation made by `gerbang demo`."""
    if not caller.node.is_demo:
        raise HTTPException(403, "only a demo installation has a clock that can be moved")
    async with caller.changing() as connection:
        offset = await connection.fetchval(SQL.advance_sandbox_clock, body.advance_seconds)
        await write_audit(
            connection,
            actor=caller.actor,
            action="sandbox_clock.advanced",
            subject="installation",
            after={"offset_seconds": offset},
        )
    return ClockShown(offset_seconds=offset)
