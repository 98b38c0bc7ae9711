"""Which English text a translation was made from, so that an older one says so; pure but `main`.

``python -m gerbang.documentation.twins`` marks every translation as made from the English page
that stands now: run it after translating, not instead.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Final

_MARK: Final = re.compile(r"<!-- translated from ([0-9a-f]{12}) -->\n?")
_GENERATED: Final = (
    re.compile(r"(<!-- generated: [a-z-]+ -->).*?(<!-- /generated -->)", re.DOTALL),
    re.compile(r"(<!-- bench: generated [^>]*-->).*?(<!-- bench: end -->)", re.DOTALL),
)


def mark_of(english: str) -> str:
    """Give the mark of an English page; its generated tables follow by themselves."""
    return hashlib.sha256(" ".join(written(english).split()).encode()).hexdigest()[:12]


def written(page: str) -> str:
    """Give a page without what programs wrote into it."""
    for block in _GENERATED:
        page = block.sub(r"\1\2", page)
    return page


def is_current(translation: str, english: str) -> bool:
    """Tell whether a translation was made from this English text."""
    found = _MARK.search(translation)
    return found is not None and found[1] == mark_of(english)


def marked(translation: str, english: str) -> str:
    """Mark a translation as made from this English text."""
    text = _MARK.sub("", translation).rstrip("\n")
    return f"{text}\n\n<!-- translated from {mark_of(english)} -->\n"


def main() -> None:
    """Mark every translation below the working directory."""
    root = Path.cwd()
    for page in (root / "docs").rglob("*.id.md"):
        english = page.with_name(page.name.replace(".id.md", ".md"))
        page.write_text(marked(page.read_text(), english.read_text()))


if __name__ == "__main__":
    main()
