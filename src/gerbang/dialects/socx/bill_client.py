"""Asking a SocX supplier about bills (§5.4), and building a payment (§5.5); pure.

No inquiry reference is passed, so a payment is bound to nothing: the core looks at the bill once
more before it pays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from gerbang.bills.bill import DETAILS_OF, Bill, Details, Period, PlnPostpaid, PlnPrepaid, Service
from gerbang.dialects.socx.spec import RULE_OF_RC
from gerbang.dialects.socx.supplier_report import read_rupiah
from gerbang.dialects.socx.wire import clean_text, decode_object
from gerbang.dialects.supplier_contract import (
    BillAnswer,
    BillFound,
    BillRefused,
    BillUnclear,
    InexpressibleOrderError,
    SupplierInquiry,
    SupplierOrder,
    SupplierView,
)
from gerbang.outbound.message import Answered, HttpRequest

Build = Callable[[SupplierView, str, dict[str, str]], HttpRequest]

_CODES_SEPARATOR: Final = ">"
_INQUIRY_MARK: Final = "Q"
"""Behind our reference, because a payment needs a request_id of its own (§5.5)."""
_TARIFF: Final = re.compile(r"\s*([A-Z0-9]+)\s*/\s*0*([0-9]{1,9})").match
_PAIRS_MAX: Final = 60


class SocxBills:
    """Bills as a SocX supplier sells them."""

    binds_total = False

    def __init__(self, build: Build) -> None:
        """Take the client's way to post JSON."""
        self._build = build

    def inquire(
        self,
        supplier: SupplierView,
        question: SupplierInquiry,
        *,
        now: datetime,  # noqa: ARG002 (no time in this protocol)
    ) -> HttpRequest:
        """Build the inquiry; it exists only with a bearer token."""
        if not supplier.secrets.get("token"):
            raise InexpressibleOrderError("bills need a token")
        fields = {
            "code": question.product_code.partition(_CODES_SEPARATOR)[0],
            "idpel": _idpel(question.customer_no, question.quantity),
            "request_id": f"{question.reference}{_INQUIRY_MARK}",
        }
        return self._build(supplier, "/inquiry", fields)

    def read_inquiry(
        self,
        supplier: SupplierView,  # noqa: ARG002 (every supplier speaks the same codes)
        question: SupplierInquiry,
        answer: Answered,
    ) -> BillAnswer:
        """Read the inquiry object; amounts may be empty texts, which are 0."""
        members = decode_object(answer.body)
        rc = str(members.get("rc", "")) if members else ""
        rule = RULE_OF_RC.get(rc)
        if members is None or rule is None:
            return BillUnclear(message=f"rc {rc or '?'}, HTTP {answer.status}")
        if rule.outcome == "delivered":
            return _found(members, question)
        if rule.outcome == "rejected" and rule.reason is not None:
            text = clean_text(str(members.get("msg") or members.get("message") or ""))
            return BillRefused(reason=rule.reason, reroutable=rule.reroutable, message=text)
        return BillUnclear(message=f"rc {rc}")


def payment_fields(order: SupplierOrder) -> dict[str, str]:
    """Write a payment's members."""
    return {
        "code": order.product_code.rpartition(_CODES_SEPARATOR)[2],
        "idpel": _idpel(order.destination, order.quantity),
        "request_id": order.reference,
    }


def _idpel(customer_no: str, quantity: int) -> str:
    return f"{customer_no}#{quantity}" if quantity > 1 else customer_no


def _found(members: Mapping[str, Any], question: SupplierInquiry) -> BillAnswer:
    amounts = [_amount(members.get(name)) for name in ("tagihan", "denda", "admin")]
    total = _amount(members.get("total"))
    if None in amounts or total is None:
        return BillUnclear(message="amounts that are none")
    amount, fine, fee = (value or 0 for value in amounts)
    is_check = question.details_of is Service.PLN_PREPAID
    if not is_check and total != amount + fine + fee:
        return BillUnclear(message=f"total {total} is not {amount} + {fine} + {fee}")
    pairs = _pairs(members.get("info"))
    lower = {name.lower(): value for name, value in pairs}
    name = clean_text(str(members.get("client_name") or "")) or lower.get("nama", "")
    bill = Bill(
        customer_no=question.customer_no,
        customer_name=name,
        amount=0 if is_check else amount,
        fine=0 if is_check else fine,
        sheets=max(1, _amount(members.get("jumlah_tagihan")) or 1),
        periods=tuple(Period(name=value) for label, value in pairs if label.lower() == "periode"),
        details=_details(question.details_of, lower),
        info=pairs,
    )
    return BillFound(bill=bill, total=0 if is_check else total)


def _amount(value: object) -> int | None:
    return 0 if value in ("", None) else read_rupiah(value)


def _pairs(info: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(info, list):
        return ()
    return tuple(
        (clean_text(str(one.get("name", ""))), clean_text(str(one.get("value", ""))))
        for one in info[:_PAIRS_MAX]
        if isinstance(one, dict)
    )


def _details(service: Service, info: Mapping[str, str]) -> Details:
    """Read what the pairs say where the trade's names are the usual ones; the rest is shown."""
    match = _TARIFF(info.get("tarif/daya", ""))
    tariff, power = (match[1], int(match[2])) if match else ("", 0)
    if service is Service.PLN_PREPAID:
        return PlnPrepaid(
            meter_no=info.get("no meter", ""),
            subscriber_id=info.get("idpel", ""),
            tariff=tariff,
            power=power,
        )
    if service is Service.PLN_POSTPAID:
        return PlnPostpaid(tariff=tariff, power=power)
    words = _WORDS.get(service, {})
    values: dict[str, Any] = {member: info[word] for word, member in words.items() if word in info}
    if "participants" in values:
        values["participants"] = _whole(values["participants"])
    return msgspec.convert(values | {"type": service.value}, DETAILS_OF[service])


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0  # noqa: PLR2004


_WORDS: Final[Mapping[Service, Mapping[str, str]]] = {
    Service.PLN_NON_TAGLIS: {
        "transaksi": "purpose",
        "no registrasi": "registration_no",
        "tgl registrasi": "registered_on",
    },
    Service.PDAM: {"tarif": "tariff", "alamat": "address", "jatuh tempo": "due_date"},
    Service.BPJS_KESEHATAN: {"jml peserta": "participants", "alamat": "address"},
    Service.BPJS_KETENAGAKERJAAN: {
        "kode iuran": "contribution_code",
        "program": "programme_code",
        "kantor cabang": "branch",
    },
    Service.MULTIFINANCE: {
        "barang": "item",
        "no rangka": "frame_no",
        "no polisi": "plate_no",
        "angsuran ke": "tenor",
    },
    Service.GAS: {"alamat": "address"},
    Service.PBB: {
        "tahun pajak": "tax_year",
        "alamat": "address",
        "kelurahan": "village",
        "kecamatan": "district",
        "kota": "city",
        "luas tanah": "land_area",
        "luas bangunan": "building_area",
    },
}
"""Names of pairs as a Gerbang peer writes them; those of others may differ and are shown only."""
