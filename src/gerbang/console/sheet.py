"""Tables as files: CSV, and a small XLSX (Office Open XML) written with zipfile; pure.

Rows stream through: nothing but the piece at hand is in memory.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Protocol
from xml.sax.saxutils import escape

from gerbang.cells import harmless
from gerbang.clock import WIB

CSV_TYPE: Final = "text/csv; charset=utf-8"
XLSX_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
XLSX_ROWS_MAX: Final = 1_048_575
"""What a sheet holds below its heading."""


class Sheet(Protocol):
    """A file that rows are added to; each call gives the bytes that are ready."""

    def begin(self, heading: Sequence[str]) -> bytes:
        """Write the heading."""
        ...

    def add(self, rows: Sequence[Sequence[Any]]) -> bytes:
        """Write rows."""
        ...

    def end(self) -> bytes:
        """Write what closes the file."""
        ...


class CsvSheet:
    """Comma-separated, UTF-8 with a mark that spreadsheets look for."""

    def begin(self, heading: Sequence[str]) -> bytes:
        """Write the heading."""
        return b"\xef\xbb\xbf" + self.add([heading])

    def add(self, rows: Sequence[Sequence[Any]]) -> bytes:
        """Write rows."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerows([_csv_cell(c) for c in r] for r in rows)
        return text.getvalue().encode()

    def end(self) -> bytes:
        """Nothing closes it."""
        return b""


def _csv_cell(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula stays a text."""
    if isinstance(value, datetime):
        return f"{value.astimezone(WIB):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str):
        return harmless(value)
    return "" if value is None else value


class _Pipe(io.RawIOBase):
    """What zipfile writes to; it is taken out piece by piece."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        self._size += len(data)
        return len(data)

    def tell(self) -> int:
        return self._size

    def take(self) -> bytes:
        taken, self._parts = b"".join(self._parts), []
        return taken


class XlsxSheet:
    """A book of sheets; numbers are numbers, moments are moments, everything else is text.

    What one sheet cannot hold goes on in the next one, under the same heading.
    """

    def __init__(self, name: str = "Gerbang", *, rows_max: int = XLSX_ROWS_MAX) -> None:
        """Name the sheets; each has at most so many rows below its heading."""
        self._pipe = _Pipe()
        self._zip = zipfile.ZipFile(self._pipe, "w", zipfile.ZIP_DEFLATED, compresslevel=4)
        self._name = name[:25]
        self._rows_max = rows_max
        self._row = 0
        self._sheets = 0
        self._heading: Sequence[str] = ()

    def begin(self, heading: Sequence[str]) -> bytes:
        """Begin the first sheet with the heading."""
        self._heading = heading
        self._next_sheet()
        return self._pipe.take()

    def add(self, rows: Sequence[Sequence[Any]]) -> bytes:
        """Write rows."""
        while rows:
            room = self._rows_max + 1 - self._row
            if not room:
                self._end_sheet()
                self._next_sheet()
                continue
            self._write(rows[:room], style=0)
            rows = rows[room:]
        return self._pipe.take()

    def end(self) -> bytes:
        """Close the last sheet, and write what holds the sheets together."""
        self._end_sheet()
        for path, text in _parts(self._name, self._sheets).items():
            self._zip.writestr(path, text)
        self._zip.close()
        return self._pipe.take()

    def _next_sheet(self) -> None:
        self._sheets += 1
        self._row = 0
        path = f"xl/worksheets/sheet{self._sheets}.xml"
        self._sheet = self._zip.open(path, "w", force_zip64=True)
        self._sheet.write(_SHEET_BEGIN.encode())
        self._write([self._heading], style=1)

    def _end_sheet(self) -> None:
        self._sheet.write(b"</sheetData></worksheet>")
        self._sheet.close()

    def _write(self, rows: Sequence[Sequence[Any]], *, style: int) -> None:
        lines = []
        for row in rows:
            self._row += 1
            cells = "".join(_xlsx_cell(value, style) for value in row)
            lines.append(f'<row r="{self._row}">{cells}</row>')
        self._sheet.write("".join(lines).encode("utf-8", "replace"))


def _xlsx_cell(value: Any, style: int) -> str:
    if value is None or value == "":
        return "<c/>"
    if isinstance(value, bool):
        return f'<c t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int):
        return f"<c><v>{value}</v></c>"
    if isinstance(value, datetime):
        return f'<c s="2"><v>{_serial_day(value)}</v></c>'
    text = escape("".join(c for c in str(value) if c >= " " or c in "\t\n"))
    return f'<c s="{style}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def _serial_day(value: datetime) -> str:
    """Days since 30 December 1899, in WIB, as spreadsheets count."""
    local = value.astimezone(WIB).replace(tzinfo=None)
    seconds = round((local - datetime(1899, 12, 30)).total_seconds())  # noqa: DTZ001 (a count)
    return f"{seconds // 86_400}.{seconds % 86_400 * 10**8 // 86_400:08d}"


_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_DOC: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_KIND: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_STYLES: Final = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}"><numFmts count="1">'
    '<numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="3"><xf/><xf fontId="1" applyFont="1"/>'
    '<xf numFmtId="164" applyNumberFormat="1"/></cellXfs></styleSheet>'
)


def _parts(name: str, sheets: int) -> dict[str, str]:
    """Give the parts that say which sheets there are and how they look."""
    numbers = range(1, sheets + 1)
    names = [escape(name if n == 1 else f"{name} {n}", {'"': "&quot;"}) for n in numbers]
    types = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_KIND}.worksheet+xml"/>'
        for n in numbers
    )
    listed = "".join(f'<sheet name="{names[n - 1]}" sheetId="{n}" r:id="rId{n}"/>' for n in numbers)
    related = "".join(
        f'<Relationship Id="rId{n}" Type="{_DOC}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in numbers
    )
    return {
        "[Content_Types].xml": (
            f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
            '<Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>{types}'
            f'<Override PartName="/xl/styles.xml" ContentType="{_KIND}.styles+xml"/></Types>'
        ),
        "_rels/.rels": (
            f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
            f'Type="{_DOC}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
        ),
        "xl/workbook.xml": (
            f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_DOC}">'
            f"<sheets>{listed}</sheets></workbook>"
        ),
        "xl/_rels/workbook.xml.rels": (
            f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{related}'
            f'<Relationship Id="rId{sheets + 1}" Type="{_DOC}/styles" Target="styles.xml"/>'
            "</Relationships>"
        ),
        "xl/styles.xml": _STYLES,
    }


_SHEET_BEGIN: Final = (
    f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
    '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
    '</sheetView></sheetViews><cols><col min="1" max="20" width="18" customWidth="1"/></cols>'
    "<sheetData>"
)
