"""``/floats``: our money at suppliers, as they say and as the ledger has it."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import Field

from gerbang.api.context import Authorized, Code
from gerbang.api.models import Page, Shown
from gerbang.suppliers.read_float import show_floats

router = APIRouter(prefix="/floats", tags=["suppliers"])


class FloatShown(Shown):
    """Our float at a supplier; rupiah."""

    code: str
    name: str
    status: str
    ledger: int = Field(description="As our ledger has it.")
    in_flight: int = Field(description="Cost of attempts on their way; explains as much.")
    reported: int | None = Field(description="As the supplier said last.")
    reported_at: datetime | None
    difference: int | None = Field(description="Reported, less what the ledger explains now.")
    asked_difference: int | None = Field(description="The same at the last question.")
    asked_at: datetime | None
    ask_error: str
    float_min: int
    low: bool = Field(description="Below the alarm: a case is open.")
    differs: bool = Field(description="The difference stays: a case is open.")


@router.get("")
async def get_floats(caller: Authorized) -> Page[FloatShown]:
    """List the floats of all suppliers."""
    items = await show_floats(caller.node.pool)
    return Page[FloatShown].model_validate({"items": items})


@router.get("/{code}")
async def get_float(caller: Authorized, code: Code) -> FloatShown:
    """Show our float at one supplier."""
    return FloatShown.model_validate((await show_floats(caller.node.pool, code))[0])


@router.post("/{code}/ask")
async def post_ask(caller: Authorized, code: Code) -> FloatShown:
    """Ask the supplier for our balance now, and compare."""
    shown = (await show_floats(caller.node.pool, code))[0]
    await caller.node.float_watch.ask(shown["id"])
    return FloatShown.model_validate((await show_floats(caller.node.pool, code))[0])
