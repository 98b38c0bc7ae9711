"""``/deposit-tickets``, ``/bank-lines``, ``/deposit-proposals``, ``/bank-accounts``: deposits."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from gerbang.api.context import AfterId, Authorized, Code, Id, Limit, Rupiah
from gerbang.api.models import Page, Shown, Taken
from gerbang.clock import business_day
from gerbang.deposits import admin, decide, read
from gerbang.deposits.message import LINES_MAX, MessageError, SaidLine, new_lines
from gerbang.deposits.open import cancel_ticket, ticket_refused
from gerbang.deposits.statement import StatementError, read_statement
from gerbang.deposits.store import SQL
from gerbang.dialects.contract import Refusal, TicketRequest
from gerbang.errors import BadInputError, NotFoundError

router = APIRouter(tags=["deposits"])

CSV_BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}
}
AccountNo = Annotated[str, Query(max_length=32, description="One of our account numbers.")]


# --- tickets --------------------------------------------------------------------------------------


class TicketBody(Taken):
    """A ticket to open for a reseller."""

    reseller: str
    amount: Rupiah
    testing: bool = Field(default=False, strict=True)


class TicketShown(Shown):
    """A deposit ticket: exactly `grand_total` must come, before `valid_before`."""

    id: int
    reseller: str
    testing: bool
    amount: int
    unique: int
    fee: int
    grand_total: int
    state: str
    simulated: str | None = Field(
        default=None, description="Of a testing ticket: what a live one like it would be by now."
    )
    banks: list[dict[str, Any]]


@router.get("/deposit-tickets")
async def get_tickets(
    caller: Authorized,
    reseller: str | None = None,
    state: Literal["open", "paid", "expired", "cancelled"] | None = None,
    after: AfterId = None,
    limit: Limit = 100,
) -> Page[TicketShown]:
    """List deposit tickets, newest first."""
    page = await read.list_tickets(
        caller.node.pool, reseller=reseller, state=state, before=after, limit=limit
    )
    return Page[TicketShown].model_validate(page)


@router.post("/deposit-tickets", status_code=201)
async def post_ticket(caller: Authorized, body: TicketBody) -> TicketShown:
    """Open a ticket for a reseller, or give the open one for the same amount."""
    node = caller.node
    found = await node.pool.fetchrow(SQL.reseller_by_code, body.reseller)
    if found is None:
        raise NotFoundError(f"no reseller {body.reseller}")
    asked = TicketRequest(dialect="api", amount=body.amount, testing=body.testing)
    result = await node.deposits.open_ticket(found["id"], asked)
    if isinstance(result, Refusal):
        raise ticket_refused(result)
    return TicketShown.model_validate(await read.show_ticket(node.pool, result.id))


@router.get("/deposit-tickets/{ticket_id}")
async def get_ticket(caller: Authorized, ticket_id: Id) -> TicketShown:
    """Show one ticket."""
    return TicketShown.model_validate(await read.show_ticket(caller.node.pool, ticket_id))


@router.post("/deposit-tickets/{ticket_id}/cancel")
async def post_cancel(caller: Authorized, ticket_id: Id) -> TicketShown:
    """Close an open ticket; its total stays reserved for seven days."""
    async with caller.changing() as connection:
        shown = await cancel_ticket(connection, ticket_id, actor=caller.actor)
    return TicketShown.model_validate(shown)


# --- the bank's lines -----------------------------------------------------------------------------


class LineBody(Taken):
    """One line of a statement."""

    account_no: str = Field(description="Ours, that the money came to.", max_length=32)
    amount: Rupiah
    direction: Literal["in", "out"] = "in"
    description: str = ""
    at: str = Field(default="", description="ISO 8601, WIB where no zone is said; or only a day.")
    reference: str = Field(
        default="", description="The source's own id of this line; it never counts twice."
    )


class LinesBody(Taken):
    """Lines of one message; equal lines without a reference count as often as they stand here."""

    lines: list[LineBody] = Field(max_length=LINES_MAX)


class LinesTaken(BaseModel):
    """What became of each line, in the order they were given."""

    items: list[dict[str, Any]]
    new: int
    known: int
    refused: int


class LineShown(Shown):
    """A bank line with its verdict, suggestions and waiting proposal."""

    id: int
    account_no: str
    direction: str
    amount: int
    state: str
    verdict: str


@router.post("/bank-lines")
async def post_lines(caller: Authorized, body: LinesBody) -> LinesTaken:
    """Take lines of the bank: exact ones are credited at once, the others wait in the queue."""
    node = caller.node
    said = [msgspec.convert(line.model_dump(), SaidLine) for line in body.lines]
    try:
        lines = new_lines(said, now=node.clock.now())
    except MessageError as error:
        raise BadInputError(str(error)) from error
    return LinesTaken.model_validate(await node.deposits.take_lines(lines, source=caller.actor))


@router.post("/bank-lines/import", openapi_extra=CSV_BODY)
async def post_import(
    caller: Authorized,
    request: Request,
    account_no: AccountNo = "",
    format: Annotated[str, Query(max_length=32)] = "bca",  # noqa: A002 (the parameter's name)
) -> LinesTaken:
    """Take a CSV statement; `format` is a preset (bca, mandiri, bri, bni) or a saved map."""
    node = caller.node
    columns = await admin.find_format(node.pool, format)
    data = await request.body()
    try:
        today = business_day(node.clock.now())
        lines = await asyncio.to_thread(
            read_statement, data, columns, account_no=account_no, today=today
        )
    except StatementError as error:
        raise BadInputError(str(error)) from error
    return LinesTaken.model_validate(await node.deposits.take_lines(lines, source=f"csv:{format}"))


@router.get("/bank-lines")
async def get_lines(
    caller: Authorized,
    state: Literal["new", "queued", "crediting", "credited", "set_aside"] | None = None,
    account_no: AccountNo | None = None,
    after: AfterId = None,
    limit: Limit = 100,
) -> Page[LineShown]:
    """List bank lines, newest first; `state=queued` is the queue."""
    page = await read.list_lines(
        caller.node.pool, state=state, account_no=account_no, before=after, limit=limit
    )
    return Page[LineShown].model_validate(page)


@router.get("/bank-lines/{line_id}")
async def get_line(caller: Authorized, line_id: Id) -> LineShown:
    """Show one line."""
    return LineShown.model_validate(await read.show_line(caller.node.pool, line_id))


# --- proposals ------------------------------------------------------------------------------------


class ProposalBody(Taken):
    """What should be done with a queued line: credit a ticket or a reseller, or set it aside."""

    line_id: int = Field(ge=1, le=2**63 - 1)
    action: Literal["credit", "set_aside"] = "credit"
    ticket_id: int | None = Field(default=None, ge=1, le=2**63 - 1)
    reseller: str | None = None
    note: str


class ProposalShown(Shown):
    """A proposal; somebody else than its maker decides."""

    id: int
    bank_line_id: int
    action: str
    reseller: str | None
    state: str
    maker: str
    checker: str | None


@router.get("/deposit-proposals")
async def get_proposals(
    caller: Authorized,
    state: Literal["waiting", "approved", "rejected"] | None = None,
    after: AfterId = None,
    limit: Limit = 100,
) -> Page[ProposalShown]:
    """List proposals, newest first."""
    page = await read.list_proposals(caller.node.pool, state=state, before=after, limit=limit)
    return Page[ProposalShown].model_validate(page)


@router.post("/deposit-proposals", status_code=201)
async def post_proposal(caller: Authorized, body: ProposalBody) -> ProposalShown:
    """Propose what a queued line is."""
    async with caller.changing() as connection:
        if body.action == "credit":
            made = await decide.propose_credit(
                connection,
                body.line_id,
                reseller=body.reseller,
                ticket_id=body.ticket_id,
                note=body.note,
                actor=caller.actor,
            )
        else:
            made = await decide.propose_set_aside(
                connection, body.line_id, note=body.note, actor=caller.actor
            )
    return ProposalShown.model_validate(made)


@router.post("/deposit-proposals/{proposal_id}/approve")
async def post_approve(caller: Authorized, proposal_id: Id) -> ProposalShown:
    """Agree, with a token of another person than the proposal's; a credit is booked at once."""
    async with caller.changing() as connection:
        shown = await decide.approve(connection, proposal_id, actor=caller.actor)
    await caller.node.deposits.credit()
    return ProposalShown.model_validate(shown)


@router.post("/deposit-proposals/{proposal_id}/reject")
async def post_reject(caller: Authorized, proposal_id: Id) -> ProposalShown:
    """Disagree, or take it back; the line stays in the queue."""
    async with caller.changing() as connection:
        shown = await decide.reject(connection, proposal_id, actor=caller.actor)
    return ProposalShown.model_validate(shown)


# --- our bank accounts ----------------------------------------------------------------------------


class BankPatch(Taken):
    """What to change; what is left out stays."""

    bank_name: str | None = None
    beneficiary_name: str | None = None
    active: bool | None = None


class BankNew(Taken):
    """An account of ours that deposits may come to."""

    bank_name: str = Field(examples=["BCA"])
    account_no: str = Field(examples=["1234567890"])
    beneficiary_name: str = Field(examples=["PT Contoh"])


class BankShown(Shown):
    """An account of ours."""

    id: int
    bank_name: str
    account_no: str
    beneficiary_name: str
    active: bool


@router.get("/bank-accounts")
async def get_banks(caller: Authorized) -> Page[BankShown]:
    """List our bank accounts."""
    return Page[BankShown].model_validate({"items": await admin.list_banks(caller.node.pool)})


@router.post("/bank-accounts", status_code=201)
async def post_bank(caller: Authorized, body: BankNew) -> BankShown:
    """Add a bank account; new tickets list it."""
    async with caller.changing() as connection:
        shown = await admin.create_bank(connection, **body.model_dump(), actor=caller.actor)
    return BankShown.model_validate(shown)


@router.patch("/bank-accounts/{account_no}")
async def patch_bank(caller: Authorized, account_no: Code, body: BankPatch) -> BankShown:
    """Change a bank account; an inactive one is on no new ticket."""
    async with caller.changing() as connection:
        shown = await admin.change_bank(
            connection, account_no, **body.model_dump(), actor=caller.actor
        )
    return BankShown.model_validate(shown)
