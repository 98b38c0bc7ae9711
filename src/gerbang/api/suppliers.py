"""``/suppliers``: those we buy from, and our money there."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import Field

from gerbang.api.checks import supplier_change
from gerbang.api.context import AfterCode, Authorized, Code, Limit, Rupiah
from gerbang.api.models import Page, SupplierShown, Taken
from gerbang.suppliers.admin import (
    change_supplier,
    create_supplier,
    list_suppliers,
    show_supplier,
    top_up_float,
)

router = APIRouter(prefix="/suppliers", tags=["suppliers"])


class SupplierPatch(Taken):
    """What to change; what is left out stays."""

    name: str | None = None
    base_url: str | None = None
    secrets: dict[str, str] | None = Field(default=None, description="Replaces all; write only.")
    status: Literal["active", "paused", "closed"] | None = None
    callback_ips: list[str] | None = None
    timeout_ms: int | None = None
    concurrency_max: int | None = None
    orders_per_day_max: int | None = None
    float_min: Rupiah | None = None
    decide_after_s: int | None = None
    settings: dict[str, Any] | None = None


class SupplierNew(SupplierPatch):
    """A new supplier."""

    code: str = Field(examples=["maju"])
    name: str = Field(min_length=1, max_length=200)
    dialect: str = Field(examples=["socx"])
    base_url: str = Field(examples=["https://api.maju.example"])


class TopUpBody(Taken):
    """Money that was sent to the supplier; the same key never counts twice."""

    amount: Rupiah
    key: str
    note: str = ""


@router.get("")
async def get_suppliers(
    caller: Authorized, after: AfterCode = "", limit: Limit = 100
) -> Page[SupplierShown]:
    """List suppliers by code."""
    page = await list_suppliers(caller.node.pool, after=after, limit=limit)
    return Page[SupplierShown].model_validate(page)


@router.post("", status_code=201)
async def post_supplier(caller: Authorized, body: SupplierNew) -> SupplierShown:
    """Create a supplier with its float account."""
    own = {"code", "name", "dialect", "base_url"}
    change = supplier_change(body.model_dump(exclude_unset=True, exclude=own), body.dialect)
    async with caller.changing() as connection:
        shown = await create_supplier(
            connection,
            body.code,
            name=body.name,
            dialect=body.dialect,
            base_url=body.base_url,
            actor=caller.actor,
            box=caller.node.box,
            change=change,
        )
    return SupplierShown.model_validate(shown)


@router.get("/{code}")
async def get_supplier(caller: Authorized, code: Code) -> SupplierShown:
    """Show one supplier."""
    return SupplierShown.model_validate(await show_supplier(caller.node.pool, code))


@router.patch("/{code}")
async def patch_supplier(caller: Authorized, code: Code, body: SupplierPatch) -> SupplierShown:
    """Change a supplier."""
    known = await show_supplier(caller.node.pool, code)
    change = supplier_change(body.model_dump(exclude_unset=True), known["dialect"])
    async with caller.changing() as connection:
        shown = await change_supplier(
            connection, code, change, actor=caller.actor, box=caller.node.box
        )
    return SupplierShown.model_validate(shown)


@router.post("/{code}/top-ups", status_code=201)
async def post_top_up(caller: Authorized, code: Code, body: TopUpBody) -> dict[str, Any]:
    """Book money sent to a supplier: from the bank into our float there."""
    node = caller.node
    moved = await top_up_float(
        node.pool,
        node.lane,
        code,
        amount=body.amount,
        key=body.key,
        actor=caller.actor,
        note=body.note,
    )
    shown = await show_supplier(node.pool, code)
    return {
        "transfer_id": moved.transfer.id,
        "key": body.key,
        "amount": body.amount,
        "exists": moved.exists,
        "float": shown["float"],
    }
