from __future__ import annotations

from gerbang.documentation.render import anchor_of, render, summary_of, title_of


def test_a_heading_gets_the_anchor_that_code_hosts_give_it() -> None:
    made = render("# A page\n\n## `rc` and the rest, said once\n")
    assert '<h2 id="rc-and-the-rest-said-once">' in made.html
    assert anchor_of("`rc` and the rest, said once") == "rc-and-the-rest-said-once"
    assert [(h.level, h.text) for h in made.headings] == [(2, "rc and the rest, said once")]


def test_two_equal_headings_have_two_anchors() -> None:
    made = render("# A\n\n## Same\n\n## Same\n")
    assert [h.anchor for h in made.headings] == ["same", "same-1"]


def test_html_in_a_page_is_shown_as_text_and_marks_of_generated_blocks_are_not_shown() -> None:
    made = render("# A\n\n<!-- generated: x -->\n\n<script>alert(1)</script>\n")
    assert "<script>" not in made.html
    assert "generated" not in made.html
    assert "&lt;script&gt;" in made.html


def test_code_is_escaped_and_a_javascript_link_is_no_link() -> None:
    made = render("# A\n\n```sh\ncurl <x>\n```\n\n[bad](javascript:alert(1))\n")
    assert "curl &lt;x&gt;" in made.html
    assert "href" not in made.html.partition("</pre>")[2]


def test_a_link_to_what_the_site_does_not_have_stays_as_text() -> None:
    made = render("# A\n\n[code](x.py) and [page](y.md)\n", {"y.md": "/docs/y"}.get)
    assert "<span>code</span>" in made.html
    assert '<a href="/docs/y">page</a>' in made.html


def test_a_state_diagram_is_shown_as_its_steps() -> None:
    made = render("# A\n\n```mermaid\nstateDiagram-v2\n    [*] --> a\n    a --> b\n```\n")
    assert "stateDiagram" not in made.html
    assert made.html.count("<span class='state'>") == 2


def test_title_and_summary_are_plain_text() -> None:
    text = "# The `title`\n\nA *first* [sentence](x.md). And a second.\n"
    assert title_of(text) == "The title"
    assert summary_of(text) == "A first sentence."
