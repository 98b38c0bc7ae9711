"""A supplier as this node keeps it in memory."""

from __future__ import annotations

import msgspec

from gerbang.dialects.contract import LearnRules, SupplierView


class Supplier(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about a supplier that routing and dispatch ask for."""

    view: SupplierView
    name: str
    status: str
    float_account_id: int
    timeout_ms: int
    concurrency_max: int
    orders_per_day_max: int
    float_min: int
    float_reported: int | None
    decide_after_s: int
    learn: LearnRules
