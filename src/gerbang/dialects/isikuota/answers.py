"""What a supplier's answers and webhooks mean; pure. What is not listed is Unknown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from gerbang.bills.token import read_token, token_parts
from gerbang.dialects.contract import ProductKind, ProductView
from gerbang.dialects.isikuota.spec import PEER_REASONS, REASON_HEADER, REFUSALS, REROUTABLE
from gerbang.dialects.supplier_contract import SupplierNews
from gerbang.orders.outcome import Accepted, Delivered, NotFound, Rejected, Unknown
from gerbang.orders.reasons import Reason
from gerbang.outbound.message import Answered, InboundRequest

Word = Delivered | Accepted | Rejected | Unknown
"""What a supplier that answered may have said of an order."""

_BILL_FAILURES: Final[Mapping[str, Reason]] = {
    "BILL_NOT_FOUND": Reason.BILL_NOT_FOUND,
    "BILL_ALREADY_PAID": Reason.BILL_ALREADY_PAID,
    "BILL_CHANGED": Reason.BILL_CHANGED,
}
"""What a payment that was taken may fail of."""
_HTTP_OK_MIN, _HTTP_ERROR_MIN, _HTTP_BROKEN_MIN = 200, 300, 500


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """The six members of every reply (§4); what is beside them is ignored."""

    success: bool
    code: str
    message: str | None = None
    data: Any = None
    errors: Any = None
    meta: Any = None


class _Order(msgspec.Struct, frozen=True, kw_only=True):
    """`data` of an order reply (§6), as far as it is needed."""

    ref_id: str
    status: str
    price: int | None = None
    total: int | None = None
    """A bill's payment says this instead of `price` (§7.2)."""
    sn: str | None = None
    token: Any = None
    """A Gerbang's word for an electricity token's parts; others may mean what they like."""


class _Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook (§11.2), as far as it is needed: not the names that an API reply has."""

    class Data(msgspec.Struct, frozen=True, kw_only=True):
        """The order it is about."""

        ref_id: str
        status: str
        order_id: int | str = ""
        price: int | None = None
        sn: str | None = None
        token: Any = None
        message: str | None = None

    event: str
    data: Data


_envelope: Final = msgspec.json.Decoder(Envelope)
_webhook: Final = msgspec.json.Decoder(_Webhook)


def read_envelope(answer: Answered) -> Envelope | None:
    """Read a reply; None where it is none, for example a proxy's error page."""
    try:
        return _envelope.decode(answer.body)
    except (ValueError, RecursionError):
        return None


# --- orders -------------------------------------------------------------------------------------


def read_purchase(answer: Answered, reference: str) -> Word:
    """Interpret the answer to a purchase."""
    reply = read_envelope(answer)
    if reply is None:
        return Unknown(message=f"unreadable answer, HTTP {answer.status}")
    if _is_of_an_order(reply):
        return _read_order(answer, reply, reference)
    return _read_refusal(answer, reply)


def read_status(answer: Answered, reference: str) -> Word | NotFound:
    """Interpret the answer to cmd status or to a repeated purchase.

    Refusals say nothing here: most are said before the reference is looked up (§0).
    """
    reply = read_envelope(answer)
    if reply is None:
        return Unknown(message=f"unreadable answer, HTTP {answer.status}")
    if reply.code == "ORDER_NOT_FOUND" and not reply.success:
        return NotFound(message=reply.message or "")
    if _is_of_an_order(reply):
        return _read_order(answer, reply, reference)
    return Unknown(message=f"the question was refused: {reply.code}")


def _is_of_an_order(reply: Envelope) -> bool:
    """Whether a reply tells of an order; a bill's own failures do where `data` has the order."""
    if reply.code in _BILL_FAILURES:
        return _order_of(reply) is not None
    return reply.code.startswith("ORDER_") or reply.code == "BILL_PAYMENT_SUCCESS"


def _read_order(answer: Answered, reply: Envelope, reference: str) -> Word:
    """Believe an order reply only where HTTP status, code, success, status and ref_id agree."""
    order = _order_of(reply)
    is_ok = _HTTP_OK_MIN <= answer.status < _HTTP_ERROR_MIN
    if order is None or not (is_ok or reply.code in _BILL_FAILURES):
        return Unknown(message=f"{reply.code} without an order, HTTP {answer.status}")
    if order.ref_id != reference:
        return Unknown(message=f"an answer about another ref_id: {order.ref_id}")
    return _word(answer, reply, order)


def _word(answer: Answered, reply: Envelope, order: _Order) -> Word:
    message, cost = reply.message or "", _cost(order.price if order.total is None else order.total)
    # Letter case differs between commands (§14).
    match reply.code, reply.success, order.status.lower():
        case (("ORDER_SUCCESS" | "BILL_PAYMENT_SUCCESS"), True, "success"):
            return Delivered(
                sn=order.sn or "", cost=cost, message=message, data=_token_parts(order.token)
            )
        case (("ORDER_SUCCESS" | "ORDER_PENDING"), True, "pending"):
            return Accepted(cost=cost, message=message)
        case "ORDER_FAILED", False, "failed":
            return _failed(peer_reason(answer.headers), message)
        case (("BILL_NOT_FOUND" | "BILL_ALREADY_PAID" | "BILL_CHANGED") as code, False, "failed"):
            return _failed(_BILL_FAILURES[code], message)
        case _:
            return Unknown(message=f"{reply.code} with status {order.status}")


def _token_parts(value: object) -> dict[str, object] | None:
    token = read_token("", value) if isinstance(value, Mapping) else None
    return None if token is None else dict(token_parts(token))


def _order_of(reply: Envelope) -> _Order | None:
    try:
        return msgspec.convert(reply.data, _Order)
    except msgspec.ValidationError:
        return None


def _failed(reason: Reason | None, message: str) -> Rejected:
    """Give a failed order: it was taken, so its reference is used up."""
    reason = reason or Reason.BILLER_FAILED
    return Rejected(reason=reason, reroutable=reason in REROUTABLE, message=message)


def _read_refusal(answer: Answered, reply: Envelope) -> Word:
    rule = None if reply.success else REFUSALS.get(reply.code)
    broken = answer.status >= _HTTP_BROKEN_MIN and reply.code != "MAINTENANCE"
    if rule is None or rule.reason is None or broken:
        return Unknown(message=f"unlisted answer: {reply.code}, HTTP {answer.status}")
    reason = _refusal_reason(answer, reply) or rule.reason
    return Rejected(
        reason=reason,
        reroutable=reason in REROUTABLE,
        reference_consumed=False,
        message=reply.message or "",
    )


def _refusal_reason(answer: Answered, reply: Envelope) -> Reason | None:
    """Say more than the code where the answer does."""
    match reply.code:
        case "PRODUCT_UNAVAILABLE":
            return peer_reason(answer.headers)
        case "VALIDATION_ERROR" if isinstance(reply.errors, Mapping) and (
            "customer_no" in reply.errors
        ):
            return peer_reason(answer.headers) or Reason.INVALID_DESTINATION
        case _:
            return None


def peer_reason(headers: tuple[tuple[str, str], ...]) -> Reason | None:
    """Read a Gerbang peer's reason header; anything unexpected in it is ignored."""
    text = next((value for name, value in headers if name.lower() == REASON_HEADER), "")
    return next((reason for reason in PEER_REASONS if reason == text), None)


def _cost(price: int | None) -> int | None:
    return price if price is not None and price >= 0 else None


# --- webhooks -----------------------------------------------------------------------------------


def read_webhook(request: InboundRequest) -> SupplierNews | None:
    """Interpret a believed webhook; None for an event that is not known (§11.3)."""
    news = _webhook.decode(request.body)
    data = news.data
    match news.event, data.status.lower():
        case (("order.success" | "order.sn_received"), "success"):
            outcome: Word = Delivered(
                sn=data.sn or "",
                cost=_cost(data.price),
                supplier_order_id=str(data.order_id),
                message=data.message or "",
                data=_token_parts(data.token),
            )
        case "order.failed", "failed":
            failed = _failed(peer_reason(request.headers), data.message or "")
            outcome = msgspec.structs.replace(failed, supplier_order_id=str(data.order_id))
        case (("order.success" | "order.sn_received" | "order.failed"), status):
            outcome = Unknown(message=f"webhook {news.event} with status {status}")
        case _:
            return None
    return SupplierNews(reference=data.ref_id, outcome=outcome)


# --- balance and products -----------------------------------------------------------------------


def read_rupiah(answer: Answered) -> int | None:
    """Read `data.balance` of a balance reply (§5)."""
    reply = read_envelope(answer)
    if reply is None or not (reply.success and isinstance(reply.data, dict)):
        return None
    balance = reply.data.get("balance")
    return balance if type(balance) is int else None


class ProductPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of a peer's catalogue; `following` is the `after` of the next, None on the last."""

    products: tuple[ProductView, ...]
    following: str | None


class _Product(msgspec.Struct, frozen=True, kw_only=True):
    """A line of cmd products. Only code, name and kind are indispensable."""

    code: str
    name: str
    kind: ProductKind
    category: str = ""
    brand: str = ""
    price: int | None = None
    admin: int | None = None
    status: str = ""
    cut_off_start: str = ""
    cut_off_end: str = ""
    desc: str = ""


class _Meta(msgspec.Struct, frozen=True, kw_only=True):
    next: str | None = None


def read_product_page(answer: Answered) -> ProductPage | None:
    """Read a page of products; None where there is none. A line that cannot be read is left out."""
    reply = read_envelope(answer)
    if reply is None or not (reply.success and isinstance(reply.data, list)):
        return None
    products = tuple(product for line in reply.data if (product := _product(line)))
    try:
        meta = msgspec.convert(reply.meta or {}, _Meta)
    except msgspec.ValidationError:
        return None
    return ProductPage(products=products, following=meta.next)


def _product(line: Any) -> ProductView | None:
    try:
        product = msgspec.convert(line, _Product)
    except msgspec.ValidationError:
        return None
    return ProductView(**msgspec.structs.asdict(product))
