"""``/bills``: inquiries, receipts, and letting a bill be paid once more."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import Field

from gerbang.api.context import AfterId, Authorized, Code, Id, Limit
from gerbang.api.models import Page, Shown, Taken
from gerbang.bills.allow_again import allow_again
from gerbang.bills.read import inquiries_per_day, list_inquiries
from gerbang.bills.receipt import ReceiptUnavailableError, make_receipt, receipt_text
from gerbang.bills.receipt_pdf import receipt_pdf
from gerbang.errors import ConflictError
from gerbang.orders.read import show_order
from gerbang.resellers.admin import find_reseller

router = APIRouter(tags=["bills"])


class InquiryShown(Shown):
    """One question to a supplier about a bill; rupiah."""

    id: int
    reseller_code: str
    testing: bool
    dialect: str
    reference: str
    number: int = Field(
        description="0 is our own look before a payment, 1 the reseller's question."
    )
    product_code: str
    service: str
    customer_no: str
    state: str
    reason: str | None
    message: str
    supplier_code: str | None
    supplier_reference: str
    bill: dict[str, Any] | None
    fee: int | None
    share: int | None
    total: int | None
    created_at: datetime
    expires_at: datetime | None
    order_id: int | None


class InquiryDay(Shown):
    """What a reseller asked on one day (WIB)."""

    day: date
    asked: int


class AllowBody(Taken):
    """Why a paid bill may be paid once more."""

    reason: str = Field(min_length=1, max_length=1000)


class AllowedShown(Shown):
    """The bill that may be paid once more."""

    order_id: int
    biller: str
    customer_no: str
    periods: list[str]
    reason: str


@router.get("/bill-inquiries")
async def get_inquiries(
    caller: Authorized,
    reseller: str | None = None,
    ref: Annotated[str | None, Query(description="The reseller's reference.")] = None,
    customer_no: Annotated[str | None, Query(max_length=64)] = None,
    after: AfterId = None,
    limit: Limit = 100,
) -> Page[InquiryShown]:
    """List inquiries newest first."""
    pool = caller.node.pool
    found = await find_reseller(pool, reseller) if reseller else None
    page = await list_inquiries(
        pool,
        reseller_id=found["id"] if found else None,
        reference=ref,
        customer_no=customer_no,
        before=after,
        limit=limit,
    )
    return Page[InquiryShown].model_validate(page)


@router.get("/resellers/{code}/inquiry-days")
async def get_inquiry_days(
    caller: Authorized,
    code: Code,
    first: Annotated[date, Query(alias="from", description="First WIB day.")],
    last: Annotated[date, Query(alias="to", description="Last WIB day.")],
) -> Page[InquiryDay]:
    """Count a reseller's live inquiries by WIB day."""
    found = await find_reseller(caller.node.pool, code)
    days = await inquiries_per_day(caller.node.pool, found["id"], first=first, last=last)
    items = [{"day": day, "asked": asked} for day, asked in days.items()]
    return Page[InquiryDay].model_validate({"items": items})


@router.get("/orders/{order_id}/receipt", response_class=Response)
async def get_receipt(
    caller: Authorized,
    order_id: Id,
    kind: Annotated[Literal["text", "pdf"], Query(alias="format")] = "text",
) -> Response:
    """Give the receipt (struk) of an order that succeeded."""
    order = await show_order(caller.node.pool, order_id)
    try:
        receipt = make_receipt(order, issuer=order["reseller_name"])
    except ReceiptUnavailableError as error:
        raise ConflictError(str(error)) from error
    if kind == "text":
        return Response(receipt_text(receipt), media_type="text/plain; charset=utf-8")
    content = await asyncio.to_thread(receipt_pdf, receipt)
    name = f'inline; filename="struk-{order_id}.pdf"'
    return Response(content, media_type="application/pdf", headers={"Content-Disposition": name})


@router.post("/orders/{order_id}/allow-again")
async def post_allow_again(caller: Authorized, order_id: Id, body: AllowBody) -> AllowedShown:
    """Let the bill that an order paid be paid once more."""
    async with caller.changing() as connection:
        shown = await allow_again(connection, order_id, reason=body.reason, actor=caller.actor)
    return AllowedShown.model_validate(shown)
