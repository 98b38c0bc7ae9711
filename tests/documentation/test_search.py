"""Search in the documentation: all words, the best section first, in both languages."""

from __future__ import annotations

from gerbang.documentation.pages import DocumentationSite
from gerbang.documentation.search import find, passages, snippet, words_of

PAGE = (
    "# One\n\nAbout callbacks.\n\n```sh\n# not a heading\n```\n\n"
    "## Second `part`\n\nRetries [go on](x.md).\n"
)


def test_a_page_is_cut_at_its_headings_and_not_in_its_code() -> None:
    found = list(passages("one", PAGE))[1:]
    assert [(one.heading, one.anchor) for one in found] == [
        ("One", "one"),
        ("Second  part", "second-part"),
    ]
    assert found[1].text == "Retries go on."


def test_all_words_are_wanted_and_a_heading_counts_most() -> None:
    pages = [*passages("one", PAGE), *passages("two", "# Two\n\nA part of retries.\n")]
    assert [one.slug for one in find(pages, words_of("RETRIES part"))] == ["one", "two"]
    assert find(pages, words_of("retries nothing")) == []
    assert find(pages, words_of("  ")) == []


def test_a_snippet_shows_the_word() -> None:
    assert "needle" in snippet("hay " * 200 + "needle " + "hay " * 200, ["needle"])


def test_the_site_finds_sections_in_the_readers_language() -> None:
    site = DocumentationSite()
    assert 'href="/docs/terms#a-monthly-minimum"' in site.search("monthly minimum", "en")
    assert 'href="/docs/id/portal' in site.search("komplain bukti", "id")
    assert "&lt;script&gt;" in site.search("<script>", "en")
