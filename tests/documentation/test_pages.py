from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.applications import Starlette

from gerbang.documentation import code_samples
from gerbang.documentation.pages import DocumentationSite
from gerbang.documentation.site import WORDS, sections
from gerbang.documentation.source import Library, library
from gerbang.documentation.twins import marked

ROOT = Path(__file__).resolve().parents[2]
SITE = DocumentationSite()
SAMPLES = code_samples.slugs()
SLUGS = sorted({slug.removesuffix(".id") for slug in [*library().slugs, *SAMPLES]})


@pytest.fixture
def http() -> httpx.AsyncClient:
    application = Starlette(routes=SITE.routes())
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=application), base_url="http://docs.test"
    )


def links(html: str) -> Iterator[str]:
    yield from re.findall(r'(?:href|src)="([^"]+)"', html)


def test_every_page_of_the_repository_has_a_place_in_the_list() -> None:
    listed = sections([*library().slugs, *SAMPLES])
    shown = [slug for pages in listed.values() for slug in pages]
    assert sorted(shown) == SLUGS
    assert {path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")} == {
        Path(library().path_of(s)).relative_to("docs")
        for s in library().slugs
        if library().path_of(s).startswith("docs/")
    }


def test_a_page_that_no_section_names_is_still_listed() -> None:
    found = sections(["index", "quite-new", "quite-new.id"])
    assert found == {"start": ["index"], "understand": ["quite-new"]}


@pytest.mark.parametrize("language", list(WORDS))
async def test_every_link_of_every_page_is_answered_by_the_site(
    http: httpx.AsyncClient, language: str
) -> None:
    broken, seen = [], {}
    for slug in SLUGS:
        html = (await http.get(SITE.place(slug, language))).text
        assert f'<html lang="{language}">' in html
        for target in links(html):
            parts = urlsplit(target)
            if parts.scheme or parts.path.startswith(("/api/", "/portal")):
                continue
            if parts.path and parts.path not in seen:
                seen[parts.path] = await http.get(parts.path)
            aim = seen[parts.path].text if parts.path else html
            answered = not parts.path or seen[parts.path].status_code == 200
            if not answered or (parts.fragment and f'id="{parts.fragment}"' not in aim):
                broken.append(f"{slug} → {target}")
    assert broken == []


async def test_pages_load_nothing_from_elsewhere_and_hold_no_script_of_their_own(
    http: httpx.AsyncClient,
) -> None:
    for slug in SLUGS:
        reply = await http.get(SITE.place(slug, "en"))
        assert "default-src 'none'" in reply.headers["content-security-policy"]
        loaded = re.findall(r'(?:src|<link[^>]+href)="([^"]+)"', reply.text)
        assert [url for url in loaded if not url.startswith("/docs")] == []
        assert re.findall(r"<script(?![^>]+src=)|<style| style=| on\w+=\"", reply.text) == []


async def test_a_page_without_a_translation_says_so_in_indonesian(http: httpx.AsyncClient) -> None:
    reply = await http.get("/docs/id/style")
    assert "belum ada dalam bahasa Indonesia" in reply.text
    for page in ("readme", "orders"):
        assert "belum ada dalam" not in (await http.get(f"/docs/id/{page}")).text


async def test_a_translation_older_than_its_page_says_so(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# A\n\nNew words.\n")
    (tmp_path / "docs" / "a.id.md").write_text(marked("# A\n\nKata.\n", "# A\n\nOld words.\n"))
    old = DocumentationSite(Library(tmp_path / "none", tmp_path)).page("a", "id")
    (tmp_path / "docs" / "a.id.md").write_text(marked("# A\n\nKata.\n", "# A\n\nNew words.\n"))
    new = DocumentationSite(Library(tmp_path / "none", tmp_path)).page("a", "id")
    assert "lebih lama daripada" in (old or "")
    assert "lebih lama daripada" not in (new or "")


async def test_a_page_that_is_not_there_says_what_to_do(http: httpx.AsyncClient) -> None:
    reply = await http.get("/docs/nothing-here")
    assert reply.status_code == 404
    assert "There is no such page" in reply.text
    assert 'href="/docs/orders"' in reply.text
    assert (await http.get("/docs/../../etc/passwd.md")).status_code == 404


@pytest.mark.parametrize("slug", SAMPLES)
async def test_samples_have_the_address_they_were_asked_at(
    http: httpx.AsyncClient, slug: str
) -> None:
    for place in (f"/docs/{slug}", f"/docs/id/{slug}", f"/docs/{slug}.md"):
        text = (await http.get(place)).text
        assert "http://docs.test/" in text
        assert "demo_secret_key" not in text


async def test_llms_txt_lists_every_page_as_markdown(http: httpx.AsyncClient) -> None:
    text = (await http.get("/llms.txt")).text
    listed = re.findall(r"\(http://docs\.test(/docs/\S+\.md)\)", text)
    assert listed == [
        f"/docs/{s}.md" for pages in sections([*library().slugs, *SAMPLES]).values() for s in pages
    ]
    for path in listed:
        reply = await http.get(path)
        assert reply.status_code == 200
        assert reply.headers["content-type"].startswith("text/markdown")


def test_a_wheel_carries_the_pages_and_they_win_over_a_checkout(tmp_path: Path) -> None:
    packed = tmp_path / "gerbang" / "documentation" / "packed"
    (packed / "docs").mkdir(parents=True)
    (packed / "docs" / "orders.md").write_text("# Packed\n")
    found = Library(tmp_path / "gerbang", tmp_path)
    assert found.slugs == ["orders"]
    assert found.read("orders") == "# Packed\n"
    assert '"docs" = "gerbang/documentation/packed/docs"' in (ROOT / "pyproject.toml").read_text()
