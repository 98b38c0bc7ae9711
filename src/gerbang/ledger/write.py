"""Write what a book planned, in one round trip, inside the caller's transaction."""

from __future__ import annotations

from gerbang.ledger.book import Book
from gerbang.ledger.seal import SQL
from gerbang.postgres.pool import Connection


class BalanceRowMissingError(Exception):
    """An account that was locked is not there any more: a bug of ours."""


async def write_book(connection: Connection, book: Book) -> None:
    """Insert transfers and entries, and store the new balances of locked accounts."""
    if not book.transfers:
        return
    ts, es, accounts = book.transfers, book.entries, list(book.changed.values())
    changed = await connection.fetchval(
        SQL.write_book,
        [t.id for t in ts],
        [t.key for t in ts],
        [str(t.event) for t in ts],
        [t.phase.value for t in ts],
        [t.pending_id for t in ts],
        [t.debit_account_id for t in ts],
        [t.credit_account_id for t in ts],
        [t.amount for t in ts],
        [t.order_id for t in ts],
        [t.actor for t in ts],
        [t.note for t in ts],
        [e.transfer_id for e in es],
        [e.account_id for e in es],
        [e.amount for e in es],
        [e.previous for e in es],
        [e.balance for e in es],
        [e.version for e in es],
        [a.id for a in accounts],
        [a.balance for a in accounts],
        [a.held for a in accounts],
        [a.version for a in accounts],
    )
    if changed != len(accounts):
        raise BalanceRowMissingError(f"{len(accounts)} balances, {changed} written")
