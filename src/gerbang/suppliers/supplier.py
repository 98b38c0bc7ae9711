"""A supplier as this node knows it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from gerbang.dialects.contract import SupplierView


class Supplier(msgspec.Struct, frozen=True, kw_only=True):
    """What the core knows of a supplier; `view` is the part its dialect may see.

    `status` is active, paused (no new orders, open ones are followed) or closed.
    """

    view: SupplierView
    name: str
    status: str
    float_account_id: int
    timeout_ms: int
    concurrency_max: int
    orders_per_day_max: int
    float_min: int
    float_reported: int | None
    float_reported_at: datetime | None
    decide_after_s: int

    @property
    def id(self) -> int:
        """Its id."""
        return self.view.id

    @property
    def code(self) -> str:
        """Its code."""
        return self.view.code


def supplier_from_row(row: Mapping[str, Any], secrets: Mapping[str, str]) -> Supplier:
    """Read a supplier of the database, with its secrets unsealed."""
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
        float_reported_at=row["float_reported_at"],
        decide_after_s=row["decide_after_s"],
    )
