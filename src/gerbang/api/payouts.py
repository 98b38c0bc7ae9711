"""``/merchants/{imid}/payouts``: what was paid to a merchant."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import Field

from gerbang.api.context import Authorized
from gerbang.api.merchants import Imid
from gerbang.api.models import Taken
from gerbang.cards.payout import pay_out
from gerbang.money import RUPIAH_MAX

router = APIRouter(tags=["cards"])


class PayoutBody(Taken):
    """A payout that was made; the same key again books nothing."""

    amount: int = Field(strict=True, gt=0, le=RUPIAH_MAX)
    key: str = Field(min_length=1, max_length=200)
    note: str = Field(default="", max_length=200)


@router.post("/merchants/{imid}/payouts", status_code=201)
async def post_payout(caller: Authorized, imid: Imid, body: PayoutBody) -> dict[str, Any]:
    """Book a payout to a merchant: never more than we owe."""
    node = caller.node
    return await pay_out(
        node.pool,
        node.lane,
        node.house,
        imid,
        body.amount,
        key=body.key,
        note=body.note,
        actor=caller.actor,
    )
