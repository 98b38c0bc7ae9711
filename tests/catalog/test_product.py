"""Prices, cut-off windows and destinations: what one product costs, when, and for which number."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from fractions import Fraction
from math import ceil
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gerbang.catalog.product import (
    Category,
    Margin,
    PriceList,
    Product,
    destination_problem,
    in_cut_off,
    normalise_destination,
    operator_of,
)
from gerbang.clock import WIB
from gerbang.dialects.contract import ProductKind

PHONES = Category(
    code="pulsa",
    name="Pulsa",
    destination_pattern="^0[0-9]{8,13}$",
    destination_hint="a phone number",
    uses_operator_prefix=True,
)
METERS = Category(
    code="pln",
    name="PLN",
    destination_pattern="^[0-9]{11,12}$",
    destination_hint="a meter number",
    uses_operator_prefix=False,
)
GAMES = Category(
    code="game",
    name="Game",
    destination_pattern="^[0-9A-Za-z()-]{4,40}$",
    destination_hint="a game id",
    uses_operator_prefix=False,
)
PREFIXES = {"0812": "TELKOMSEL", "0817": "XL", "08170": "OTHER"}

rupiah = st.integers(0, 10**12)


def product(**changes: Any) -> Product:
    values: dict[str, Any] = {
        "id": 1,
        "code": "S5",
        "name": "Telkomsel 5.000",
        "category": "pulsa",
        "brand": "",
        "operator": "TELKOMSEL",
        "kind": ProductKind.PREPAID,
        "status": "open",
        "status_reason": "",
        "base_price": 5_000,
        "cost": None,
        "admin_fee": 0,
        "amount_min": None,
        "amount_max": None,
        "amount_step": 1,
        "cut_off_start": None,
        "cut_off_end": None,
        "same_day_rule": "reseller",
        "description": "",
    }
    return Product(**{**values, **changes})


def price_list(
    margins: dict[str, Margin] | None = None, fixed: dict[int, int] | None = None
) -> PriceList:
    return PriceList(id=1, code="default", margins=margins or {}, fixed=fixed or {})


# --- price ----------------------------------------------------------------------------------------


@given(rupiah, st.integers(-5_000, 5_000), st.integers(-10_000, 20_000))
def test_a_margin_is_rupiah_and_basis_points_of_the_base_rounded_up(
    base: int, amount: int, points: int
) -> None:
    exact = base + amount + ceil(Fraction(base * points, 10_000))
    found = price_list({"": Margin(amount=amount, basis_points=points)}).price_of(
        product(base_price=base)
    )
    assert found == (exact if exact >= 0 else None)


@given(rupiah, rupiah, st.integers(0, 10_000))
def test_a_fixed_price_wins_over_every_margin(base: int, fixed: int, points: int) -> None:
    margins = {"": Margin(amount=1, basis_points=points), "pulsa": Margin(amount=2, basis_points=0)}
    listed = price_list(margins, {1: fixed})
    assert listed.price_of(product(base_price=base)) == fixed


@given(rupiah, st.integers(0, 1_000), st.integers(0, 1_000))
def test_the_margin_of_a_category_replaces_that_of_the_whole_list(
    base: int, whole: int, own: int
) -> None:
    margins = {
        "": Margin(amount=whole, basis_points=0),
        "pulsa": Margin(amount=own, basis_points=0),
    }
    assert price_list(margins).price_of(product(base_price=base)) == base + own
    other = product(base_price=base, category="pln")
    assert price_list(margins).price_of(other) == base + whole


@given(rupiah, st.integers(1, 10**9))
def test_an_open_denomination_costs_its_amount_and_the_price_on_top(base: int, amount: int) -> None:
    opened = product(kind=ProductKind.OPEN, base_price=base)
    assert price_list().price_of(opened, amount) == amount + base
    assert price_list(fixed={1: 150}).price_of(opened, amount) == amount + 150


@given(st.integers(2, 10**6))
def test_the_quantity_of_anything_else_changes_no_price(quantity: int) -> None:
    assert price_list().price_of(product(), quantity) == 5_000


def test_without_a_base_or_fixed_price_there_is_none() -> None:
    bare = product(base_price=None)
    assert price_list({"": Margin(amount=100, basis_points=0)}).price_of(bare) is None
    assert price_list(fixed={1: 0}).price_of(bare) == 0


# --- cut-off --------------------------------------------------------------------------------------

times = st.times(timezones=st.none())
moments = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)).map(  # noqa: DTZ001 (made UTC)
    lambda at: at.replace(tzinfo=UTC)
)


@given(times, times, moments)
def test_a_window_and_its_complement_share_no_moment_and_leave_none_out(
    start: time, end: time, at: datetime
) -> None:
    assume(start != end)
    assert in_cut_off(start, end, at) != in_cut_off(end, start, at)


@given(times, times, moments)
def test_every_day_is_the_same(start: time, end: time, at: datetime) -> None:
    assert in_cut_off(start, end, at) == in_cut_off(start, end, at + timedelta(days=1))


@pytest.mark.parametrize(
    ("wib", "inside"),
    [
        ("23:29:59", False),
        ("23:30:00", True),
        ("23:59:59", True),
        ("00:00:00", True),
        ("00:29:59", True),
        ("00:30:00", False),
        ("12:00:00", False),
    ],
)
def test_a_window_across_midnight_is_on_both_sides_of_it(wib: str, *, inside: bool) -> None:
    at = datetime.combine(datetime(2026, 5, 31, tzinfo=WIB), time.fromisoformat(wib), WIB)
    assert in_cut_off(time(23, 30), time(0, 30), at) is inside
    assert in_cut_off(time(23, 30), time(0, 30), at.astimezone(UTC)) is inside


@given(times, moments)
def test_no_window_and_an_empty_window_are_never_on(end: time, at: datetime) -> None:
    assert not in_cut_off(None, None, at)
    assert not in_cut_off(end, end, at)


# --- destinations ---------------------------------------------------------------------------------

subscribers = st.from_regex(r"8[0-9]{8,11}", fullmatch=True)


@given(subscribers)
def test_a_phone_number_is_one_number_however_it_is_written(subscriber: str) -> None:
    tail = f"{subscriber[:3]}-{subscriber[3:7]} {subscriber[7:]}"
    forms = [f"0{subscriber}", f"+62{subscriber}", f"62{subscriber}", f"+62 {tail}", f"0{tail}"]
    assert {normalise_destination(form, PHONES) for form in forms} == {f"0{subscriber}"}


@given(st.one_of(st.text(max_size=30), subscribers), st.sampled_from([PHONES, METERS, GAMES]))
def test_normalising_twice_is_normalising_once(text: str, category: Category) -> None:
    once = normalise_destination(text, category)
    assume(not once.startswith(("62", "+62")))
    assert normalise_destination(once, category) == once


def test_a_meter_number_may_be_typed_in_groups_and_a_game_id_keeps_its_dash() -> None:
    assert normalise_destination("1234-5678 901", METERS) == "12345678901"
    assert normalise_destination(" player-one(77) ", GAMES) == "player-one(77)"
    assert normalise_destination("62123456789", METERS) == "62123456789"


@given(st.text(max_size=70), st.sampled_from([PHONES, METERS, GAMES]))
def test_any_text_gets_a_verdict_and_never_an_exception(text: str, category: Category) -> None:
    destination = normalise_destination(text, category)
    problem = destination_problem(destination, category, product(), PREFIXES)
    assert problem == "" or category.destination_hint in problem or "belongs to" in problem


def test_a_number_of_another_operator_is_refused_and_an_unlisted_one_let_through() -> None:
    def problem(number: str, **changes: Any) -> str:
        return destination_problem(number, PHONES, product(**changes), PREFIXES)

    assert problem("081234567890") == ""
    assert "XL" in problem("081734567890")
    assert problem("089934567890") == ""
    assert problem("081734567890", operator="") == ""
    assert problem("12345") == "a phone number"
    assert problem("081234567890\n") == "a phone number"
    assert problem("٠٨١٢٣٤٥٦٧٨٩") == "a phone number"


def test_the_longest_listed_prefix_names_the_operator() -> None:
    assert operator_of("08171234567", PREFIXES) == "XL"
    assert operator_of("08170234567", PREFIXES) == "OTHER"
    assert operator_of("0999", PREFIXES) == ""
