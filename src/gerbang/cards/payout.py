"""Pay a merchant what we owe him: once per key, never more than the balance."""

from __future__ import annotations

from typing import Any

from gerbang.cards.store import SQL
from gerbang.errors import BadInputError, ConflictError, NotFoundError
from gerbang.ledger.account import HouseAccount, HouseAccountIds
from gerbang.ledger.credit import check_key, check_text, move_told
from gerbang.ledger.move import MoveMoney
from gerbang.ledger.transfer import TransferEvent
from gerbang.money import RUPIAH_MAX
from gerbang.postgres.lane import Lane
from gerbang.postgres.pool import Pool


async def pay_out(
    pool: Pool,
    lane: Lane,
    house: HouseAccountIds,
    imid: str,
    amount: int,
    *,
    key: str,
    note: str,
    actor: str,
) -> dict[str, Any]:
    """Book a payout that was made. Two at one moment take turns, so that both see the balance."""
    if not 0 < amount <= RUPIAH_MAX:
        raise BadInputError("an amount in rupiah is needed", {"amount": "above 0"})
    check_key(key)
    check_text("note", note)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(SQL.lock_payouts, f"payout:{imid}")
        account = await connection.fetchrow(SQL.merchant_balance, imid, key)
        if account is None:
            raise NotFoundError(f"no merchant {imid}")
        if not account["known"] and account["balance"] < amount:
            raise ConflictError(f"we owe {imid} only {account['balance']}")
        moved = await move_told(
            lane,
            MoveMoney(
                key=key,
                event=TransferEvent.CARD_PAYOUT,
                debit_account_id=account["id"],
                credit_account_id=house[HouseAccount.BANK],
                amount=amount,
                actor=actor,
                note=note,
            ),
        )
    balance = moved.balances.get(account["id"], account["balance"])
    return {
        "transfer_id": moved.transfer.id,
        "key": key,
        "amount": amount,
        "exists": moved.exists,
        "balance": balance,
    }
