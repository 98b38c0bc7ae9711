"""The biller of the sandbox: what customers owe, by the last four digits of their number; pure.

The table is part of the public contract, as that of `magic.py` is. The same number owes the same
bill each time, so that the guard against paying twice is what stops a second payment.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, Literal

import msgspec

from gerbang.bills.bill import (
    Bill,
    BpjsKesehatan,
    BpjsKetenagakerjaan,
    Details,
    Ewallet,
    Gas,
    Internet,
    MobilePostpaid,
    Multifinance,
    Pbb,
    Pdam,
    Period,
    PlnNonTaglis,
    PlnPostpaid,
    PlnPrepaid,
    Service,
    Tv,
    sum_periods,
)
from gerbang.dialects.supplier_contract import BillAnswer, BillFound, BillRefused
from gerbang.orders.reasons import Reason
from gerbang.orders.writes import SandboxStep
from gerbang.sandbox.magic import DIGITS, PLANS, Plan, steps_of_plan

OnInquiry = Literal["found", "not_found", "already_paid", "disturbed", "wrong_number"]

GROWS_BY: Final = 5_000
"""The fine that a bill of the changing kind has more each time somebody looks at it."""
SHEET_FINE: Final = 3_000
"""The fine of every sheet but the last, where there are several."""
_NAMES: Final = ("BUDI SANTOSO", "SITI AMINAH", "AGUS SETIAWAN", "DEWI LESTARI", "JOKO SUSILO")
_STREET: Final = "JL MELATI NO 7"


class BillPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of an inquiry, and of the payment after it."""

    inquiry: OnInquiry = "found"
    payment: Plan = Plan(on_request="success")
    sheets: int = 1
    grows: bool = False
    """Whether the bill is higher whenever it is looked at again."""
    paid_elsewhere: bool = False
    """Whether somebody else pays it between inquiry and payment."""


USUAL: Final = BillPlan()

BILL_PLANS: Final[Mapping[str, BillPlan]] = MappingProxyType(
    {
        **{digits: BillPlan(payment=plan) for digits, plan in PLANS.items()},
        "1232": BillPlan(inquiry="not_found"),
        "1240": BillPlan(inquiry="already_paid"),
        "1241": BillPlan(grows=True),
        "1242": BillPlan(sheets=3),
        "1243": BillPlan(paid_elsewhere=True),
        "1244": BillPlan(inquiry="disturbed"),
        "1245": BillPlan(inquiry="wrong_number"),
    }
)


class FakeBill(msgspec.Struct, frozen=True, kw_only=True):
    """What a fake supplier sells payments of: its fee per sheet, and what it keeps of it."""

    service: Service
    fee: int = 0
    net: int = 0


def bill_plan(customer_no: str) -> BillPlan:
    """Say what a customer's bill will go through; of ``phone#amount`` the phone counts."""
    return BILL_PLANS.get(customer_no.partition("#")[0][-DIGITS:], USUAL)


def look(service: Service, customer_no: str, *, amount: int, fee: int, looks: int) -> BillAnswer:
    """Answer an inquiry; `looks` is how often this bill was looked at before."""
    refusal = _refusal(service, bill_plan(customer_no), looks)
    if refusal is not None:
        return refusal
    bill = make_bill(service, customer_no, amount=amount, looks=looks)
    if service is Service.PLN_PREPAID:
        return BillFound(bill=bill, total=0)
    return BillFound(bill=bill, total=bill.due + fee * bill.sheets)


def _refusal(service: Service, plan: BillPlan, looks: int) -> BillRefused | None:
    reason: Reason | None = None
    match plan.inquiry:
        case "not_found" if service is Service.PLN_PREPAID:
            reason = Reason.NUMBER_NOT_FOUND
        case "not_found":
            reason = Reason.BILL_NOT_FOUND
        case "already_paid":
            reason = Reason.BILL_ALREADY_PAID
        case "disturbed":
            reason = Reason.PRODUCT_DISTURBED
        case "wrong_number":
            reason = Reason.INVALID_DESTINATION
        case "found" if plan.paid_elsewhere and looks:
            reason = Reason.BILL_ALREADY_PAID
        case _:
            return None
    return BillRefused(reason=reason, reroutable=reason is Reason.PRODUCT_DISTURBED)


def pay_obstacle(customer_no: str) -> Reason | None:
    """Say why the payment is refused although the inquiry was answered."""
    plan = bill_plan(customer_no)
    if plan.grows:
        return Reason.BILL_CHANGED
    return Reason.BILL_ALREADY_PAID if plan.paid_elsewhere else None


def bill_testing_steps(customer_no: str, sn: str, *, now: datetime) -> tuple[SandboxStep, ...]:
    """Plan a testing payment, as magic.py plans a testing order."""
    return tuple(
        SandboxStep(due_at=now + timedelta(milliseconds=after_ms), outcome=outcome)
        for after_ms, outcome in steps_of_plan(bill_plan(customer_no).payment, sn=sn)
    )


# --- bills --------------------------------------------------------------------------------------


def make_bill(service: Service, customer_no: str, *, amount: int, looks: int = 0) -> Bill:
    """Invent a customer's bill; the same one for the same number."""
    plan = bill_plan(customer_no)
    seed = _seed(f"{service}:{customer_no}")
    name = _NAMES[seed % len(_NAMES)]
    grown = GROWS_BY * looks if plan.grows else 0
    if service is Service.BPJS_KESEHATAN and plan.sheets == 1:
        # The documents' own example.
        bill = Bill(
            customer_no=customer_no,
            customer_name="Demo Member",
            amount=22_500,
            details=BpjsKesehatan(participants=2, address="JAKARTA PUSAT"),
            periods=(Period(name="01"),),
        )
    elif service is Service.EWALLET:
        bill = Bill(customer_no=customer_no, customer_name=name, amount=amount, details=Ewallet())
    elif service is Service.PLN_PREPAID:
        details = PlnPrepaid(
            meter_no=customer_no,
            subscriber_id=f"5{seed % 10**11:011d}",
            tariff="R1",
            power=1_300,
        )
        bill = Bill(customer_no=customer_no, customer_name=name, amount=0, details=details)
    else:
        bill = _sheets(service, customer_no, name, seed, sheets=plan.sheets)
    if not grown:
        return bill
    return msgspec.structs.replace(bill, fine=bill.fine + grown, periods=_grow(bill.periods, grown))


def _grow(periods: tuple[Period, ...], grown: int) -> tuple[Period, ...]:
    if not periods or periods[0].amount is None:
        return periods
    first = msgspec.structs.replace(periods[0], fine=periods[0].fine + grown)
    return (first, *periods[1:])


def _sheets(service: Service, customer_no: str, name: str, seed: int, *, sheets: int) -> Bill:
    periods = tuple(
        Period(
            name=f"2026{4 + index:02d}",
            amount=20_000 + (seed // (index + 1)) % 400 * 500,
            fine=SHEET_FINE if index + 1 < sheets else 0,
            **_meters(service, seed, index),
        )
        for index in range(sheets)
    )
    due, fine = sum_periods(periods)
    return Bill(
        customer_no=customer_no,
        customer_name=name,
        amount=due,
        fine=fine,
        sheets=sheets,
        periods=periods,
        details=_details(service, seed),
    )


def _meters(service: Service, seed: int, index: int) -> dict[str, Any]:
    if service not in {Service.PLN_POSTPAID, Service.PDAM, Service.GAS}:
        return {}
    before = 1_000 + seed % 8_000 + 100 * index
    return {
        "meter_before": f"{before:08d}",
        "meter_after": f"{before + 87:08d}",
        "usage": "87" if service is Service.GAS else "",
    }


def _details(  # noqa: C901, PLR0911 (one case per service)
    service: Service, seed: int
) -> Details:
    match service:
        case Service.PLN_POSTPAID:
            return PlnPostpaid(tariff="R1", power=1_300)
        case Service.PLN_NON_TAGLIS:
            return PlnNonTaglis(
                purpose="PENYAMBUNGAN BARU",
                registration_no=f"{seed % 10**13:013d}",
                registered_on="20260401",
            )
        case Service.PDAM:
            return Pdam(tariff="3A", address=_STREET, due_date="20 MEI 2026")
        case Service.BPJS_KESEHATAN:
            return BpjsKesehatan(participants=3, address=_STREET)
        case Service.BPJS_KETENAGAKERJAAN:
            return BpjsKetenagakerjaan(
                contribution_code=f"{seed % 10**11:011d}",
                programme_code="JKK,JKM,JHT",
                jkk=10_000,
                jkm=6_800,
                jht=20_000,
                branch="JAKARTA",
                effective_on="2026-04-01",
                expires_on="2026-04-30",
            )
        case Service.MULTIFINANCE:
            return Multifinance(
                item="HONDA BEAT 125",
                frame_no=f"MH1{seed % 10**9:09d}",
                plate_no="B 1234 ABC",
                tenor="017",
            )
        case Service.GAS:
            return Gas(address=_STREET)
        case Service.PBB:
            return Pbb(
                address=_STREET,
                tax_year="2026",
                village="CIPINANG",
                district="JATINEGARA",
                city_code="3175",
                city="JAKARTA TIMUR",
                province="DKI JAKARTA",
                land_area="60 M2",
                building_area="48 M2",
            )
        case Service.INTERNET:
            return Internet()
        case Service.MOBILE_POSTPAID:
            return MobilePostpaid()
        case Service.TV:
            return Tv()
        case Service.PLN_PREPAID | Service.EWALLET:
            msg = f"{service} has no sheets"
            raise ValueError(msg)


def _seed(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
