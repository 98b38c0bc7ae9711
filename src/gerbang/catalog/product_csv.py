"""One line of a product file: which columns there are, and how each is read. Pure."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import time
from typing import Any, Final

import msgspec

from gerbang.dialects.contract import ProductKind
from gerbang.money import RUPIAH_MAX, parse_grouped

COLUMNS: Final = (
    "code",
    "name",
    "category",
    "brand",
    "operator",
    "kind",
    "status",
    "base_price",
    "cost",
    "admin_fee",
    "amount_min",
    "amount_max",
    "amount_step",
    "cut_off_start",
    "cut_off_end",
    "same_day_rule",
    "description",
)
ALIASES: Final[Mapping[str, str]] = {
    "kode": "code",
    "kode_produk": "code",
    "sku": "code",
    "nama": "name",
    "nama_produk": "name",
    "kategori": "category",
    "merek": "brand",
    "merk": "brand",
    "jenis": "kind",
    "harga": "base_price",
    "harga_jual": "base_price",
    "price": "base_price",
    "harga_beli": "cost",
    "modal": "cost",
    "admin": "admin_fee",
    "biaya_admin": "admin_fee",
    "jam_tutup": "cut_off_start",
    "jam_buka": "cut_off_end",
    "keterangan": "description",
    "deskripsi": "description",
}
"""What the trade calls the columns."""

TEXT_CHARS_MAX: Final = 2_000
STATUSES: Final = ("open", "closed", "disturbed")
SAME_DAY_RULES: Final = ("off", "on", "reseller")
STATUS_ALIASES: Final[Mapping[str, str]] = {
    "buka": "open",
    "aktif": "open",
    "tutup": "closed",
    "kosong": "closed",
    "gangguan": "disturbed",
}

_CODE: Final = re.compile(r"[A-Z0-9_/-]{1,32}")
_TIME: Final = re.compile(r"([01]?[0-9]|2[0-3])[:.]([0-5][0-9])(?::00)?|24[:.]00")


class FileUnreadableError(ValueError):
    """The file is not a product file: its header, its letters or its quotes."""


class LineError(msgspec.Struct, frozen=True):
    """What is wrong with one line of the file."""

    line: int
    code: str
    problem: str


class ProductFile(msgspec.Struct, frozen=True):
    """What was read: the columns it has, its good lines and the problems of the others."""

    columns: tuple[str, ...]
    records: list[tuple[Any, ...]]
    """The line's number and then a value for each of `COLUMNS`; None where the file says none."""
    errors: list[LineError]


def read_products(text: str, *, progress: Callable[[int], None] | None = None) -> ProductFile:
    """Read a product file with a header line, separated by commas, semicolons or tabs.

    `progress` hears how many lines were read, now and then. Raises FileUnreadableError.
    """
    lines = text.removeprefix("\ufeff").splitlines(keepends=True)
    if not lines:
        raise FileUnreadableError("the file is empty")
    rows = csv.reader(lines, delimiter=_delimiter(lines[0]), strict=True)
    try:
        columns = _columns(next(rows))
        return _read(columns, rows, progress)
    except csv.Error as error:
        raise FileUnreadableError(f"line {rows.line_num}: {error}") from error


def _delimiter(header: str) -> str:
    return max(",;\t", key=header.count)


def _columns(header: Iterable[str]) -> tuple[str, ...]:
    names = [re.sub(r"[ -]+", "_", each.strip().lower()) for each in header]
    columns = tuple(ALIASES.get(name, name) for name in names)
    unknown = [name for name in columns if name not in COLUMNS]
    if unknown:
        listed = ", ".join(COLUMNS)
        raise FileUnreadableError(f"unknown column {', '.join(unknown)}; known are: {listed}")
    if len(set(columns)) < len(columns):
        raise FileUnreadableError("a column appears twice")
    if "code" not in columns:
        raise FileUnreadableError("there is no column code")
    return columns


def _read(
    columns: tuple[str, ...],
    rows: Any,
    progress: Callable[[int], None] | None,
) -> ProductFile:
    file = ProductFile(columns, [], [])
    first_seen: dict[str, int] = {}
    for count, (line, cells) in enumerate(_filled(rows), 1):
        record = _record(columns, cells, line)
        if isinstance(record, LineError):
            file.errors.append(record)
        elif (earlier := first_seen.setdefault(record[1], line)) != line:
            problem = f"{record[1]} is on line {earlier} already"
            file.errors.append(LineError(line, record[1], problem))
        else:
            file.records.append(record)
        if progress is not None and count % 1_000 == 0:
            progress(count)
    return file


def _filled(rows: Any) -> Iterator[tuple[int, list[str]]]:
    """Give the lines that are not blank, with their numbers in the file."""
    for cells in rows:
        if any(cell.strip() for cell in cells):
            yield rows.line_num, cells


def _record(columns: tuple[str, ...], cells: list[str], line: int) -> tuple[Any, ...] | LineError:
    if len(cells) != len(columns):
        return LineError(line, "", f"{len(cells)} cells; the header has {len(columns)}")
    values: dict[str, Any] = {}
    for name, cell in zip(columns, cells, strict=True):
        text = cell.strip()
        try:
            values[name] = _READERS[name](text) if text else None
        except ValueError as error:
            return LineError(line, values.get("code") or "", f"{name}: {error}")
    if values["code"] is None:
        return LineError(line, "", "code: missing")
    return (line, *(values.get(name) for name in COLUMNS))


# --- one reader for each column -------------------------------------------------------------------


def _text(text: str) -> str:
    if len(text) > TEXT_CHARS_MAX:
        raise ValueError(f"more than {TEXT_CHARS_MAX} characters")
    if not text.isprintable():
        raise ValueError("holds characters that cannot be printed")
    return text


def _code(text: str) -> str:
    code = text.upper()
    if not _CODE.fullmatch(code):
        raise ValueError(f"{text!r} is no code: letters, digits, _ / and -, at most 32")
    return code


def _amount(text: str) -> int:
    amount = parse_grouped(text)
    if not 0 <= amount <= RUPIAH_MAX:
        raise ValueError(f"{text!r} is no amount of rupiah")
    return amount


def _positive(text: str) -> int:
    amount = _amount(text)
    if not amount:
        raise ValueError("must be above 0")
    return amount


def _time(text: str) -> time:
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no time like 23:45")
    return time(int(match[1] or 0), int(match[2] or 0))


def _one_of(*words: str, aliases: Mapping[str, str] | None = None) -> Callable[[str], str]:
    def read(text: str) -> str:
        word = text.lower()
        word = (aliases or {}).get(word, word)
        if word not in words:
            raise ValueError(f"{text!r} is none of {', '.join(words)}")
        return word

    return read


_READERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "code": _code,
    "name": _text,
    "category": _text,
    "brand": _text,
    "operator": lambda text: _text(text).upper(),
    "kind": _one_of(*(kind.value for kind in ProductKind)),
    "status": _one_of(*STATUSES, aliases=STATUS_ALIASES),
    "base_price": _amount,
    "cost": _amount,
    "admin_fee": _amount,
    "amount_min": _positive,
    "amount_max": _positive,
    "amount_step": _positive,
    "cut_off_start": _time,
    "cut_off_end": _time,
    "same_day_rule": _one_of(*SAME_DAY_RULES),
    "description": _text,
}
