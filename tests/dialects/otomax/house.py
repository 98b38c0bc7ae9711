"""A reseller, a supplier and a gateway for the tests of this dialect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from dialects.stand_in import (
    PENDING,
    StandInGateway,
    make_credential,
    make_product,
    make_reseller,
    send,
)
from gerbang.dialects import otomax
from gerbang.dialects.contract import ProductKind
from gerbang.dialects.otomax import wire
from gerbang.dialects.supplier_contract import SupplierOrder, SupplierView
from gerbang.outbound.message import Answered, HttpRequest

PIN, PASSWORD = "1144", "abcd"
LOGIN = wire.Login("YUSUF", PIN, PASSWORD)
BASE = "https://gerbang.test"
PRODUCTS = (
    make_product("X10", name="XL 10.000", price=10_500),
    make_product("T1", name="Three 1.000", price=1_321),
    make_product("BBSDN", name="Saldo Dana", kind=ProductKind.OPEN, price=171),
    make_product("ML86", name="86 Diamonds", kind=ProductKind.GAME, price=20_000),
    make_product("CPLN", name="Cek PLN", kind=ProductKind.POSTPAID, price=None, admin=2_700),
    make_product("DEAD", name="Closed product", status="closed"),
)


def make_gateway(
    *,
    settings: Mapping[str, Any] | None = None,
    testing: bool = False,
    balance: int = 100_000,
    secrets: Mapping[str, str] | None = None,
) -> StandInGateway:
    reseller = make_reseller(name="Toko Berkah", settings=settings or {})
    credential = make_credential(
        "otomax",
        "YUSUF",
        reseller=reseller,
        secrets={"pin": PIN, "password": PASSWORD} if secrets is None else secrets,
        testing=testing,
    )
    return StandInGateway(credentials=[credential], products=PRODUCTS, balance=balance)


ACCEPTED = (
    "T#1 R#2140669 XL 10.000 X10.08123456789 akan diproses. Saldo 100.000 - 10.500 = 89.500 @12:36"
)
"""The reply to `order_fields()` from the gateway of `pending()`."""


def pending() -> StandInGateway:
    """Give a gateway whose next order stays pending."""
    gateway = make_gateway()
    gateway.script.append(PENDING)
    return gateway


def order_fields(**changes: str | None) -> dict[str, str]:
    """Give the fields of a good order; None leaves a field out. The sign is made over them."""
    given: dict[str, str | None] = {
        "product": "X10",
        "qty": "1",
        "dest": "08123456789",
        "refID": "2140669",
        "memberID": "YUSUF",
    }
    fields = {name: value for name, value in (given | changes).items() if value is not None}
    if "sign" not in changes:
        text = wire.order_text(
            wire.Login(fields.get("memberID", ""), PIN, PASSWORD),
            product=fields.get("product", ""),
            dest=fields.get("dest", ""),
            reference=fields.get("refID", ""),
        )
        fields["sign"] = wire.make_sign(text)
    return fields


def encode(fields: Mapping[str, str]) -> str:
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in fields.items())


async def get(
    gateway: StandInGateway, fields: Mapping[str, str] | str, path: str = "/trx"
) -> Answered:
    query = fields if isinstance(fields, str) else encode(fields)
    request = HttpRequest(method="GET", url=f"{BASE}{path}?{query}")
    return await send(otomax.DIALECT.routes(gateway), request)


async def ask(gateway: StandInGateway, path: str = "/trx", **changes: str | None) -> str:
    """Send an order as a GET and give the reply's text."""
    answer = await get(gateway, order_fields(**changes), path)
    assert answer.status == 200
    return answer.text()


def make_supplier(**changes: Any) -> SupplierView:
    members: dict[str, Any] = {
        "id": 3,
        "code": "UP",
        "dialect": "otomax",
        "base_url": BASE,
        "secrets": {"pin": PIN, "password": PASSWORD},
        "settings": {"member_id": "yusuf"},
        "callback_ips": ("203.0.113.9",),
    }
    return SupplierView(**(members | changes))


def make_order(**changes: Any) -> SupplierOrder:
    members: dict[str, Any] = {
        "reference": "2140669",
        "product_code": "X10",
        "destination": "08123456789",
        "quantity": 1,
        "counter": 1,
        "kind": ProductKind.PREPAID,
    }
    return SupplierOrder(**(members | changes))
