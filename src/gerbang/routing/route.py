"""A route: how one product can be bought at one supplier, and when that is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

import msgspec

from gerbang.clock import WIB


class RouteRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Conditions of a route; what is empty does not limit.

    `open_from` and `open_until` are WIB times of day, and may cross midnight. `reseller_groups` are
    compared with the reseller's setting ``group``. `below_cost` lets the route sell at a loss.
    """

    open_from: time | None = None
    open_until: time | None = None
    destination_prefixes: tuple[str, ...] = ()
    reseller_groups: tuple[str, ...] = ()
    below_cost: bool = False


class Route(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One way to buy a product; a smaller priority is tried first."""

    id: int
    product_id: int
    supplier_id: int
    supplier_product_code: str
    cost: int
    priority: int = 100
    weight: int = 1
    enabled: bool = True
    disabled_reason: str = ""
    rules: RouteRules = RouteRules()


class RouteRulesInvalidError(ValueError):
    """The rules of a route are not what routing/route.py lists."""


def read_rules(values: Any) -> RouteRules:
    """Read rules as they are stored and sent. Raises RouteRulesInvalidError."""
    try:
        rules = msgspec.convert(values, RouteRules)
    except msgspec.ValidationError as error:
        raise RouteRulesInvalidError(str(error)) from error
    if (rules.open_from is None) != (rules.open_until is None):
        raise RouteRulesInvalidError("open_from and open_until come together")
    if any(each and each.tzinfo for each in (rules.open_from, rules.open_until)):
        raise RouteRulesInvalidError("open_from and open_until are WIB times, without a zone")
    return rules


def route_refusal(
    route: Route, *, destination: str, reseller_group: str, price: int, at: datetime
) -> str:
    """Say why the route is not for this order; empty when it is."""
    rules = route.rules
    if not route.enabled:
        return route.disabled_reason or "disabled"
    if not _is_open(rules, at):
        return f"open from {rules.open_from:%H:%M} to {rules.open_until:%H:%M}"
    if rules.destination_prefixes and not destination.startswith(rules.destination_prefixes):
        return "not for this destination's prefix"
    if rules.reseller_groups and reseller_group not in rules.reseller_groups:
        return "not for this reseller's group"
    if route.cost > price and not rules.below_cost:
        return f"costs {route.cost}, sold for {price}"
    return ""


def _is_open(rules: RouteRules, at: datetime) -> bool:
    start, end = rules.open_from, rules.open_until
    if start is None or end is None:
        return True
    now = at.astimezone(WIB).time()
    if start <= end:
        return start <= now < end
    return now >= start or now < end


def route_from_row(row: Mapping[str, Any]) -> Route:
    """Read a route of the database; one whose rules cannot be read is disabled and says so."""
    enabled, disabled_reason = row["enabled"], row["disabled_reason"]
    try:
        rules = read_rules(row["rules"])
    except RouteRulesInvalidError as error:
        rules, enabled, disabled_reason = RouteRules(), False, f"its rules are unreadable: {error}"
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
