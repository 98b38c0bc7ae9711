"""Which route an order takes: a pure function that explains itself.

Every candidate gets a verdict: chosen, or passed over with the reason and its figures. The
explanation is stored with the attempt and shown in API, CLI and console.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, time
from typing import Any, Final

import msgspec

from gerbang.catalog.product import in_cut_off
from gerbang.routing.route import Route

TIME_FORMAT: Final = "%H:%M"


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A route and what is known of its supplier at this moment."""

    route: Route
    supplier_code: str
    supplier_status: str
    float_left: int | None = None
    float_min: int = 0
    in_flight: int = 0
    concurrency_max: int = 0
    orders_today: int = 0
    orders_per_day_max: int = 0
    circuit_open: bool = False
    circuit_reason: str = ""
    below_cost_allowed: bool = False


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be bought, for whom, and what was tried already."""

    destination: str
    reseller_code: str
    price: int
    amount: int = 0
    """The open denomination's own amount; a route's cost comes on top of it."""
    at: datetime
    tried_supplier_ids: frozenset[int] = frozenset()
    attempts_left: int = 1


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Why one candidate was chosen or passed over; `code` is for programs."""

    route_id: int
    supplier: str
    code: str
    sentence: str
    sentence_id: str
    figures: dict[str, int] = {}


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """The chosen route, if any, and a verdict for every candidate."""

    route: Route | None
    verdicts: tuple[Verdict, ...]

    def explanation(self) -> dict[str, Any]:
        """Give what is stored with the attempt."""
        return {"verdicts": [msgspec.to_builtins(verdict) for verdict in self.verdicts]}


def choose(candidates: Sequence[Candidate], wish: Wish, *, roll: Callable[[], float]) -> Choice:
    """Choose by priority (low first), then cost, then by weight among equals.

    `roll` gives a number from 0 up to 1; it is asked only where weights decide.
    """
    fit: list[Candidate] = []
    verdicts: list[Verdict] = []
    for candidate in candidates:
        obstacle = _obstacle(candidate, wish)
        if obstacle is None:
            fit.append(candidate)
        else:
            verdicts.append(obstacle)
    if not fit:
        return Choice(route=None, verdicts=tuple(verdicts))
    best = _best(fit, roll)
    verdicts.extend(_verdict_of_fit(candidate, best) for candidate in fit)
    return Choice(route=best.route, verdicts=tuple(verdicts))


def _best(fit: Sequence[Candidate], roll: Callable[[], float]) -> Candidate:
    if len(fit) == 1:
        return fit[0]
    rank = min((c.route.priority, c.route.cost) for c in fit)
    equals = [c for c in fit if (c.route.priority, c.route.cost) == rank]
    if len(equals) == 1:
        return equals[0]
    point = roll() * sum(c.route.weight for c in equals)
    for candidate in equals:
        point -= candidate.route.weight
        if point < 0:
            return candidate
    return equals[-1]


def _obstacle(c: Candidate, wish: Wish) -> Verdict | None:
    """The first thing that stands against a candidate."""
    return (
        _disabled(c)
        or _tried(c, wish)
        or _outside_its_rules(c, wish)
        or _without_capacity(c)
        or _without_margin(c, wish)
    )


def _passed_over(
    c: Candidate, code: str, english: str, indonesian: str, **figures: int
) -> Verdict:
    return Verdict(
        route_id=c.route.id,
        supplier=c.supplier_code,
        code=code,
        sentence=f"passed over: {english}",
        sentence_id=f"dilewati: {indonesian}",
        figures=figures,
    )


def _disabled(c: Candidate) -> Verdict | None:
    if not c.route.enabled:
        why = c.route.disabled_reason
        return _passed_over(c, "route_disabled", f"route disabled {why}", f"jalur nonaktif {why}")
    if c.supplier_status != "active":
        return _passed_over(
            c, "supplier_not_active", f"supplier {c.supplier_status}", "supplier tidak aktif"
        )
    if c.circuit_open:
        why = c.circuit_reason
        return _passed_over(c, "circuit_open", f"supplier unhealthy: {why}", f"gangguan: {why}")
    return None


def _tried(c: Candidate, wish: Wish) -> Verdict | None:
    if wish.attempts_left <= 0:
        return _passed_over(c, "attempts_used_up", "no attempts left", "batas percobaan habis")
    if c.route.supplier_id in wish.tried_supplier_ids:
        return _passed_over(c, "already_tried", "already tried", "sudah dicoba")
    return None


def _outside_its_rules(c: Candidate, wish: Wish) -> Verdict | None:
    rules = c.route.rules
    if rules.prefixes and not wish.destination.startswith(rules.prefixes):
        return _passed_over(
            c, "prefix", "destination outside its prefixes", "nomor di luar prefix jalur"
        )
    if rules.reseller_codes and wish.reseller_code not in rules.reseller_codes:
        return _passed_over(c, "reseller", "not for this reseller", "bukan untuk reseller ini")
    if rules.open_from and rules.open_until:
        start, end = _time(rules.open_from), _time(rules.open_until)
        if not in_cut_off(start, end, wish.at):
            hours = f"{rules.open_from}-{rules.open_until}"
            return _passed_over(
                c, "closed_now", f"open only {hours} WIB", f"hanya buka {hours} WIB"
            )
    return None


def _time(text: str) -> time:
    return datetime.strptime(text, TIME_FORMAT).time()  # noqa: DTZ007 (a time of day)


def _without_capacity(c: Candidate) -> Verdict | None:
    if c.concurrency_max and c.in_flight >= c.concurrency_max:
        return _passed_over(
            c,
            "busy",
            f"{c.in_flight} orders in flight of {c.concurrency_max}",
            f"{c.in_flight} transaksi berjalan dari {c.concurrency_max}",
            in_flight=c.in_flight,
            most=c.concurrency_max,
        )
    if c.orders_per_day_max and c.orders_today >= c.orders_per_day_max:
        return _passed_over(
            c,
            "daily_limit",
            f"{c.orders_today} orders today of {c.orders_per_day_max}",
            f"{c.orders_today} transaksi hari ini dari {c.orders_per_day_max}",
            today=c.orders_today,
            most=c.orders_per_day_max,
        )
    return _without_float(c)


def _without_float(c: Candidate) -> Verdict | None:
    if c.float_left is None or c.float_left - c.route.cost >= c.float_min:
        return None
    return _passed_over(
        c,
        "float_low",
        f"float {c.float_left} below minimum {c.float_min}",
        f"saldo {c.float_left} di bawah minimum {c.float_min}",
        float_left=c.float_left,
        float_min=c.float_min,
    )


def _without_margin(c: Candidate, wish: Wish) -> Verdict | None:
    cost = c.route.cost + wish.amount
    if cost <= wish.price or c.route.rules.below_cost_allowed or c.below_cost_allowed:
        return None
    return _passed_over(
        c,
        "below_cost",
        f"cost {cost} above price {wish.price}",
        f"harga beli {cost} di atas harga jual {wish.price}",
        cost=cost,
        price=wish.price,
    )


def _verdict_of_fit(c: Candidate, best: Candidate) -> Verdict:
    if c is best:
        return Verdict(
            route_id=c.route.id,
            supplier=c.supplier_code,
            code="chosen",
            sentence=f"chosen: priority {c.route.priority}, cost {c.route.cost}",
            sentence_id=f"dipilih: prioritas {c.route.priority}, harga beli {c.route.cost}",
            figures={"priority": c.route.priority, "cost": c.route.cost},
        )
    return _passed_over(
        c,
        "not_first",
        f"priority {c.route.priority}, cost {c.route.cost} after the chosen one",
        f"prioritas {c.route.priority}, harga beli {c.route.cost} setelah yang dipilih",
        priority=c.route.priority,
        cost=c.route.cost,
    )
