"""``/suppliers/{code}/replies``: the reply lab, for suppliers that answer in plain text."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import Field

from gerbang.api.context import Authorized, Code
from gerbang.api.models import Page, Taken
from gerbang.suppliers.reply_lab import drop_reply, keep_reply, list_replies, try_reply

router = APIRouter(prefix="/suppliers/{code}/replies", tags=["suppliers"])


class ReplyBody(Taken):
    """A reply to try."""

    text: str
    status: int | None = Field(default=None, description="The number that came beside it.")
    rules: list[Any] | None = Field(default=None, description="Try these; else its own.")


class KeepBody(Taken):
    """A reply to keep as a regression case."""

    name: str
    text: str


class DropBody(Taken):
    """A kept reply to forget."""

    name: str


@router.get("")
async def get_replies(caller: Authorized, code: Code) -> Page[dict[str, Any]]:
    """List kept replies and what they must be read as."""
    items = await list_replies(caller.node.pool, code)
    return Page[dict[str, Any]].model_validate({"items": items})


@router.post("/try")
async def post_try(caller: Authorized, code: Code, body: ReplyBody) -> dict[str, Any]:
    """Say what each rule reads in a reply, and which kept replies would be read otherwise."""
    return await try_reply(caller.node.pool, code, body.text, status=body.status, rules=body.rules)


@router.post("", status_code=201)
async def post_reply(caller: Authorized, code: Code, body: KeepBody) -> dict[str, Any]:
    """Keep a reply as it is read today; rules that read it otherwise are refused from now on."""
    async with caller.changing() as connection:
        return await keep_reply(connection, code, body.name, body.text, actor=caller.actor)


@router.post("/drop", status_code=204)
async def post_drop(caller: Authorized, code: Code, body: DropBody) -> None:
    """Forget a kept reply."""
    async with caller.changing() as connection:
        await drop_reply(connection, code, body.name, actor=caller.actor)
