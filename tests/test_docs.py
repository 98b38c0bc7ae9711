"""The documentation says what is true: generated blocks, settings, links, commands and samples."""

from __future__ import annotations

import io
import re
import tomllib
from collections.abc import Iterator
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
import typer
from starlette.routing import Match, Route

from gerbang import docs_postings
from gerbang.api.application import create_api
from gerbang.api.services import Services
from gerbang.callbacks.backoff import Backoff
from gerbang.cli.main import app
from gerbang.dialects.card_contract import CardGateway
from gerbang.dialects.contract import Gateway
from gerbang.dialects.isikuota import spec as isikuota_spec
from gerbang.dialects.nicepay import spec as nicepay_spec
from gerbang.dialects.nicepay.server import NicepayServer
from gerbang.dialects.otomax import spec as otomax_spec
from gerbang.dialects.registry import DIALECTS
from gerbang.dialects.socx import spec as socx_spec
from gerbang.docs_tables import (
    BLOCKS,
    UnknownBlockError,
    block,
    documents,
    language_of,
    rewrite,
    setting_lines,
    toml_example,
)
from gerbang.docs_words import KEPT, cells_of, words
from gerbang.documentation.twins import written
from gerbang.ledger.transfer import TransferEvent
from gerbang.settings import load_settings
from gerbang_bench import indonesian
from gerbang_bench.report import table_of

ROOT = Path(__file__).resolve().parents[1]
PAGES = documents(ROOT)
MAKE_AGAIN = "run: python -m gerbang.docs_tables"

LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"```(\w*)\n(.*?)```", re.DOTALL)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
LOCAL_URL = re.compile(r"http://127\.0\.0\.1:8080(/[^\s'\"`]*)")


def page_name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def without_fences(text: str) -> str:
    return FENCE.sub("", text)


# --- generated blocks ---------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_every_generated_block_is_up_to_date(page: Path) -> None:
    text = page.read_text()
    assert rewrite(text, language_of(page)) == text, MAKE_AGAIN


def test_every_block_is_shown_somewhere() -> None:
    shown = {
        name for page in PAGES for name in re.findall(r"generated: ([a-z-]+)", page.read_text())
    }
    assert shown == set(BLOCKS)


def test_a_marker_of_an_unknown_block_is_refused() -> None:
    with pytest.raises(UnknownBlockError):
        rewrite("<!-- generated: nothing -->\n<!-- /generated -->")


def test_the_example_file_lists_every_setting_at_its_default() -> None:
    assert (ROOT / "gerbang.toml.example").read_text() == toml_example(), MAKE_AGAIN


def test_the_example_file_can_be_used_with_everything_uncommented(tmp_path: Path) -> None:
    lines = toml_example().splitlines()
    given = [line.removeprefix("# ") if " = " in line else line for line in lines]
    file = tmp_path / "gerbang.toml"
    file.write_text("\n".join(given))
    assert load_settings(file, environ={}) == load_settings(environ={}, overrides={})


def test_every_setting_says_what_it_means() -> None:
    silent = [line.name for line in setting_lines() if not line.about]
    assert silent == [], "give it a comment in settings.py"


# --- the ledger's page --------------------------------------------------------------------------


def test_every_event_of_the_ledger_stands_in_its_page() -> None:
    page = (ROOT / "docs/ledger.md").read_text()
    assert [event.value for event in TransferEvent if f"`{event.value}`" not in page] == []


def test_every_kind_of_case_stands_in_its_page() -> None:
    page = (ROOT / "docs/ledger.md").read_text()
    files = ("settle.py", "questions.py")
    source = "".join((ROOT / "src/gerbang/orders" / name).read_text() for name in files)
    kinds = set(re.findall(r'open_case\(s, "(\w+)"', source))
    assert kinds
    assert {kind for kind in kinds if f"`{kind}`" not in page} == set()


@pytest.mark.parametrize("scenario", docs_postings.CONTRADICTIONS, ids=lambda s: s.case)
def test_no_contradiction_takes_more_than_the_price(scenario: docs_postings.Scenario) -> None:
    after = docs_postings.run_scenario(scenario)
    book = after.book
    assert sum(entry.amount for entry in book.entries) == 0
    own = {after.account_id, after.receivable_id}
    taken = -sum(entry.amount for entry in book.entries if entry.account_id in own)
    assert taken in {0, after.order.price, -after.order.price}
    assert book.accounts[after.account_id].spendable >= 0


def test_the_waits_of_callbacks_are_those_of_the_page() -> None:
    waits = [Backoff().wait_after(n, jitter=0) for n in range(1, 13)]
    seconds = [wait.total_seconds() for wait in waits if wait is not None]
    said = [10, 28, 76, 3.5 * 60, 9.5 * 60, 26 * 60, 1.2 * 3600, 3.3 * 3600, *[6 * 3600] * 3]
    assert seconds == pytest.approx(said, rel=0.03)


def test_the_page_on_routing_says_whether_suppliers_are_watched() -> None:
    page = (ROOT / "docs/routing.md").read_text()
    root = (ROOT / "src/gerbang/app.py").read_text()
    is_watched = "pulse=" in root
    assert ("a node watches no supplier's health" in page) is not is_watched


# --- links and names ----------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    headings = HEADING.findall(without_fences(page.read_text()))
    kept = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {text.strip().replace(" ", "-") for text in kept}


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for target in LINK.findall(without_fences(page.read_text())):
        parts = urlsplit(target)
        if parts.scheme in {"http", "https"}:
            continue
        aim = (page.parent / parts.path).resolve() if parts.path else page
        found = aim.exists() and aim.is_relative_to(ROOT)
        if not found or (parts.fragment and parts.fragment not in anchors(aim)):
            broken.append(target)
    assert broken == []


def test_every_page_of_docs_is_linked_from_the_readme_or_the_index() -> None:
    linked = {
        (page.parent / target.partition("#")[0]).resolve()
        for page in (*ROOT.glob("README*.md"), *(ROOT / "docs").glob("README*.md"))
        for target in LINK.findall(page.read_text())
    }
    pages = {page for page in PAGES if page.is_relative_to(ROOT / "docs")}
    # Results of `make bench` and `make prove` are written by these, and need no link.
    results = {ROOT / "docs/performance.md", ROOT / "docs/proof.md"}
    assert pages - linked - results - {ROOT / "docs/README.md"} == set()


def command_names(command: Any, path: str = "gerbang") -> Iterator[str]:
    yield path
    for name, inner in getattr(command, "commands", {}).items():
        yield from command_names(inner, f"{path} {name}")


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    existing = set(command_names(typer.main.get_command(app)))
    named = re.findall(
        r"(?:`|bin/|\$\(|^)gerbang((?: [a-z][a-z-]*)+)", page.read_text(), re.MULTILINE
    )
    missing = []
    for path_words in named:
        path = "gerbang"
        for word in path_words.split():
            deeper = any(name.startswith(f"{path} ") for name in existing)
            path = f"{path} {word}" if deeper else path
        if path not in existing:
            missing.append(path)
    assert missing == []


def test_every_make_target_of_a_page_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    texts = "\n".join(page.read_text() for page in PAGES)
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", texts, re.MULTILINE))
    assert named - targets == set()


# --- samples ------------------------------------------------------------------------------------


def dialect_routes() -> list[Route]:
    gateway = cast("Gateway", object())
    routes = [route for d in DIALECTS.values() for route in d.routes(gateway)]
    # SocX's last route refuses whatever the others do not take.
    return [r for r in routes if isinstance(r, Route) and "{rest:path}" not in r.path]


def is_routed(path: str, method: str) -> bool:
    scope = {"type": "http", "path": path, "method": method, "root_path": "", "headers": []}
    return any(route.matches(scope)[0] is Match.FULL for route in dialect_routes())


OWN_PATHS = {"/sandbox/inbox", "/sandbox/inbox/list"}


@cache
def api_paths() -> dict[str, set[str]]:
    """Every path of the management API as a pattern, with its methods."""
    paths = create_api(cast("Services", object())).openapi()["paths"]
    return {re.sub(r"{[^}]*}", "[^/]+", p): {m.upper() for m in ways} for p, ways in paths.items()}


@cache
def card_paths() -> frozenset[str]:
    """Every path of the card dialect; all of them take POST."""
    return NicepayServer(cast("CardGateway", object())).paths


def is_there(path: str, method: str) -> bool:
    if path in OWN_PATHS:
        return True
    if path.startswith("/nicepay/"):
        return method == "POST" and path in card_paths()
    if path.startswith("/api/"):
        inner = path.removeprefix("/api")
        return any(re.fullmatch(p, inner) and method in ways for p, ways in api_paths().items())
    return is_routed(path, method)


def method_of(command: str) -> str:
    said = re.search(r" -X (\w+)", command)
    return said[1] if said else "POST" if " -d " in command else "GET"


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_every_curl_line_calls_a_path_that_is_routed(page: Path) -> None:
    wrong = []
    for _, sample in FENCE.findall(page.read_text()):
        for command in re.split(
            r"\n(?=curl|python3)|\| *\n? *(?=curl)", sample.replace("\\\n", " ")
        ):
            for target in LOCAL_URL.findall(command):
                method, path = method_of(command), urlsplit(target).path
                if not is_there(path, method):
                    wrong.append(f"{method} {path}")
    assert wrong == []


def test_a_path_that_is_not_there_would_be_found() -> None:
    assert not is_routed("/v1/orders", "POST")
    assert is_routed("/trx/demo", "GET")
    assert is_there("/api/price-lists/default", "PUT")
    assert not is_there("/api/price-lists/default", "POST")


@pytest.mark.parametrize("dialect", ["isikuota", "otomax"])
def test_the_worked_signature_of_a_dialect_prints_what_stands_below_it(dialect: str) -> None:
    text = (ROOT / f"docs/dialects/{dialect}.md").read_text()
    found = re.search(r"```python\n(.*?)```\n+```text\n(.*?)```", text, re.DOTALL)
    assert found is not None
    out = io.StringIO()
    with redirect_stdout(out):
        exec(compile(found[1], dialect, "exec"), {"__name__": "example"})  # noqa: S102 (our own page)
    assert out.getvalue() == found[2]


def test_both_readmes_have_the_same_shape_and_the_same_samples() -> None:
    english = (ROOT / "README.md").read_text()
    indonesian = (ROOT / "README.id.md").read_text()

    def shape(text: str) -> list[int]:
        return [
            len(line.split(" ")[0]) for line in without_fences(text).splitlines() if line[:1] == "#"
        ]

    def samples(text: str) -> list[str]:
        return [re.sub(r" +#.*", "", code) for _, code in FENCE.findall(text)]

    assert shape(english) == shape(indonesian)
    assert samples(english) == samples(indonesian)


# --- translations -------------------------------------------------------------------------------

ENGLISH = [p for p in PAGES if p.is_relative_to(ROOT / "docs") and not p.name.endswith(".id.md")]
MARKER = re.compile(r"<!-- generated: ([a-z-]+) -->")
RESULTS = {"docs/proof.md"}
"""Written by a program as a whole: its twin says what is in it."""
SAID = {
    *isikuota_spec.REASON_TEXT.values(),
    *socx_spec.MESSAGES.values(),
    *otomax_spec.REASON_TEXT.values(),
    *nicepay_spec.TEXTS.values(),
}
"""A protocol's own words, as they travel."""


def twin_of(page: Path) -> Path:
    return page.with_name(page.name.replace(".md", ".id.md"))


def shape_of(page: Path) -> list[str]:
    """Headings, tables, blocks and code in their order; what programs write is left out."""
    text = written(page.read_text())
    found = []
    for part in re.split(r"(```\w*\n.*?```)", text, flags=re.DOTALL):
        if part.startswith("```"):
            found.append(re.sub(r"(?m)(^| +)#.*$", "", part))  # comments may be translated
            continue
        for line in part.splitlines():
            if line.startswith("#"):
                found.append(line.split(" ")[0])
            elif line.startswith("|"):
                found.append(f"a row of {len(cells_of(line))}")
            elif marker := MARKER.match(line):
                found.append(marker[1])
    return found


def test_every_page_has_an_indonesian_one_and_no_more() -> None:
    translations = {p for p in PAGES if p.is_relative_to(ROOT / "docs") and p not in ENGLISH}
    assert {twin_of(page) for page in ENGLISH} == translations


@pytest.mark.parametrize("page", ENGLISH, ids=page_name)
def test_both_languages_have_the_same_headings_tables_code_and_blocks(page: Path) -> None:
    if page_name(page) not in RESULTS:
        assert shape_of(twin_of(page)) == shape_of(page), f"change {page_name(twin_of(page))} too"


SHOWN = {
    name for page in PAGES if language_of(page) == "id" for name in MARKER.findall(page.read_text())
}


@pytest.mark.parametrize("name", sorted(SHOWN))
def test_no_word_of_a_generated_table_is_left_in_english(name: str) -> None:
    left = set()
    english, translated = BLOCKS[name]().splitlines(), block(name, "id").splitlines()
    for before, after in zip(english, translated, strict=True):
        if not before.startswith("|"):
            continue
        for cell, said in zip(cells_of(before), cells_of(after), strict=True):
            code = r"`[^`]*`|\w+\.\w+|<br>|^rc \d+$|^(registration|payment|cancel) \(.*"
            is_word = re.search("[a-z]", re.sub(code, "", cell))
            if is_word and cell == said and cell not in KEPT | SAID | words().keys():
                left.add(cell)
    assert left == set(), "give it words in src/gerbang/documentation/table_words/"


def test_no_words_are_kept_for_a_table_that_is_gone() -> None:
    files = (ROOT / "src/gerbang/documentation/table_words").glob("*.toml")
    kept = {cell for file in files for cell in tomllib.loads(file.read_text())}
    rows = [row for make in BLOCKS.values() for row in make().splitlines() if row.startswith("|")]
    assert kept - {cell for row in rows for cell in cells_of(row)} == set()


def test_the_measurements_in_indonesian_are_those_of_the_english_page() -> None:
    page = ROOT / "docs/performance.md"
    english, translated = (table_of(p.read_text()) for p in (page, twin_of(page)))
    again = "run: PYTHONPATH=bench python -c 'from gerbang_bench import report; report.translate()'"
    assert indonesian.in_indonesian(english) == translated, again


# --- the map of the code ------------------------------------------------------------------------


def test_every_folder_of_the_program_says_what_is_in_it() -> None:
    silent = [row for row in block("packages").splitlines() if row.endswith("|  |")]
    assert silent == []


def test_every_file_that_contributing_names_is_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text().partition("## Where is what")[2]
    named = re.findall(r"`([\w*/]+(?:\.py|/))`", text)
    missing = [
        name
        for name in named
        if not [*ROOT.glob(name.rstrip("/")), *(ROOT / "src/gerbang").rglob(name.rstrip("/"))]
    ]
    assert named
    assert missing == []
