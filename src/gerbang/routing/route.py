"""Routes: which supplier may deliver a product, under which code, at what cost."""

from __future__ import annotations

import msgspec


class RouteRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Conditions of a route; what is not set does not limit."""

    open_from: str = ""
    """WIB time of day ``HH:MM`` from which the route may be used."""
    open_until: str = ""
    """WIB time of day until which it may be used; may lie past midnight."""
    prefixes: tuple[str, ...] = ()
    """Destinations must begin with one of these."""
    reseller_codes: tuple[str, ...] = ()
    """Only for these resellers."""
    below_cost_allowed: bool = False
    """Whether an order may be sold below this route's cost."""


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One way to buy one product; `cost` in rupiah (for an open denomination above the amount)."""

    id: int
    product_id: int
    supplier_id: int
    supplier_product_code: str
    cost: int
    priority: int
    weight: int
    enabled: bool
    disabled_reason: str
    rules: RouteRules
