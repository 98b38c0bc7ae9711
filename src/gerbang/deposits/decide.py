"""The queue: one person proposes what a line is, another one approves; then it is credited."""

from __future__ import annotations

from typing import Any

from gerbang.audit import write_audit
from gerbang.deposits.read import show_proposal
from gerbang.deposits.store import SQL
from gerbang.errors import BadInputError, ConflictError, NotFoundError, database_errors_told
from gerbang.ledger.credit import check_text
from gerbang.people.person import require_person, require_two_persons
from gerbang.postgres.pool import Connection


async def propose_credit(
    connection: Connection,
    line_id: int,
    *,
    reseller: str | None = None,
    ticket_id: int | None = None,
    note: str,
    actor: str,
) -> dict[str, Any]:
    """Say whose money a queued line is: a ticket's, or a reseller's without a ticket."""
    line = await _lock_queued(connection, line_id)
    if ticket_id is not None:
        ticket = await _payable(connection, ticket_id, line["bank_account_id"])
        if reseller not in (None, ticket["reseller"]):
            raise BadInputError(f"deposit ticket {ticket_id} is {ticket['reseller']}'s")
        if ticket["fee"] >= line["amount"]:
            raise BadInputError("the line does not even cover the ticket's fee")
        reseller = ticket["reseller"]
    if reseller is None:
        raise BadInputError("name a ticket or a reseller")
    row = await connection.fetchrow(SQL.reseller_by_code, reseller)
    if row is None:
        raise NotFoundError(f"no reseller {reseller}")
    return await _propose(connection, line_id, "credit", row["id"], ticket_id, note, actor)


async def propose_set_aside(
    connection: Connection, line_id: int, *, note: str, actor: str
) -> dict[str, Any]:
    """Say that a queued line is nobody's deposit."""
    await _lock_queued(connection, line_id)
    return await _propose(connection, line_id, "set_aside", None, None, note, actor)


async def approve(connection: Connection, proposal_id: int, *, actor: str) -> dict[str, Any]:
    """Agree with somebody else's proposal; a credit is booked right after this commit."""
    proposal = await _lock_waiting(connection, proposal_id)
    require_two_persons(proposal["maker"], actor)
    credit = proposal["action"] == "credit"
    state = "crediting" if credit else "set_aside"
    if await connection.fetchval(SQL.step_queued_line, proposal["bank_line_id"], state) is None:
        raise ConflictError(f"bank line {proposal['bank_line_id']} is {proposal['line_state']}")
    if credit:
        await _intend(connection, proposal, actor)
    await _decide(connection, proposal_id, "approved", actor)
    return await show_proposal(connection, proposal_id)


async def reject(connection: Connection, proposal_id: int, *, actor: str) -> dict[str, Any]:
    """Disagree: the line stays in the queue. Who proposed it may take it back himself."""
    await _lock_waiting(connection, proposal_id)
    await _decide(connection, proposal_id, "rejected", actor)
    return await show_proposal(connection, proposal_id)


# --- inside ---------------------------------------------------------------------------------------


async def _lock_queued(connection: Connection, line_id: int) -> Any:
    line = await connection.fetchrow(SQL.lock_line, line_id)
    if line is None:
        raise NotFoundError(f"no bank line {line_id}")
    if line["state"] != "queued":
        raise ConflictError(f"bank line {line_id} is {line['state']}, not in the queue")
    return line


async def _payable(connection: Connection, ticket_id: int, bank_account_id: int) -> Any:
    ticket = await connection.fetchrow(SQL.lock_ticket, ticket_id, bank_account_id)
    if ticket is None:
        raise NotFoundError(f"no deposit ticket {ticket_id} for the account of this line")
    if ticket["state"] == "paid":
        raise ConflictError(f"deposit ticket {ticket_id} is paid: name the reseller instead")
    return ticket


async def _propose(
    connection: Connection,
    line_id: int,
    action: str,
    reseller_id: int | None,
    ticket_id: int | None,
    note: str,
    actor: str,
) -> dict[str, Any]:
    check_text("note", note, needed=True)
    require_person(actor)
    with database_errors_told():
        proposal_id: int = await connection.fetchval(
            SQL.insert_proposal, line_id, action, reseller_id, ticket_id, actor, note
        )
    await write_audit(
        connection,
        actor=actor,
        action="deposit_proposal.made",
        subject=f"bank_line:{line_id}",
        after={"action": action, "ticket_id": ticket_id, "note": note},
    )
    return await show_proposal(connection, proposal_id)


async def _lock_waiting(connection: Connection, proposal_id: int) -> Any:
    proposal = await connection.fetchrow(SQL.lock_proposal, proposal_id)
    if proposal is None:
        raise NotFoundError(f"no proposal {proposal_id}")
    if proposal["state"] != "waiting":
        raise ConflictError(f"proposal {proposal_id} is {proposal['state']}")
    return proposal


async def _intend(connection: Connection, proposal: Any, actor: str) -> None:
    fee, ticket_id = 0, proposal["ticket_id"]
    if ticket_id is not None:
        ticket = await _payable(connection, ticket_id, proposal["bank_account_id"])
        fee = ticket["fee"]
        await connection.execute(SQL.pay_ticket_by_hand, ticket_id, actor)
    what = f"deposit ticket {ticket_id}" if ticket_id else "deposit without a ticket"
    await connection.execute(
        SQL.insert_credits,
        [proposal["bank_line_id"]],
        [proposal["amount"]],
        [proposal["reseller_id"]],
        [ticket_id],
        [proposal["amount"] - fee],
        [fee],
        [f"{proposal['maker']}, {actor}"],
        [f"{what}: {proposal['note']}"],
    )


async def _decide(connection: Connection, proposal_id: int, state: str, actor: str) -> None:
    await connection.execute(SQL.decide_proposal, proposal_id, state, actor)
    await write_audit(
        connection,
        actor=actor,
        action=f"deposit_proposal.{state}",
        subject=f"deposit_proposal:{proposal_id}",
    )
