"""``/cases``: what a person should look at."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Response
from pydantic import Field

from gerbang.api.context import AfterId, Authorized, Id, Limit
from gerbang.api.models import CaseShown, Page, Shown, Taken
from gerbang.api.tokens import SQL
from gerbang.audit import write_audit
from gerbang.errors import NotFoundError
from gerbang.ledger.read import NEWEST
from gerbang.orders.case import show_case
from gerbang.orders.evidence import list_evidence, read_evidence

router = APIRouter(prefix="/cases", tags=["cases"])


class CloseBody(Taken):
    """What came of it."""

    resolution: str = Field(min_length=1, max_length=1000)


@router.get("")
async def get_cases(
    caller: Authorized, *, open_only: bool = True, after: AfterId = None, limit: Limit = 100
) -> Page[CaseShown]:
    """List cases newest first."""
    rows = await caller.node.pool.fetch(SQL.list_cases, open_only, after or NEWEST, limit)
    items = [dict(row) for row in rows]
    following = items[-1]["id"] if len(items) == limit else None
    return Page[CaseShown].model_validate({"items": items, "next": following})


class CaseFileShown(Shown):
    """A file that proves something."""

    number: int
    name: str
    type: str
    size: int
    sha256: str
    added_by: str
    added_at: datetime


class TranscriptLine(Shown):
    """One exchange with a supplier, scrubbed of secrets."""

    attempt_id: int
    number: int = Field(description="Which attempt of the order, counted from 1.")
    supplier: str
    kind: str = Field(description="buy, ask, callback or person.")
    at: datetime
    elapsed_ms: int
    request: str
    answer: str
    outcome: str = Field(description="What the answer was taken for, as JSON.")


class CaseWhole(CaseShown):
    """A case with everything that a person needs to answer it."""

    reference: str | None = Field(description="The order's reference, where it has an order.")
    order_state: str | None = Field(description="How the order stands now.")
    order_sn: str | None
    deadline: datetime | None = Field(description="Until when a complaint wants its answer.")
    files: list[CaseFileShown]
    transcript: list[TranscriptLine] = Field(
        description="Of the attempt that the case names, or of all attempts of its order."
    )


@router.get("/{case_id}")
async def get_case(caller: Authorized, case_id: Id) -> CaseWhole:
    """Show one case: what it is about, its evidence and deadline, what suppliers said.

    A complaint's `detail` has the reseller's `words` and `evidence`, who complained (`by`), and
    state and serial number of the order at that moment.
    """
    return CaseWhole.model_validate(await show_case(caller.node.pool, case_id))


@router.get("/{case_id}/files")
async def get_files(caller: Authorized, case_id: Id) -> Page[CaseFileShown]:
    """List the files of a case."""
    items = await list_evidence(caller.node.pool, case_id)
    return Page[CaseFileShown].model_validate({"items": items, "next": None})


@router.get("/{case_id}/files/{number}", response_class=Response)
async def get_file(caller: Authorized, case_id: Id, number: Id) -> Response:
    """Download one file."""
    file = await read_evidence(caller.node.pool, case_id, number)
    headers = {"content-disposition": "attachment", "x-content-type-options": "nosniff"}
    return Response(file.content, media_type=file.type, headers=headers)


@router.post("/{case_id}/close")
async def post_close(caller: Authorized, case_id: Id, body: CloseBody) -> CaseShown:
    """Close a case with what came of it; its order stays as it is."""
    async with caller.changing() as connection:
        row = await connection.fetchrow(SQL.close_case, case_id, caller.actor, body.resolution)
        if row is None:
            raise NotFoundError(f"no open case {case_id}")
        await write_audit(
            connection,
            actor=caller.actor,
            action="case.closed",
            subject=f"case:{case_id}",
            after={"resolution": body.resolution},
        )
    return CaseShown.model_validate(dict(row))
