"""What a filter of orders asks the database for."""

from __future__ import annotations

from datetime import date

import pytest

from gerbang.portal.find import Filter, few_days, filter_of, spellings

TODAY = date(2026, 11, 26)


@pytest.mark.parametrize(
    ("first", "last", "count"),
    [
        (None, TODAY, None),
        (TODAY, None, 1),
        (date(2026, 11, 24), TODAY, 3),
        (date(2026, 11, 23), TODAY, None),
        (date(2026, 11, 27), date(2027, 1, 1), 0),
    ],
)
def test_a_few_days_are_read_by_their_index(
    first: date | None, last: date | None, count: int | None
) -> None:
    days = few_days(Filter(first_day=first, last_day=last), TODAY)
    assert (None if days is None else len(days)) == count


def test_a_number_is_found_however_it_is_spelled() -> None:
    assert "081234561230" in spellings("+62 812-3456-1230")
    assert "081234561230" in spellings("81234561230")


def test_nonsense_filters_nothing() -> None:
    assert filter_of({"state": "lost", "testing": "maybe", "from": "soon", "q": " "}) == Filter()
