"""Judge new lines and credit the exact ones: the intention first, then the ledger, then the note.

The intention (`deposit_credits`) is committed with the ticket's and the line's new state; the
transfers follow through the write lane under keys made of the line's id. Whoever dies in between
leaves an intention behind that any node carries out, and the keys make it happen once.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import structlog

from gerbang.deposits.line import LineState
from gerbang.deposits.match import NEAR_RUPIAH_MAX, Candidate, Line, Match, Verdict, match_line
from gerbang.deposits.store import SQL
from gerbang.deposits.ticket import TicketState
from gerbang.ledger.account import HouseAccount, HouseAccountIds
from gerbang.ledger.credit import collect_receivable, move_told
from gerbang.ledger.move import MoveMoney
from gerbang.ledger.transfer import TransferEvent
from gerbang.postgres.errors import DeadlockDetected
from gerbang.postgres.lane import Lane
from gerbang.postgres.pool import Connection, Pool

log = structlog.get_logger()

LINES_AT_ONCE: Final = 100
CREDITS_AT_ONCE: Final = 100
POSTS_CONCURRENT_MAX: Final = 8
SLIPS_MAX: Final = 5
MATCHER: Final = "matcher"

_STATE_OF: Final = {
    Verdict.EXACT: LineState.CREDITING,
    Verdict.OUTGOING: LineState.SET_ASIDE,
}
"""Every other verdict waits for a person."""


# --- judging --------------------------------------------------------------------------------------


async def match_waiting(pool: Pool, *, limit: int = LINES_AT_ONCE) -> int:
    """Judge some new lines in one go; gives how many."""
    for _ in range(SLIPS_MAX):
        try:
            async with pool.acquire() as connection, connection.transaction():
                rows = await connection.fetch(SQL.take_new_lines, limit)
                if rows:
                    await _judge(connection, rows)
                return len(rows)
        except (TicketSlippedError, DeadlockDetected):
            continue
    return 0


async def _judge(connection: Connection, rows: Sequence[Any]) -> None:
    same = await _same_totals(connection, rows)
    judged: list[tuple[Any, Match]] = []
    paid: dict[int, int] = {}
    for row in rows:
        line = msgspec.convert(dict(row), Line)
        candidates = same[row["bank_account_id"], row["amount"]]
        now_paid = [_as_paid(one) if one.ticket_id in paid else one for one in candidates]
        match = match_line(line, now_paid)
        if match.verdict is Verdict.NO_CANDIDATE:
            match = match_line(line, [*now_paid, *await _near(connection, row)])
        if match.ticket is not None:
            paid[match.ticket.ticket_id] = row["id"]
        judged.append((row, match))
    await _write(connection, judged)


async def _same_totals(
    connection: Connection, rows: Sequence[Any]
) -> defaultdict[tuple[int, int], list[Candidate]]:
    """Lock and give the tickets that ask for exactly what came, by account and total."""
    incoming = [row for row in rows if row["direction"] == "in"]
    found: defaultdict[tuple[int, int], list[Candidate]] = defaultdict(list)
    tickets = await connection.fetch(
        SQL.lock_tickets_of_totals,
        [row["bank_account_id"] for row in incoming],
        [row["amount"] for row in incoming],
    )
    for ticket in tickets:
        one = _candidate(ticket)
        found[ticket["bank_account_id"], one.grand_total].append(one)
    return found


async def _near(connection: Connection, row: Any) -> list[Candidate]:
    tickets = await connection.fetch(
        SQL.tickets_near_line,
        row["bank_account_id"],
        row["amount"],
        row["description"],
        NEAR_RUPIAH_MAX,
    )
    return [_candidate(ticket) for ticket in tickets]


def _candidate(ticket: Any) -> Candidate:
    return msgspec.convert({name: ticket[name] for name in Candidate.__struct_fields__}, Candidate)


def _as_paid(one: Candidate) -> Candidate:
    return msgspec.structs.replace(one, state=TicketState.PAID)


async def _write(connection: Connection, judged: Sequence[tuple[Any, Match]]) -> None:
    exact = [(row, match.why, match.ticket) for row, match in judged if match.ticket]
    if exact:
        wanted = [ticket.ticket_id for _, _, ticket in exact]
        closed = await connection.fetch(SQL.pay_tickets, wanted)
        if len(closed) != len(wanted):
            raise TicketSlippedError  # its time ran out just now: judge again
        await connection.execute(
            SQL.insert_credits,
            [row["id"] for row, _, _ in exact],
            [row["amount"] for row, _, _ in exact],
            [ticket.reseller_id for _, _, ticket in exact],
            wanted,
            [row["amount"] - ticket.fee for row, _, ticket in exact],
            [ticket.fee for _, _, ticket in exact],
            [MATCHER for _ in exact],
            [f"deposit ticket {ticket.ticket_id}" for _, _, ticket in exact],
        )
    await connection.execute(
        SQL.judge_lines,
        [row["id"] for row, _ in judged],
        [_STATE_OF.get(match.verdict, LineState.QUEUED).value for _, match in judged],
        [match.verdict.value for _, match in judged],
        [_explanation(match) for _, match in judged],
    )


class TicketSlippedError(Exception):
    """A ticket's time ran out between the look and the step."""


def _explanation(match: Match) -> dict[str, Any]:
    return {"why": match.why, "suggestions": msgspec.to_builtins(match.suggestions)}


# --- crediting ------------------------------------------------------------------------------------


async def post_waiting(pool: Pool, lane: Lane, house: HouseAccountIds) -> int:
    """Carry out intentions; gives how many. What fails now is tried again by the next call."""
    after, done = 0, 0
    turns = asyncio.Semaphore(POSTS_CONCURRENT_MAX)

    async def post_in_turn(row: Any) -> bool:
        async with turns:
            return await _post_told(pool, lane, house, row)

    while rows := await pool.fetch(SQL.unposted_credits, after, CREDITS_AT_ONCE):
        after = rows[-1]["bank_line_id"]
        done += sum(await asyncio.gather(*(post_in_turn(row) for row in rows)))
    return done


async def _post_told(pool: Pool, lane: Lane, house: HouseAccountIds, row: Any) -> bool:
    try:
        await _post(pool, lane, house, row)
    except Exception as error:  # noqa: BLE001 (the intention stays, and the others go on)
        log.warning("deposit.not_credited", bank_line_id=row["bank_line_id"], error=repr(error))
        return False
    log.info("deposit.credited", bank_line_id=row["bank_line_id"], amount=row["amount"])
    return True


async def _post(pool: Pool, lane: Lane, house: HouseAccountIds, row: Any) -> None:
    """Book one credit; a repeat finds the same keys with the same values."""
    key = f"bank_line:{row['bank_line_id']}:deposit"
    deposit = MoveMoney(
        key=key,
        event=TransferEvent.DEPOSIT,
        debit_account_id=house[HouseAccount.BANK],
        credit_account_id=row["account_id"],
        amount=row["amount"],
        actor=row["actor"],
        note=row["note"],
    )
    await move_told(lane, deposit)
    if row["fee"]:
        fee = MoveMoney(
            key=f"bank_line:{row['bank_line_id']}:fee",
            event=TransferEvent.DEPOSIT_FEE,
            debit_account_id=house[HouseAccount.BANK],
            credit_account_id=house[HouseAccount.FEES],
            amount=row["fee"],
            actor=row["actor"],
            note=row["note"],
        )
        await move_told(lane, fee)
    await collect_receivable(
        pool, lane, row["reseller"], row["amount"], key=key, actor=row["actor"]
    )
    await pool.fetch(SQL.note_posted, row["bank_line_id"])
