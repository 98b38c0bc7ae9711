"""A product of the demo's catalogue."""

from __future__ import annotations

import msgspec


class DemoProduct(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the demo catalogue; rupiah."""

    code: str
    name: str
    category: str
    brand: str
    operator: str = ""
    kind: str = "prepaid"
    price: int
    cost: int
    admin_fee: int = 0
    service: str = ""
    biller: str = ""
    amount_min: int | None = None
    amount_max: int | None = None
    amount_step: int = 1
