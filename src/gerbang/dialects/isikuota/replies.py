"""Replies to resellers: orders, refusals, balance and products in IsiKuota's envelope; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from gerbang.bills.token import token_of, token_parts
from gerbang.clock import wib_text
from gerbang.dialects.contract import (
    BalanceView,
    OrderState,
    OrderView,
    ProductKind,
    ProductView,
    Purchase,
    Refusal,
    Uncertain,
)
from gerbang.dialects.dialect import SignatureExplanation
from gerbang.dialects.isikuota.bill_replies import payment_code, payment_data, payment_status
from gerbang.dialects.isikuota.spec import (
    ERROR_FIELD,
    HTTP_STATUS,
    ORDER_CODE,
    REASON_HEADER,
    REASON_TEXT,
    REASONS,
    STATE_TEXT,
    STATUS_WORD,
    TESTING_HEADER,
    public_reason,
)
from gerbang.dialects.isikuota.wire import envelope
from gerbang.orders.reasons import Reason
from gerbang.outbound.message import Answered

Headers = tuple[tuple[str, str], ...]
FieldErrors = Mapping[str, Sequence[str]]

_NEVER_TOLD: Final = "INVALID_CREDENTIALS"
"""Which part of the login was wrong is nobody's business."""


def order_reply(order: OrderView) -> Answered:
    """Tell where an order stands; a failed one is an answered question, so HTTP 200 (§0)."""
    if order.kind is ProductKind.POSTPAID:
        return _payment_reply(order)
    return envelope(
        200,
        ORDER_CODE[order.state],
        success=order.state in (OrderState.SUCCESS, OrderState.PENDING),
        message=order_message(order),
        data=_order_data(order),
        headers=reason_headers(order),
    )


def _payment_reply(order: OrderView) -> Answered:
    paid = order.state is OrderState.SUCCESS
    return envelope(
        payment_status(order),
        payment_code(order),
        success=order.state in (OrderState.SUCCESS, OrderState.PENDING),
        message="Pembayaran tagihan berhasil" if paid else order_message(order),
        data=payment_data(order),
        headers=reason_headers(order),
    )


def order_message(order: OrderView) -> str:
    """Give the words for a person; a failure says why, a reversal says that money came back."""
    match order.state:
        case OrderState.FAILED:
            reason = public_reason(order.reason) if order.reason else None
            return order.message or (REASON_TEXT[reason] if reason else STATE_TEXT[order.state])
        case OrderState.REVERSED:
            return STATE_TEXT[order.state]
        case _:
            return order.message or STATE_TEXT[order.state]


def reason_headers(order: OrderView) -> Headers:
    """Name the reason of a failed order in one word, beside the documented body."""
    match order.state:
        case OrderState.REVERSED:
            return ((REASON_HEADER, Reason.REFUNDED),)
        case OrderState.FAILED if order.reason is not None:
            return ((REASON_HEADER, public_reason(order.reason)),)
        case _:
            return ()


def _order_data(order: OrderView) -> dict[str, Any]:
    return {
        "ref_id": order.reference,
        "status": STATUS_WORD[order.state],
        "customer_no": order.destination,
        "code": order.product_code,
        "name": order.product_name,
        "price": order.price,
        "sn": order.sn,
        "created_at": wib_text(order.created_at),
        **token_member(order),
    }


def token_member(order: OrderView) -> dict[str, Any]:
    """Give an electricity token's parts beside the documented members; nothing for the rest."""
    token = token_of(order.data)
    return {} if token is None else {"token": token_parts(token)}


def uncertain_reply(uncertain: Uncertain, purchase: Purchase) -> Answered:
    """Say *pending*: whether the order was written is not known yet, so never failed."""
    return pending_reply(
        reference=uncertain.reference,
        customer_no=purchase.destination,
        code=purchase.product_code,
        name=uncertain.product_name,
        price=uncertain.price,
        created_at=uncertain.created_at,
    )


def pending_reply(
    *, reference: str, customer_no: str, code: str, name: str, price: int, created_at: datetime
) -> Answered:
    """Say *pending* of an order that is not in hand."""
    return envelope(
        200,
        ORDER_CODE[OrderState.PENDING],
        success=True,
        message=STATE_TEXT[OrderState.PENDING],
        data={
            "ref_id": reference,
            "status": STATUS_WORD[OrderState.PENDING],
            "customer_no": customer_no,
            "code": code,
            "name": name,
            "price": price,
            "sn": "",
            "created_at": wib_text(created_at),
        },
    )


def refusal_reply(refusal: Refusal) -> Answered:
    """Refuse by name; `errors` names the field where one is to blame."""
    reason = public_reason(refusal.reason)
    return refused(reason, message=refusal.message, fields=refusal.fields)


def refused(reason: Reason, *, message: str = "", fields: FieldErrors | None = None) -> Answered:
    """Refuse with the code and the HTTP status of a reason; `data` is null (§0)."""
    code = REASONS[reason]
    text = message or REASON_TEXT[reason]
    if fields is None and reason in ERROR_FIELD:
        fields = {ERROR_FIELD[reason]: [text]}
    return envelope(
        HTTP_STATUS[code],
        code,
        success=False,
        message=text,
        errors=fields,
        headers=() if code == _NEVER_TOLD else ((REASON_HEADER, reason),),
    )


def explained_refusal(explanation: SignatureExplanation) -> Answered:
    """Refuse a signature in testing mode: how we build it, and where the sender's parts from it."""
    code = REASONS[Reason.INVALID_SIGNATURE]
    shown = {
        "differs": explanation.differs,
        "advice": explanation.advice,
        "steps": [{"step": name, "text": text} for name, text in explanation.steps],
    }
    return envelope(
        HTTP_STATUS[code],
        code,
        success=False,
        message=REASON_TEXT[Reason.INVALID_SIGNATURE],
        errors={"signature": [f"{explanation.differs}: {explanation.advice}"]},
        meta={"signature_explained": shown},
        headers=((REASON_HEADER, Reason.INVALID_SIGNATURE), TESTING_HEADER),
    )


def invalid_fields(fields: FieldErrors) -> Answered:
    """Refuse fields by name."""
    return refused(Reason.INVALID_REQUEST, fields=fields)


def invalid_json(message: str) -> Answered:
    """Refuse what is not a JSON object."""
    return envelope(HTTP_STATUS["INVALID_JSON"], "INVALID_JSON", success=False, message=message)


def balance_reply(balance: BalanceView) -> Answered:
    """Tell the balance (§5)."""
    return envelope(
        200,
        "SUCCESS",
        success=True,
        message="Saldo berhasil didapatkan",
        data={
            "name": balance.name,
            "balance": balance.balance,
            "currency": "IDR",
            "checked_at": wib_text(balance.checked_at),
        },
    )


def products_reply(products: Sequence[ProductView], following: str | None) -> Answered:
    """List products; `meta.next` is the `after` of the next page, or null on the last one."""
    return envelope(
        200,
        "SUCCESS",
        success=True,
        message="Daftar produk berhasil didapatkan",
        data=[_product_data(product) for product in products],
        meta={"count": len(products), "next": following},
    )


def _product_data(product: ProductView) -> dict[str, Any]:
    if product.kind is ProductKind.POSTPAID:
        amount: dict[str, int | None] = {"admin": product.admin}
    else:
        amount = {"price": product.price}
    return {
        "code": product.code,
        "name": product.name,
        "category": product.category,
        "brand": product.brand,
        "kind": product.kind,
        **amount,
        "status": product.status,
        "cut_off_start": product.cut_off_start,
        "cut_off_end": product.cut_off_end,
        "desc": product.desc,
    }
