"""Keep what the bank says: each line once, whoever brings it and however often."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Final, Literal

import msgspec

from gerbang.deposits.line import NewLine, identities, line_problem
from gerbang.deposits.store import SQL
from gerbang.postgres.pool import Pool

LINES_AT_ONCE: Final = 1_000

Taking = Literal["new", "known", "refused"]


class TakenLine(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one line that a source brought."""

    index: int
    status: Taking
    id: int | None = None
    why: str = ""


class _Named(msgspec.Struct, frozen=True):
    index: int
    bank_account_id: int
    identity: str
    line: NewLine


async def record_lines(
    pool: Pool, lines: Sequence[NewLine], *, source: str, now: datetime
) -> list[TakenLine]:
    """Keep the lines of one file or message; each says whether it was new, known or refused."""
    rows = await pool.fetch(SQL.bank_account_ids)
    accounts = {row["account_no"]: row["id"] for row in rows}
    # A large file keeps a core busy for a second: orders do not wait for it.
    named, taken = await asyncio.to_thread(_look_at, lines, accounts, now)
    rest = iter(named)
    while chunk := list(islice(rest, LINES_AT_ONCE)):
        for one in await _record(pool, chunk, source):
            taken[one.index] = one
    return [taken[index] for index in range(len(lines))]


def _look_at(
    lines: Sequence[NewLine], accounts: Mapping[str, int], now: datetime
) -> tuple[list[_Named], dict[int, TakenLine]]:
    """Name each line, and refuse those that cannot be taken."""
    named, refused = [], {}
    for index, (line, identity) in enumerate(zip(lines, identities(lines), strict=True)):
        if problem := line_problem(line, now=now, accounts=accounts):
            refused[index] = TakenLine(index=index, status="refused", why=problem)
        else:
            named.append(_Named(index, accounts[line.account_no], identity, line))
    return named, refused


async def _record(pool: Pool, chunk: Sequence[_Named], source: str) -> list[TakenLine]:
    banks = [one.bank_account_id for one in chunk]
    names = [one.identity for one in chunk]
    lines = [one.line for one in chunk]
    inserted = await pool.fetch(
        SQL.insert_lines,
        banks,
        names,
        [line.direction for line in lines],
        [line.amount for line in lines],
        [line.description for line in lines],
        [line.reference for line in lines],
        [line.at for line in lines],
        [line.at_is_day for line in lines],
        source,
    )
    fresh = {row["id"] for row in inserted}
    kept = {
        (row["bank_account_id"], row["identity"]): (row["id"], row["amount"])
        for row in await pool.fetch(SQL.lines_by_identity, banks, names)
    }
    taken = []
    for one in chunk:
        line_id, amount = kept[one.bank_account_id, one.identity]
        taken.append(_taken(one, line_id, amount, is_new=line_id in fresh))
        fresh.discard(line_id)  # of two in one message, the first is the new one
    return taken


def _taken(one: _Named, line_id: int, amount: int, *, is_new: bool) -> TakenLine:
    if amount != one.line.amount:
        why = f"the reference {one.line.reference} belongs to a line of {amount}"
        return TakenLine(index=one.index, status="refused", id=line_id, why=why)
    return TakenLine(index=one.index, status="new" if is_new else "known", id=line_id)
