"""Credit and debit a reseller by hand: bank against reseller, once per key, through the lane."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from gerbang.errors import BadInputError, ConflictError, NotFoundError
from gerbang.ledger.account import HouseAccount
from gerbang.ledger.book import InsufficientBalanceError
from gerbang.ledger.move import Moved, MoveMoney, TransferKeyReusedError
from gerbang.ledger.read import house_account_ids
from gerbang.ledger.seal import SQL
from gerbang.ledger.transfer import TransferEvent
from gerbang.money import RUPIAH_MAX
from gerbang.postgres.lane import Lane
from gerbang.postgres.pool import Pool

TEXT_CHARS_MAX: Final = 200
COLLECT_DEADLINE_S: Final = 5.0
OWN_KEYS: Final = (
    "order:",
    "attempt:",
    "bank_line:",
    "payment:",
    "card_attempt:",
    "card_deposit:",
    "recon:",
    "surcharge:",
)
"""How the keys of what Gerbang books by itself begin."""
RECEIVABLE: Final = ":receivable"
"""How the key of what pays a debt, or becomes one, ends."""


class Credited(msgspec.Struct, frozen=True, kw_only=True):
    """What a credit (or a debit: negative `amount`) came to."""

    transfer_id: int
    key: str
    amount: int
    exists: bool
    """This key had been used before, with the same amount."""
    collected: int
    """How much of it paid an open receivable."""
    balance: int
    """The account's balance now, holds not taken off."""


async def credit_reseller(
    pool: Pool, lane: Lane, code: str, amount: int, *, key: str, note: str, actor: str
) -> Credited:
    """Credit `amount` rupiah (negative: debit) to a reseller, once per `key`.

    A credit first pays what the reseller owes us. Raises BadInputError, NotFoundError, and
    ConflictError where the key is used or the balance does not allow a debit.
    """
    _check(amount, key, note)
    account = await pool.fetchrow(SQL.account_by_code, f"reseller:{code}")
    if account is None:
        raise NotFoundError(f"no reseller {code}")
    bank = (await house_account_ids(pool))[HouseAccount.BANK]
    credit = amount > 0
    moved = await move_told(
        lane,
        MoveMoney(
            key=key,
            event=TransferEvent.MANUAL_CREDIT if credit else TransferEvent.MANUAL_DEBIT,
            debit_account_id=bank if credit else account["id"],
            credit_account_id=account["id"] if credit else bank,
            amount=abs(amount),
            actor=actor,
            note=note,
        ),
    )
    collected = 0
    if credit:
        collected = await collect_receivable(pool, lane, code, amount, key=key, actor=actor)
    after = await pool.fetchrow(SQL.account_by_code, f"reseller:{code}")
    return Credited(
        transfer_id=moved.transfer.id,
        key=key,
        amount=amount,
        exists=moved.exists,
        collected=collected,
        balance=after["balance"] if after else 0,
    )


async def collect_receivable(
    pool: Pool, lane: Lane, code: str, amount: int, *, key: str, actor: str
) -> int:
    """Pay an open receivable from a credit of `amount`; gives how much, 0 when nothing is owed.

    Two credits at one moment must not pay the same debt twice, so they take turns.
    """
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(SQL.lock_collecting, f"receivable:{code}")
        own_key = f"{key}{RECEIVABLE}"
        done = await connection.fetchval(SQL.transfer_amount_by_key, own_key)
        if done is not None:
            return int(done)
        owed = await connection.fetchrow(SQL.account_by_code, f"receivable:{code}")
        account = await connection.fetchrow(SQL.account_by_code, f"reseller:{code}")
        if owed is None or account is None or owed["balance"] >= 0:
            return 0
        move = _collection(account, owed, min(amount, -owed["balance"]), own_key, actor)
        try:
            await lane.submit(move, deadline_s=COLLECT_DEADLINE_S)
        except InsufficientBalanceError:
            return 0  # spent meanwhile: the next credit pays
    return move.amount


def _collection(account: Any, owed: Any, amount: int, key: str, actor: str) -> MoveMoney:
    return MoveMoney(
        key=key,
        event=TransferEvent.RECEIVABLE_COLLECTED,
        debit_account_id=account["id"],
        credit_account_id=owed["id"],
        amount=amount,
        actor=actor,
        note="",
    )


async def move_told(lane: Lane, move: MoveMoney) -> Moved:
    """Move money; what the ledger refuses is said as a ConflictError."""
    try:
        moved: Moved = await lane.submit(move)
    except TransferKeyReusedError as error:
        raise ConflictError(f"the key {move.key} was used for another amount or account") from error
    except InsufficientBalanceError as error:
        raise ConflictError(f"the balance does not allow it: {error}") from error
    return moved


def check_text(field: str, text: str, *, needed: bool = False) -> None:
    """Refuse what a text column or a person cannot take."""
    if (needed and not text.strip()) or len(text) > TEXT_CHARS_MAX or not text.isprintable():
        least = "1" if needed else "0"
        problem = f"{least} to {TEXT_CHARS_MAX} printable letters"
        raise BadInputError(f"{field}: {problem}", {field: problem})


def check_key(key: str) -> None:
    """Refuse a key that people may not choose: what Gerbang books itself needs its own free."""
    check_text("key", key, needed=True)
    if key.startswith(OWN_KEYS) or key.endswith(RECEIVABLE):
        problem = f"must not begin with {', '.join(OWN_KEYS)} or end with {RECEIVABLE}"
        raise BadInputError(f"key: {problem}", {"key": problem})


def _check(amount: int, key: str, note: str) -> None:
    if amount == 0 or abs(amount) > RUPIAH_MAX:
        raise BadInputError("an amount in rupiah is needed", {"amount": "not 0"})
    check_key(key)
    check_text("note", note)
