"""The rules of a route are read strictly, and a route that cannot be read is out of use."""

from __future__ import annotations

from typing import Any

import pytest

from gerbang.routing.route import RouteRules, RouteRulesInvalidError, read_rules, route_from_row

ROW: dict[str, Any] = {
    "id": 1,
    "product_id": 2,
    "supplier_id": 3,
    "supplier_product_code": "S5",
    "cost": 5_000,
    "priority": 100,
    "weight": 1,
    "enabled": True,
    "disabled_reason": "",
    "rules": {},
}


def test_no_rules_limit_nothing() -> None:
    assert read_rules({}) == RouteRules()


def test_rules_are_read_as_they_are_stored() -> None:
    rules = read_rules(
        {"open_from": "22:00", "open_until": "06:00", "prefixes": ["0812"], "reseller_codes": ["A"]}
    )
    assert (rules.open_from, rules.open_until) == ("22:00", "06:00")
    assert (rules.prefixes, rules.reseller_codes) == (("0812",), ("A",))


@pytest.mark.parametrize(
    "rules",
    [
        {"open_from": "25:00", "open_until": "06:00"},
        {"open_from": "10:00"},
        {"prefixes": "0812"},
        {"prefixes": [812]},
        {"prefix": ["0812"]},
        {"below_cost_allowed": "yes"},
        [],
        None,
    ],
)
def test_rules_that_are_none_are_refused(rules: Any) -> None:
    with pytest.raises(RouteRulesInvalidError):
        read_rules(rules)


def test_a_route_whose_rules_cannot_be_read_is_disabled_and_says_so() -> None:
    assert route_from_row(ROW).enabled
    broken = route_from_row({**ROW, "rules": {"prefix": ["0812"]}})
    assert not broken.enabled
    assert "prefix" in broken.disabled_reason
