"""``/categories`` and ``/operator-prefixes``: which destinations a product accepts."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field

from gerbang.api.context import Authorized, Code
from gerbang.api.models import CategoryShown, Page, Taken
from gerbang.catalog.admin import list_categories, list_prefixes, save_category, save_prefixes

router = APIRouter(tags=["categories"])


class CategoryBody(Taken):
    """A category's rule for destinations."""

    name: str = Field(min_length=1, max_length=200)
    destination_pattern: str = "^[0-9]{4,20}$"
    destination_hint: str = Field(default="digits only, 4 to 20", max_length=200)
    uses_operator_prefix: bool = Field(
        default=False, description="Refuse numbers that belong to another operator."
    )


class PrefixesBody(Taken):
    """Operators by the first three to six digits of a number."""

    prefixes: dict[str, str] = Field(examples=[{"0812": "TELKOMSEL"}])


@router.get("/categories")
async def get_categories(caller: Authorized) -> Page[CategoryShown]:
    """List all categories."""
    items = await list_categories(caller.node.pool)
    return Page[CategoryShown].model_validate({"items": items, "next": None})


@router.put("/categories/{code}", status_code=204)
async def put_category(caller: Authorized, code: Code, body: CategoryBody) -> None:
    """Create or change a category."""
    async with caller.changing() as connection:
        await save_category(connection, code, actor=caller.actor, **body.model_dump())


@router.get("/operator-prefixes")
async def get_prefixes(caller: Authorized) -> PrefixesBody:
    """Give all prefixes with their operators."""
    return PrefixesBody(prefixes=await list_prefixes(caller.node.pool))


@router.put("/operator-prefixes", status_code=204)
async def put_prefixes(caller: Authorized, body: PrefixesBody) -> None:
    """Add or change prefixes; others stay."""
    async with caller.changing() as connection:
        await save_prefixes(connection, body.prefixes, actor=caller.actor)
