"""Money moved by hand or by deposit: one direct transfer with a key that makes it happen once."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from gerbang.ledger.book import Book, InsufficientBalanceError
from gerbang.ledger.transfer import Transfer


class MoveMoney(msgspec.Struct, frozen=True, kw_only=True):
    """Ask the write lane for one direct transfer of `amount` rupiah."""

    key: str
    event: str
    debit_account_id: int
    credit_account_id: int
    amount: int
    actor: str
    note: str
    order_id: int | None = None

    @property
    def account_id(self) -> int:
        """The account by which the lane chooses its worker: the reseller's, if there is one."""
        return max(self.debit_account_id, self.credit_account_id)


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """The transfer; `exists` says that this key had been used before, with the same values."""

    transfer: Transfer
    exists: bool
    balances: Mapping[int, int]
    """Balance after it, of the tracked accounts it touched."""


class TransferKeyReusedError(Exception):
    """The key was used before with other values."""

    def __init__(self, existing: Transfer) -> None:
        """Keep the transfer that has the key."""
        super().__init__(f"key {existing.key!r} belongs to another transfer")
        self.existing = existing


def plan_move(
    move: MoveMoney, book: Book, known: Mapping[str, Transfer]
) -> Moved | TransferKeyReusedError | InsufficientBalanceError:
    """Plan a move against the locked accounts, or say why not."""
    existing = known.get(move.key)
    if existing is not None:
        return _answer_existing(move, existing, book)
    try:
        transfer = book.direct(
            move.key,
            move.event,
            debit=move.debit_account_id,
            credit=move.credit_account_id,
            amount=move.amount,
            order_id=move.order_id,
            actor=move.actor,
            note=move.note,
        )
    except InsufficientBalanceError as error:
        return error
    return Moved(transfer=transfer, exists=False, balances=_balances(move, book))


def _answer_existing(
    move: MoveMoney, existing: Transfer, book: Book
) -> Moved | TransferKeyReusedError:
    same = (existing.debit_account_id, existing.credit_account_id, existing.amount) == (
        move.debit_account_id,
        move.credit_account_id,
        move.amount,
    )
    if not same:
        return TransferKeyReusedError(existing)
    return Moved(transfer=existing, exists=True, balances=_balances(move, book))


def _balances(move: MoveMoney, book: Book) -> Mapping[int, int]:
    ids = (move.debit_account_id, move.credit_account_id)
    return {i: book.accounts[i].balance for i in ids if i in book.accounts}
