"""Replies to `inquiry` and `pay-pasca` (§7), and how a bill's order is told; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from gerbang.bills.bill import Quote, quote_of
from gerbang.clock import wib_text
from gerbang.dialects.contract import BillView, OrderState, OrderView, Refusal
from gerbang.dialects.isikuota.bill_desc import write_desc
from gerbang.dialects.isikuota.spec import (
    HTTP_STATUS,
    ORDER_CODE,
    REASON_TEXT,
    REASONS,
    STATUS_WORD,
    public_reason,
)
from gerbang.dialects.isikuota.wire import envelope
from gerbang.orders.reasons import Reason
from gerbang.outbound.message import Answered

INQUIRY_SUCCESS: Final = "BILL_INQUIRY_SUCCESS"
PAYMENT_SUCCESS: Final = "BILL_PAYMENT_SUCCESS"
PAID_WORD: Final = "success"
"""Lower case with bills (§9), unlike `Success` of other orders."""
_BILL_CODES: Final = frozenset({"BILL_NOT_FOUND", "BILL_ALREADY_PAID", "BILL_CHANGED"})
_FIELDS: Final[Mapping[str, str]] = {
    "product_code": "code",
    "destination": "customer_no",
    "quantity": "amount",
    "reference": "ref_id",
}
_ABOUT_THE_NUMBER: Final = frozenset({Reason.NUMBER_NOT_FOUND, Reason.METER_WRONG})
_DIFFERS: Final = "berbeda dengan saat inquiry"


def inquiry_reply(bill: BillView) -> Answered:
    """Show a bill (§7.1)."""
    return envelope(
        200,
        INQUIRY_SUCCESS,
        success=True,
        message="Tagihan berhasil ditemukan",
        data=_bill_data(
            bill.quoted,
            reference=bill.reference,
            status=PAID_WORD,
            customer_no=bill.customer_no,
            code=bill.product_code,
        ),
    )


def payment_code(order: OrderView) -> str:
    """Name what became of a payment; a failure that is the bill's own has its own code."""
    if order.state is OrderState.SUCCESS:
        return PAYMENT_SUCCESS
    if order.state is OrderState.FAILED and order.reason is not None:
        code = REASONS[public_reason(order.reason)]
        if code in _BILL_CODES:
            return code
    return ORDER_CODE[order.state]


def payment_status(order: OrderView) -> int:
    """Give the HTTP status of a payment's reply."""
    return HTTP_STATUS.get(payment_code(order), 200)


def payment_data(order: OrderView) -> dict[str, Any]:
    """Tell a payment: the inquiry's members and `sn` (§0)."""
    quoted = quote_of(order.data)
    word = PAID_WORD if order.state is OrderState.SUCCESS else STATUS_WORD[order.state]
    if quoted is None:
        return {"ref_id": order.reference, "status": word, "total": order.price, "sn": order.sn}
    data = _bill_data(
        quoted,
        reference=order.reference,
        status=word,
        customer_no=order.destination,
        code=order.product_code,
    )
    return {**data, "sn": order.sn, "created_at": wib_text(order.created_at)}


def _bill_data(
    quoted: Quote, *, reference: str, status: str, customer_no: str, code: str
) -> dict[str, Any]:
    bill = quoted.bill
    return {
        "ref_id": reference,
        "status": status,
        "customer_no": customer_no,
        "customer_name": bill.customer_name,
        "code": code,
        "tagihan": bill.due,
        "admin": quoted.fee,
        "total": quoted.total,
        "desc": write_desc(bill, fee=quoted.fee),
    }


def in_wire_words(refusal: Refusal) -> Refusal:
    """Name fields as this dialect does; what a biller says of a number is about customer_no."""
    if refusal.reason in _ABOUT_THE_NUMBER:
        text = REASON_TEXT[refusal.reason]
        return Refusal(
            reason=Reason.INVALID_DESTINATION, message=text, fields={"customer_no": [text]}
        )
    if refusal.fields is None:
        return refusal
    mismatch = refusal.reason is Reason.INQUIRY_MISMATCH
    fields = {
        _FIELDS.get(name, name): [_DIFFERS] if mismatch else list(texts)
        for name, texts in refusal.fields.items()
    }
    return msgspec.structs.replace(refusal, fields=fields)
