"""Each dialect's two halves, set up to talk to each other; the conformance suite runs over them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from dialects.isikuota.shop import SECRETS, open_shop
from dialects.mini import DIALECT as MINI
from dialects.otomax import house
from dialects.socx import helpers
from dialects.stand_in import NOON, StandInGateway, make_credential, send
from gerbang.dialects.contract import CallbackEvent, CallbackMessage, OrderState, ProductKind
from gerbang.dialects.dialect import Dialect
from gerbang.dialects.registry import DIALECTS
from gerbang.dialects.supplier_contract import (
    CallbackRefused,
    SupplierNews,
    SupplierOrder,
    SupplierView,
)
from gerbang.orders.outcome import Outcome, StatusOutcome
from gerbang.outbound.message import Answered, HttpRequest, InboundRequest

PEER_IP: Final = "203.0.113.9"
EVENTS: Final = {
    OrderState.SUCCESS: CallbackEvent.SUCCESS,
    OrderState.FAILED: CallbackEvent.FAILED,
    OrderState.REVERSED: CallbackEvent.REVERSED,
}


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """A dialect whose client half speaks to its own server half. `cost` is what the order costs."""

    dialect: Dialect
    open_gateway: Callable[[], StandInGateway]
    supplier: SupplierView
    order: SupplierOrder
    cost: int
    secrets: Mapping[str, str] = {}

    async def _send(self, gateway: StandInGateway, request: HttpRequest | None) -> Answered:
        assert request is not None
        return await send(self.dialect.routes(gateway), request)

    async def buy(self, gateway: StandInGateway) -> Outcome:
        """Buy from the gateway."""
        request = self.dialect.client.buy(self.supplier, self.order, now=NOON)
        answer = await self._send(gateway, request)
        return self.dialect.client.read_buy(self.supplier, self.order, answer)

    async def ask(self, gateway: StandInGateway) -> StatusOutcome:
        """Ask the gateway for the order's status."""
        request = self.dialect.client.ask(self.supplier, self.order, now=NOON)
        answer = await self._send(gateway, request)
        return self.dialect.client.read_ask(self.supplier, self.order, answer)

    async def balance(self, gateway: StandInGateway) -> int | None:
        """Ask the gateway for our balance there."""
        request = self.dialect.client.ask_balance(self.supplier, now=NOON)
        answer = await self._send(gateway, request)
        return self.dialect.client.read_balance(self.supplier, answer)

    def tell(self, gateway: StandInGateway, state: OrderState) -> SupplierNews:
        """Have the gateway's callback read by the client half."""
        message = CallbackMessage(
            id=1,
            event=EVENTS[state],
            occurred_at=NOON,
            order=gateway.order(self.order.reference),
            url="http://us.test/callbacks/peer",
            secrets=self.secrets,
            settings={},
        )
        encode = self.dialect.callback_formats[self.dialect.callback_format_default]
        news = self.dialect.client.read_callback(self.supplier, _inbound(encode(message)))
        assert not isinstance(news, CallbackRefused), news
        assert len(news) == 1
        return news[0]


def _inbound(request: HttpRequest) -> InboundRequest:
    parts = urlsplit(request.url)
    return InboundRequest(
        method=request.method,
        path=parts.path,
        query=parts.query.encode(),
        headers=tuple((name.lower(), value) for name, value in request.headers),
        body=request.body,
        client_ip=PEER_IP,
    )


def _order(code: str) -> SupplierOrder:
    return SupplierOrder(
        reference="GB-77",
        product_code=code,
        destination="081234567890",
        quantity=1,
        counter=1,
        kind=ProductKind.PREPAID,
    )


def _supplier(dialect: str, **members: Any) -> SupplierView:
    usual: dict[str, Any] = {"id": 3, "code": "peer", "dialect": dialect, "callback_ips": [PEER_IP]}
    return SupplierView(**(usual | members))


PAIRS: Final = (
    Pair(
        dialect=DIALECTS["isikuota"],
        open_gateway=open_shop,
        supplier=_supplier(
            "isikuota",
            base_url="http://supplier.test/v1/",
            secrets={"api_id": "demo_api_id", **SECRETS},
            settings={"status_by": "cmd_status"},
        ),
        order=_order("TSEL21"),
        cost=21_425,
        secrets=SECRETS,
    ),
    Pair(
        dialect=DIALECTS["socx"],
        open_gateway=helpers.make_gateway,
        supplier=msgspec.structs.replace(helpers.make_supplier(), callback_ips=[PEER_IP]),
        order=_order("HSA5"),
        cost=5_400,
    ),
    Pair(
        dialect=DIALECTS["otomax"],
        open_gateway=lambda: house.make_gateway(
            settings={"otomax.profile": "text-oke", "otomax.slug": "toko"}
        ),
        supplier=msgspec.structs.replace(
            house.make_supplier(
                settings={
                    "member_id": "YUSUF",
                    "ask_matches_reference": True,
                    "trx_path": "/trx/toko",
                }
            ),
            callback_ips=[PEER_IP],
        ),
        order=_order("X10"),
        cost=10_500,
    ),
    Pair(
        dialect=MINI,
        open_gateway=lambda: StandInGateway(credentials=[make_credential("mini", "K")]),
        supplier=_supplier("mini", base_url="http://mini.test", secrets={"key": "K"}, settings={}),
        order=_order("HSA5"),
        cost=5_400,
    ),
)
