from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gerbang.suppliers.price_list import (
    DifferenceKind,
    KnownRoute,
    PriceLine,
    PriceRule,
    SyncRules,
    compare_prices,
)

RULES = SyncRules()
CODES = st.sampled_from([f"S{n}" for n in range(12)])
COSTS = st.integers(0, 10**6)
ROUTES = st.lists(
    st.builds(
        KnownRoute,
        id=st.integers(1, 10**6),
        product=st.just("P"),
        code=CODES,
        cost=COSTS,
        enabled=st.booleans(),
        disabled_reason=st.sampled_from(["", "slow", "price list: gone"]),
    ),
    unique_by=lambda route: route.id,
    max_size=12,
)
LINES = st.lists(
    st.builds(PriceLine, code=CODES, cost=st.none() | COSTS, open=st.booleans()),
    unique_by=lambda line: line.code,
    max_size=12,
)


def route(code: str, cost: int = 10_000, **more: object) -> KnownRoute:
    values = {"id": 1, "product": "P", "enabled": True, "disabled_reason": ""}
    return KnownRoute(code=code, cost=cost, **{**values, **more})  # type: ignore[arg-type]


def kinds(routes: list[KnownRoute], lines: list[PriceLine], **more: bool) -> list[tuple[str, bool]]:
    complete = more.get("complete", True)
    found = compare_prices(routes, lines, RULES, complete=complete)
    return [(d.kind.value, bool(d.quarantined)) for d in found]


def test_each_kind_of_difference_is_found() -> None:
    assert kinds([], [PriceLine(code="A", cost=1)]) == [("new", False)]
    assert kinds([route("A")], []) == [("gone", False)]
    assert kinds([route("A")], [], complete=False) == []
    assert kinds([route("A")], [PriceLine(code="A", cost=10_500)]) == [("cost_changed", False)]
    assert kinds([route("A")], [PriceLine(code="A", open=False)]) == [("closed", False)]
    assert kinds([route("A")], [PriceLine(code="A", cost=10_000)]) == []


def test_only_what_a_price_list_closed_is_opened_by_one() -> None:
    line = PriceLine(code="A", cost=10_000)
    by_list = route("A", enabled=False, disabled_reason="price list: closed")
    by_person = route("A", enabled=False, disabled_reason="too slow")
    assert kinds([by_list], [line]) == [("reopened", False)]
    assert kinds([by_person], [line]) == []


def test_jumps_are_quarantined_both_ways_and_exactly_at_the_threshold_not() -> None:
    for cost, suspicious in ((12_000, False), (12_001, True), (8_000, False), (7_999, True)):
        found = kinds([route("A")], [PriceLine(code="A", cost=cost)])
        assert found == [("cost_changed", suspicious)], cost
    assert kinds([route("A", 1)], [PriceLine(code="A", cost=0)]) == [("cost_changed", True)]


def test_a_list_that_lost_most_of_its_lines_closes_nothing() -> None:
    routes = [route(f"S{n}", id=n) for n in range(10)]
    found = compare_prices(routes, [], RULES, complete=True)
    assert {(d.kind, bool(d.quarantined)) for d in found} == {(DifferenceKind.GONE, True)}
    accepted = compare_prices(routes, [], RULES, complete=True, accepted=("S1",))
    assert [d.code for d in accepted if not d.quarantined] == ["S1"]


@given(ROUTES, LINES, st.booleans())
def test_applying_what_is_found_leaves_nothing_but_new_and_quarantine(
    routes: list[KnownRoute], lines: list[PriceLine], complete: bool
) -> None:
    by_id = {route.id: route for route in routes}
    for d in compare_prices(routes, lines, RULES, complete=complete):
        if d.quarantined or d.route_id is None:
            continue
        old = by_id[d.route_id]
        enabled, reason, cost = old.enabled, old.disabled_reason, old.cost
        if d.kind is DifferenceKind.COST_CHANGED:
            assert d.after is not None
            cost = d.after
        else:
            enabled = d.kind is DifferenceKind.REOPENED
            reason = "" if enabled else f"price list: {d.kind.value}"
        by_id[old.id] = KnownRoute(
            id=old.id,
            product=old.product,
            code=old.code,
            cost=cost,
            enabled=enabled,
            disabled_reason=reason,
        )
    again = compare_prices(list(by_id.values()), lines, RULES, complete=complete)
    assert [d for d in again if not d.quarantined and d.kind is not DifferenceKind.NEW] == []


@given(COSTS, st.integers(-1_000, 1_000), st.integers(0, 5_000), st.integers(1, 1_000))
def test_a_price_rule_rounds_up_by_less_than_a_step(
    cost: int, amount: int, basis_points: int, step: int
) -> None:
    rule = PriceRule(amount=amount, basis_points=basis_points, round_up_to=step)
    price = rule.price(cost)
    assert price % step == 0
    assert 0 <= (price - cost - amount) * 10_000 - cost * basis_points < (step + 1) * 10_000
