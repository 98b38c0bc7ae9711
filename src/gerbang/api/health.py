"""``/health``: which suppliers and products are not trusted now, and why."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import Field

from gerbang.api.context import Authorized, Code
from gerbang.api.models import Shown, Taken
from gerbang.routing.read import show_health, trust_again

router = APIRouter(prefix="/health", tags=["suppliers"])


class CircuitShown(Shown):
    """A supplier, or one product there."""

    supplier: str
    product: str | None = Field(description="None is the supplier itself.")
    state: str = Field(description="open: no orders; half_open: a few, to try it; closed.")
    trouble: str
    reason: str
    since: datetime | None
    retry_at: datetime | None
    openings: int
    questions_failed: int
    node: str
    updated_at: datetime


class ClosedProduct(Shown):
    """A product that closed by itself, because no supplier of it is trusted."""

    code: str
    name: str
    health_reason: str
    since: datetime


class HealthShown(Shown):
    """What is not trusted."""

    circuits: list[CircuitShown]
    closed_products: list[ClosedProduct]


class TrustBody(Taken):
    """A person's word."""

    product: str | None = Field(default=None, description="Only this product there.")
    reason: str = Field(min_length=1, max_length=200)


@router.get("")
async def get_health(
    caller: Authorized, supplier: str | None = None, *, every: bool = False
) -> HealthShown:
    """List what is not trusted; `every` shows what was not lately, too."""
    return HealthShown.model_validate(await show_health(caller.node.pool, supplier, every=every))


@router.post("/{code}/trust")
async def post_trust(caller: Authorized, code: Code, body: TrustBody) -> HealthShown:
    """Send orders there again at once, on a person's word; all nodes know within a second."""
    async with caller.changing() as connection:
        shown = await trust_again(
            connection, code, product=body.product, reason=body.reason, actor=caller.actor
        )
    return HealthShown.model_validate(shown)
