"""Every text is there in both languages, and every text a page asks for exists."""

from __future__ import annotations

import re
import string
from collections import Counter
from importlib.resources import files
from pathlib import Path
from typing import Final

import pytest

from gerbang.ledger.transfer import TransferEvent
from gerbang.web.pages.catalogue import Words, entries, load_catalogue

PAGES: Final = "gerbang.web.pages"
SITES: Final = [
    package
    for package in ("gerbang.console", "gerbang.portal")
    if files("gerbang").joinpath(package.rpartition(".")[2], "words").is_dir()
]
LITERAL: Final = re.compile(r"""(?<![\w.])(?:visit\.)?t\(\s*["']([a-z0-9_.]+)["']\s*[,)]""")


def names_in(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("package", [PAGES, *SITES])
def test_every_text_is_there_in_both_languages_with_the_same_values(package: str) -> None:
    for key, entry in entries([package]):
        assert set(entry) == {"id", "en"}, key
        assert entry["id"].strip(), key
        assert entry["en"].strip(), key
        assert names_in(entry["id"]) == names_in(entry["en"]), key


def test_no_text_is_there_twice() -> None:
    for site in SITES:
        counts = Counter(key for key, _ in entries([PAGES, site]))
        assert [key for key, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("site", SITES)
def test_every_text_that_a_page_asks_for_exists(site: str) -> None:
    words = Words(load_catalogue([PAGES, site]), "en")
    missing = set()
    for package in (PAGES, site):
        folder = Path(str(files(package)))
        for path in [*folder.rglob("*.html"), *folder.rglob("*.py")]:
            asked = LITERAL.findall(path.read_text())
            missing |= {f"{path.name}: {key}" for key in asked if not words.has(key)}
    assert sorted(missing) == []


def test_every_event_of_the_ledger_has_words() -> None:
    words = Words(load_catalogue([PAGES, "gerbang.console"]), "en")
    assert [event for event in TransferEvent if not words.has(f"event.{event}")] == []
