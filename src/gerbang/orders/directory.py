"""What settling needs to know of resellers and suppliers, answered from memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from gerbang.dialects.contract import CallbackEvent
from gerbang.dialects.supplier_contract import LearnRules
from gerbang.orders.order import Attempt, Order
from gerbang.orders.writes import PlannedAttempt


class ResellerTerms(msgspec.Struct, frozen=True, kw_only=True):
    """A reseller's accounts and the rule of who pays a late success."""

    account_id: int
    receivable_account_id: int
    late_success_paid_by: str


class SupplierTerms(msgspec.Struct, frozen=True, kw_only=True):
    """A supplier's float account and how the truth may be learned from it."""

    float_account_id: int
    learn: LearnRules


class Directory(Protocol):
    """Answers from memory; nothing here waits."""

    def reseller_terms(self, reseller_id: int) -> ResellerTerms:
        """Give the terms of a reseller."""
        ...

    def supplier_terms(self, supplier_id: int) -> SupplierTerms:
        """Give the terms of a supplier."""
        ...

    def callback_format(self, order: Order, event: CallbackEvent) -> str | None:
        """Name the format in which the reseller is told of `event`; None where it is not told."""
        ...

    def choose_next(self, order: Order, attempts: Sequence[Attempt]) -> PlannedAttempt | None:
        """Choose the next route after these attempts, or None."""
        ...
