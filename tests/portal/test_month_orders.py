"""A month is counted in weeks, and days that are over are not counted each time."""

from __future__ import annotations

from datetime import date

import pytest

from gerbang.portal import month_orders
from gerbang.portal.month_orders import MonthOrders, pieces
from gerbang.terms.terms import Month

TODAY = date(2026, 11, 10)
NOVEMBER = Month(2026, 11)


def test_weeks_cover_the_days_that_are_over_once() -> None:
    assert list(pieces(NOVEMBER, TODAY)) == [
        (date(2026, 11, 1), date(2026, 11, 7)),
        (date(2026, 11, 8), date(2026, 11, 9)),
    ]
    assert list(pieces(NOVEMBER, date(2026, 11, 1))) == []
    assert list(pieces(Month(2026, 10), TODAY))[-1] == (date(2026, 10, 29), date(2026, 10, 31))


async def test_today_is_counted_anew_and_the_days_before_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    async def counted(_pool: object, _reseller: int, first: date, last: date) -> int:
        asked.append((first, last))
        return 1

    monkeypatch.setattr(month_orders, "_counted", counted)
    orders = MonthOrders()
    for _ in range(2):
        count = await orders.count(None, 7, NOVEMBER, today=TODAY)  # type: ignore[arg-type]
        assert count == 3
    assert asked == [*pieces(NOVEMBER, TODAY), (TODAY, TODAY), (TODAY, TODAY)]
