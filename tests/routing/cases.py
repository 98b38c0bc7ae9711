"""Routes, candidates and wishes for the tests of routing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from hypothesis import strategies as st

from gerbang.routing.candidate import Candidate, Wish
from gerbang.routing.route import Route, RouteRules
from gerbang.routing.standing import Standing, Trouble

NOON: Final = datetime(2026, 5, 31, 5, 0, tzinfo=UTC)
"""12:00 in WIB."""

OPEN_CIRCUIT: Final = Standing(
    usable=False, trouble=Trouble.BAD_IN_ROW, facts={"bad": 6}, since=NOON, retry_at=NOON
)
PROBING: Final = Standing(usable=True, probing=True, trouble=Trouble.ANSWERED, facts={"probes": 1})


def make_route(number: int = 1, **changes: Any) -> Route:
    members: dict[str, Any] = {
        "id": number,
        "product_id": 1,
        "supplier_id": number,
        "supplier_product_code": f"CODE{number}",
        "cost": 10_000,
        "priority": 100,
        "weight": 1,
        "enabled": True,
        "disabled_reason": "",
        "rules": RouteRules(),
    }
    return Route(**(members | changes))


def make_candidate(number: int = 1, **changes: Any) -> Candidate:
    route = {name: changes.pop(name) for name in list(changes) if name in Route.__struct_fields__}
    members: dict[str, Any] = {
        "route": make_route(number, **route),
        "supplier_code": f"supplier-{number}",
        "supplier_status": "active",
    }
    return Candidate(**(members | changes))


def make_wish(**changes: Any) -> Wish:
    members: dict[str, Any] = {
        "destination": "081234567890",
        "reseller_code": "DEMO",
        "price": 12_000,
        "at": NOON,
    }
    return Wish(**(members | changes))


_times = st.sampled_from(["00:00", "08:00", "11:59", "12:00", "12:01", "23:30"])
_some_rules = st.builds(
    RouteRules,
    prefixes=st.sampled_from([(), ("0812",), ("0857", "0858")]),
    areas=st.sampled_from([(), ("JABAR",), ("JATIM", "BALI")]),
    reseller_codes=st.sampled_from([(), ("DEMO",), ("OTHER",)]),
    reseller_groups=st.sampled_from([(), ("GOLD",), ("SILVER",)]),
    below_cost_allowed=st.booleans(),
)


@st.composite
def rules(draw: st.DrawFn) -> RouteRules:
    made = draw(_some_rules)
    if draw(st.booleans()):
        return made
    return RouteRules(
        open_from=draw(_times),
        open_until=draw(_times),
        prefixes=made.prefixes,
        below_cost_allowed=made.below_cost_allowed,
    )


_mostly_active = st.sampled_from(["active", "active", "active", "paused", "closed"])


@st.composite
def candidates(draw: st.DrawFn) -> list[Candidate]:
    count = draw(st.integers(0, 6))
    return [draw(_candidate(number)) for number in range(1, count + 1)]


def _candidate(number: int) -> st.SearchStrategy[Candidate]:
    return st.builds(
        Candidate,
        route=st.builds(
            make_route,
            st.just(number),
            supplier_id=st.integers(1, 4),
            cost=st.sampled_from([9_000, 10_000, 11_000, 13_000]),
            priority=st.sampled_from([10, 20]),
            weight=st.integers(1, 5),
            enabled=st.sampled_from([True, True, True, False]),
            disabled_reason=st.sampled_from(["", "cost jumped"]),
            rules=rules(),
        ),
        supplier_code=st.just(f"supplier-{number}"),
        supplier_status=_mostly_active,
        float_left=st.none() | st.integers(-5_000, 200_000),
        float_min=st.sampled_from([0, 50_000]),
        in_flight=st.integers(0, 4),
        concurrency_max=st.integers(0, 4),
        orders_today=st.integers(0, 4),
        orders_per_day_max=st.integers(0, 4),
        health=st.sampled_from([None, None, Standing(usable=True), OPEN_CIRCUIT, PROBING]),
        below_cost_allowed=st.booleans(),
    )


def wishes() -> st.SearchStrategy[Wish]:
    return st.builds(
        Wish,
        destination=st.sampled_from(["081234567890", "085712345678", "12345678901"]),
        reseller_code=st.sampled_from(["DEMO", "OTHER"]),
        reseller_group=st.sampled_from(["", "GOLD"]),
        price=st.sampled_from([10_000, 12_000, 20_000]),
        amount=st.sampled_from([0, 5_000]),
        at=st.datetimes(datetime(2026, 5, 30), datetime(2026, 6, 2), timezones=st.just(UTC)),  # noqa: DTZ001 (the zone is given)
        area=st.sampled_from(["", "JABAR", "BALI"]),
        tried_supplier_ids=st.frozensets(st.integers(1, 4), max_size=2),
        attempts_left=st.sampled_from([1, 3, 3, 0, -1]),
        deadline=st.none() | st.just(datetime(2026, 6, 1, tzinfo=UTC)),
    )


def rolls() -> st.SearchStrategy[float]:
    return st.floats(0, 1, exclude_max=True)
