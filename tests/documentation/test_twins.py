"""A page in Indonesian says the same as the English text it was made from.

That every page has one of the same shape is held in `test_docs.py`. A translation that is older
than its English page says so to its readers, and its words are not compared with a text it was not
made from.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gerbang.docs_words import in_indonesian
from gerbang.documentation.twins import is_current, mark_of, marked, written

ROOT = Path(__file__).resolve().parents[2]
EVERY = sorted((ROOT / "docs").rglob("*.id.md"))
FENCE = re.compile(r"```(\w*)\n(.*?)```", re.DOTALL)
SPAN = re.compile(r"`([^`]+)`")
LINK = re.compile(r"\]\(([^)\s#]*)(?:#[^)]*)?\)")
TRANSLATED = {"total = amount + unique digits + fee"}
"""Code that is words."""


def english_of(page: Path) -> Path:
    return page.with_name(page.name.replace(".id.md", ".md"))


TWINS = [
    page
    for page in EVERY
    if page.name != "proof.id.md"  # a program writes the English one as a whole
    and is_current(page.read_text(), english_of(page).read_text())
]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def prose(text: str) -> str:
    return FENCE.sub("", written(text))


def spans(text: str) -> set[str]:
    """What is marked as code, apart from addresses of translated pages."""
    found = {" ".join(span.split()) for span in SPAN.findall(prose(text))} - TRANSLATED
    return {span.replace("/docs/id", "/docs") for span in found}


def links(text: str) -> list[str]:
    return sorted({link.replace(".id.md", ".md") for link in LINK.findall(prose(text)) if link})


@pytest.mark.parametrize("page", TWINS, ids=name_of)
def test_a_translation_names_every_command_field_and_address_of_the_original(page: Path) -> None:
    missing = spans(english_of(page).read_text()) - spans(page.read_text())
    assert missing == set()


@pytest.mark.parametrize("page", TWINS, ids=name_of)
def test_a_translation_leads_to_the_same_pages(page: Path) -> None:
    missing = set(links(english_of(page).read_text())) - set(links(page.read_text()))
    assert missing - {page.name.replace(".id.md", ".md"), "README.md"} == set()


@pytest.mark.parametrize("page", EVERY, ids=name_of)
def test_a_translation_leads_to_translations_where_there_are_some(page: Path) -> None:
    english = []
    for link in LINK.findall(prose(page.read_text())):
        aim = (page.parent / link).resolve()
        if link.endswith(".md") and not link.endswith(".id.md") and aim != english_of(page):
            twin = aim.with_name(aim.name.replace(".md", ".id.md"))
            english += [link] if twin.exists() else []
    assert english == []


def test_a_table_keeps_its_rows_and_its_code() -> None:
    made = in_indonesian(
        "| ends in | a testing order |\n| --- | --- |\n| `1230` | success at once |"
    )
    assert made.splitlines()[2] == "| `1230` | langsung sukses |"
    assert made.splitlines()[1] == "| --- | --- |"


def test_a_translation_knows_the_text_it_was_made_from() -> None:
    english = "# A\n\nWords.\n\n<!-- generated: x -->\n\n| a |\n\n<!-- /generated -->\n"
    indonesian = marked("# A\n\nKata.\n", english)
    assert is_current(indonesian, english)
    assert is_current(indonesian, english.replace("| a |", "| b |").replace("\n\nW", "\n\n\nW"))
    assert not is_current(indonesian, english.replace("Words", "Other words"))
    assert marked(indonesian, english) == indonesian
    assert marked(indonesian, "# B\n").endswith(f"<!-- translated from {mark_of('# B')} -->\n")
