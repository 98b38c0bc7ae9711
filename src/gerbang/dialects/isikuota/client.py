"""The supplier-facing half: builds requests and interprets answers; pure.

A supplier's settings: `status_by` (cmd_status, repeat or none). Its secrets: `api_id`, `api_key`
and `secret_key`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from gerbang.dialects.contract import ProductKind
from gerbang.dialects.isikuota.answers import (
    ProductPage,
    read_product_page,
    read_purchase,
    read_rupiah,
    read_status,
    read_webhook,
)
from gerbang.dialects.isikuota.bill_client import IsikuotaBills, payment_code
from gerbang.dialects.isikuota.spec import BUY_COMMAND
from gerbang.dialects.isikuota.wire import (
    canonical_body,
    encode_request,
    same_signature,
    sign,
    sign_webhook,
)
from gerbang.dialects.supplier_contract import (
    CallbackRefused,
    InexpressibleOrderError,
    SupplierNews,
    SupplierOrder,
    SupplierView,
)
from gerbang.orders.outcome import Outcome, Rejected, StatusOutcome
from gerbang.outbound.message import Answered, HttpRequest, InboundRequest
from gerbang.web.asgi import JSON_TYPE


class IsikuotaClient:
    """IsiKuota as a supplier speaks it, or another Gerbang."""

    def buy(self, supplier: SupplierView, order: SupplierOrder, *, now: datetime) -> HttpRequest:
        """Build the purchase (§6); the one thing it cannot say is a number of pieces."""
        business: dict[str, Any] = {
            "cmd": _command(order),
            "code": payment_code(order.product_code),
            "customer_no": order.destination,
            "ref_id": order.reference,
        }
        if order.open_denomination or (order.kind is ProductKind.POSTPAID and order.quantity > 1):
            business["amount"] = order.quantity
        return _request(supplier, "order", business, now=now)

    def read_buy(
        self,
        supplier: SupplierView,  # noqa: ARG002 (nothing depends on the supplier)
        order: SupplierOrder,
        answer: Answered,
    ) -> Outcome:
        """Interpret the answer to a purchase."""
        return read_purchase(answer, order.reference)

    def ask(
        self, supplier: SupplierView, order: SupplierOrder, *, now: datetime
    ) -> HttpRequest | None:
        """Build the status question that the settings allow; by default there is none (§0)."""
        match supplier.settings.get("status_by"):
            case "cmd_status":
                question = {"cmd": "status", "ref_id": order.reference}
                return _request(supplier, "order", question, now=now)
            case "repeat":
                return self.buy(supplier, order, now=now)
            case _:
                return None

    def read_ask(
        self,
        supplier: SupplierView,  # noqa: ARG002 (nothing depends on the supplier)
        order: SupplierOrder,
        answer: Answered,
    ) -> StatusOutcome:
        """Interpret the answer to a status question."""
        return read_status(answer, order.reference)

    def ask_balance(self, supplier: SupplierView, *, now: datetime) -> HttpRequest | None:
        """Build the balance question (§5)."""
        return _request(supplier, "balance", {}, now=now)

    def read_balance(
        self,
        supplier: SupplierView,  # noqa: ARG002 (nothing depends on the supplier)
        answer: Answered,
    ) -> int | None:
        """Read our float there."""
        return read_rupiah(answer)

    def ask_products(
        self, supplier: SupplierView, *, now: datetime, after: str | None = None
    ) -> HttpRequest:
        """Build the question for a page of a Gerbang peer's catalogue."""
        return ask_products(supplier, now=now, after=after)

    def read_products(
        self,
        supplier: SupplierView,  # noqa: ARG002 (nothing depends on the supplier)
        answer: Answered,
    ) -> ProductPage | None:
        """Read a page of a peer's catalogue; None where the answer is none."""
        return read_products(answer)

    def read_callback(
        self, supplier: SupplierView, request: InboundRequest
    ) -> Sequence[SupplierNews] | CallbackRefused:
        """Believe a webhook whose signature over the raw body is right (§11.4)."""
        expected = sign_webhook(request.body, secret_key=supplier.secrets["secret_key"])
        if not same_signature(expected, request.header("x-signature")):
            return CallbackRefused(message="Invalid signature")
        try:
            news = read_webhook(request)
        except (ValueError, RecursionError):
            return CallbackRefused(message="Unreadable webhook", status=400)
        if news is None:
            # An event that is not known is acknowledged and ignored (§11.3).
            return ()
        # The signature proves who says it, not that it is true: who can be asked is asked before a
        # success is taken back. Who cannot be is believed, for there is nothing better.
        confirm = isinstance(news.outcome, Rejected) and _can_be_asked(supplier)
        return (msgspec.structs.replace(news, confirm_first=confirm),)

    def callback_answer(self, *, known: bool) -> Answered:
        """Reply as the documents show (§11.5); an unknown reference need not come again either."""
        status = b"ok" if known else b"ignored"
        return Answered(status=200, headers=JSON_TYPE, body=b'{"status":"' + status + b'"}')


def ask_products(supplier: SupplierView, *, now: datetime, after: str | None = None) -> HttpRequest:
    """Build the question for a page of a Gerbang peer's catalogue."""
    business = {"cmd": "products"} | ({"after": after} if after else {})
    return _request(supplier, "order", business, now=now)


def read_products(answer: Answered) -> ProductPage | None:
    """Read a page of a peer's catalogue; None where the answer is none."""
    return read_product_page(answer)


def _can_be_asked(supplier: SupplierView) -> bool:
    return supplier.settings.get("status_by") in {"cmd_status", "repeat"}


def _command(order: SupplierOrder) -> str:
    command = BUY_COMMAND.get(order.kind)
    if command is None:
        raise InexpressibleOrderError(f"no command buys {order.kind}")
    has_amount = order.open_denomination or order.kind is ProductKind.POSTPAID
    if order.quantity != 1 and not has_amount:
        # There is no member for a number of pieces; buying one of several would be a lie.
        raise InexpressibleOrderError(f"no word for {order.quantity} pieces")
    return command


def _request(
    supplier: SupplierView, path: str, business: Mapping[str, Any], *, now: datetime
) -> HttpRequest:
    api_id, timestamp = supplier.secrets["api_id"], int(now.timestamp())
    signature = sign(
        canonical_body(business),
        api_id=api_id,
        api_key=supplier.secrets["api_key"],
        secret_key=supplier.secrets["secret_key"],
        timestamp=timestamp,
    )
    return HttpRequest(
        method="POST",
        url=f"{supplier.base_url.rstrip('/')}/{path}",
        headers=(("Content-Type", "application/json"),),
        body=encode_request(business, api_id=api_id, signature=signature, timestamp=timestamp),
        secrets=(signature, supplier.secrets["api_key"], supplier.secrets["secret_key"]),
    )


def _build(
    supplier: SupplierView, path: str, business: Mapping[str, Any], now: datetime
) -> HttpRequest:
    return _request(supplier, path, business, now=now)


BILLS: Final = IsikuotaBills(_build)
