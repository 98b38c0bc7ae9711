"""CSV files of suppliers, whatever they call their columns: a column map is kept per supplier."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from gerbang.errors import BadInputError
from gerbang.money import RUPIAH_MAX, parse_grouped

CELL_CHARS_MAX: Final = 2_000
SHOWN_CHARS_MAX: Final = 200
TITLES_OF_THE_TRADE: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "code": ("kode", "kode produk", "kode_produk"),
        "cost": ("harga",),
        "name": ("nama", "nama produk", "nama_produk"),
        "reference": ("refid", "ref id", "ref_id"),
        "amount": ("harga",),
        "prefix": ("prefiks", "awalan"),
        "area": ("wilayah",),
    }
)
"""What a column is called in most files, where the supplier's map does not say."""

Line = tuple[int, Mapping[str, str]]
"""The number of the line in the file, and its cells by our names."""


class BadCellError(ValueError):
    """A cell cannot be read; the message says which and why."""


def column_map(settings: Mapping[str, Any], name: str, known: Iterable[str]) -> dict[str, str]:
    """Read a supplier's column map, {our name: their title}; what it leaves out has our name."""
    given = settings.get(name) or {}
    known = tuple(known)
    fine = isinstance(given, dict) and all(
        key in known and isinstance(title, str) and title for key, title in given.items()
    )
    if not fine:
        problem = f"titles of columns for any of {', '.join(known)}"
        raise BadInputError(f"{name}: {problem}", {name: problem})
    return {each: given.get(each, each) for each in known}


def words(settings: Mapping[str, Any], name: str, default: Iterable[str]) -> frozenset[str]:
    """Read a supplier's list of words, small letters."""
    given = settings.get(name)
    if given is None:
        return frozenset(default)
    if not isinstance(given, list) or not all(isinstance(word, str) for word in given):
        raise BadInputError(f"{name}: a list of words", {name: "a list of words"})
    return frozenset(word.strip().lower() for word in given)


def read_lines(
    source: bytes | Path, columns: Mapping[str, str], *, needed: Iterable[str]
) -> Iterator[Line]:
    """Give the lines of a CSV file one by one; a file may be larger than memory.

    The first line names the columns; a column that is not there reads as empty, unless it is
    `needed`. Raises BadInputError.
    """
    stream = (
        io.TextIOWrapper(io.BytesIO(source), encoding="utf-8-sig", newline="")
        if isinstance(source, bytes)
        else source.open(encoding="utf-8-sig", newline="")
    )
    with stream:
        try:
            yield from _lines(stream, columns, frozenset(needed))
        except UnicodeDecodeError as error:
            raise BadInputError("the file is not UTF-8") from error
        except csv.Error as error:
            raise BadInputError(f"not a CSV file: {error}") from error


def _lines(
    stream: Iterable[str], columns: Mapping[str, str], needed: frozenset[str]
) -> Iterator[Line]:
    rest = iter(stream)
    head = next(rest, "")
    delimiter = max((",", ";", "\t", "|"), key=head.count)
    reader = csv.reader(chain([head], rest), delimiter=delimiter)
    titles = [cell.strip().casefold() for cell in next(reader, [])]
    places = {}
    for name, title in columns.items():
        own = title.strip().casefold()
        usual = TITLES_OF_THE_TRADE.get(name, ()) if own == name else ()
        place = next((titles.index(each) for each in (own, *usual) if each in titles), None)
        if place is not None:
            places[name] = place
    missing = sorted(columns[name] for name in needed - places.keys())
    if missing:
        lacking, found = ", ".join(missing)[:SHOWN_CHARS_MAX], ", ".join(titles)[:SHOWN_CHARS_MAX]
        raise BadInputError(
            f"the first line lacks {lacking}; it has {found or 'nothing'}."
            " Name the file's own titles in the supplier's column map"
        )
    for cells in reader:
        if any(cells):
            yield (
                reader.line_num,
                {n: cells[at].strip() if at < len(cells) else "" for n, at in places.items()},
            )


def rupiah(name: str, text: str) -> int:
    """Read whole rupiah as the trade writes them. Raises BadCellError."""
    try:
        value = parse_grouped(text)
    except ValueError as error:
        raise BadCellError(f"{name}: {text[:20]!r} is not an amount") from error
    if abs(value) > RUPIAH_MAX:
        raise BadCellError(f"{name}: {text[:20]!r} is too much")
    return value


def plain(name: str, text: str, *, chars_max: int = CELL_CHARS_MAX) -> str:
    """Read a text that a column and a person can take. Raises BadCellError."""
    if len(text) > chars_max or not text.isprintable():
        raise BadCellError(f"{name}: at most {chars_max} printable letters")
    return text
