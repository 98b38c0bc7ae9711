"""The book of one batch: plans transfers and entries against locked accounts, in plain Python.

This is the one place that moves money. It admits or refuses before the database is asked, so an
expected refusal is never a database error; the CHECKs and triggers are the second lock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gerbang.ledger.account import Account
from gerbang.ledger.transfer import Entry, Phase, Transfer


class InsufficientBalanceError(Exception):
    """The account does not hold this much."""

    def __init__(self, *, available: int, amount: int) -> None:
        """Keep both figures in rupiah."""
        super().__init__(f"available {available}, needed {amount}")
        self.available = available
        self.amount = amount


class AccountNotLockedError(Exception):
    """A tracked account is moved without its row locked: a bug of ours."""


class Book:
    """Accumulates what one transaction will write to the ledger.

    `accounts` are the locked tracked accounts by id; `tracked_ids` says of any id whether it is
    tracked, so that a forgotten lock is found here and not as a wrong balance.
    """

    def __init__(
        self,
        accounts: Mapping[int, Account],
        *,
        untracked_ids: frozenset[int],
        next_id: Callable[[], int],
    ) -> None:
        """Begin an empty book over locked accounts."""
        self.accounts = accounts
        self._untracked_ids = untracked_ids
        self._next_id = next_id
        self.transfers: list[Transfer] = []
        self.entries: list[Entry] = []
        self.changed: dict[int, Account] = {}

    def hold(
        self, key: str, event: str, *, debit: int, credit: int, amount: int, order_id: int
    ) -> Transfer:
        """Reserve `amount` on the debit account; raises InsufficientBalanceError."""
        account = self._tracked(debit)
        if account.spendable < amount:
            raise InsufficientBalanceError(available=account.available, amount=amount)
        account.held += amount
        self.changed[account.id] = account
        return self._add(key, event, Phase.PENDING, None, debit, credit, amount, order_id)

    def post(
        self, pending: Transfer, key: str, event: str, *, amount: int | None = None
    ) -> Transfer:
        """End a hold by taking `amount` of it (all by default) and releasing the rest."""
        taken = pending.amount if amount is None else amount
        if not 0 < taken <= pending.amount:
            msg = f"cannot post {taken} of a hold of {pending.amount}"
            raise ValueError(msg)
        self._release(pending)
        transfer = self._add(
            key,
            event,
            Phase.POSTED,
            pending.id,
            pending.debit_account_id,
            pending.credit_account_id,
            taken,
            pending.order_id,
        )
        self._enter(transfer)
        return transfer

    def void(self, pending: Transfer, key: str, event: str) -> Transfer:
        """End a hold by giving all of it back."""
        self._release(pending)
        return self._add(
            key,
            event,
            Phase.VOIDED,
            pending.id,
            pending.debit_account_id,
            pending.credit_account_id,
            pending.amount,
            pending.order_id,
        )

    def direct(
        self,
        key: str,
        event: str,
        *,
        debit: int,
        credit: int,
        amount: int,
        order_id: int | None = None,
        actor: str = "",
        note: str = "",
    ) -> Transfer:
        """Move `amount` at once; raises InsufficientBalanceError for a reseller's own account."""
        source = self.accounts.get(debit)
        if source is not None and source.kind == "reseller" and source.spendable < amount:
            raise InsufficientBalanceError(available=source.available, amount=amount)
        transfer = self._add(
            key, event, Phase.DIRECT, None, debit, credit, amount, order_id, actor, note
        )
        self._enter(transfer)
        return transfer

    def _release(self, pending: Transfer) -> None:
        account = self._tracked(pending.debit_account_id)
        account.held -= pending.amount
        self.changed[account.id] = account

    def _add(  # noqa: PLR0917 - in the order of Transfer's own members
        self,
        key: str,
        event: str,
        phase: Phase,
        pending_id: int | None,
        debit: int,
        credit: int,
        amount: int,
        order_id: int | None,
        actor: str = "",
        note: str = "",
    ) -> Transfer:
        transfer = Transfer(
            self._next_id(),
            key,
            event,
            phase,
            pending_id,
            debit,
            credit,
            amount,
            order_id,
            actor,
            note,
        )
        self.transfers.append(transfer)
        return transfer

    def _enter(self, transfer: Transfer) -> None:
        self._entry(transfer.id, transfer.debit_account_id, -transfer.amount)
        self._entry(transfer.id, transfer.credit_account_id, transfer.amount)

    def _entry(self, transfer_id: int, account_id: int, amount: int) -> None:
        if account_id in self._untracked_ids:
            self.entries.append(Entry(transfer_id, account_id, amount, None, None, None))
            return
        account = self._tracked(account_id)
        previous = account.balance
        account.balance = previous + amount
        account.version += 1
        self.changed[account_id] = account
        self.entries.append(
            Entry(transfer_id, account_id, amount, previous, account.balance, account.version)
        )

    def _tracked(self, account_id: int) -> Account:
        account = self.accounts.get(account_id)
        if account is None:
            msg = f"account {account_id} is not locked"
            raise AccountNotLockedError(msg)
        return account
