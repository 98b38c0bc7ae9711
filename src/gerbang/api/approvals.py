"""``/proposals``: what people want done with money, and the second person's word."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import Field

from gerbang.api.context import AfterId, Authorized, Id, Limit, Rupiah
from gerbang.api.models import Page, Shown, Taken
from gerbang.approvals.read import list_proposals, show_proposal

router = APIRouter(tags=["approvals"])

State = Literal["waiting", "approved", "rejected", "done", "overtaken"]


class ProposalShown(Shown):
    """A decision or a correction, and how far it is."""

    id: int
    kind: str
    subject: str
    content: dict[str, Any]
    reason: str
    maker: str
    made_at: datetime
    two_persons: bool
    state: str = Field(description="overtaken: it could not be carried out any more; see result.")
    checker: str | None
    decided_at: datetime | None
    result: str
    finished_at: datetime | None


class CorrectionBody(Taken):
    """Money to be moved by hand; the same key never counts twice."""

    debit: str = Field(description="Account code.", examples=["house:corrections"])
    credit: str = Field(description="Account code.", examples=["reseller:TOKO1"])
    amount: Rupiah
    key: str
    reason: str = Field(min_length=1, max_length=200)


class RejectBody(Taken):
    """Why not."""

    reason: str = Field(min_length=1, max_length=200)


@router.get("/proposals")
async def get_proposals(
    caller: Authorized, state: State | None = None, after: AfterId = None, limit: Limit = 100
) -> Page[ProposalShown]:
    """List proposals newest first."""
    page = await list_proposals(caller.node.pool, state=state, before=after, limit=limit)
    return Page[ProposalShown].model_validate(page)


@router.get("/proposals/{proposal_id}")
async def get_proposal(caller: Authorized, proposal_id: Id) -> ProposalShown:
    """Show one proposal."""
    return ProposalShown.model_validate(await show_proposal(caller.node.pool, proposal_id))


@router.post("/proposals/{proposal_id}/approve")
async def post_approve(caller: Authorized, proposal_id: Id) -> ProposalShown:
    """Agree with somebody else's proposal: it is carried out."""
    shown = await caller.node.approvals.approve(proposal_id, actor=caller.actor)
    return ProposalShown.model_validate(shown)


@router.post("/proposals/{proposal_id}/reject")
async def post_reject(caller: Authorized, proposal_id: Id, body: RejectBody) -> ProposalShown:
    """Disagree: nothing happens."""
    shown = await caller.node.approvals.reject(proposal_id, reason=body.reason, actor=caller.actor)
    return ProposalShown.model_validate(shown)


@router.post("/corrections", status_code=201)
async def post_correction(caller: Authorized, body: CorrectionBody) -> ProposalShown:
    """Move money between two accounts; it waits where two persons are needed."""
    shown = await caller.node.approvals.correct(
        debit=body.debit,
        credit=body.credit,
        amount=body.amount,
        key=body.key,
        reason=body.reason,
        actor=caller.actor,
    )
    return ProposalShown.model_validate(shown)
