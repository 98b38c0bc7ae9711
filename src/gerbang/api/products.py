"""``/products``: what is sold."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Query, Request
from pydantic import Field

from gerbang.api.context import AfterCode, Authorized, Limit, Rupiah
from gerbang.api.models import Page, ProductShown, Taken
from gerbang.catalog.admin import (
    Kind,
    ProductChange,
    SameDayRule,
    ServiceName,
    Status,
    change_product,
    create_product,
    list_products,
    show_product,
)
from gerbang.catalog.import_csv import import_products
from gerbang.errors import converted

router = APIRouter(prefix="/products", tags=["products"])

CSV_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"text/csv": {"schema": {"type": "string"}, "example": "code,price\nS5,5400"}},
    }
}


class ProductPatch(Taken):
    """What to change; what is left out stays."""

    name: str | None = None
    category: str | None = None
    brand: str | None = None
    operator: str | None = None
    kind: Kind | None = None
    status: Status | None = None
    status_reason: str | None = None
    base_price: Rupiah | None = None
    cost: Rupiah | None = None
    admin_fee: Rupiah | None = None
    amount_min: Rupiah | None = None
    amount_max: Rupiah | None = None
    amount_step: Rupiah | None = None
    cut_off_start: str | None = Field(default=None, examples=["23:30"])
    cut_off_end: str | None = Field(default=None, examples=["00:30"])
    same_day_rule: SameDayRule | None = None
    description: str | None = None
    service: ServiceName | None = Field(default=None, description="What a bill is for.")
    biller: str | None = Field(
        default=None, description="Products of one biller guard one bill against a second payment."
    )


class ProductNew(ProductPatch):
    """A new product."""

    code: str = Field(examples=["HSA5"])
    name: str
    category: str


@router.get("")
async def get_products(
    caller: Authorized,
    after: AfterCode = "",
    limit: Limit = 100,
    category: str | None = None,
    status: Status | None = None,
    kind: Kind | None = None,
    search: Annotated[str | None, Query(max_length=100)] = None,
) -> Page[ProductShown]:
    """List products by code."""
    page = await list_products(
        caller.node.pool,
        after=after,
        limit=limit,
        category=category,
        status=status,
        kind=kind,
        search=search,
    )
    return Page[ProductShown].model_validate(page)


@router.post("", status_code=201)
async def post_product(caller: Authorized, body: ProductNew) -> ProductShown:
    """Create a product."""
    change = converted(body.model_dump(exclude_unset=True, exclude={"code"}), ProductChange)
    async with caller.changing() as connection:
        shown = await create_product(connection, body.code, change, actor=caller.actor)
    return ProductShown.model_validate(shown)


@router.post("/import", openapi_extra=CSV_BODY)
async def post_import(
    caller: Authorized,
    request: Request,
    *,
    dry_run: bool = False,
    bad_lines: Literal["refuse", "skip"] = "refuse",
) -> dict[str, Any]:
    """Import a CSV file; nothing is written when a line is wrong, unless bad lines are skipped."""
    data = await request.body()
    async with caller.changing() as connection:
        report = await import_products(
            connection, data, actor=caller.actor, dry_run=dry_run, skip_bad=bad_lines == "skip"
        )
    shown: dict[str, Any] = msgspec.to_builtins(report)
    return shown


@router.get("/{code:path}")
async def get_product(caller: Authorized, code: str) -> ProductShown:
    """Show one product with its fixed prices."""
    return ProductShown.model_validate(await show_product(caller.node.pool, code))


@router.patch("/{code:path}")
async def patch_product(caller: Authorized, code: str, body: ProductPatch) -> ProductShown:
    """Change a product: open, close, disturb, prices, cut-off."""
    change = converted(body.model_dump(exclude_unset=True), ProductChange)
    async with caller.changing() as connection:
        shown = await change_product(connection, code, change, actor=caller.actor)
    return ProductShown.model_validate(shown)
