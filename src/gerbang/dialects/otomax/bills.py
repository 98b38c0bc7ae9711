"""Bills over `trx` (§9.2): codes that ask, codes that pay, and a bill as text; pure.

The convention: `C…` or `CEK…` asks, `B…` or `BYR…` pays, in separate requests with the same dest.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Literal

import msgspec

from gerbang.bills.bill import DETAILS_OF, Bill, Details, Period, PlnPostpaid, PlnPrepaid, Service
from gerbang.dialects.contract import BillView, ProductKind, ProductView
from gerbang.dialects.otomax.facts import read_amount
from gerbang.dialects.supplier_contract import (
    BillFound,
    BillUnclear,
    SupplierInquiry,
    SupplierOrder,
)

Act = Literal["inquiry", "payment"]

CODES_SEPARATOR: Final = ">"
INQUIRY_MARK: Final = "Q"
"""Behind our reference, because the payment is another request with a refID of its own."""
PREFIXES: Final[tuple[tuple[str, Act], ...]] = (
    ("CEK", "inquiry"),
    ("BYR", "payment"),
    ("C", "inquiry"),
    ("B", "payment"),
)


class BillCode(msgspec.Struct, frozen=True):
    """What a code asks for: `product` is the code in the catalogue."""

    act: Act
    product: str
    service: str


def read_code(asked: str, find: Callable[[str], ProductView | None]) -> BillCode | None:
    """Take a code apart; None where it means no bill. `find` looks a product up."""
    for prefix, act in PREFIXES:
        rest = asked.removeprefix(prefix)
        if rest == asked or not rest:
            continue
        product = find(rest)
        if product is None or not product.service:
            continue
        if act == "inquiry" or product.kind is ProductKind.POSTPAID:
            return BillCode(act, product.code, product.service)
    # Most codes have no such prefix, and cost nobody a look.
    product = find(asked) if asked.startswith(("B", "C")) else None
    if product is None or product.kind is not ProductKind.POSTPAID:
        return None
    is_check = product.service == Service.PLN_PREPAID.value
    return BillCode("inquiry", product.code, product.service) if is_check else None


def paying_code(product_code: str) -> str:
    """Write the code that pays a product."""
    return f"BYR{product_code}"


# --- what we say --------------------------------------------------------------------------------


def inquiry_sn(view: BillView) -> str:
    """Write a bill into the SN, as the trade does: ``NAMA/TAG:80619/ADM:2500/TOTAL:83119``."""
    bill, d = view.quoted.bill, view.quoted.bill.details
    parts = [_plain(bill.customer_name)]
    if isinstance(d, PlnPrepaid):
        parts += [f"METER:{d.meter_no}", f"IDPEL:{d.subscriber_id}"]
    if isinstance(d, PlnPrepaid | PlnPostpaid) and d.tariff:
        parts.append(f"DAYA:{d.tariff} {d.power}VA")
    if not isinstance(d, PlnPrepaid):
        parts.append(f"TAG:{bill.amount}")
        if bill.fine:
            parts.append(f"DENDA:{bill.fine}")
        parts += [f"ADM:{view.quoted.fee}", f"TOTAL:{view.quoted.total}", f"LBR:{bill.sheets}"]
        parts += [f"PER:{_plain(p.name)}" for p in bill.periods]
    return "/".join(parts)


def _plain(text: str) -> str:
    """Keep a value from looking like the next one."""
    return " ".join(re.sub(r"[^\w ,&'()-]", " ", text).split())


# --- what a supplier says -----------------------------------------------------------------------

_AMOUNT: Final = r"[ :=]{1,3}(?:Rp\.? ?)?([0-9][0-9.,]{0,18})"
_DUE: Final = re.compile(r"\b(?:TAG|TAGIHAN|BT)\b" + _AMOUNT, re.IGNORECASE)
_FEE: Final = re.compile(r"\b(?:ADM|ADMIN|BIAYA ADMIN)\b" + _AMOUNT, re.IGNORECASE)
_FINE: Final = re.compile(r"\bDENDA\b" + _AMOUNT, re.IGNORECASE)
_TOTAL: Final = re.compile(r"\b(?:TOTAL|TTL|TOTAL BAYAR)\b" + _AMOUNT, re.IGNORECASE)
_SHEETS: Final = re.compile(r"\b(?:LBR|LEMBAR)\b[ :=]{1,3}([0-9]{1,2})\b", re.IGNORECASE)
_PERIOD: Final = re.compile(r"\b(?:PER|PERIODE)\b[ :=]{1,3}([A-Za-z0-9 -]{1,30})", re.IGNORECASE)
_NAME: Final = re.compile(r"\bNAMA\b[ :=]{1,3}([^/\r\n.@]{1,80})", re.IGNORECASE)
_METER: Final = re.compile(r"\bMETER[ :=]{1,3}([0-9]{6,16})", re.IGNORECASE)
_SUBSCRIBER: Final = re.compile(r"\bIDPEL(?:ANGGAN)?[ :=]{1,3}([0-9]{6,16})", re.IGNORECASE)
_POWER: Final = re.compile(r"\bDAYA[ :=]{1,3}([A-Z0-9]{1,6})[ /]0*([0-9]{1,9})", re.IGNORECASE)


def read_bill(sn: str, question: SupplierInquiry) -> BillFound | BillUnclear:
    """Read a bill out of an inquiry's SN; without an amount there is none to pay."""
    name = _NAME.search(sn)
    customer = name[1] if name else sn.partition("/")[0]
    details = _details(sn, question.details_of)
    is_check = question.details_of is Service.PLN_PREPAID
    due = 0 if is_check else _amount(_DUE, sn)
    if due is None or not customer.strip():
        return BillUnclear(message="no name or no amount in the text")
    fine, fee = _amount(_FINE, sn) or 0, _amount(_FEE, sn) or 0
    total = _amount(_TOTAL, sn)
    if is_check:
        fine, total = 0, 0
    elif total is not None and total != due + fine + fee:
        return BillUnclear(message=f"total {total} is not {due} + {fine} + {fee}")
    periods = tuple(Period(name=one.strip()) for one in _PERIOD.findall(sn))
    sheets = _SHEETS.search(sn)
    bill = Bill(
        customer_no=question.customer_no,
        customer_name=customer.strip()[:80],
        amount=due,
        fine=fine,
        sheets=max(1, int(sheets[1]) if sheets else len(periods)),
        periods=periods,
        details=details,
        info=(("KETERANGAN", sn[:200]),),
    )
    return BillFound(bill=bill, total=due + fine + fee if total is None else total)


def _amount(pattern: re.Pattern[str], text: str) -> int | None:
    match = pattern.search(text)
    return read_amount(match[1]) if match else None


def _details(text: str, service: Service) -> Details:
    power = _POWER.search(text)
    tariff, volts = (power[1], int(power[2])) if power else ("", 0)
    if service is Service.PLN_PREPAID:
        meter, subscriber = _METER.search(text), _SUBSCRIBER.search(text)
        return PlnPrepaid(
            meter_no=meter[1] if meter else "",
            subscriber_id=subscriber[1] if subscriber else "",
            tariff=tariff,
            power=volts,
        )
    if service is Service.PLN_POSTPAID:
        return PlnPostpaid(tariff=tariff, power=volts)
    return DETAILS_OF[service]()


# --- the client's orders ------------------------------------------------------------------------


def as_payment(order: SupplierOrder) -> SupplierOrder:
    """Write a bill's payment as the order that the supplier sees; other orders stay."""
    if order.kind is not ProductKind.POSTPAID:
        return order
    code, separator, pays = order.product_code.partition(CODES_SEPARATOR)
    return msgspec.structs.replace(
        order,
        product_code=pays if separator else paying_code(code),
        open_denomination=order.quantity > 1,
    )


def as_question(question: SupplierInquiry) -> SupplierOrder:
    """Write an inquiry as the order that the supplier sees."""
    code, separator, _ = question.product_code.partition(CODES_SEPARATOR)
    return SupplierOrder(
        reference=f"{question.reference}{INQUIRY_MARK}",
        product_code=code if separator else f"CEK{code}",
        destination=question.customer_no,
        quantity=question.quantity,
        counter=1,
        kind=ProductKind.PREPAID,
        open_denomination=question.quantity > 1,
    )
