"""Write a call in a language. Secrets are named, never written."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from gerbang.developer import isikuota, nicepay, otomax, socx
from gerbang.developer.call import (
    Asker,
    Call,
    CallBook,
    Filled,
    Language,
    fill,
    heredoc,
    literal,
    quoted,
)

BOOKS: Final[Mapping[str, CallBook]] = MappingProxyType(
    {book.dialect: book for book in (isikuota.BOOK, socx.BOOK, otomax.BOOK, nicepay.BOOK)}
)


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("gerbang.developer", "templates"),
        autoescape=False,  # noqa: S701 (programs, not pages: the page escapes what we give)
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    environment.filters["literal"] = literal
    environment.filters["quoted"] = quoted
    environment.filters["heredoc"] = heredoc
    return environment


def write_sample(filled: Filled, language: Language) -> str:
    """Write one call as a program that runs as it is, once its secrets are exported."""
    name = f"{filled.call.dialect}.{language}.jinja"
    return (
        _templates()
        .get_template(name)
        .render(call=filled.call, url=filled.url, fields=filled.fields, **_values(filled))
        .strip()
        + "\n"
    )


def _values(filled: Filled) -> dict[str, object]:
    return {"ids": filled.ids, "computed": filled.computed}


def write_samples(book: CallBook, call: Call, asker: Asker) -> dict[str, str]:
    """Write one call in every language."""
    return samples_of(fill(book, call, asker))


def samples_of(filled: Filled) -> dict[str, str]:
    """Write a filled call in every language."""
    return {language.value: write_sample(filled, language) for language in Language}
