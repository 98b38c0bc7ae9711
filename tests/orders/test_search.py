"""What a search for orders asks the database for."""

from __future__ import annotations

from datetime import date

import pytest

from gerbang.orders.search import few_days, order_id_of, spellings

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
    days = few_days(first, last, TODAY)
    assert (None if days is None else len(days)) == count


def test_a_number_is_found_however_it_is_spelled() -> None:
    assert "081234561230" in spellings("+62 812-3456-1230")
    assert "081234561230" in spellings("81234561230")


@pytest.mark.parametrize("text", ["", "12a", "-1", "1" * 19, "१२"])
def test_what_no_order_can_have_is_not_taken_for_its_id(text: str) -> None:
    assert order_id_of(text) is None
    assert order_id_of("4711") == 4711
