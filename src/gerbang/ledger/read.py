"""What the ledger shows: accounts and statements. Reads only."""

from __future__ import annotations

from typing import Any, Final

from gerbang.ledger.account import HouseAccount, HouseAccountIds
from gerbang.ledger.seal import SQL
from gerbang.postgres.pool import Connection, Pool

NEWEST: Final = 2**62


class AccountNotFoundError(LookupError):
    """No account has that code."""


async def house_account_ids(connection: Connection | Pool) -> HouseAccountIds:
    """Load the ids of our own accounts."""
    rows = await connection.fetch(SQL.house_accounts)
    by_code = {row["code"]: row["id"] for row in rows}
    return {account: by_code[account.value] for account in HouseAccount}


async def untracked_account_ids(connection: Connection | Pool) -> frozenset[int]:
    """Load the ids of accounts that carry no running balance."""
    return frozenset(row[0] for row in await connection.fetch(SQL.untracked_accounts))


async def list_accounts(
    connection: Connection | Pool, *, after: str = "", limit: int = 100
) -> list[dict[str, Any]]:
    """List accounts by code with balances."""
    return [dict(row) for row in await connection.fetch(SQL.list_accounts, after, limit)]


async def statement(
    connection: Connection | Pool, code: str, *, before: int | None = None, limit: int = 100
) -> dict[str, Any]:
    """Show an account's entries, newest first (mutasi).

    `before` continues a statement: the `next` value of the previous page. Raises
    AccountNotFoundError.
    """
    account = await connection.fetchrow(SQL.account_by_code, code)
    if account is None:
        raise AccountNotFoundError(code)
    tracked = account["tracked"]
    sql = SQL.statement_tracked if tracked else SQL.statement_untracked
    rows = await connection.fetch(sql, account["id"], before or NEWEST, limit)
    position = "version" if tracked else "transfer_id"
    return {
        "account": dict(account),
        "items": [dict(row) for row in rows],
        "next": rows[-1][position] if len(rows) == limit else None,
    }


async def transfers_of_order(connection: Connection | Pool, order_id: int) -> list[dict[str, Any]]:
    """List an order's transfers in the order they were written."""
    return [dict(row) for row in await connection.fetch(SQL.transfers_of_order, order_id)]
