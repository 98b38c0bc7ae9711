"""What is said about an order, a refusal or a balance, in a reseller's own wording; pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, assert_never

import msgspec

from gerbang.bills.token import Token, token_line, token_of
from gerbang.dialects.contract import (
    BalanceView,
    BillView,
    OrderState,
    OrderView,
    ProductKind,
    Refusal,
    Uncertain,
)
from gerbang.dialects.otomax.bills import inquiry_sn, paying_code
from gerbang.dialects.otomax.profiles import Voice
from gerbang.dialects.otomax.spec import (
    BEFORE_LOOKUP,
    REASON_STATUS,
    STATUS_OF_STATE,
    STATUS_PENDING,
    reason_text,
)
from gerbang.dialects.otomax.templates import Event, Values, render
from gerbang.dialects.otomax.wire import Wanted
from gerbang.orders.reasons import Reason
from gerbang.outbound.message import Answered
from gerbang.web.asgi import JSON_TYPE, TEXT_TYPE

_JSON_STATE: Final = {
    OrderState.PENDING: "pending",
    OrderState.SUCCESS: "success",
    OrderState.FAILED: "failed",
    OrderState.REVERSED: "failed",
}
"""§10's words; a reversal has none there, and every client knows `failed`."""

_encode_json: Final = msgspec.json.Encoder().encode


def text_answer(text: str) -> Answered:
    """Give a plain text; business errors too are HTTP 200 (§2)."""
    return Answered(status=200, headers=TEXT_TYPE, body=text.encode())


def json_answer(*, ok: bool, message: str, data: Any = None, **more: Any) -> Answered:
    """Give the JSON envelope of §10."""
    body = _encode_json({"status": ok, "message": message, "data": data, **more})
    return Answered(status=200, headers=JSON_TYPE, body=body)


def say(voice: Voice, event: Event, values: Values) -> str:
    """Fill in the reseller's template of an event."""
    return render(voice.template(event), values)


# --- orders -----------------------------------------------------------------------------------


def order_answer(voice: Voice, order: OrderView) -> Answered:
    """Answer a purchase with its order: as news, or as an earlier one when it was known."""
    text = order_text(voice, event_of(order, again=order.known), order)
    return _order_answered(voice, order, text)


def check_answer(voice: Voice, order: OrderView) -> Answered:
    """Answer `check=1` with the order it asks about."""
    text = order_text(voice, event_of(order, again=True), order)
    return _order_answered(voice, order, text)


def _order_answered(voice: Voice, order: OrderView, text: str) -> Answered:
    if not voice.profile.as_json:
        return text_answer(text)
    data = {
        "ref_id": order.reference,
        "transaction_status": _JSON_STATE[order.state],
        "serial_number": order.sn,
        "price": order.price,
        "invoice": str(order.id),
    }
    return json_answer(ok=True, message=text, data=data)


def event_of(order: OrderView, *, again: bool) -> Event:
    """Choose the template for an order's state; `again` when it is told a second time."""
    match order.state:
        case OrderState.PENDING if again:
            return Event.KNOWN_PENDING
        case OrderState.PENDING:
            is_open = order.kind is ProductKind.OPEN
            return Event.ACCEPTED_OPEN if is_open else Event.ACCEPTED
        case OrderState.SUCCESS:
            return Event.KNOWN_SUCCESS if again else Event.SUCCESS
        case OrderState.FAILED:
            return Event.KNOWN_FAILED if again else Event.FAILED
        case OrderState.REVERSED:
            return Event.KNOWN_FAILED if again else Event.REVERSED
        case _:
            assert_never(order.state)


def order_text(voice: Voice, event: Event, order: OrderView, at: datetime | None = None) -> str:
    """Say where an order stands; `at` is the moment to print where the event has its own."""
    return say(voice, event, _order_values(voice, event, order, at=at))


_FINAL_EVENTS: Final = frozenset({Event.SUCCESS, Event.FAILED, Event.REVERSED})


def _order_values(voice: Voice, event: Event, order: OrderView, *, at: datetime | None) -> Values:
    token = token_of(order.data)
    own_time = order.updated_at if event in _FINAL_EVENTS else order.created_at
    return Values(
        at=at or own_time,
        trxid=order.id,
        refid=order.reference,
        nama=order.product_name,
        kode=_code(order),
        counter=order.counter,
        tujuan=order.destination,
        qty=order.quantity,
        label_sn=voice.label(event),
        sn=one_line(_serial_number(order, token)),
        token=token,
        harga=order.price,
        saldo=order.balance,
        saldo_awal=None if order.balance is None else order.balance + order.price,
        keterangan=_failure_text(order),
        status=STATUS_OF_STATE[order.state],
        grouping=voice.profile.grouping,
    )


def _serial_number(order: OrderView, token: Token | None) -> str:
    """Give the SN; a token whose parts came beside it is written as the trade does."""
    has_parts = token is not None and bool(token.kwh or token.name)
    return token_line(token) if token and has_parts and "/" not in order.sn else order.sn


def _code(order: OrderView) -> str:
    """Write a product's code; that of a bill is the one that pays it."""
    is_bill = order.kind is ProductKind.POSTPAID
    return paying_code(order.product_code) if is_bill else order.product_code


def inquiry_answer(voice: Voice, wanted: Wanted, view: BillView) -> Answered:
    """Show a bill: a success whose SN is the bill, and no money moves (§9.2)."""
    sn = inquiry_sn(view)
    values = Values(
        at=view.created_at,
        trxid=0,
        refid=view.reference,
        nama=view.product_name,
        kode=wanted.product,
        counter=1,
        tujuan=wanted.destination,
        qty=wanted.quantity or 1,
        label_sn=voice.label(Event.SUCCESS),
        sn=sn,
        harga=0,
        saldo=view.balance,
        saldo_awal=view.balance,
        keterangan="",
        status=STATUS_OF_STATE[OrderState.SUCCESS],
        grouping=voice.profile.grouping,
    )
    text = say(voice, Event.SUCCESS, values)
    if not voice.profile.as_json:
        return text_answer(text)
    data = {
        "ref_id": view.reference,
        "transaction_status": _JSON_STATE[OrderState.SUCCESS],
        "serial_number": sn,
        "price": 0,
        "invoice": "",
    }
    return json_answer(ok=True, message=text, data=data)


def _failure_text(order: OrderView) -> str:
    if order.state is OrderState.REVERSED:
        return reason_text(Reason.REFUNDED)
    return reason_text(order.reason)


def one_line(text: str) -> str:
    """Make a supplier's text fit for a reply of one line."""
    if text.isprintable():
        return text
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def uncertain_answer(voice: Voice, wanted: Wanted, uncertain: Uncertain) -> Answered:
    """Answer *pending*: whether the order was written is not known yet."""
    values = Values(
        at=uncertain.created_at,
        refid=uncertain.reference,
        nama=uncertain.product_name,
        kode=wanted.product,
        counter=wanted.counter or 1,
        tujuan=wanted.destination,
        qty=wanted.quantity or 1,
        harga=uncertain.price,
        status=STATUS_PENDING,
        grouping=voice.profile.grouping,
    )
    text = say(voice, Event.ACCEPTED, values)
    if not voice.profile.as_json:
        return text_answer(text)
    data = {
        "ref_id": uncertain.reference,
        "transaction_status": _JSON_STATE[OrderState.PENDING],
        "serial_number": "",
        "price": uncertain.price,
        "invoice": "",
    }
    return json_answer(ok=True, message=text, data=data)


# --- refusals ---------------------------------------------------------------------------------


def refusal_answer(voice: Voice, wanted: Wanted, refusal: Refusal, *, now: datetime) -> Answered:
    """Answer that nothing was created, in the words of §5.1."""
    event = _refusal_event(refusal)
    known = refusal.known_order
    values = Values(
        at=now,
        refid=wanted.reference,
        nama=refusal.product_name,
        kode=wanted.product,
        counter=wanted.counter or 1,
        tujuan=wanted.destination,
        qty=wanted.quantity or 1,
        harga=refusal.price or None,
        saldo=refusal.balance,
        keterangan=_refusal_text(refusal),
        status=REASON_STATUS[refusal.reason],
        trxid_lama=known.id if known else None,
        refid_lama=known.reference if known else "",
        at_lama=known.created_at if known else None,
        counter_lama=known.counter if known else 1,
        grouping=voice.profile.grouping,
    )
    return message_answer(voice, say(voice, event, values))


def _refusal_event(refusal: Refusal) -> Event:
    if refusal.reason in BEFORE_LOOKUP:
        return Event.BUSY
    if refusal.reason is Reason.DUPLICATE_SAME_DAY and refusal.known_order:
        return Event.DUPLICATE
    return Event.REFUSED


def _refusal_text(refusal: Refusal) -> str:
    text = reason_text(refusal.reason)
    if refusal.reason is Reason.INVALID_REQUEST and refusal.message:
        return f"{text}: {one_line(refusal.message)}"
    return text


def message_answer(voice: Voice, text: str) -> Answered:
    """Give an error in the reseller's form: text, or the JSON envelope with status false."""
    return json_answer(ok=False, message=text) if voice.profile.as_json else text_answer(text)


def not_found_answer(voice: Voice, destination: str, *, now: datetime) -> Answered:
    """Answer `check=1` for an order we do not have; never an order (§9.1)."""
    return message_answer(voice, say(voice, Event.NOT_FOUND, Values(at=now, tujuan=destination)))


# --- balance ----------------------------------------------------------------------------------


def balance_answer(voice: Voice, view: BalanceView) -> Answered:
    """Answer the balance (§6)."""
    values = Values(
        at=view.checked_at,
        saldo=view.balance,
        nama_member=view.name,
        kode_member=view.code,
        grouping=voice.profile.grouping,
    )
    text = say(voice, Event.BALANCE, values)
    if not voice.profile.as_json:
        return text_answer(text)
    # One client reads `data.balance`, another a member beside it (§10).
    data = {"balance": view.balance}
    return json_answer(ok=True, message=text, data=data, balance=view.balance)
