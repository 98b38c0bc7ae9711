"""A reseller's terms: progress toward the monthly minimum, and the surcharge; pure."""

from __future__ import annotations

import calendar
import re
from datetime import date
from enum import StrEnum
from typing import Final, Self

import msgspec

from gerbang.money import format_dots

_MONTH: Final = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")


class MonthUnreadableError(ValueError):
    """A month is written like 2026-08."""


class Month(msgspec.Struct, frozen=True, order=True):
    """A calendar month of WIB days."""

    year: int
    number: int

    @classmethod
    def read(cls, text: str) -> Self:
        """Read ``2026-08``. Raises MonthUnreadableError."""
        match = _MONTH.fullmatch(text)
        if match is None:
            raise MonthUnreadableError(f"{text!r} is not a month like 2026-08")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, day: date) -> Self:
        """Give the month of a day."""
        return cls(day.year, day.month)

    @property
    def days(self) -> int:
        """How many days it has."""
        return calendar.monthrange(self.year, self.number)[1]

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, self.number, 1)

    @property
    def last(self) -> date:
        """Its last day."""
        return date(self.year, self.number, self.days)

    def __str__(self) -> str:
        """Write ``2026-08``."""
        return f"{self.year:04}-{self.number:02}"


# --- the monthly minimum --------------------------------------------------------------------------


class Pace(StrEnum):
    """How a reseller stands toward its minimum."""

    NO_MINIMUM = "no_minimum"
    STARTING = "starting"
    """The month in which it became a reseller: the minimum counts from the next."""
    MET = "met"
    ON_TRACK = "on_track"
    BEHIND = "behind"
    MISSED = "missed"


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """Successful orders of a month beside the minimum; `warning` is empty where all is well."""

    month: str
    orders: int
    minimum: int
    missing: int
    expected_by_now: int
    pace: Pace
    warning: str


def progress(*, orders: int, minimum: int, month: Month, today: date, since: date) -> Progress:
    """Say how many orders are missing and whether the pace is enough; `since` is the first day."""
    expected = minimum * _days_over(month, today) // month.days
    missing = max(minimum - orders, 0)
    pace = _pace(orders, minimum, expected, month, today=today, since=since)
    return Progress(
        month=str(month),
        orders=orders,
        minimum=minimum,
        missing=missing,
        expected_by_now=expected,
        pace=pace,
        warning=_warning(pace, missing=missing, expected=expected, orders=orders),
    )


def _days_over(month: Month, today: date) -> int:
    """Count the days of the month that are over."""
    return min(max((today - month.first).days, 0), month.days)


def _pace(
    orders: int, minimum: int, expected: int, month: Month, *, today: date, since: date
) -> Pace:
    if not minimum:
        return Pace.NO_MINIMUM
    if orders >= minimum:
        return Pace.MET
    if month <= Month.of(since):
        return Pace.STARTING
    if today > month.last:
        return Pace.MISSED
    return Pace.ON_TRACK if orders >= expected else Pace.BEHIND


def _warning(pace: Pace, *, missing: int, expected: int, orders: int) -> str:
    if pace is Pace.MISSED:
        return f"the month is over and {format_dots(missing)} orders are missing"
    if pace is Pace.BEHIND:
        return (
            f"{format_dots(orders)} orders where {format_dots(expected)} were to be expected by "
            f"now; {format_dots(missing)} are missing"
        )
    return ""


# --- the surcharge --------------------------------------------------------------------------------


class SurchargeRate(msgspec.Struct, frozen=True, kw_only=True):
    """So many rupiah a month for each started `per_inquiries` of the mean daily inquiries."""

    amount: int = 100_000
    per_inquiries: int = 1_000


class Surcharge(msgspec.Struct, frozen=True, kw_only=True):
    """What a month of a reseller costs, and how that was found; 0 is nothing."""

    month: str
    inquiries: int
    orders: int
    days: int
    mean_daily: str
    per_inquiries: int
    rate: int
    steps: int
    amount: int
    why: str


def surcharge(
    *, month: Month, inquiries: int, orders: int, exempt: bool, rate: SurchargeRate
) -> Surcharge:
    """Compute the surcharge of a month: only where bills were asked for and nothing was bought."""
    steps = -(-inquiries // (month.days * rate.per_inquiries))
    due = bool(inquiries) and not orders and not exempt and rate.amount > 0
    mean = _one_decimal(inquiries, month.days)
    return Surcharge(
        month=str(month),
        inquiries=inquiries,
        orders=orders,
        days=month.days,
        mean_daily=mean,
        per_inquiries=rate.per_inquiries,
        rate=rate.amount,
        steps=steps if due else 0,
        amount=steps * rate.amount if due else 0,
        why=_why(month, inquiries, orders, mean=mean, exempt=exempt, rate=rate, steps=steps),
    )


def _one_decimal(count: int, days: int) -> str:
    """Write a mean with one decimal, rounded up: a started step must not look like none."""
    tenths = -(-count * 10 // days)
    return f"{format_dots(tenths // 10)},{tenths % 10}"


def _why(
    month: Month,
    inquiries: int,
    orders: int,
    *,
    mean: str,
    exempt: bool,
    rate: SurchargeRate,
    steps: int,
) -> str:
    if not inquiries:
        return "no bill was asked for"
    if orders:
        return f"{format_dots(orders)} orders were bought: it does not only ask"
    if exempt:
        return "exempt by its terms"
    if not rate.amount:
        return "the operator takes no surcharge"
    return (
        f"{format_dots(inquiries)} inquiries in {month.days} days are {mean} a day; nothing was "
        f"bought; {steps} started x {format_dots(rate.per_inquiries)} a day x "
        f"Rp{format_dots(rate.amount)} = Rp{format_dots(steps * rate.amount)}"
    )
