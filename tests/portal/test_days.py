from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from gerbang.portal.csv_file import csv_answer
from gerbang.portal.days import day_of, one_of, text_of


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "9999-12-31T"])
def test_nonsense_filters_nothing(text: str) -> None:
    assert day_of({"from": text}, "from") is None
    assert one_of({"state": text}, "state", ("pending",)) is None


def test_a_text_that_no_column_could_hold_finds_nothing_in_particular() -> None:
    assert text_of({"q": "a\x00b"}, "q") is None
    assert text_of({"q": " INV-1 "}, "q") == "INV-1"


async def test_no_cell_of_a_file_is_a_formula() -> None:
    async def rows() -> AsyncIterator[list[object]]:
        yield ["=1+1", "-5", -5, None, 'say "x"']

    chunks = [chunk async for chunk in csv_answer("x.csv", rows()).body_iterator]
    assert b"".join(bytes(c) for c in chunks) == b'\'=1+1,\'-5,-5,,"say ""x"""\r\n'  # type: ignore[arg-type]
