"""What a filter of orders asks the database for."""

from __future__ import annotations

from gerbang.portal.find import Filter, filter_of


def test_nonsense_filters_nothing() -> None:
    assert filter_of({"state": "lost", "testing": "maybe", "from": "soon", "q": " "}) == Filter()
