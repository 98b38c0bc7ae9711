"""Open a deposit ticket: an exact total that is nobody else's on any bank it lists."""

from __future__ import annotations

import secrets
from typing import Any, Final

import msgspec

from gerbang.audit import write_audit
from gerbang.deposits.store import NEWEST, SQL
from gerbang.deposits.testing import plan_for
from gerbang.deposits.ticket import TicketTerms, draw_unique, is_acceptable
from gerbang.dialects.contract import BankView, Refusal, TicketRequest, TicketView
from gerbang.errors import BadInputError, ConflictError, NotFoundError
from gerbang.orders.reasons import Reason
from gerbang.postgres.errors import LockNotAvailable
from gerbang.postgres.pool import Connection, Pool

_DRAW_BELOW: Final = 2**32


async def open_ticket(
    pool: Pool, reseller_id: int, request: TicketRequest, terms: TicketTerms
) -> TicketView | Refusal:
    """Open a ticket, or give the one that is open for the same amount."""
    if not is_acceptable(request.amount, terms):
        limits = [str(terms.amount_min), str(terms.amount_max)]
        return Refusal(reason=Reason.INVALID_AMOUNT, fields={"amount": limits})
    if request.testing:
        plan = plan_for(request.amount)
        if plan.refused is not None:
            limits = [str(terms.amount_min), str(terms.amount_max)]
            return Refusal(reason=plan.refused, fields={"amount": limits})
        terms = msgspec.structs.replace(terms, valid_s=plan.valid_s or terms.valid_s)
    async with pool.acquire() as connection:
        known = await connection.fetchval(
            SQL.open_ticket_of, reseller_id, request.testing, request.amount
        )
        if known is not None:
            return await show_view(connection, known, known=True)
        try:
            async with connection.transaction():
                return await _open(connection, reseller_id, request, terms)
        except LockNotAvailable:
            return Refusal(reason=Reason.MAINTENANCE)


def ticket_refused(refusal: Refusal) -> BadInputError | ConflictError:
    """Say why no ticket was opened."""
    match refusal.reason:
        case Reason.INVALID_AMOUNT:
            least, most = (refusal.fields or {})["amount"]
            problem = f"amount: {least} to {most}"
            return BadInputError(problem, {"amount": problem})
        case Reason.NO_UNIQUE_AMOUNT:
            return ConflictError("no unique total is left for this amount: try another amount")
        case Reason.RATE_LIMITED:
            return ConflictError("the reseller has too many tickets that were not paid")
        case Reason.MAINTENANCE:
            return ConflictError("no bank account is active, or too many tickets at once")
        case other:
            return ConflictError(other.value)


async def _open(
    connection: Connection, reseller_id: int, request: TicketRequest, terms: TicketTerms
) -> TicketView | Refusal:
    await connection.execute(SQL.lock_opening)
    await connection.fetch(SQL.expire_tickets, reseller_id)
    of = (reseller_id, request.testing)
    known = await connection.fetchval(SQL.open_ticket_of, *of, request.amount)
    if known is not None:
        return await show_view(connection, known, known=True)
    if await connection.fetchval(SQL.unpaid_tickets_count, *of) >= terms.unpaid_max:
        return Refusal(reason=Reason.RATE_LIMITED)
    banks = [row["id"] for row in await connection.fetch(SQL.active_banks)]
    if not banks:
        return Refusal(reason=Reason.MAINTENANCE)
    base = request.amount + terms.fee
    taken = await connection.fetch(
        SQL.totals_taken, banks, request.testing, base + 1, base + terms.unique_max
    )
    digits = draw_unique(
        request.amount,
        terms,
        taken=[row["grand_total"] for row in taken],
        draw=secrets.randbelow(_DRAW_BELOW),
    )
    if isinstance(digits, Reason):
        return Refusal(reason=digits)
    total = base + digits
    ticket_id = await connection.fetchval(
        SQL.insert_ticket,
        *of,
        request.dialect,
        request.amount,
        digits,
        terms.fee,
        total,
        terms.valid_s,
    )
    await connection.execute(SQL.insert_ticket_banks, ticket_id, banks, request.testing, total)
    return await show_view(connection, ticket_id)


async def show_view(
    connection: Connection | Pool, ticket_id: int, *, known: bool = False
) -> TicketView:
    """Show a ticket as dialects see it."""
    row: Any = await connection.fetchrow(SQL.tickets, NEWEST, ticket_id, None, None, 1)
    return TicketView(
        id=row["id"],
        amount=row["amount"],
        unique=row["unique"],
        fee=row["fee"],
        grand_total=row["grand_total"],
        banks=tuple(BankView(**bank) for bank in row["banks"]),
        valid_before=row["valid_before"],
        testing=row["testing"],
        known=known,
    )


async def cancel_ticket(connection: Connection, ticket_id: int, *, actor: str) -> dict[str, Any]:
    """Close an open ticket by hand; its total stays reserved for seven days."""
    before = await connection.fetchrow(SQL.tickets, NEWEST, ticket_id, None, None, 1)
    if before is None:
        raise NotFoundError(f"no deposit ticket {ticket_id}")
    if await connection.fetchval(SQL.cancel_ticket, ticket_id, actor) is None:
        raise ConflictError(f"deposit ticket {ticket_id} is {before['state']}")
    await write_audit(
        connection,
        actor=actor,
        action="deposit_ticket.cancelled",
        subject=f"deposit_ticket:{ticket_id}",
    )
    row = await connection.fetchrow(SQL.tickets, NEWEST, ticket_id, None, None, 1)
    return dict(row or {})
