"""Webhooks to resellers (§11); pure. Any 2xx acknowledges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, assert_never

from gerbang.clock import wib_iso
from gerbang.dialects.contract import CallbackEvent, CallbackMessage, OrderState
from gerbang.dialects.isikuota.replies import reason_headers, token_member
from gerbang.dialects.isikuota.spec import (
    REASON_TEXT,
    STATE_TEXT,
    STATUS_WORD,
    TESTING_HEADER,
    public_reason,
)
from gerbang.dialects.isikuota.wire import encode_php, sign_webhook
from gerbang.outbound.message import HttpRequest

EVENTS: Final = frozenset(CallbackEvent)

_EVENT_WORD: Final[Mapping[CallbackEvent, str]] = {
    CallbackEvent.SUCCESS: "order.success",
    CallbackEvent.FAILED: "order.failed",
    CallbackEvent.SN_RECEIVED: "order.sn_received",
    # Receivers know three events (§0); the message says that money came back.
    CallbackEvent.REVERSED: "order.failed",
}
_EVENT_STATE: Final[Mapping[CallbackEvent, OrderState]] = {
    CallbackEvent.SUCCESS: OrderState.SUCCESS,
    CallbackEvent.FAILED: OrderState.FAILED,
    CallbackEvent.SN_RECEIVED: OrderState.SUCCESS,
    CallbackEvent.REVERSED: OrderState.REVERSED,
}


def encode_webhook(message: CallbackMessage) -> HttpRequest:
    """Write and sign one webhook; exactly the bytes that are sent are signed (§11.4)."""
    body = encode_php(_payload(message))
    secret_key = message.secrets["secret_key"]
    signature = sign_webhook(body, secret_key=secret_key)
    return HttpRequest(
        method="POST",
        url=message.url,
        headers=(
            ("Content-Type", "application/json"),
            ("X-Signature", signature),
            ("X-Type-Transaction", "ppob"),
            *reason_headers(message.order),
            *((TESTING_HEADER,) if message.order.testing else ()),
        ),
        body=body,
        secrets=(secret_key, signature),
    )


def _payload(message: CallbackMessage) -> dict[str, Any]:
    order = message.order
    return {
        "event": _EVENT_WORD[message.event],
        "timestamp": wib_iso(message.occurred_at),
        "data": {
            "order_id": order.id,
            "ref_id": order.reference,
            "status": STATUS_WORD[_EVENT_STATE[message.event]],
            "product_code": order.product_code,
            "product_name": order.product_name,
            "customer_number": order.destination,
            "price": order.price,
            "sn": order.sn,
            "message": _message_text(message),
            "created_at": wib_iso(order.created_at),
            "updated_at": wib_iso(order.updated_at),
            **token_member(order),
        },
    }


def _message_text(message: CallbackMessage) -> str:
    order = message.order
    match message.event:
        case CallbackEvent.SUCCESS:
            return order.message or "Transaksi berhasil"
        case CallbackEvent.SN_RECEIVED:
            return order.message or "SN sudah diterima"
        case CallbackEvent.FAILED:
            reason = public_reason(order.reason) if order.reason else None
            return order.message or (REASON_TEXT[reason] if reason else "Transaksi gagal")
        case CallbackEvent.REVERSED:
            return STATE_TEXT[OrderState.REVERSED]
        case _:
            assert_never(message.event)
