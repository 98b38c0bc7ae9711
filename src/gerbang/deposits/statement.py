"""Bank statements as CSV: which column is what, and the layouts of four banks; pure.

Headings are found by name, wherever the table begins in the file, so that a preamble or a column
more does no harm. A cell that cannot be read refuses the whole file with its line number: half a
statement would hide what is missing.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import islice
from types import MappingProxyType
from typing import Final

import msgspec

from gerbang.clock import WIB
from gerbang.deposits.line import (
    REFERENCE_CHARS_MAX,
    TEXT_CHARS_MAX,
    Direction,
    NewLine,
    day_begins,
)
from gerbang.money import RUPIAH_MAX

ROWS_MAX: Final = 100_000
DIGITS_MAX: Final = 18
DELIMITERS: Final = (",", ";", "\t", "|")

_CREDIT_WORDS: Final = frozenset({"CR", "C", "K", "KR", "KREDIT", "CREDIT", "IN"})
_DEBIT_WORDS: Final = frozenset({"DB", "D", "DR", "DEBIT", "DEBET", "OUT"})
_MARKED: Final = re.compile(r"(.*?[0-9])\s*([A-Za-z]{1,2})\Z")
_NOT_NAME: Final = re.compile(r"[^a-z0-9]")
_GROUPED: Final = re.compile(r"[0-9]{1,3}(?:([.,' ])[0-9]{3})(?:\1[0-9]{3})*(?:[.,][0-9]{1,2})?\Z")
_PLAIN: Final = re.compile(r"[0-9]+(?:[.,][0-9]{1,2})?\Z")


class ColumnMap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Headings of each column; several spellings may be given, and the first that is there counts.

    Either `credit` and `debit`, or `amount` with its mark: in `direction`, behind the number, or in
    the nameless column after it. `reference_is_id` says that the bank never repeats a reference.
    """

    date: tuple[str, ...]
    description: tuple[str, ...]
    amount: tuple[str, ...] = ()
    direction: tuple[str, ...] = ()
    credit: tuple[str, ...] = ()
    debit: tuple[str, ...] = ()
    time: tuple[str, ...] = ()
    reference: tuple[str, ...] = ()
    account_no: tuple[str, ...] = ()
    date_formats: tuple[str, ...] = ("%d/%m/%Y", "%d/%m/%y", "%Y-%m-%d")
    """As strptime has them; %H makes the time count, and no year means the newest past one."""
    time_formats: tuple[str, ...] = ("%H:%M:%S", "%H.%M.%S", "%H%M%S", "%H:%M")
    skip_dates: tuple[str, ...] = ("PEND",)
    """Written in place of the date where the bank has not booked the line yet."""
    reference_is_id: bool = False


PRESETS: Final[Mapping[str, ColumnMap]] = MappingProxyType(
    {
        "bca": ColumnMap(
            date=("Tanggal Transaksi", "Tanggal", "Date"),
            description=("Keterangan", "Description"),
            amount=("Jumlah", "Mutasi", "Amount"),
            direction=("CR/DB", "DB/CR", "Jenis"),
            date_formats=("%d/%m/%Y", "%d/%m/%y", "%d/%m"),
        ),
        "mandiri": ColumnMap(
            date=("Date", "Posting Date", "PostDate", "Tanggal"),
            description=("Description", "Remarks", "Keterangan"),
            credit=("Credit", "Credit Amount", "Kredit"),
            debit=("Debit", "Debit Amount"),
            reference=("Reference No.", "Reference"),
            account_no=("Account No", "AccountNo"),
            date_formats=("%d/%m/%Y %H.%M.%S", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y", "%d/%m/%y"),
        ),
        "bri": ColumnMap(
            date=("TGL_TRAN", "TGL_TRANSAKSI", "Tanggal"),
            time=("JAM_TRAN",),
            description=("DESK_TRAN", "DESKRIPSI", "Uraian Transaksi", "Keterangan"),
            credit=("MUTASI_KREDIT", "KREDIT", "Kredit"),
            debit=("MUTASI_DEBET", "DEBET", "Debet", "Debit"),
            reference=("SEQ", "NO_JURNAL"),
            account_no=("NOREK", "NO_REKENING"),
            date_formats=("%Y-%m-%d %H:%M:%S", "%Y-%m-%d", "%d/%m/%Y", "%d/%m/%y", "%d%m%y"),
        ),
        "bni": ColumnMap(
            date=("Post Date", "Posting Date", "Tanggal Transaksi"),
            description=("Description", "Transaction Description", "Uraian Transaksi"),
            credit=("Credit",),
            debit=("Debit",),
            amount=("Amount", "Nominal"),
            direction=("Db/Cr", "Tipe"),
            reference=("Journal No.", "Journal"),
            date_formats=(
                "%d/%m/%y %H.%M.%S", "%d/%m/%Y %H.%M.%S", "%d/%m/%y %H:%M", "%d/%m/%Y %H:%M:%S",
                "%d/%m/%y", "%d/%m/%Y",
            ),
        ),
    }
)  # fmt: skip
"""As the banks' internet banking exports them; save a map of your own where yours differs."""


class StatementError(ValueError):
    """The file cannot be read with this column map."""


class _Columns(msgspec.Struct, frozen=True):
    """Where each column of the map stands in this file."""

    places: Mapping[str, int]
    width: int

    def cell(self, row: Sequence[str], name: str) -> str:
        place = self.places.get(name)
        if place is None or place >= len(row):
            return ""
        # Spreadsheets keep a number as text behind an apostrophe.
        return row[place].strip().removeprefix("'").strip()


def read_statement(
    data: bytes, columns: ColumnMap, *, account_no: str, today: date
) -> list[NewLine]:
    """Read a CSV file. `account_no` stands for all lines where the file has no such column.

    Takes seconds for a large file: servers call it in a thread. Raises StatementError that names
    the line.
    """
    rows = _rows(data)
    found, header_at = _find_header(rows, columns)
    lines = []
    for number, row in enumerate(rows[header_at + 1 :], header_at + 2):
        try:
            line = _read_row(row, found, columns, account_no=account_no, today=today)
        except ValueError as error:
            raise StatementError(f"line {number}: {error}") from error
        if line is not None:
            lines.append(line)
    return lines


def _rows(data: bytes) -> list[list[str]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    text = text.replace("\x00", "")
    sample = "\n".join(text.splitlines()[:30])
    delimiter = max(DELIMITERS, key=sample.count)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        rows = list(islice(reader, ROWS_MAX + 1))
    except csv.Error as error:
        raise StatementError(f"not a CSV file: {error}") from error
    if len(rows) > ROWS_MAX:
        raise StatementError(f"more than {ROWS_MAX} lines")
    return rows


def _find_header(rows: Sequence[Sequence[str]], columns: ColumnMap) -> tuple[_Columns, int]:
    for at, row in enumerate(rows):
        names = [_NOT_NAME.sub("", cell.lower()) for cell in row]
        places = {
            field: place
            for field in _FIELDS
            if (place := _place(names, getattr(columns, field))) is not None
        }
        amounts = "amount" in places or {"credit", "debit"} <= places.keys()
        if {"date", "description"} <= places.keys() and amounts:
            return _Columns(places, len(row)), at
    wanted = f"{columns.date[0]}, {columns.description[0]} and an amount"
    raise StatementError(f"no line has the headings of this format: {wanted}")


_FIELDS: Final = (
    "date", "time", "description", "amount", "direction", "credit", "debit", "reference",
    "account_no",
)  # fmt: skip


def _place(names: Sequence[str], wanted: Sequence[str]) -> int | None:
    for name in wanted:
        plain = _NOT_NAME.sub("", name.lower())
        if plain and plain in names:
            return names.index(plain)
    return None


def _read_row(
    row: Sequence[str], found: _Columns, columns: ColumnMap, *, account_no: str, today: date
) -> NewLine | None:
    """Read one row; None for what stands below the table, or is not booked yet."""
    day = found.cell(row, "date")
    if not day or day.upper() in columns.skip_dates:
        return None
    if not day[0].isdigit():  # "Saldo Awal", "Mutasi Kredit": the bank's own sums
        return None
    at, is_day = _moment(day, found.cell(row, "time"), columns, today=today)
    direction, amount = _money(row, found)
    if amount == 0:
        return None
    reference = _clean(found.cell(row, "reference"), REFERENCE_CHARS_MAX)
    return NewLine(
        account_no=re.sub(r"\D", "", found.cell(row, "account_no")) or account_no,
        amount=amount,
        direction=direction,
        description=_clean(found.cell(row, "description"), TEXT_CHARS_MAX),
        at=at,
        at_is_day=is_day,
        reference=reference,
        reference_is_id=columns.reference_is_id and bool(reference),
    )


def _moment(day: str, clock: str, columns: ColumnMap, *, today: date) -> tuple[datetime, bool]:
    for form in columns.date_formats:
        # A year of our own, because strptime's default is no leap year.
        text, full = (day, form) if _has_year(form) else (f"{day}/{today.year}", f"{form}/%Y")
        try:
            read = datetime.strptime(text, full).replace(tzinfo=WIB)
        except ValueError:
            continue
        if not _has_year(form) and read.date() > today:
            read = read.replace(year=today.year - 1)
        if "%H" in form:
            return read.astimezone(UTC), False
        return _with_clock(read, clock, columns)
    raise ValueError(f"not a date of this format: {day!r}")


def _has_year(form: str) -> bool:
    return "%Y" in form or "%y" in form


def _with_clock(day: datetime, clock: str, columns: ColumnMap) -> tuple[datetime, bool]:
    digits = clock.zfill(6) if clock.isdecimal() and len(clock) < 6 else clock  # noqa: PLR2004 (HHMMSS)
    for form in columns.time_formats if clock else ():
        try:
            read = datetime.strptime(digits, form)  # noqa: DTZ007 (only its time is taken)
        except ValueError:
            continue
        return day.replace(hour=read.hour, minute=read.minute, second=read.second).astimezone(
            UTC
        ), False
    return day_begins(day.date()), True


def _money(row: Sequence[str], found: _Columns) -> tuple[Direction, int]:
    credit, debit = found.cell(row, "credit"), found.cell(row, "debit")
    if "credit" in found.places and "debit" in found.places:
        came, left = read_amount(credit), read_amount(debit)
        if came and left:
            raise ValueError("both credit and debit")
        return ("in", came) if came else ("out", left)
    text = found.cell(row, "amount")
    mark = found.cell(row, "direction")
    if marked := _MARKED.match(text):
        text, mark = marked[1], mark or marked[2]
    after = found.places["amount"] + 1
    if not mark and after < len(row):
        mark = row[after]
    word = mark.strip().upper()
    if word in _CREDIT_WORDS:
        return "in", read_amount(text)
    if word in _DEBIT_WORDS:
        return "out", read_amount(text)
    raise ValueError(f"neither credit nor debit: {mark.strip()!r}")


def read_amount(text: str) -> int:
    """Read a sum of money as whole rupiah; empty is 0. Sen other than 00 are refused.

    Raises ValueError: a sum that could be read in two ways is never guessed.
    """
    plain = text.strip().removeprefix("Rp").lstrip(". ").removeprefix("+").strip()
    if not plain:
        return 0
    if not (_GROUPED.match(plain) or _PLAIN.match(plain)):
        raise ValueError(f"not an amount: {text!r}")
    whole, sen = plain, ""
    last = max(plain.rfind("."), plain.rfind(","))
    if last >= 0 and len(plain) - last - 1 < 3:  # noqa: PLR2004 (a group has three digits)
        whole, sen = plain[:last], plain[last + 1 :]
    if sen.strip("0"):
        raise ValueError(f"sen are not taken: {text!r}")
    digits = re.sub(r"\D", "", whole)
    if len(digits) > DIGITS_MAX or int(digits) > RUPIAH_MAX:
        raise ValueError(f"not an amount: {text!r}")
    return int(digits)


def _clean(text: str, most: int) -> str:
    printable = "".join(one if one.isprintable() else " " for one in text)
    return " ".join(printable.split())[:most]
