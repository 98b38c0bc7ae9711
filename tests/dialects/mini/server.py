"""The server half and the callback: ``/mini?do=buy|ask|money&key=…&ref=…&code=…&to=…``."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qs, urlencode

from starlette.routing import BaseRoute

from dialects.mini.spec import NAME, REASONS
from gerbang.dialects.contract import (
    CallbackMessage,
    Gateway,
    OrderState,
    OrderView,
    PlaceResult,
    ProductKind,
    Purchase,
    Refusal,
)
from gerbang.orders.reasons import Reason
from gerbang.outbound.message import Answered, HttpRequest, InboundRequest
from gerbang.web.asgi import TEXT_TYPE, raw_route

WORDS = {OrderState.PENDING: "WAIT", OrderState.SUCCESS: "OK"}


def routes(gateway: Gateway) -> Sequence[BaseRoute]:
    async def answer(request: InboundRequest) -> Answered:
        fields = {name: values[0] for name, values in parse_qs(request.query.decode()).items()}
        credential = gateway.find_credential(NAME, fields.get("key", ""))
        if credential is None:
            return _line("NO", reason=Reason.UNKNOWN_CREDENTIAL)
        refused = gateway.check_access(credential, request.client_ip)
        if refused is not None:
            return _line("NO", reason=refused)
        if fields.get("do") == "money":
            return _say(str((await gateway.balance(credential)).balance))
        reference = fields.get("ref", "")
        if fields.get("do") == "ask":
            found = await gateway.find_order(credential, reference, testing=False)
            return order_line(found) if found else _line("NONE", reference)
        purchase = Purchase(
            dialect=NAME,
            product_code=fields.get("code", ""),
            destination=fields.get("to", ""),
            kinds=frozenset({ProductKind.PREPAID}),
            reference=reference,
        )
        return _placed(reference, await gateway.place(credential, purchase))

    return [raw_route("/mini", answer, methods=("GET",), too_large=_crashed, crashed=_crashed)]


def _placed(reference: str, result: PlaceResult) -> Answered:
    if isinstance(result, OrderView):
        return order_line(result)
    if isinstance(result, Refusal):
        return _line("NO", reference, reason=result.reason)
    return _line("WAIT", reference)


def order_line(order: OrderView) -> Answered:
    word = WORDS.get(order.state, "NO")
    return _line(word, order.reference, price=order.price, sn=order.sn, reason=order.reason)


def _line(
    word: str, reference: str = "", *, price: int = 0, sn: str = "", reason: Reason | None = None
) -> Answered:
    return _say(f"{word};{reference};{price};{sn};{REASONS[reason] if reason else ''}")


def _say(text: str) -> Answered:
    return Answered(status=200, headers=TEXT_TYPE, body=text.encode())


def _crashed(_request: InboundRequest) -> Answered:
    """An order may exist."""
    return _line("WAIT")


def encode_callback(message: CallbackMessage) -> HttpRequest:
    line = order_line(message.order).body.decode()
    return HttpRequest(method="GET", url=f"{message.url}?{urlencode({'line': line})}")
