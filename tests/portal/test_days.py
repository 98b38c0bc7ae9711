from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime

import pytest

from gerbang.portal.csv_file import csv_answer
from gerbang.portal.days import begin_of, day_of, one_of, text_of


def test_a_day_begins_at_midnight_in_wib() -> None:
    begin = begin_of(date(2026, 11, 20))
    assert begin is not None
    assert begin.astimezone(UTC) == datetime(2026, 11, 19, 17, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "9999-12-31T"])
def test_nonsense_filters_nothing(text: str) -> None:
    assert day_of({"from": text}, "from") is None
    assert one_of({"state": text}, "state", ("pending",)) is None


def test_the_last_day_there_is_has_no_day_after_it() -> None:
    assert begin_of(day_of({"to": "9999-12-31"}, "to"), days_later=1) is None


def test_a_text_that_no_column_could_hold_finds_nothing_in_particular() -> None:
    assert text_of({"q": "a\x00b"}, "q") is None
    assert text_of({"q": " INV-1 "}, "q") == "INV-1"


async def test_no_cell_of_a_file_is_a_formula() -> None:
    async def rows() -> AsyncIterator[list[object]]:
        yield ["=1+1", "-5", -5, None, 'say "x"']

    chunks = [chunk async for chunk in csv_answer("x.csv", rows()).body_iterator]
    assert b"".join(bytes(c) for c in chunks) == b'\'=1+1,\'-5,-5,,"say ""x"""\r\n'  # type: ignore[arg-type]
