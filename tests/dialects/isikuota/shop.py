"""A reseller called demo_api_id, a stand-in gateway, and signed requests to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from dialects.stand_in import NOON, StandInGateway, make_credential, send
from gerbang.dialects.contract import Credential
from gerbang.dialects.isikuota import DIALECT
from gerbang.dialects.isikuota.wire import canonical_body, encode_request, sign
from gerbang.outbound.message import Answered, HttpRequest

SECRETS: Final = {"api_key": "demo_api_key", "secret_key": "demo_secret_key"}
NOW: Final = int(NOON.timestamp())
ORDER: Final = {
    "cmd": "prepaid",
    "code": "TSEL21",
    "customer_no": "08123456789",
    "ref_id": "TRX12345",
}


class Reply(msgspec.Struct, frozen=True):
    """An answer, taken apart."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str]

    @property
    def code(self) -> str:
        """Give the result code."""
        return str(self.body["code"])

    @property
    def errors(self) -> Any:
        """Give what is wrong, by field."""
        return self.body["errors"]

    @property
    def data(self) -> Any:
        """Give the payload."""
        return self.body["data"]


def credential(**changes: Any) -> Credential:
    """Give the demo reseller's way to log in."""
    members: dict[str, Any] = {"secrets": SECRETS} | changes
    return make_credential("isikuota", "demo_api_id", **members)


def open_shop(**changes: Any) -> StandInGateway:
    """Give a gateway that knows the demo reseller; `changes` are the credential's."""
    return StandInGateway(credentials=[credential(**changes)])


def signed_body(
    business: Mapping[str, Any],
    *,
    timestamp: int = NOW,
    api_id: str = "demo_api_id",
    api_key: str = "demo_api_key",
    secret_key: str = "demo_secret_key",
) -> bytes:
    """Write a request body as an honest reseller would."""
    signature = sign(
        canonical_body(business),
        api_id=api_id,
        api_key=api_key,
        secret_key=secret_key,
        timestamp=timestamp,
    )
    return encode_request(business, api_id=api_id, signature=signature, timestamp=timestamp)


async def post(
    gateway: StandInGateway,
    body: bytes,
    *,
    path: str = "/v1/order",
    method: str = "POST",
    client_ip: str = "203.0.113.7",
) -> Reply:
    """Send a body as it is."""
    request = HttpRequest(method=method, url=f"http://gerbang.test{path}", body=body)
    return take_apart(await send(DIALECT.routes(gateway), request, client_ip=client_ip))


async def order(gateway: StandInGateway, business: Mapping[str, Any], **rest: Any) -> Reply:
    """Send signed business members to the order address."""
    return await post(gateway, signed_body(business, **rest))


def take_apart(answer: Answered) -> Reply:
    """Decode a reply and check that it has the six members that every reply has."""
    body = json.loads(answer.body)
    assert list(body) == ["success", "code", "message", "data", "errors", "meta"]
    headers = dict(answer.headers)
    assert headers["content-type"] == "application/json"
    return Reply(status=answer.status, body=body, headers=headers)
