"""``/routes``: which supplier may deliver a product, under which code, at what cost."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from gerbang.api.context import AfterId, Authorized, Id, Limit, Rupiah
from gerbang.api.models import Page, RouteShown, Shown, Taken
from gerbang.errors import converted
from gerbang.suppliers.admin import (
    RouteChange,
    change_route,
    create_route,
    list_routes,
    show_route,
)

router = APIRouter(prefix="/routes", tags=["routes"])


class RoutePatch(Taken):
    """What to change; what is left out stays. The lowest `priority` number goes first."""

    supplier_product_code: str | None = Field(default=None, min_length=1, max_length=64)
    cost: Rupiah | None = None
    priority: int | None = None
    weight: int | None = None
    enabled: bool | None = None
    disabled_reason: str | None = None
    rules: dict[str, Any] | None = Field(
        default=None, examples=[{"open_from": "06:00", "prefixes": ["0812"]}]
    )


class RouteNew(RoutePatch):
    """A new route."""

    product: str
    supplier: str
    supplier_product_code: str = Field(min_length=1, max_length=64)
    cost: Rupiah


@router.get("")
async def get_routes(
    caller: Authorized,
    product: str | None = None,
    supplier: str | None = None,
    after: AfterId = None,
    limit: Limit = 100,
) -> Page[RouteShown]:
    """List routes."""
    page = await list_routes(
        caller.node.pool, product=product, supplier=supplier, after=after or 0, limit=limit
    )
    return Page[RouteShown].model_validate(page)


@router.post("", status_code=201)
async def post_route(caller: Authorized, body: RouteNew) -> RouteShown:
    """Add a route."""
    own = {"product", "supplier", "supplier_product_code", "cost"}
    change = converted(body.model_dump(exclude_unset=True, exclude=own), RouteChange)
    async with caller.changing() as connection:
        shown = await create_route(
            connection,
            product=body.product,
            supplier=body.supplier,
            supplier_product_code=body.supplier_product_code,
            cost=body.cost,
            actor=caller.actor,
            change=change,
        )
    return RouteShown.model_validate(shown)


class VerdictShown(Shown):
    """Why a route would be taken or passed over."""

    route_id: int
    supplier: str
    code: str = Field(description="For programs; facts holds its numbers.")
    sentence: str
    sentence_id: str = Field(description="In Indonesian.")
    facts: dict[str, int | str]


class ChoiceShown(Shown):
    """What would become of an order now."""

    product: str
    reseller: str
    destination: str
    price: int
    supplier: str | None = Field(description="Who would get it; null where nobody would.")
    cost: int | None
    refused: str | None = Field(description="Why it would not even be taken in.")
    refused_message: str
    verdicts: list[VerdictShown] = Field(description="One for each route, the winner first.")


@router.get("/choice")
async def get_choice(
    caller: Authorized,
    product: str,
    reseller: str,
    destination: Annotated[str, Query(max_length=60)],
    amount: Annotated[int | None, Query(ge=1, description="Of an open denomination.")] = None,
) -> ChoiceShown:
    """Say who would win an order right now, and why; nothing is bought."""
    found = caller.node.memory.foresee(
        product=product, reseller=reseller, destination=destination, quantity=amount
    )
    return ChoiceShown.model_validate(found.as_json())


@router.get("/{route_id}")
async def get_route(caller: Authorized, route_id: Id) -> RouteShown:
    """Show one route."""
    return RouteShown.model_validate(await show_route(caller.node.pool, route_id))


@router.patch("/{route_id}")
async def patch_route(caller: Authorized, route_id: Id, body: RoutePatch) -> RouteShown:
    """Change a route, enable or disable it."""
    change = converted(body.model_dump(exclude_unset=True), RouteChange)
    async with caller.changing() as connection:
        shown = await change_route(connection, route_id, change, actor=caller.actor)
    return RouteShown.model_validate(shown)
