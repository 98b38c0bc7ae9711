"""The client half: builds the query, reads the line; what it does not know is Unknown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import parse_qs, urlencode

from gerbang.dialects.supplier_contract import (
    CallbackRefused,
    InexpressibleOrderError,
    SupplierNews,
    SupplierOrder,
    SupplierView,
)
from gerbang.orders.outcome import (
    Accepted,
    Delivered,
    NotFound,
    Outcome,
    Rejected,
    StatusOutcome,
    Unknown,
)
from gerbang.orders.reasons import Reason
from gerbang.outbound.message import Answered, HttpRequest, InboundRequest


class MiniClient:
    def buy(self, supplier: SupplierView, order: SupplierOrder, *, now: datetime) -> HttpRequest:
        if order.quantity != 1:
            raise InexpressibleOrderError("Mini sells one piece")
        wanted = {"ref": order.reference, "code": order.product_code, "to": order.destination}
        return _request(supplier, "buy", **wanted)

    def read_buy(self, supplier: SupplierView, order: SupplierOrder, answer: Answered) -> Outcome:
        outcome = _read(answer.text(), order.reference)
        return Unknown(message="NONE to a purchase") if isinstance(outcome, NotFound) else outcome

    def ask(
        self, supplier: SupplierView, order: SupplierOrder, *, now: datetime
    ) -> HttpRequest | None:
        return _request(supplier, "ask", ref=order.reference)

    def read_ask(
        self, supplier: SupplierView, order: SupplierOrder, answer: Answered
    ) -> StatusOutcome:
        return _read(answer.text(), order.reference)

    def ask_balance(self, supplier: SupplierView, *, now: datetime) -> HttpRequest | None:
        return _request(supplier, "money")

    def read_balance(self, supplier: SupplierView, answer: Answered) -> int | None:
        text = answer.text()
        return int(text) if text.isascii() and text.isdecimal() else None

    def read_callback(
        self, supplier: SupplierView, request: InboundRequest
    ) -> Sequence[SupplierNews] | CallbackRefused:
        line = parse_qs(request.query.decode()).get("line", [""])[0]
        reference = line.split(";")[1] if line.count(";") >= 1 else ""
        outcome = _read(line, reference)
        if not reference or isinstance(outcome, NotFound):
            return CallbackRefused(message="no line", status=400)
        return [SupplierNews(reference=reference, outcome=outcome, confirm_first=True)]

    def callback_answer(self, *, known: bool) -> Answered:
        return Answered(status=200, body=b"OK")


def _read(text: str, reference: str) -> Delivered | Accepted | Rejected | NotFound | Unknown:
    parts = text.split(";")
    if len(parts) != 5 or parts[1] != reference or not parts[2].isdecimal():
        return Unknown(message=text[:100])
    word, _, price, sn, reason = parts
    match word:
        case "OK":
            return Delivered(sn=sn, cost=int(price) or None)
        case "WAIT":
            return Accepted()
        case "NONE":
            return NotFound()
        case "NO" if reason in set(Reason):
            # A refusal before an order was created carries no price.
            return Rejected(reason=Reason(reason), reroutable=True, reference_consumed=price != "0")
        case _:
            return Unknown(message=text[:100])


def _request(supplier: SupplierView, do: str, **fields: str) -> HttpRequest:
    key = supplier.secrets["key"]
    query = urlencode({"do": do, "key": key, **fields})
    return HttpRequest(method="GET", url=f"{supplier.base_url}/mini?{query}", secrets=(key,))
