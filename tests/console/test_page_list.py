"""The lists of pages that the tests with a browser walk: made from the routes, nothing left out."""

from __future__ import annotations

from unittest.mock import MagicMock

import pytest

from console.page_list import (
    CONSOLE_NAMES,
    ELSEWHERE,
    PORTAL_NAMES,
    NotListedError,
    console_pages,
    portal_pages,
)
from gerbang.console.site import create_console
from gerbang.portal.site import create_portal

NUMBERS = {
    path: path.replace("{id}", "1").replace("{txid}", "1")
    for path in (
        "/orders/{id}",
        "/callbacks/{id}",
        "/deposits/lines/{id}",
        "/deposits/{id}",
        "/cases/{id}",
        "/jobs/{id}",
        "/cards/{txid}",
    )
}


def test_every_page_of_console_and_portal_is_looked_at_or_has_a_reason() -> None:
    assert len(console_pages(NUMBERS)) > 70
    assert len(portal_pages(NUMBERS)) > 25


def test_a_page_that_nobody_listed_is_named() -> None:
    with pytest.raises(NotListedError, match="/console/orders/"):
        console_pages({})


def test_what_is_listed_is_still_there() -> None:
    kit = MagicMock(https=False)
    paths = {e.path for site in (create_console(kit), create_portal(kit)) for e in site.entries}
    assert set(ELSEWHERE) <= paths
    for prefix, names in (("/console", CONSOLE_NAMES), ("/portal", PORTAL_NAMES)):
        for name in names:
            assert any(path.startswith(prefix + name) for path in paths), name
