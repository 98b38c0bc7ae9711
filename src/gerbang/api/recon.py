"""``/recon``: suppliers' statements against our attempts."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final, Literal

import msgspec
from fastapi import APIRouter, Query, Request
from pydantic import Field

from gerbang.api.context import AfterId, Authorized, Code, Id, Limit
from gerbang.api.models import Page, Taken
from gerbang.postgres.pool import connect
from gerbang.recon.correct import close_difference, correct_difference, open_case
from gerbang.recon.read import list_ages, list_differences, list_runs, show_difference
from gerbang.recon.run import run_reconciliation

router = APIRouter(tags=["reconciliation"])

CSV_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {"text/csv": {"schema": {"type": "string"}}},
    }
}


class NoteBody(Taken):
    """Why."""

    note: str = Field(min_length=1, max_length=200)


@router.post("/suppliers/{code}/reconciliation", openapi_extra=CSV_BODY)
async def post_run(
    caller: Authorized,
    code: Code,
    request: Request,
    first_day: Annotated[date, Query(alias="from", description="First WIB day.")],
    last_day: Annotated[date, Query(alias="to", description="Last WIB day.")],
    *,
    bad_lines: Literal["refuse", "skip"] = "refuse",
) -> dict[str, Any]:
    """Compare a statement (CSV) with our attempts; nothing is kept when a line is wrong."""
    data = await request.body()
    connection = await connect(
        caller.node.database_url, statement_timeout_ms=0, idle_in_transaction_timeout_ms=0
    )
    try:
        async with connection.transaction():
            report = await run_reconciliation(
                connection,
                code,
                data,
                first_day=first_day,
                last_day=last_day,
                actor=caller.actor,
                skip_bad=bad_lines == "skip",
            )
    finally:
        await connection.close()
    shown: dict[str, Any] = msgspec.to_builtins(report)
    return shown


@router.get("/recon/runs")
async def get_runs(
    caller: Authorized, supplier: str | None = None, after: AfterId = None, limit: Limit = 100
) -> Page[dict[str, Any]]:
    """List comparisons newest first."""
    page = await list_runs(caller.node.pool, supplier=supplier, before=after, limit=limit)
    return Page[dict[str, Any]].model_validate(page)


@router.get("/recon/ages")
async def get_ages(caller: Authorized, supplier: str | None = None) -> Page[dict[str, Any]]:
    """Count open differences by supplier, kind and age."""
    items = await list_ages(caller.node.pool, supplier)
    return Page[dict[str, Any]].model_validate({"items": items})


@router.get("/recon/differences")
async def get_differences(
    caller: Authorized,
    *,
    supplier: str | None = None,
    kind: Literal["missing_there", "missing_here", "amount_differs", "serial_differs"]
    | None = None,
    open_only: bool = True,
    after: AfterId = None,
    limit: Limit = 100,
) -> Page[dict[str, Any]]:
    """List differences by id, with their age in days."""
    page = await list_differences(
        caller.node.pool,
        supplier=supplier,
        kind=kind,
        open_only=open_only,
        after=after or 0,
        limit=limit,
    )
    return Page[dict[str, Any]].model_validate(page)


@router.get("/recon/differences/{difference_id}")
async def get_difference(caller: Authorized, difference_id: Id) -> dict[str, Any]:
    """Show one difference."""
    return await show_difference(caller.node.pool, difference_id)


@router.post("/recon/differences/{difference_id}/case")
async def post_case(caller: Authorized, difference_id: Id) -> dict[str, Any]:
    """Open a case about it, once."""
    async with caller.changing() as connection:
        return await open_case(connection, difference_id, actor=caller.actor)


@router.post("/recon/differences/{difference_id}/close")
async def post_close(caller: Authorized, difference_id: Id, body: NoteBody) -> dict[str, Any]:
    """Close it without a correction; it opens again when a statement changes it."""
    async with caller.changing() as connection:
        return await close_difference(
            connection, difference_id, reason=body.note, actor=caller.actor
        )


@router.post("/recon/differences/{difference_id}/correction", status_code=201)
async def post_correction(caller: Authorized, difference_id: Id, body: NoteBody) -> dict[str, Any]:
    """Book what the supplier says, once: our float there against our corrections."""
    node = caller.node
    return await correct_difference(
        node.pool, node.lane, difference_id, note=body.note, actor=caller.actor
    )
