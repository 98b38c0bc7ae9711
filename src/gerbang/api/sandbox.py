"""``/sandbox``: the clock that testing orders and sandboxed resellers live by."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from gerbang.api.context import Authorized
from gerbang.api.models import Taken
from gerbang.sandbox.move_clock import ADVANCE_S_MAX, move_clock, show_clock

router = APIRouter(prefix="/sandbox", tags=["sandbox"])


class ClockBody(Taken):
    """How far to move the sandbox clock forward; it never goes back."""

    advance_seconds: int = Field(strict=True, ge=0, le=ADVANCE_S_MAX)


class ClockShown(BaseModel):
    """Where the sandbox clock stands ahead of real time."""

    offset_seconds: int


@router.get("/clock")
async def get_clock(caller: Authorized) -> ClockShown:
    """Show how far the sandbox clock stands ahead of real time."""
    return ClockShown(offset_seconds=(await show_clock(caller.node.pool))["offset_s"])


@router.post("/clock")
async def post_clock(caller: Authorized, body: ClockBody) -> ClockShown:
    """Move the sandbox clock; only in an installation made by `gerbang demo`."""
    async with caller.changing() as connection:
        offset_s = await move_clock(connection, body.advance_seconds, actor=caller.actor)
    return ClockShown(offset_seconds=offset_s)
