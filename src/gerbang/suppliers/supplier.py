"""A supplier as this node keeps it in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from gerbang.dialects.supplier_contract import LearnRules, SupplierView
from gerbang.routing.terms import DEFAULT_TERMS, HealthTerms, health_terms
from gerbang.suppliers.learn import learn_rules


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
    health: HealthTerms = DEFAULT_TERMS


def supplier_from_row(
    row: Mapping[str, Any], secrets: Mapping[str, str], learn: LearnRules
) -> Supplier:
    """Read a supplier of the database; `learn` are its dialect's rules, which it may narrow."""
    return Supplier(
        view=SupplierView(
            id=row["id"],
            code=row["code"],
            dialect=row["dialect"],
            base_url=row["base_url"],
            secrets=secrets,
            settings=row["settings"],
            callback_ips=tuple(row["callback_ips"]),
        ),
        name=row["name"],
        status=row["status"],
        float_account_id=row["float_account_id"],
        timeout_ms=row["timeout_ms"],
        concurrency_max=row["concurrency_max"],
        orders_per_day_max=row["orders_per_day_max"],
        float_min=row["float_min"],
        float_reported=row["float_reported"],
        decide_after_s=row["decide_after_s"],
        learn=learn_rules(learn, row["settings"]),
        health=health_terms(row["settings"]),
    )
