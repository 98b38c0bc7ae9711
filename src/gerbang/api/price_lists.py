"""``/price-lists``: what each group of resellers pays."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field

from gerbang.api.context import Authorized, Code, Rupiah
from gerbang.api.models import Page, PriceListShown, Taken
from gerbang.catalog.admin import list_price_lists, save_price_list, set_margin, set_price

router = APIRouter(prefix="/price-lists", tags=["price lists"])


class PriceListBody(Taken):
    """A price list's name."""

    name: str = Field(min_length=1, max_length=200)


class MarginBody(Taken):
    """Added to base prices: rupiah and basis points, rounded up; without category for all."""

    category: str | None = None
    amount: Rupiah = 0
    basis_points: int = 0


class PriceBody(Taken):
    """A fixed price; null takes the margin rule again."""

    product: str
    price: Rupiah | None


@router.get("")
async def get_price_lists(caller: Authorized) -> Page[PriceListShown]:
    """List price lists with their margins."""
    items = await list_price_lists(caller.node.pool)
    return Page[PriceListShown].model_validate({"items": items, "next": None})


@router.put("/{code}")
async def put_price_list(caller: Authorized, code: Code, body: PriceListBody) -> PriceListShown:
    """Create a price list, or rename it."""
    async with caller.changing() as connection:
        shown = await save_price_list(connection, code, body.name, actor=caller.actor)
    return PriceListShown.model_validate(shown)


@router.put("/{code}/margins")
async def put_margin(caller: Authorized, code: Code, body: MarginBody) -> PriceListShown:
    """Set a margin of the list."""
    async with caller.changing() as connection:
        await set_margin(
            connection,
            code,
            actor=caller.actor,
            category=body.category,
            amount=body.amount,
            basis_points=body.basis_points,
        )
        shown = await list_price_lists(connection, code=code)
    return PriceListShown.model_validate(shown[0])


@router.put("/{code}/prices")
async def put_price(caller: Authorized, code: Code, body: PriceBody) -> PriceListShown:
    """Fix the price of one product in the list."""
    async with caller.changing() as connection:
        await set_price(connection, code, body.product, body.price, actor=caller.actor)
        shown = await list_price_lists(connection, code=code)
    return PriceListShown.model_validate(shown[0])
