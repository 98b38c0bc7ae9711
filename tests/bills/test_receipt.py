"""A receipt: what stands on it, how it is laid out, and a PDF that any reader opens."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gerbang.bills.bill import Service, bill_data, quote
from gerbang.bills.receipt import (
    WIDTH,
    Receipt,
    ReceiptUnavailableError,
    make_receipt,
    receipt_lines,
    receipt_text,
)
from gerbang.bills.receipt_pdf import receipt_pdf
from gerbang.bills.token import token_data
from gerbang.sandbox.bills import make_bill
from gerbang.sandbox.serials import make_serial

AT = datetime(2026, 5, 31, 5, 36, 46, tzinfo=UTC)


def order(**changes: Any) -> dict[str, Any]:
    values = {
        "id": 812,
        "reference": "INV-1",
        "state": "success",
        "testing": False,
        "product_name": "Tagihan X",
        "destination": "532210001242",
        "price": 25_200,
        "sn": "REF-77",
        "data": None,
        "created_at": AT,
        "final_at": AT,
    }
    return {**values, **changes}


def bill_order(service: Service, **changes: Any) -> dict[str, Any]:
    bill = make_bill(service, "532210001242", amount=50_000)
    quoted = quote(bill, admin_fee=2_500, net=1_500)
    return order(data=bill_data(quoted), price=quoted.total, **changes)


@pytest.mark.parametrize("service", [s for s in Service if s is not Service.PLN_PREPAID])
def test_a_bill_s_receipt_has_who_what_and_the_total(service: Service) -> None:
    paid = bill_order(service)
    text = receipt_text(make_receipt(paid, issuer="TOKO SATU"))
    for part in ("STRUK", "532210001242", "INV-1", "REF-77", "12:36:46 WIB", "TOKO SATU"):
        assert part in text, part
    assert f"TOTAL BAYAR   : Rp{paid['price']:,}".replace(",", ".") in text
    assert all(len(line) <= WIDTH for line in text.splitlines())


def test_three_sheets_are_three_lines_with_their_meters() -> None:
    text = receipt_text(make_receipt(bill_order(Service.PLN_POSTPAID), issuer="T"))
    assert text.count("PERIODE") == text.count("STAND METER") == 3
    assert "DENDA         : Rp6.000" in text
    assert "LEMBAR        : 3" in text


def test_a_token_s_receipt_has_its_parts_once_each() -> None:
    serial = make_serial("R-1", "PLN20")
    bought = order(product_name="PLN 20.000", sn=serial.sn, data=token_data(serial.sn, None))
    text = receipt_text(make_receipt(bought, issuer="T"))
    for label in ("NAMA", "TARIF/DAYA", "KWH", "TOKEN"):
        assert len(re.findall(rf"^{label} +:", text, re.MULTILINE)) == 1
    assert serial.data is not None
    assert serial.data["token"] in text
    assert "STRUK PEMBELIAN LISTRIK PRABAYAR" in text
    assert "SN " not in text


def test_a_test_says_on_paper_that_it_is_none() -> None:
    text = receipt_text(make_receipt(bill_order(Service.TV, testing=True), issuer="T"))
    assert "UJI COBA" in text
    assert "UJI COBA" not in receipt_text(make_receipt(bill_order(Service.TV), issuer="T"))


@pytest.mark.parametrize("state", ["pending", "failed", "reversed"])
def test_what_did_not_succeed_has_no_receipt(state: str) -> None:
    with pytest.raises(ReceiptUnavailableError, match=state):
        make_receipt(order(state=state), issuer="T")


@given(st.text(max_size=200), st.text(max_size=200))
def test_no_text_is_too_long_or_breaks_a_line(label: str, value: str) -> None:
    made = Receipt(title="S", pairs=(("NAMA", value), ("", "")), footer=(label,))
    assert all(len(line) <= WIDTH for line in receipt_lines(made))


# --- PDF ------------------------------------------------------------------------------------------


def objects_of(pdf: bytes) -> dict[int, bytes]:
    """Read a PDF by its own table of where each object begins."""
    end = re.search(rb"startxref\n(\d+)\n%%EOF\n\Z", pdf)
    assert end is not None
    start = int(end[1])
    table = pdf[start:].split(b"\n")
    assert table[0] == b"xref"
    count = int(table[1].split()[1])
    found = {}
    for number in range(1, count):
        at = int(table[2 + number].split()[0])
        head = b"%d 0 obj\n" % number
        assert pdf[at:].startswith(head)
        found[number] = pdf[at + len(head) :].partition(b"\nendobj\n")[0]
    return found


def test_a_pdf_s_table_points_at_its_objects_and_the_page_holds_every_line() -> None:
    made = make_receipt(bill_order(Service.PLN_POSTPAID), issuer="TOKO (SATU) \\ \u00e9")
    pdf = receipt_pdf(made)
    assert pdf.startswith(b"%PDF-1.4\n")
    objects = objects_of(pdf)
    assert objects[1] == b"<< /Type /Catalog /Pages 2 0 R >>"
    stream = re.fullmatch(rb"<< /Length (\d+) >>\nstream\n(.*)\nendstream", objects[4], re.DOTALL)
    assert stream is not None
    length, content = stream.groups()
    assert int(length) == len(content)
    shown = re.findall(rb"^\((.*)\) Tj T\*$", content, re.MULTILINE)
    unescaped = [re.sub(rb"\\(.)", rb"\1", line).decode("cp1252") for line in shown]
    assert unescaped == receipt_lines(made)
    box = re.search(rb"MediaBox \[0 0 (\d+) (\d+)\]", objects[3])
    assert box is not None
    assert int(box[1]) > 200
    assert int(box[2]) == 12 * len(shown) + 40


@given(st.text(max_size=120))
def test_no_name_breaks_a_pdf(name: str) -> None:
    pdf = receipt_pdf(Receipt(title=name, pairs=(("NAMA", name),), footer=(name,)))
    assert len(objects_of(pdf)) == 6
