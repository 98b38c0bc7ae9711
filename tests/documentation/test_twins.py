"""A page in Indonesian says the same as the English text it was made from.

The same commands, samples, tables and links. A translation that is older than its English page
says so to its readers, and is not compared with a text it was not made from.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gerbang.dialects.isikuota import spec as isikuota_spec
from gerbang.dialects.nicepay import spec as nicepay_spec
from gerbang.dialects.otomax import spec as otomax_spec
from gerbang.dialects.socx import spec as socx_spec
from gerbang.docs_tables import BLOCKS, block
from gerbang.docs_words import KEPT, cells_of, in_indonesian, words
from gerbang.documentation.twins import is_current, mark_of, marked

ROOT = Path(__file__).resolve().parents[2]
EVERY = sorted((ROOT / "docs").rglob("*.id.md"))
FENCE = re.compile(r"```(\w*)\n(.*?)```", re.DOTALL)
SPAN = re.compile(r"`([^`]+)`")
LINK = re.compile(r"\]\(([^)\s#]*)(?:#[^)]*)?\)")
BLOCK = re.compile(r"<!-- generated: ([a-z-]+) -->")
TRANSLATED = {"total = amount + unique digits + fee"}
"""Code that is words."""
NEEDED = {
    "README", "orders", "testing", "callbacks", "magic-numbers", "deposits", "bills", "operations",
    "console", "portal", "card-integration", "dialects/isikuota", "dialects/socx",
    "dialects/otomax",
}  # fmt: skip


def english_of(page: Path) -> Path:
    return page.with_name(page.name.replace(".id.md", ".md"))


TWINS = [page for page in EVERY if is_current(page.read_text(), english_of(page).read_text())]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def samples(text: str) -> list[str]:
    """Every fenced block without its comments, which may be translated."""
    return [re.sub(r"(?m)(^| +)#.*$", "", code) for _, code in FENCE.findall(text)]


def shape(text: str) -> list[int]:
    return [len(line.split(" ")[0]) for line in prose(text).splitlines() if line[:1] == "#"]


def prose(text: str) -> str:
    return FENCE.sub("", text)


def rows(text: str) -> list[int]:
    """How many cells each line of a table has."""
    return [len(cells_of(line)) for line in prose(text).splitlines() if line.startswith("|")]


def spans(text: str) -> set[str]:
    """What is marked as code, apart from addresses of translated pages."""
    found = {" ".join(span.split()) for span in SPAN.findall(prose(text))} - TRANSLATED
    return {span.replace("/docs/id", "/docs") for span in found}


def links(text: str) -> list[str]:
    return sorted({link.replace(".id.md", ".md") for link in LINK.findall(prose(text)) if link})


def test_what_an_integrator_and_a_new_operator_need_is_there_in_indonesian() -> None:
    there = {str(p.relative_to(ROOT / "docs")) for p in (ROOT / "docs").rglob("*.id.md")}
    assert {f"{name}.id.md" for name in NEEDED} <= there


@pytest.mark.parametrize("page", TWINS, ids=name_of)
def test_a_translation_has_the_same_headings_commands_tables_and_blocks(page: Path) -> None:
    indonesian, english = page.read_text(), english_of(page).read_text()
    assert shape(indonesian) == shape(english)
    assert samples(indonesian) == samples(english)
    assert BLOCK.findall(indonesian) == BLOCK.findall(english)
    assert rows(indonesian) == rows(english)


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


SHOWN = sorted({name for page in EVERY for name in BLOCK.findall(page.read_text())})
SAID = {
    *isikuota_spec.REASON_TEXT.values(),
    *socx_spec.MESSAGES.values(),
    *otomax_spec.REASON_TEXT.values(),
    *nicepay_spec.TEXTS.values(),  # the protocol's own words, as they travel
}


@pytest.mark.parametrize("name", SHOWN)
def test_no_word_of_a_generated_table_is_left_in_english(name: str) -> None:
    left = set()
    for before, after in zip(
        BLOCKS[name]().splitlines(), block(name, "id").splitlines(), strict=False
    ):
        if not before.startswith("|"):
            continue
        for cell, said in zip(cells_of(before), cells_of(after), strict=True):
            is_word = re.search(r"[a-z]", re.sub(r"`[^`]*`|\w+\.\w+|<br>", "", cell))
            if is_word and cell == said and cell not in KEPT | SAID | words().keys():
                left.add(cell)
    assert {
        cell for cell in left if not re.match(r"(registration|payment|cancel) \(", cell)
    } == set()


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
