"""A supplier's statement: a CSV file by the column map that is kept with the supplier."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from gerbang.errors import BadInputError
from gerbang.suppliers.csv_lines import BadCellError, column_map, plain, read_lines, rupiah, words

COLUMNS: Final = ("reference", "amount", "sn", "status", "supplier_order_id")
COUNTED_WORDS: Final = ("", "sukses", "success", "berhasil", "delivered", "ok", "00", "1", "20")
LINES_MAX: Final = 5_000_000
LINE_RUPIAH_MAX: Final = 10**12
"""So many lines of so much still fit a BIGINT."""
BAD_LISTED_MAX: Final = 1_000
REFERENCE_CHARS_MAX: Final = 128

Record = tuple[int, str, int, str, str]
"""Line, reference, amount, serial number, the supplier's own order id."""


class BadLine(msgspec.Struct, frozen=True):
    """A line that cannot be read."""

    line: int
    problem: str


class Statement:
    """Reads a statement line by line, and counts what it left out."""

    def __init__(self, source: bytes | Path, settings: Mapping[str, Any]) -> None:
        """Take the supplier's ``recon.columns``, ``recon.counted_words`` and sign."""
        self._source = source
        self._settings = settings
        self._columns = column_map(settings, "recon.columns", COLUMNS)
        self._counted = words(settings, "recon.counted_words", COUNTED_WORDS)
        self._sign = -1 if settings.get("recon.charges_negative") is True else 1
        self.lines = 0
        self.skipped = 0
        """Lines whose status is none of the counted words."""
        self.bad_count = 0
        self.bad: list[BadLine] = []

    def records(self) -> Iterator[Record]:
        """Give the lines that count. Raises BadInputError."""
        for number, cells in read_lines(
            self._source, self._columns, needed=("amount", self._named_by())
        ):
            self.lines += 1
            if self.lines > LINES_MAX:
                raise BadInputError(f"at most {LINES_MAX} lines")
            if cells.get("status", "").lower() not in self._counted:
                self.skipped += 1
                continue
            try:
                yield self._record(number, cells)
            except BadCellError as error:
                self.bad_count += 1
                if len(self.bad) < BAD_LISTED_MAX:
                    self.bad.append(BadLine(number, str(error)))

    def _named_by(self) -> str:
        """Say which column must be there: a map may name the supplier's own order id alone."""
        columns = self._settings.get("recon.columns") or {}
        by_id = "supplier_order_id" in columns and "reference" not in columns
        return "supplier_order_id" if by_id else "reference"

    def _record(self, number: int, cells: Mapping[str, str]) -> Record:
        reference = plain("reference", cells.get("reference", ""), chars_max=REFERENCE_CHARS_MAX)
        their_id = cells.get("supplier_order_id", "")
        their_id = plain("supplier_order_id", their_id, chars_max=REFERENCE_CHARS_MAX)
        if not reference and not their_id:
            raise BadCellError("reference: empty")
        amount = rupiah("amount", cells["amount"]) * self._sign
        if abs(amount) > LINE_RUPIAH_MAX:
            raise BadCellError("amount: too much for one line")
        return number, reference, amount, plain("sn", cells.get("sn", "")), their_id
