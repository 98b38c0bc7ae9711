"""A trigger finds a number that the product takes and that ends as the event wants."""

from __future__ import annotations

import re

import pytest

from gerbang.deposits.testing import PLANS as TICKET_PLANS
from gerbang.sandbox.bills import BILL_PLANS
from gerbang.sandbox.magic import PLANS
from gerbang.testing.trigger import (
    BILL_ENDINGS,
    ENDINGS,
    EVENTS,
    EXPECTED_REFUSALS,
    TICKET_ENDINGS,
    find_destination,
)


@pytest.mark.parametrize("event", ENDINGS)
def test_every_event_has_a_magic_number(event: str) -> None:
    assert ENDINGS[event] in PLANS


def test_bills_and_deposits_have_theirs_too() -> None:
    assert set(BILL_ENDINGS.values()) <= set(BILL_PLANS)
    assert set(TICKET_ENDINGS.values()) - {1_002} <= set(TICKET_PLANS)
    assert set(EXPECTED_REFUSALS) <= set(EVENTS)


@pytest.mark.parametrize(
    ("pattern", "prefixes"),
    [(r"08[0-9]{8,11}", ["0812"]), (r"[0-9]{11}", []), (r"1[0-9]{9}", ["9"])],
)
def test_the_number_fits_the_product(pattern: str, prefixes: list[str]) -> None:
    def problem(number: str) -> str:
        return "" if re.fullmatch(pattern, number) else "wrong"

    found = find_destination("1234", prefixes=prefixes, problem=problem)
    assert found is not None
    assert re.fullmatch(pattern, found)
    assert found.endswith("1234")


def test_where_no_number_fits_there_is_none() -> None:
    assert find_destination("1234", prefixes=["0812"], problem=lambda _n: "no") is None
