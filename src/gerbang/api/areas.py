"""``/areas``: where numbers are, for routes that serve some areas only."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query, Request

from gerbang.api.context import AfterCode, Authorized, Limit
from gerbang.api.models import Page
from gerbang.routing.areas import area_names, find_area, list_areas, read_areas, save_areas

router = APIRouter(prefix="/areas", tags=["routes"])

CSV_BODY: Final = {
    "requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}
}


@router.get("")
async def get_areas(
    caller: Authorized, area: str | None = None, after: AfterCode = "", limit: Limit = 100
) -> Page[dict[str, Any]]:
    """List prefixes with their areas."""
    page = await list_areas(caller.node.pool, area=area, after=after, limit=limit)
    return Page[dict[str, Any]].model_validate(page)


@router.get("/names")
async def get_names(caller: Authorized) -> Page[dict[str, Any]]:
    """List the areas there are, with how many prefixes each has."""
    return Page[dict[str, Any]].model_validate({"items": await area_names(caller.node.pool)})


@router.get("/of")
async def get_area_of(
    caller: Authorized, destination: Annotated[str, Query(pattern=r"^[0-9]{3,20}$")]
) -> dict[str, Any]:
    """Say where a number is: its longest known prefix decides."""
    return await find_area(caller.node.pool, destination)


@router.post("/import", openapi_extra=CSV_BODY)
async def post_import(
    caller: Authorized, request: Request, *, whole: bool = False
) -> dict[str, Any]:
    """Take a CSV file with the columns prefix and area; `whole` takes away what it does not name.

    Nothing is taken when a line is wrong.
    """
    areas = await asyncio.to_thread(read_areas, await request.body())
    async with caller.changing() as connection:
        report = await save_areas(connection, areas, whole=whole, actor=caller.actor)
    shown: dict[str, Any] = msgspec.to_builtins(report)
    return shown
