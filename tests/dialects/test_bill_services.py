"""A bill of every service, as each dialect shows it and as each client half reads it back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import Any, Final

import msgspec
import pytest

from gerbang.bills.bill import Bill, BillUnsoundError, Service, check_bill, quote
from gerbang.dialects.contract import BillView
from gerbang.dialects.isikuota import bill_desc
from gerbang.dialects.isikuota.bill_client import IsikuotaBills
from gerbang.dialects.isikuota.bill_replies import inquiry_reply as isikuota_reply
from gerbang.dialects.otomax.bills import inquiry_sn
from gerbang.dialects.otomax.bills import read_bill as read_otomax
from gerbang.dialects.socx import bills as socx_bills
from gerbang.dialects.socx.bill_client import SocxBills
from gerbang.dialects.supplier_contract import (
    BillAnswer,
    BillFound,
    BillUnclear,
    SupplierInquiry,
    SupplierView,
)
from gerbang.outbound.message import Answered, HttpRequest
from gerbang.sandbox.bills import make_bill

AT: Final = datetime(2026, 5, 31, 5, 36, 46, tzinfo=UTC)
CUSTOMERS: Final = {"one": "532210001000", "three": "532210001242"}
FEE, NET = 2_500, 1_500
SERVICES: Final = list(Service)
SHEETED: Final = [s for s in Service if s not in {Service.PLN_PREPAID, Service.EWALLET}]


def build(*_: Any) -> HttpRequest:
    raise NotImplementedError


SUPPLIER: Final = SupplierView(
    id=1, code="s", dialect="x", base_url="http://s.test", secrets={}, settings={}
)


def view_of(service: Service, customer: str) -> BillView:
    amount = 50_000 if service is Service.EWALLET else 1
    bill = make_bill(service, customer, amount=amount)
    return BillView(
        reference="INV-1",
        product_code="MPX",
        product_name="Tagihan X",
        customer_no=customer,
        quoted=quote(bill, admin_fee=FEE, net=NET),
        testing=False,
        created_at=AT,
        expires_at=AT + timedelta(minutes=5),
        balance=1_000_000,
    )


def question_of(view: BillView) -> SupplierInquiry:
    bill = view.quoted.bill
    return SupplierInquiry(
        reference="INV-1",
        product_code="MPX",
        customer_no=view.customer_no,
        quantity=bill.amount if bill.service is Service.EWALLET else 1,
        details_of=bill.service,
    )


# --- each dialect's words -------------------------------------------------------------------------


def isikuota(view: BillView) -> Answered:
    return isikuota_reply(view)


def socx(view: BillView) -> Answered:
    draft = socx_bills.BillDraft(code="MPX", idpel=view.customer_no, request_id="INV-1")
    return socx_bills.bill_answer(socx_bills.inquiry_reply(draft, view))


def otomax(view: BillView) -> Answered:
    return Answered(status=200, headers=(), body=inquiry_sn(view).encode())


SAY: Final[Mapping[str, Callable[[BillView], Answered]]] = {
    "isikuota": isikuota,
    "socx": socx,
    "otomax": otomax,
}
READ: Final[Mapping[str, Callable[[SupplierInquiry, Answered], BillAnswer]]] = {
    "isikuota": lambda asked, said: IsikuotaBills(build).read_inquiry(SUPPLIER, asked, said),
    "socx": lambda asked, said: SocxBills(build).read_inquiry(SUPPLIER, asked, said),
    "otomax": lambda asked, said: read_otomax(said.body.decode(), asked),
}
DIALECTS: Final = list(SAY)


def told(dialect: str, service: Service, customer: str) -> tuple[BillView, BillAnswer]:
    view = view_of(service, customer)
    return view, READ[dialect](question_of(view), SAY[dialect](view))


# --- read back ------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("sheets", CUSTOMERS)
def test_what_is_shown_is_read_with_the_same_total_name_and_sheets(
    dialect: str, service: Service, sheets: str
) -> None:
    view, found = told(dialect, service, CUSTOMERS[sheets])
    assert isinstance(found, BillFound), found
    bill, shown = found.bill, view.quoted.bill
    assert found.total == (0 if service is Service.PLN_PREPAID else view.quoted.total)
    assert bill.due == shown.due
    assert bill.customer_name == shown.customer_name
    assert bill.service is service
    assert bill.sheets == shown.sheets
    assert bill.customer_no == CUSTOMERS[sheets]
    check_bill(bill)


@pytest.mark.parametrize("dialect", ["isikuota", "socx"])
@pytest.mark.parametrize("service", SERVICES)
def test_details_of_the_service_come_through(dialect: str, service: Service) -> None:
    view, found = told(dialect, service, CUSTOMERS["one"])
    assert isinstance(found, BillFound)
    shown = msgspec.structs.asdict(view.quoted.bill.details)
    read = msgspec.structs.asdict(found.bill.details)
    # SocX has pairs to display and no members: what a pair does not say is empty.
    told_by_socx = {name: value for name, value in read.items() if value or dialect == "isikuota"}
    assert told_by_socx.items() <= shown.items()
    assert bool(told_by_socx) == bool(shown)


@pytest.mark.parametrize("service", SHEETED)
def test_isikuota_s_desc_keeps_periods_fines_and_meters(service: Service) -> None:
    view = view_of(service, CUSTOMERS["three"])
    bill = view.quoted.bill
    desc = bill_desc.write_desc(bill, fee=view.quoted.fee)
    read = bill_desc.read_bill(
        json.loads(json.dumps(desc)),
        service,
        customer_no=bill.customer_no,
        customer_name=bill.customer_name,
        amount=bill.due,
    )
    if "detail" not in desc:
        assert read.periods == ()
        return
    assert [p.name for p in read.periods] == [p.name for p in bill.periods]
    for one, other in zip(read.periods, bill.periods, strict=True):
        sheet = desc["detail"][0]
        for member, name in (("denda", "fine"), ("meter_awal", "meter_before")):
            if member in sheet:
                assert getattr(one, name) == getattr(other, name)


# --- what is not believed -------------------------------------------------------------------------


def _spoilt(dialect: str, change: Mapping[str, Any]) -> BillAnswer:
    view = view_of(Service.PLN_POSTPAID, CUSTOMERS["three"])
    body = json.loads(SAY[dialect](view).body)
    (body["data"] if dialect == "isikuota" else body).update(change)
    answer = Answered(status=200, headers=(), body=json.dumps(body).encode())
    return READ[dialect](question_of(view), answer)


@pytest.mark.parametrize(
    ("dialect", "change"),
    [
        ("isikuota", {"total": 1}),
        ("isikuota", {"tagihan": "many"}),
        ("isikuota", {"ref_id": "INV-2"}),
        ("isikuota", {"status": "pending"}),
        ("socx", {"total": "1"}),
        ("socx", {"tagihan": "1.000,5"}),
        ("socx", {"denda": "-"}),
    ],
)
def test_a_bill_whose_figures_contradict_each_other_is_not_believed(
    dialect: str, change: dict[str, Any]
) -> None:
    assert isinstance(_spoilt(dialect, change), BillUnclear)


@pytest.mark.parametrize(
    "text", ["", "BUDI", "BUDI/TAG:10000/ADM:2500/TOTAL:99999", "/TAG:10000/TOTAL:10000"]
)
def test_a_text_without_a_name_an_amount_or_the_right_sum_is_no_bill(text: str) -> None:
    asked = question_of(view_of(Service.PLN_POSTPAID, "1"))
    assert isinstance(read_otomax(text, asked), BillUnclear)


def test_the_trade_s_other_spellings_are_read() -> None:
    asked = question_of(view_of(Service.PLN_POSTPAID, "1"))
    text = "NAMA: SITI A/LEMBAR 2/PERIODE: MEI/TAGIHAN Rp 80.619/ADMIN 2.500/TOTAL BAYAR 83.119"
    found = read_otomax(text, asked)
    assert isinstance(found, BillFound)
    assert (found.bill.customer_name, found.bill.due, found.total) == ("SITI A", 80_619, 83_119)
    assert found.bill.sheets == 2


def test_a_desc_of_another_shape_leaves_the_sum_alone() -> None:
    shapes: list[Any] = [None, [], "x", {"detail": "x"}, {"detail": [None, 7]}, {"daya": True}]
    shapes += [{"lembar_tagihan": "many"}, {"detail": [{"periode": "01", "nilai_tagihan": 1}]}]
    for desc in shapes:
        bill = bill_desc.read_bill(
            desc, Service.PLN_POSTPAID, customer_no="1", customer_name="A", amount=80_000
        )
        assert bill.due == 80_000
        assert bill.sheets >= 1


@pytest.mark.parametrize(
    "change",
    [{"amount": -1}, {"fine": -1}, {"sheets": 0}, {"sheets": 37}, {"amount": 10**13}],
)
def test_a_bill_beyond_reason_is_unsound(change: dict[str, Any]) -> None:
    bill = view_of(Service.TV, CUSTOMERS["one"]).quoted.bill
    with pytest.raises(BillUnsoundError):
        check_bill(Bill(**{**msgspec.structs.asdict(bill), **change}))


# --- golden samples -------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_golden_bills_come_out_word_for_word(dialect: str) -> None:
    """`samples/bills.json` of each dialect: every service with one sheet and with three."""
    samples = json.loads(
        (resources.files(f"gerbang.dialects.{dialect}") / "samples" / "bills.json").read_text()
    )
    assert set(samples) == {f"{service} {sheets}" for service in Service for sheets in CUSTOMERS}
    for name, expected in samples.items():
        service, _, sheets = name.partition(" ")
        body = SAY[dialect](view_of(Service(service), CUSTOMERS[sheets])).body.decode()
        assert body == expected, name
