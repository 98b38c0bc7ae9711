"""Progress toward the monthly minimum, and the surcharge, as plain functions."""

from __future__ import annotations

from datetime import date

import pytest

from gerbang.terms.monthly import month_due
from gerbang.terms.terms import (
    Month,
    MonthUnreadableError,
    Pace,
    SurchargeRate,
    progress,
    surcharge,
)

AUGUST = Month(2026, 8)


@pytest.mark.parametrize(
    ("day", "surcharge_day", "due"),
    [
        (date(2026, 9, 2), 3, None),
        (date(2026, 9, 3), 3, Month(2026, 8)),
        (date(2026, 9, 30), 28, Month(2026, 8)),
        (date(2027, 1, 1), 1, Month(2026, 12)),
        (date(2026, 9, 30), 0, None),
    ],
)
def test_last_month_is_due_from_the_named_day_on(
    day: date, surcharge_day: int, due: Month | None
) -> None:
    assert month_due(day, surcharge_day=surcharge_day) == due


LONG_AGO = date(2025, 1, 1)


def test_a_month_is_read_and_written_and_knows_its_days() -> None:
    assert str(Month.read("2028-02")) == "2028-02"
    assert Month.read("2028-02").last == date(2028, 2, 29)
    for wrong in ("2026-13", "2026-8", "26-08", "2026-08-01", ""):
        with pytest.raises(MonthUnreadableError):
            Month.read(wrong)


@pytest.mark.parametrize(
    ("orders", "today", "pace"),
    [
        (0, date(2026, 8, 1), Pace.ON_TRACK),  # nothing is expected on the first morning
        (0, date(2026, 8, 2), Pace.BEHIND),
        (482, date(2026, 8, 16), Pace.BEHIND),
        (483, date(2026, 8, 16), Pace.ON_TRACK),
        (999, date(2026, 8, 31), Pace.ON_TRACK),
        (999, date(2026, 9, 1), Pace.MISSED),
        (1_000, date(2026, 9, 1), Pace.MET),
        (1_000, date(2026, 8, 2), Pace.MET),
    ],
)
def test_the_pace_is_what_is_there_beside_what_was_to_be_expected(
    orders: int, today: date, pace: Pace
) -> None:
    toward = progress(orders=orders, minimum=1_000, month=AUGUST, today=today, since=LONG_AGO)
    assert (toward.pace, toward.missing) == (pace, max(1_000 - orders, 0))
    assert bool(toward.warning) == (pace in {Pace.BEHIND, Pace.MISSED})


def test_the_first_month_and_no_minimum_warn_nobody() -> None:
    today = date(2026, 9, 1)
    first = progress(orders=0, minimum=1_000, month=AUGUST, today=today, since=date(2026, 8, 20))
    none = progress(orders=0, minimum=0, month=AUGUST, today=today, since=LONG_AGO)
    assert (first.pace, none.pace) == (Pace.STARTING, Pace.NO_MINIMUM)
    assert first.warning == none.warning == ""


@pytest.mark.parametrize(
    ("inquiries", "amount"),
    [(0, 0), (1, 100_000), (31_000, 100_000), (31_001, 200_000), (77_500, 300_000)],
)
def test_each_started_thousand_of_the_mean_day_costs(inquiries: int, amount: int) -> None:
    found = surcharge(
        month=AUGUST, inquiries=inquiries, orders=0, exempt=False, rate=SurchargeRate()
    )
    assert found.amount == amount


def test_it_says_how_the_surcharge_was_found() -> None:
    found = surcharge(month=AUGUST, inquiries=31_001, orders=0, exempt=False, rate=SurchargeRate())
    assert found.why == (
        "31.001 inquiries in 31 days are 1.000,1 a day; nothing was bought; "
        "2 started x 1.000 a day x Rp100.000 = Rp200.000"
    )


@pytest.mark.parametrize(
    ("orders", "exempt", "rate", "why"),
    [
        (1, False, SurchargeRate(), "does not only ask"),
        (0, True, SurchargeRate(), "exempt"),
        (0, False, SurchargeRate(amount=0), "no surcharge"),
    ],
)
def test_who_buys_or_is_exempt_pays_nothing(
    orders: int, exempt: bool, rate: SurchargeRate, why: str
) -> None:
    found = surcharge(month=AUGUST, inquiries=99_999, orders=orders, exempt=exempt, rate=rate)
    assert (found.amount, found.steps) == (0, 0)
    assert why in found.why
