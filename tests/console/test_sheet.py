from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime

from defusedxml.ElementTree import fromstring

from gerbang.console.sheet import CsvSheet, XlsxSheet

ROW = [1, datetime(2026, 11, 25, 12, 0, tzinfo=UTC), "=SUM(A1)", None, True, "<Ø & \x01>"]
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def test_an_xlsx_file_is_whole_and_keeps_numbers_moments_and_text_apart() -> None:
    sheet = XlsxSheet("Orders & more")
    content = sheet.begin(["a", "b"]) + sheet.add([ROW]) + sheet.add([]) + sheet.end()
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        assert file.testzip() is None
        for name in file.namelist():
            fromstring(file.read(name))
        root = fromstring(file.read("xl/worksheets/sheet1.xml"))
    rows = root.findall(f".//{MAIN}row")
    assert [row.get("r") for row in rows] == ["1", "2"]
    cells = rows[1].findall(f"{MAIN}c")
    number, moment, text, nothing, flag, odd = cells
    assert number.findtext(f"{MAIN}v") == "1"
    assert moment.findtext(f"{MAIN}v") == "46351.79166666"
    assert text.get("t") == "inlineStr"
    assert len(nothing) == 0
    assert flag.get("t") == "b"
    assert odd.findtext(f".//{MAIN}t") == "<Ø & >"


def test_a_csv_file_is_read_by_spreadsheets_and_starts_no_formula() -> None:
    sheet = CsvSheet()
    text = (sheet.begin(["a"]) + sheet.add([ROW]) + sheet.end()).decode()
    assert text.startswith("\ufeffa\r\n")
    assert "1,2026-11-25 19:00:00,'=SUM(A1),,1," in text


def test_what_one_sheet_cannot_hold_goes_on_in_the_next_under_the_same_heading() -> None:
    sheet = XlsxSheet('A "book" of <sheets>', rows_max=3)
    content = sheet.begin(["a"]) + sheet.add([[1], [2]]) + sheet.add([[3], [4], [5], [6], [7]])
    content += sheet.end()
    found = []
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        assert file.testzip() is None
        for number in (1, 2, 3):
            root = fromstring(file.read(f"xl/worksheets/sheet{number}.xml"))
            found.append([cell.text for cell in root.iter(f"{MAIN}v")])
            assert root.findtext(f".//{MAIN}is/{MAIN}t") == "a"
        names = [
            s.get("name") for s in fromstring(file.read("xl/workbook.xml")).iter(f"{MAIN}sheet")
        ]
        assert len(fromstring(file.read("xl/_rels/workbook.xml.rels"))) == 4
    assert found == [["1", "2", "3"], ["4", "5", "6"], ["7"]]
    assert names == ['A "book" of <sheets>', 'A "book" of <sheets> 2', 'A "book" of <sheets> 3']
