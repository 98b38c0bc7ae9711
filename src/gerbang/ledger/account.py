"""Accounts: what holds rupiah, and the law that no reseller goes below its credit limit."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec


class HouseAccount(StrEnum):
    """Accounts of our own. They carry no running balance, so they are never hot rows."""

    SALES = "house:sales"
    COST = "house:cost"
    FEES = "house:fees"
    SURCHARGES = "house:surcharges"
    CORRECTIONS = "house:corrections"
    LATE_SUCCESS = "house:late_success"
    OPENING = "house:opening"
    CARD_FEES = "house:card_fees"
    BILL_MARGIN = "house:bill_margin"
    """What we keep of bills; a payment's price leaves `house:sales` whole in the same commit."""
    BANK = "bank:main"


HouseAccountIds = Mapping[HouseAccount, int]


class Account(msgspec.Struct):
    """A tracked account while its row is locked. Balances are credit-positive rupiah."""

    id: int
    kind: str
    balance: int
    held: int
    credit_limit: int
    version: int

    @property
    def available(self) -> int:
        """What its owner can see as balance: holds taken off."""
        return self.balance - self.held

    @property
    def spendable(self) -> int:
        """What may still be taken: the available balance and the credit limit."""
        return self.balance - self.held + self.credit_limit
