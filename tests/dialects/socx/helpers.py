"""What the tests of this dialect share: a reseller with a token and ways to ask."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from dialects.stand_in import StandInGateway, make_credential, make_reseller, send
from gerbang.dialects.contract import Credential
from gerbang.dialects.contract import ProductKind as Kind
from gerbang.dialects.socx import DIALECT, server, topup_xml
from gerbang.dialects.socx.wire import token_key
from gerbang.dialects.supplier_contract import (
    CallbackRefused,
    SupplierNews,
    SupplierOrder,
    SupplierView,
)
from gerbang.outbound.message import Answered, HttpRequest, InboundRequest

TOKEN: Final = "eyJhbGciOiJIUzI1NiJ9.eyJpZCI6N30.c2lnbmF0dXJl"
BASE: Final = "http://gerbang.test/reseller/api/v1"
FORM: Final = ("Content-Type", "application/x-www-form-urlencoded")
BOUNDARY: Final = "------------------------d74496d66958873e"
MULTIPART: Final = f"multipart/form-data; boundary={BOUNDARY}"
BEARER: Final = ("Authorization", f"Bearer {TOKEN}")
VECTORS: Final[Mapping[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "socx.json").read_text()
)
MEMBERS: Final = [
    "code",
    "msisdn",
    "request_id",
    "rc",
    "trxid",
    "price",
    "balance",
    "sn",
    "message",
]
ORDER: Final = {"code": "HSA5", "msisdn": "08121231231", "request_id": "999999"}


def make_gateway(
    *, testing: bool = False, has_address_list: bool = True, **settings: Any
) -> StandInGateway:
    """Give a gateway that knows DEMO's token; settings are written with _ for the dot."""
    named = {name.replace("socx_", "socx.", 1): value for name, value in settings.items()}
    reseller = make_reseller(settings=named, has_address_list=has_address_list)
    return StandInGateway(credentials=[credential_of(TOKEN, reseller=reseller, testing=testing)])


def credential_of(token: str, **changes: Any) -> Credential:
    return make_credential("socx", token_key(token), **changes)


async def ask(gateway: StandInGateway, request: HttpRequest, **more: Any) -> Answered:
    return await send(server.routes(gateway), request, **more)


def post_json(
    path: str, body: object, *, headers: tuple[tuple[str, str], ...] = (BEARER,)
) -> HttpRequest:
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return HttpRequest(method="POST", url=BASE + path, headers=headers, body=raw)


async def buy(gateway: StandInGateway, **fields: Any) -> dict[str, Any]:
    """Buy over JSON and give the reply, which must be the whole transaction object."""
    return read(await ask(gateway, post_json("/purchase", {**ORDER, **fields})))


def read(answer: Answered, *, status: int = 200) -> dict[str, Any]:
    """Read a transaction object, checking its status and that all nine members are there."""
    assert answer.status == status, answer.body
    assert ("content-type", "application/json") in answer.headers
    reply = json.loads(answer.body)
    assert list(reply)[:9] == MEMBERS
    assert isinstance(reply["trxid"], int)
    return dict(reply)


def multipart(fields: dict[str, str]) -> bytes:
    """Write a form as curl's --form does."""
    parts = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    return ("".join(parts) + f"--{BOUNDARY}--\r\n").encode()


def get(path: str, *, headers: tuple[tuple[str, str], ...] = ()) -> HttpRequest:
    return HttpRequest(method="GET", url=BASE + path, headers=headers)


def http_get(**fields: str) -> HttpRequest:
    return get("/http/purchase?" + urlencode({**ORDER, **fields}))


def http_form(**fields: str) -> HttpRequest:
    body = urlencode({**ORDER, **fields}).encode()
    return HttpRequest(method="POST", url=BASE + "/http/purchase", headers=(FORM,), body=body)


def http_multipart(**fields: str) -> HttpRequest:
    return HttpRequest(
        method="POST",
        url=BASE + "/http/purchase",
        headers=(("Content-Type", MULTIPART),),
        body=multipart({**ORDER, **fields}),
    )


def xml(
    *, query: str = "", headers: tuple[tuple[str, str], ...] = (), **members: str
) -> HttpRequest:
    named = {"NOHP": "0818111222", "REQUESTID": "123456", "PIN": "", "NOM": "HSA5", **members}
    body = b"\n" + topup_xml.encode_call(topup_xml.REQUEST, named)
    url = BASE + "/xml/purchase" + query
    return HttpRequest(method="POST", url=url, headers=headers, body=body)


def read_xml(answer: Answered) -> dict[str, Any]:
    assert answer.status == 200
    assert ("content-type", "text/xml; charset=utf-8") in answer.headers
    members = topup_xml.parse_response(answer.body)
    assert list(members) == ["RESPONSECODE", "REQUESTID", "MESSAGE", "TRANSACTIONID"]
    return members


def make_supplier(**settings: Any) -> SupplierView:
    return SupplierView(
        id=3,
        code="niskala",
        dialect="socx",
        base_url=BASE,
        secrets={"token": TOKEN},
        settings=settings,
        callback_ips=["203.0.113.9"],
    )


def make_order(**changes: Any) -> SupplierOrder:
    members: dict[str, Any] = {
        "reference": "999999",
        "product_code": "HSA5",
        "destination": "08121231231",
        "quantity": 1,
        "counter": 1,
        "kind": Kind.PREPAID,
    }
    return SupplierOrder(**(members | changes))


def told(body: object) -> Sequence[SupplierNews] | CallbackRefused:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return DIALECT.client.read_callback(
        make_supplier(), InboundRequest(method="POST", path="/callbacks/niskala", body=raw)
    )
