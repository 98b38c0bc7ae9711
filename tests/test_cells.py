"""What a spreadsheet would run stays a text, wherever it splits the file."""

from __future__ import annotations

import pytest

from gerbang.cells import harmless


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("A1;=HYPERLINK(1)", "A1;'=HYPERLINK(1)"),
        ("A1; +1", "A1; '+1"),
        ("two\n-lines", "two\n'-lines"),
        ("=a;=b", "'=a;'=b"),
        ("TSEL-21/X=1 ok; fine", "TSEL-21/X=1 ok; fine"),
        ("", ""),
    ],
)
def test_a_cell_is_never_a_formula(text: str, kept: str) -> None:
    assert harmless(text) == kept
