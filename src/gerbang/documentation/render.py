"""Markdown to HTML for our own pages: anchors, links between pages, tables, diagrams; pure."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from html import escape
from typing import Any, Final

import msgspec
from markdown_it import MarkdownIt
from markdown_it.token import Token

_COMMENT: Final = re.compile(r"^<!--.*?-->\s*?$", re.MULTILINE | re.DOTALL)
_STEP: Final = re.compile(r"^\s*(\S+) --> (\S+)\s*$", re.MULTILINE)

LinkOf = Callable[[str], str | None]
"""Gives the site's address for a link of the source, or None where the site has no such page."""


class Heading(msgspec.Struct, frozen=True):
    """One entry of a page's contents."""

    level: int
    anchor: str
    text: str


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """A page as HTML."""

    title: str
    html: str
    headings: Sequence[Heading]


def render(text: str, link_of: LinkOf = lambda href: href) -> Rendered:
    """Render a page; `link_of` turns a link of the source into one of the site."""
    parser = _parser()
    tokens = parser.parse(_COMMENT.sub("", text))
    headings = _name_headings(tokens)
    for token in tokens:
        if style := token.attrs.pop("style", ""):  # our policy allows no style in a page
            token.attrs["class"] = str(style).removeprefix("text-align:")
        _aim_links(token.children or (), link_of)
    title = next((h.text for h in headings if h.level == 1), "")
    html = parser.renderer.render(tokens, parser.options, {})
    return Rendered(title=title, html=html, headings=[h for h in headings if h.level in {2, 3}])


def _aim_links(tokens: Sequence[Token], link_of: LinkOf) -> None:
    """Aim links and pictures at the site; a link to what it does not have stays as text."""
    is_kept = True
    for token in tokens:
        if token.type == "link_open":
            href = link_of(str(token.attrGet("href") or ""))
            is_kept = href is not None
            token.attrs = {"href": href} if href is not None else {}
        if token.type in {"link_open", "link_close"} and not is_kept:
            token.tag = "span"
        if token.type == "image":
            token.attrSet("src", link_of(str(token.attrGet("src") or "")) or "")


def title_of(text: str) -> str:
    """Give a page's first heading without rendering it."""
    found = re.search(r"^# (.+)$", text, re.MULTILINE)
    return re.sub(r"[`*]", "", found[1]).strip() if found else ""


_NO_SENTENCE: Final = ("|", "```", "-", "[", "<", "!")


def summary_of(text: str) -> str:
    """Give a page's first sentence as plain text."""
    body = re.sub(r"^#.*$", "", _COMMENT.sub("", text), flags=re.MULTILINE)
    paragraphs = [
        p for p in body.split("\n\n") if p.strip() and not p.strip().startswith(_NO_SENTENCE)
    ]
    plain = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", paragraphs[0]) if paragraphs else ""
    plain = " ".join(re.sub(r"[*`]", "", plain).split())
    return re.split(r"(?<=\.) (?=[A-Z])", plain, maxsplit=1)[0]


def anchors_of(text: str) -> list[str]:
    """Give the anchors of a page's headings, in their order."""
    return [heading.anchor for heading in _name_headings(_parser().parse(_COMMENT.sub("", text)))]


def anchor_of(heading: str) -> str:
    """Make the anchor of a heading the way code hosts do."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def _name_headings(tokens: Sequence[Token]) -> list[Heading]:
    """Give every heading an id that is used once."""
    found: list[Heading] = []
    used: dict[str, int] = {}
    for opening, inline in itertools.pairwise(tokens):
        if opening.type != "heading_open":
            continue
        text = "".join(t.content for t in inline.children or () if t.type in _TEXTS)
        anchor = anchor_of(text)
        used[anchor] = used.get(anchor, 0) + 1
        if used[anchor] > 1:
            anchor = f"{anchor}-{used[anchor] - 1}"
        opening.attrSet("id", anchor)
        found.append(Heading(int(opening.tag[1]), anchor, text))
    return found


_TEXTS: Final = frozenset({"text", "code_inline"})


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    rules: Any = parser.renderer
    rules.rules["fence"] = _fence
    rules.rules["table_open"] = _table_open
    rules.rules["table_close"] = lambda *_: "</table></div>\n"
    rules.rules["heading_close"] = _heading_close
    return parser


def _fence(tokens: Sequence[Token], index: int, *_: Any) -> str:
    language = tokens[index].info.strip()
    if language == "mermaid":
        return _steps(tokens[index].content)
    return code_block(tokens[index].content, language)


def code_block(text: str, language: str) -> str:
    """Show code; the page's script gives it a button that copies it."""
    label = f' data-language="{escape(language)}"' if language else ""
    return (
        f'<div class="code"{label}><pre tabindex="0"><code>{escape(text, quote=False)}'
        "</code></pre></div>\n"
    )


def _steps(diagram: str) -> str:
    """Show a state diagram as the list of its steps, which anybody can read."""
    after: dict[str, list[str]] = {}
    for source, target in _STEP.findall(diagram):
        after.setdefault(source.replace("[*]", "●"), []).append(target)
    rows = "".join(
        f"<tr><th scope='row'>{escape(source)}</th><td>→ "
        + " ".join(f"<span class='state'>{escape(target)}</span>" for target in targets)
        + "</td></tr>"
        for source, targets in after.items()
    )
    return f'<div class="wide"><table class="steps">{rows}</table></div>\n'


def _table_open(*_: Any) -> str:
    return '<div class="wide" tabindex="0"><table>'


def _heading_close(tokens: Sequence[Token], index: int, *_: Any) -> str:
    opening = tokens[index - 2]
    anchor = escape(str(opening.attrGet("id") or ""))
    mark = "" if opening.tag == "h1" else f' <a class="anchor" href="#{anchor}">#</a>'
    return f"{mark}</{opening.tag}>\n"
