"""``/callbacks``: what resellers were told, and telling it again."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter

from gerbang.api.context import ID_MAX, AfterId, Authorized, Id, Limit
from gerbang.api.models import CallbackRow, CallbackWhole, Page
from gerbang.callbacks.resend import list_callbacks, resend_callback, show_callback
from gerbang.errors import BadInputError

router = APIRouter(prefix="/callbacks", tags=["callbacks"])


@router.get("")
async def get_callbacks(
    caller: Authorized,
    reseller: str | None = None,
    status: Literal["waiting", "due", "delivered", "exhausted"] | None = None,
    order_id: int | None = None,
    after: AfterId = None,
    limit: Limit = 100,
) -> Page[CallbackRow]:
    """List callbacks newest first."""
    if order_id is not None and not 0 < order_id <= ID_MAX:
        raise BadInputError("no such order", {"order_id": "not an id"})
    page = await list_callbacks(
        caller.node.pool,
        reseller=reseller,
        state=status,
        order_id=order_id,
        before=after,
        limit=limit,
    )
    return Page[CallbackRow].model_validate(page)


@router.get("/{callback_id}")
async def get_callback(caller: Authorized, callback_id: Id) -> CallbackWhole:
    """Show one callback with its delivery log."""
    return CallbackWhole.model_validate(await show_callback(caller.node.pool, callback_id))


@router.post("/{callback_id}/resend", status_code=202)
async def post_resend(caller: Authorized, callback_id: Id) -> CallbackWhole:
    """Deliver it once more: the original event, id and time."""
    async with caller.changing() as connection:
        shown = await resend_callback(connection, callback_id, actor=caller.actor)
    return CallbackWhole.model_validate(shown)
