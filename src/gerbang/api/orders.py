"""``/orders``: what was bought, and what became of it."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from gerbang.api.context import AfterId, Authorized, Id, Limit
from gerbang.api.models import OrderShown, OrderWhole, Page, Taken
from gerbang.ledger.credit import check_text
from gerbang.orders.decide import Decision
from gerbang.orders.read import list_orders, show_order
from gerbang.resellers.admin import find_reseller

router = APIRouter(prefix="/orders", tags=["orders"])


class DecideBody(Taken):
    """A person's word on an order whose outcome nobody can learn."""

    decision: Decision
    reason: str = Field(description="How you know; it stays with the order.")
    sn: str = ""


@router.get("")
async def get_orders(
    caller: Authorized,
    reseller: str | None = None,
    ref: Annotated[str | None, Query(description="The reseller's reference.")] = None,
    status: Literal["pending", "success", "failed", "reversed"] | None = None,
    *,
    testing: bool | None = None,
    needs_decision: bool | None = None,
    after: AfterId = None,
    limit: Limit = 100,
) -> Page[OrderShown]:
    """List orders newest first."""
    pool = caller.node.pool
    found = await find_reseller(pool, reseller) if reseller else None
    page = await list_orders(
        pool,
        reseller_id=found["id"] if found else None,
        reference=ref,
        state=status,
        testing=testing,
        needs_decision=needs_decision,
        before=after,
        limit=limit,
    )
    return Page[OrderShown].model_validate(page)


@router.get("/{order_id}")
async def get_order(caller: Authorized, order_id: Id) -> OrderWhole:
    """Show one order with attempts, transcripts, transfers, callbacks and timeline."""
    return OrderWhole.model_validate(await show_order(caller.node.pool, order_id))


@router.post("/{order_id}/decide")
async def post_decision(caller: Authorized, order_id: Id, body: DecideBody) -> OrderWhole:
    """Settle an order whose outcome is unknown; a reason is needed.

    Where two persons decide, it waits as a proposal until another one approves.
    """
    node = caller.node
    check_text("reason", body.reason)
    check_text("sn", body.sn)
    await show_order(node.pool, order_id)
    await node.approvals.decide_order(
        order_id, body.decision, reason=body.reason, actor=caller.actor, sn=body.sn
    )
    return OrderWhole.model_validate(await show_order(node.pool, order_id))
