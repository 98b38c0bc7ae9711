"""Asking an IsiKuota supplier about bills (§7.1); pure. Paying one is the client's `buy`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from gerbang.bills.bill import Service
from gerbang.dialects.isikuota.answers import Envelope, peer_reason, read_envelope
from gerbang.dialects.isikuota.bill_desc import read_bill
from gerbang.dialects.isikuota.spec import REFUSALS, REROUTABLE
from gerbang.dialects.supplier_contract import (
    BillAnswer,
    BillFound,
    BillRefused,
    BillUnclear,
    SupplierInquiry,
    SupplierView,
)
from gerbang.orders.reasons import Reason
from gerbang.outbound.message import Answered, HttpRequest

Build = Callable[[SupplierView, str, Mapping[str, Any], datetime], HttpRequest]

_CODES_SEPARATOR: Final = ">"


class _Found(msgspec.Struct, frozen=True, kw_only=True):
    """`data` of an inquiry, as far as it is needed."""

    ref_id: str
    status: str
    customer_no: str
    customer_name: str
    tagihan: int
    admin: int
    total: int
    desc: Any = None


class IsikuotaBills:
    """Bills as an IsiKuota supplier sells them: the payment has the inquiry's ref_id."""

    binds_total = True

    def __init__(self, build: Build) -> None:
        """Take the client's way to sign a request."""
        self._build = build

    def inquire(
        self, supplier: SupplierView, question: SupplierInquiry, *, now: datetime
    ) -> HttpRequest:
        """Build the inquiry."""
        business: dict[str, Any] = {
            "cmd": "inquiry",
            "code": inquiry_code(question.product_code),
            "customer_no": question.customer_no,
            "ref_id": question.reference,
        }
        if question.details_of is Service.EWALLET:
            business["amount"] = question.quantity
        return self._build(supplier, "order", business, now)

    def read_inquiry(
        self,
        supplier: SupplierView,  # noqa: ARG002 (nothing depends on the supplier)
        question: SupplierInquiry,
        answer: Answered,
    ) -> BillAnswer:
        """Believe a bill only where code, status, ref_id and sum agree."""
        reply = read_envelope(answer)
        if reply is None:
            return BillUnclear(message=f"unreadable answer, HTTP {answer.status}")
        if reply.success and reply.code == "BILL_INQUIRY_SUCCESS":
            return _read_found(reply, question)
        return _read_refusal(answer, reply)


def inquiry_code(product_code: str) -> str:
    """Give the code that asks, where a route names two."""
    return product_code.partition(_CODES_SEPARATOR)[0]


def payment_code(product_code: str) -> str:
    """Give the code that pays, where a route names two."""
    return product_code.rpartition(_CODES_SEPARATOR)[2]


def _read_found(reply: Envelope, question: SupplierInquiry) -> BillAnswer:
    try:
        found = msgspec.convert(reply.data, _Found)
    except msgspec.ValidationError as error:
        return BillUnclear(message=str(error))
    if found.ref_id != question.reference:
        return BillUnclear(message=f"an answer about another ref_id: {found.ref_id}")
    if found.status.lower() != "success" or found.total != found.tagihan + found.admin:
        return BillUnclear(message=f"status {found.status}, total {found.total}")
    bill = read_bill(
        found.desc,
        question.details_of,
        # The documents' own sample answers with another number: ours is the one that counts.
        customer_no=question.customer_no,
        customer_name=found.customer_name[:200],
        amount=found.tagihan,
    )
    return BillFound(bill=bill, total=found.total)


def _read_refusal(answer: Answered, reply: Envelope) -> BillAnswer:
    rule = None if reply.success else REFUSALS.get(reply.code)
    reason = rule.reason if rule is not None else None
    if reply.code == "ORDER_FAILED" and not reply.success:
        # An inquiry takes no order: what the biller said of the number comes with this code.
        reason = Reason.BILLER_FAILED
    if reason is None:
        return BillUnclear(message=f"unlisted answer: {reply.code}, HTTP {answer.status}")
    if reply.code in {"VALIDATION_ERROR", "PRODUCT_UNAVAILABLE", "ORDER_FAILED"}:
        reason = peer_reason(answer.headers) or reason
    return BillRefused(
        reason=reason,
        reroutable=reason in REROUTABLE or reason is Reason.SUPPLIER_REFUSED_US,
        message=reply.message or "",
    )
