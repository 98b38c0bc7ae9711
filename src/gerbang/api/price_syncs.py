"""``/suppliers/{code}/price-sync``: the supplier's price list against our routes."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query, Request

from gerbang.api.context import Authorized, Code
from gerbang.dialects.registry import DIALECTS
from gerbang.errors import NotFoundError
from gerbang.outbound.addresses import AddressPolicy
from gerbang.suppliers.fetch_prices import fetch_prices
from gerbang.suppliers.sync_prices import read_price_list, settings_of, sync_prices

router = APIRouter(prefix="/suppliers/{code}", tags=["suppliers"])

CSV_BODY: Final = {
    "requestBody": {
        "required": False,
        "content": {"text/csv": {"schema": {"type": "string"}}},
    }
}


@router.post("/price-sync", openapi_extra=CSV_BODY)
async def post_price_sync(
    caller: Authorized,
    code: Code,
    request: Request,
    *,
    apply: bool = False,
    partial: bool = False,
    accept: Annotated[list[str] | None, Query(max_length=1000)] = None,
) -> dict[str, Any]:
    """Compare a price list with our routes, and apply it; an empty body asks the supplier.

    `partial` says that the CSV body does not list everything; `accept` frees codes from quarantine.
    """
    node = caller.node
    data = await request.body()
    if data:
        _, settings = await settings_of(node.pool, code)
        price_list = await asyncio.to_thread(read_price_list, data, settings, partial=partial)
    else:
        supplier = node.snapshot.supplier_by_code(code)
        if supplier is None:
            raise NotFoundError(f"no supplier {code}")
        price_list = await fetch_prices(
            supplier,
            dialects=DIALECTS,
            outbound=node.outbound,
            addresses=AddressPolicy(allow_private=node.settings.supplier_private_addresses_allowed),
            clock=node.clock,
        )
    async with caller.changing() as connection:
        report = await sync_prices(
            connection, code, price_list, actor=caller.actor, apply=apply, accepted=accept or ()
        )
    shown: dict[str, Any] = msgspec.to_builtins(report)
    return shown
