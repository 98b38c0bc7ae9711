"""Everything that can stand against a route, in the order in which it is looked at; pure.

Each check says nothing, or a code with its facts. Sentences are made when somebody reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from gerbang.clock import WIB
from gerbang.routing.candidate import Candidate, Wish
from gerbang.routing.explain import Code, Facts
from gerbang.routing.route import NO_RULES, RouteRules

Obstacle = tuple[Code, Facts]

NO_FACTS: Final[Facts] = {}
AREA_PREFIX_LENGTHS: Final = range(8, 2, -1)
"""Prefixes of areas have 3 to 8 digits; the longest that is known decides."""
_MINUTES: Final = 60


def obstacle_to_order(wish: Wish) -> Obstacle | None:
    """Say why this order may be sent nowhere any more."""
    if wish.attempts_left <= 0:
        return Code.ATTEMPTS_USED_UP, NO_FACTS
    if wish.deadline is not None and wish.at >= wish.deadline:
        deadline = wish.deadline.astimezone(WIB).strftime("%Y-%m-%d %H:%M:%S")
        return Code.DEADLINE_PASSED, {"deadline": deadline}
    return None


def obstacle_to_route(c: Candidate, wish: Wish) -> Obstacle | None:
    """Say the first thing that stands against a candidate for this order."""
    route = c.route
    if not route.enabled:
        return Code.ROUTE_DISABLED, {"why": route.disabled_reason or "-"}
    if c.supplier_status != "active":
        return Code.SUPPLIER_NOT_ACTIVE, {"status": c.supplier_status}
    if route.supplier_id in wish.tried_supplier_ids:
        return Code.ALREADY_TRIED, NO_FACTS
    if route.rules is not NO_RULES:
        outside = _outside(route.rules, wish)
        if outside is not None:
            return outside
    return _unfit_now(c) or _money(c, wish) or _busy(c)


def _outside(rules: RouteRules, wish: Wish) -> Obstacle | None:
    if rules.open_from and not is_open(rules, wish):
        hours = {"open_from": rules.open_from, "open_until": rules.open_until}
        return Code.CLOSED_NOW, hours
    if rules.prefixes and not wish.destination.startswith(rules.prefixes):
        return Code.PREFIX, NO_FACTS
    if rules.areas and wish.area not in rules.areas:
        return Code.AREA, {"area": wish.area or "?"}
    if rules.reseller_codes and wish.reseller_code not in rules.reseller_codes:
        return Code.RESELLER, {"reseller": wish.reseller_code}
    if rules.reseller_groups and wish.reseller_group not in rules.reseller_groups:
        return Code.RESELLER_GROUP, {"group": wish.reseller_group or "?"}
    return None


def is_open(rules: RouteRules, wish: Wish) -> bool:
    """Whether the order comes in the route's daily WIB window, which may cross midnight.

    The first minute belongs to the window, the last does not; equal ends mean never.
    """
    start, end = _minute_of(rules.open_from), _minute_of(rules.open_until)
    at = wish.at.astimezone(WIB)
    now = at.hour * _MINUTES + at.minute
    if start <= end:
        return start <= now < end
    return now >= start or now < end


@lru_cache(maxsize=2048)
def _minute_of(text: str) -> int:
    """Read ``HH:MM``; `read_rules` has checked it."""
    hours, _, minutes = text.partition(":")
    return int(hours) * _MINUTES + int(minutes)


def _unfit_now(c: Candidate) -> Obstacle | None:
    health = c.health
    if health is not None and not health.usable:
        return Code.CIRCUIT_OPEN, {"why": health.sentence("en"), "why_id": health.sentence("id")}
    if c.orders_per_day_max and c.orders_today >= c.orders_per_day_max:
        return Code.DAILY_LIMIT, {"today": c.orders_today, "most": c.orders_per_day_max}
    return None


def _money(c: Candidate, wish: Wish) -> Obstacle | None:
    cost = cost_of(c, wish)
    if c.float_left is not None and c.float_left - cost < c.float_min:
        facts = {"float_left": c.float_left, "float_min": c.float_min}
        if c.float_left < c.float_min:
            return Code.FLOAT_LOW, facts
        return Code.FLOAT_SHORT, {**facts, "cost": cost}
    if cost > wish.price and not (c.route.rules.below_cost_allowed or c.below_cost_allowed):
        return Code.BELOW_COST, {"cost": cost, "price": wish.price}
    return None


def _busy(c: Candidate) -> Obstacle | None:
    """Look at this last: whoever is only busy may still be waited for."""
    if c.concurrency_max and c.in_flight >= c.concurrency_max:
        return Code.BUSY, {"in_flight": c.in_flight, "most": c.concurrency_max}
    return None


def cost_of(c: Candidate, wish: Wish) -> int:
    """Give what the order would cost us by this route."""
    return c.route.cost + wish.amount


def area_of(destination: str, areas: Mapping[str, str]) -> str:
    """Name the area of a destination by its longest known prefix; empty where none is known."""
    if not areas:
        return ""
    for length in AREA_PREFIX_LENGTHS:
        area = areas.get(destination[:length])
        if area:
            return area
    return ""
