"""The table of magic numbers, as testing mode plays it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gerbang.dialects.contract import ProductKind
from gerbang.orders.reasons import Reason
from gerbang.sandbox import magic
from gerbang.sandbox.serials import make_serial, make_testing_serial

NOW = datetime(2026, 5, 31, 5, 36, 46, tzinfo=UTC)


def steps_of(ending: str) -> list[tuple[int, dict[str, Any]]]:
    steps = magic.testing_steps(f"0812345{ending}", ProductKind.PREPAID, now=NOW, is_token=False)
    return [(int((s.due_at - NOW) / timedelta(milliseconds=1)), dict(s.outcome)) for s in steps]


@pytest.mark.parametrize(
    ("ending", "expected"),
    [
        ("1230", [(0, "success", True)]),
        ("1231", [(2_000, "success", True)]),
        ("1232", [(0, "failed", True)]),
        ("1233", [(500, "success", False)]),
        ("1234", [(1_000, "failed", True)]),
        ("1235", [(2_000, "success", True)]),
        ("1236", [(2_000, "success", True)]),
        ("1237", [(0, "success", True), (2_000, "serial_number", True)]),
        ("1238", [(0, "success", True), (3_000, "reversed", True)]),
        ("1239", [(0, "failed", True)]),
        ("6789", [(300, "success", True)]),
    ],
)
def test_testing_plays_the_table(ending: str, expected: list[tuple[int, str, bool]]) -> None:
    played = [(ms, outcome["state"], outcome["callback"]) for ms, outcome in steps_of(ending)]
    assert played == expected


def test_failures_carry_their_reasons() -> None:
    reasons = {ending: steps_of(ending)[-1][1].get("reason") for ending in magic.PLANS}
    assert {ending: reason for ending, reason in reasons.items() if reason} == {
        "1232": Reason.NUMBER_NOT_FOUND,
        "1234": Reason.BILLER_FAILED,
        "1238": Reason.REFUNDED,
        "1239": Reason.PRODUCT_DISTURBED,
    }


def test_a_serial_number_that_follows_is_missing_at_first() -> None:
    (_, first), (_, second) = steps_of("1237")
    assert first["sn"] == ""
    assert second["sn"] != ""


def test_the_documented_sample_gets_the_documented_serial_number() -> None:
    (step,) = magic.testing_steps("08123456789", ProductKind.PREPAID, now=NOW, is_token=False)
    assert step.outcome["sn"] == "1234-5678-9012-3456"


def test_a_destination_of_fewer_than_four_digits_is_an_ordinary_one() -> None:
    assert magic.plan_for("12") is magic.USUAL


def test_serial_numbers_depend_on_nothing_but_the_reference() -> None:
    assert make_serial("R1", "TSEL21") == make_serial("R1", "TSEL21")
    assert make_serial("R1", "TSEL21") != make_serial("R2", "TSEL21")
    assert len(make_serial("R1", "TSEL21").sn) == 20


def test_an_electricity_token_has_twenty_digits_in_five_groups_and_its_parts() -> None:
    serial = make_serial("R1", "PLN20")
    assert serial.data is not None
    assert [len(part) for part in serial.data["token"].split("-")] == [4] * 5
    assert serial.sn.startswith(serial.data["token"])


def test_testing_serial_numbers_have_four_groups() -> None:
    assert [len(part) for part in make_testing_serial("0812").split("-")] == [4] * 4


@given(st.text(max_size=30), st.sampled_from(sorted(magic.PLANS)))
def test_only_the_last_four_digits_decide(anything: str, ending: str) -> None:
    assert magic.plan_for(anything + ending) is magic.PLANS[ending]


@given(st.text(max_size=30))
def test_every_destination_has_a_plan_whose_steps_come_in_time_s_order(destination: str) -> None:
    plan = magic.plan_for(destination)
    times = [step.after_ms for step in plan.later]
    assert times == sorted(times)
    testing = magic.testing_steps(destination, ProductKind.PREPAID, now=NOW, is_token=False)
    assert testing
    assert [step.due_at for step in testing] == sorted(step.due_at for step in testing)
    assert testing[-1].outcome["state"] in ("success", "failed", "reversed", "serial_number")


@given(st.text(max_size=40), st.sampled_from(["PLN20", "pln100", "PLNX"]))
def test_a_token_has_twenty_digits_and_names_its_customer(reference: str, code: str) -> None:
    serial = make_serial(reference, code)
    assert serial.data is not None
    assert len(serial.data["token"].replace("-", "")) == 20
    assert serial.data["token"].replace("-", "").isdecimal()
    assert serial.sn.split("/")[:2] == [serial.data["token"], serial.data["name"]]
    assert make_serial(reference, code) == serial


@given(st.lists(st.text(max_size=10), unique=True, min_size=2, max_size=50))
def test_two_references_never_share_a_serial_number(references: list[str]) -> None:
    for code in ("TSEL21", "PLN20"):
        assert len({make_serial(reference, code).sn for reference in references}) == len(references)
