from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gerbang.suppliers.float_position import (
    Alarm,
    FloatLimits,
    FloatState,
    explained,
    float_limits,
    judge,
    spanning,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LIMITS = FloatLimits(alarm_below=100, tolerance=5, readings_min=3)
RUPIAH = st.integers(-(10**12), 10**12)
POSITIVE = st.integers(0, 10**9)


def after(readings: Sequence[tuple[int, int | None]]) -> tuple[FloatState, list[Alarm]]:
    state, alarms = FloatState(), list[Alarm]()
    for number, (reported, difference) in enumerate(readings):
        judged = judge(
            state,
            "maju",
            reported=reported,
            difference=difference,
            limits=LIMITS,
            now=NOW + timedelta(seconds=number),
        )
        state = judged.state
        alarms.extend(judged.alarms)
    return state, alarms


@given(RUPIAH, POSITIVE, POSITIVE)
def test_what_is_on_its_way_explains_any_part_of_itself(
    ledger: int, in_flight: int, taken: int
) -> None:
    range_ = explained(ledger=ledger, in_flight=in_flight)
    assert range_.difference(ledger - min(taken, in_flight)) == 0


@given(RUPIAH, POSITIVE, RUPIAH)
def test_a_difference_taken_away_leaves_none(ledger: int, in_flight: int, reported: int) -> None:
    range_ = explained(ledger=ledger, in_flight=in_flight)
    assert range_.difference(reported - range_.difference(reported)) == 0


@given(RUPIAH, POSITIVE, st.lists(st.tuples(st.integers(0, 2), st.integers(1, 1000)), max_size=20))
def test_orders_and_top_ups_while_asking_are_no_difference(
    ledger: int, sent_before: int, events: list[tuple[int, int]]
) -> None:
    """Whenever the supplier reads its book between our two looks, what it says is explained."""
    there, in_flight = ledger, sent_before
    before = explained(ledger=ledger, in_flight=in_flight)
    said = [there, there - in_flight]
    for kind, amount in events:
        if kind == 0:  # a new order: taken there, on its way here
            in_flight += amount
            said.append(ledger - in_flight)
        elif kind == 1:  # delivered: posted here
            posted = min(amount, in_flight)
            ledger, in_flight = ledger - posted, in_flight - posted
            said.append(ledger - in_flight)
    range_ = spanning(before, explained(ledger=ledger, in_flight=in_flight))
    assert [range_.difference(reported) for reported in said] == [0] * len(said)


def test_a_difference_is_a_case_only_when_it_stays() -> None:
    _, alarms = after([(500, 6), (500, 6), (500, 0), (500, -6), (500, 6)])
    assert alarms == []
    state, alarms = after([(500, 6), (500, 6), (500, -60), (500, 6)])
    assert [(a.kind, a.over) for a in alarms] == [("float_differs", False)]
    assert state.differs_case == alarms[0].subject


def test_a_case_is_over_when_the_difference_is_gone() -> None:
    state, alarms = after([(500, 6)] * 3 + [(500, 5)])
    assert [a.over for a in alarms] == [False, True]
    assert alarms[0].subject == alarms[1].subject
    assert state == FloatState()


def test_a_low_float_is_one_case_until_it_recovers_and_then_another() -> None:
    _, alarms = after([(99, None), (98, 0), (100, None), (3, None)])
    assert [(a.kind, a.over) for a in alarms] == [
        ("float_low", False),
        ("float_low", True),
        ("float_low", False),
    ]
    assert alarms[0].subject == alarms[1].subject != alarms[2].subject


def test_a_balance_that_came_with_an_answer_is_not_compared() -> None:
    state, alarms = after([(500, 6), (500, 6), (500, None), (500, None)])
    assert (state.differing_readings, alarms) == (2, [])


def test_a_supplier_has_limits_of_its_own_and_nonsense_is_not_taken() -> None:
    settings = {"float.alarm_below": 7, "float.tolerance": "much"}
    limits = float_limits(settings, float_min=3, tolerance=2, readings_min=1)
    assert (limits.alarm_below, limits.tolerance) == (7, 2)
