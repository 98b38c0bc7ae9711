"""Routes: which supplier may deliver a product, under which code, at what cost."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

TIME_OF_DAY: Final = "%H:%M"


class RouteRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Conditions of a route; what is not set does not limit."""

    open_from: str = ""
    """WIB time of day ``HH:MM`` from which the route may be used."""
    open_until: str = ""
    """WIB time of day until which it may be used; may lie past midnight."""
    prefixes: tuple[str, ...] = ()
    """Destinations must begin with one of these."""
    areas: tuple[str, ...] = ()
    """Only for destinations of these areas; one whose area is not known is outside."""
    reseller_codes: tuple[str, ...] = ()
    """Only for these resellers."""
    reseller_groups: tuple[str, ...] = ()
    """Only for resellers of these groups (the codes of their price lists)."""
    below_cost_allowed: bool = False
    """Whether an order may be sold below this route's cost."""


NO_RULES: Final = RouteRules()
"""What most routes have; they share this one, so that it is known without a look into it."""


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


class RouteRulesInvalidError(ValueError):
    """The rules of a route are not such as this file lists."""


def read_rules(values: Any) -> RouteRules:
    """Read rules as they are stored and sent. Raises RouteRulesInvalidError."""
    try:
        rules = msgspec.convert(values, RouteRules)
        for text in filter(None, (rules.open_from, rules.open_until)):
            datetime.strptime(text, TIME_OF_DAY)  # noqa: DTZ007 (a time of day)
    except (msgspec.ValidationError, ValueError) as error:
        raise RouteRulesInvalidError(str(error)) from error
    if bool(rules.open_from) != bool(rules.open_until):
        raise RouteRulesInvalidError("open_from and open_until come together")
    return NO_RULES if rules == NO_RULES else rules


def route_from_row(row: Mapping[str, Any]) -> Route:
    """Read a route of the database; one whose rules are unreadable is disabled and says so."""
    enabled, disabled_reason = row["enabled"], row["disabled_reason"]
    try:
        rules = read_rules(row["rules"])
    except RouteRulesInvalidError as error:
        rules, enabled, disabled_reason = NO_RULES, False, f"unreadable rules: {error}"
    return Route(
        id=row["id"],
        product_id=row["product_id"],
        supplier_id=row["supplier_id"],
        supplier_product_code=row["supplier_product_code"],
        cost=row["cost"],
        priority=row["priority"],
        weight=row["weight"],
        enabled=enabled,
        disabled_reason=disabled_reason,
        rules=rules,
    )
