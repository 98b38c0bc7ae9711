from __future__ import annotations

import pytest

from gerbang.web.pages.catalogue import Words, load_catalogue
from gerbang.web.pages.forms import Form
from gerbang.web.pages.protection import comes_from_our_pages

OURS = {"host": "gerbang.example:8080"}


@pytest.mark.parametrize(
    ("method", "headers", "ours"),
    [
        ("GET", {}, True),
        ("POST", {}, False),
        ("POST", {"origin": "http://gerbang.example:8080"}, True),
        ("POST", {"origin": "https://GERBANG.example:8080"}, True),
        ("POST", {"origin": "http://gerbang.example"}, False),
        ("POST", {"origin": "null"}, False),
        ("POST", {"sec-fetch-site": "same-origin"}, True),
        ("POST", {"sec-fetch-site": "same-site"}, False),
        ("POST", {"sec-fetch-site": "none"}, False),
        ("POST", {"sec-fetch-site": "cross-site", "origin": "http://gerbang.example:8080"}, False),
    ],
)
def test_only_our_pages_change_anything(method: str, headers: dict[str, str], ours: bool) -> None:
    assert comes_from_our_pages(method, OURS | headers) is ours


def test_a_form_names_every_wrong_field_and_keeps_what_was_typed() -> None:
    words = Words(load_catalogue(["gerbang.web.pages"]), "en")
    form = Form({"price": "Rp1.234.567", "cost": "12,5", "count": "-3", "name": " "}, words)
    assert form.rupiah("price") == 1_234_567
    assert form.rupiah("cost") is None
    assert form.integer("count") is None
    assert form.text("name") == ""
    assert form.errors.keys() == {"cost", "count", "name"}
    assert form.raw("cost") == "12,5"
