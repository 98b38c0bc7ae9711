"""Search in the pages: every section that has all the words, the best first; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, repeat
from typing import Final

import msgspec

from gerbang.documentation.render import anchors_of, title_of

FOUND_MAX: Final = 30
QUERY_CHARS_MAX: Final = 100
SNIPPET_CHARS: Final = 180
_HEADING_WORTH: Final = 10
_COMMENT: Final = re.compile(r"<!--.*?-->", re.DOTALL)


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """A section of a page."""

    slug: str
    title: str
    heading: str
    anchor: str
    text: str


def passages(slug: str, text: str) -> Iterator[Passage]:
    """Cut a page at its headings, where code is not meant."""
    title = title_of(text) or slug
    anchors = chain(anchors_of(text), repeat(""))
    lines: list[str] = []
    heading, anchor, in_code = title, "", False
    for line in _COMMENT.sub("", text).splitlines():
        in_code ^= line.startswith("```")
        if line.startswith("#") and not in_code:
            yield _passage(slug, title, heading, anchor, lines)
            heading, anchor, lines = _plain(line.lstrip("# ")), next(anchors), []
        else:
            lines.append(line)
    yield _passage(slug, title, heading, anchor, lines)


def _passage(slug: str, title: str, heading: str, anchor: str, lines: Sequence[str]) -> Passage:
    text = " ".join(_plain(" ".join(lines)).split())
    return Passage(slug=slug, title=title, heading=heading, anchor=anchor, text=text)


def _plain(text: str) -> str:
    """Take away what only marks: links, emphasis, code, the lines of tables."""
    return re.sub(r"[*`|]|-{3,}", " ", re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", text)).strip()


def words_of(query: str) -> list[str]:
    """Give the words that are looked for."""
    return query[:QUERY_CHARS_MAX].casefold().split()


def find(pages: Iterable[Passage], words: Sequence[str]) -> list[Passage]:
    """Give the passages with all words; those with a word in their heading come first."""
    if not words:
        return []
    found = []
    for one in pages:
        heading, text = f"{one.title} {one.heading}".casefold(), one.text.casefold()
        if all(word in heading or word in text for word in words):
            worth = sum(heading.count(w) * _HEADING_WORTH + text.count(w) for w in words)
            found.append((worth, one))
    found.sort(key=lambda pair: -pair[0])
    return [one for _, one in found[:FOUND_MAX]]


def snippet(text: str, words: Sequence[str]) -> str:
    """Give the part of a text around the first word."""
    places = [text.casefold().find(word) for word in words]
    first = min((at for at in places if at >= 0), default=0)
    begin = max(0, first - SNIPPET_CHARS // 3)
    end = begin + SNIPPET_CHARS
    part = text[begin:end]
    if begin:
        part = "… " + part.partition(" ")[2]
    if end < len(text):
        part = part.rpartition(" ")[0] + " …"
    return part.strip()
