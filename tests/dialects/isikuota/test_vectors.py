"""The worked vectors: both halves reproduce them, and what is refused is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dialects.isikuota.shop import SECRETS, open_shop, post
from dialects.stand_in import StandInGateway
from gerbang.clock import FixedClock
from gerbang.dialects.isikuota import DIALECT
from gerbang.dialects.isikuota.wire import canonical_body, decode_object, sign, sign_webhook
from gerbang.dialects.supplier_contract import SupplierView
from gerbang.outbound.message import InboundRequest

VECTORS = json.loads(Path(__file__).parents[2].joinpath("vectors/isikuota.json").read_text())
KEYS: dict[str, Any] = VECTORS["credentials"]
MORE = [
    # V10 and V12 of the protocol notes, which the file leaves out.
    (
        {"cmd": "prepaid", "code": "TSEL21", "customer_no": 8123456789},
        "9f2daa72e8d434fc9e143212e0e847e12bd6120b863e9b83ca94c168c07b72ee",
    ),
    (
        {
            "cmd": "prepaid",
            "code": "TSEL21",
            "customer_no": "08123456789",
            "ref_id": "",
            "testing": None,
        },
        "a918b9c2c42fc87fef03da9c63b3de581933fe041aea655dbf5a9cbd88257326",
    ),
]


def shop_of_the_vectors() -> StandInGateway:
    gateway = open_shop()
    gateway.clock = FixedClock(datetime.fromtimestamp(KEYS["timestamp"], UTC))
    return gateway


def body_of(business: dict[str, Any], signature: str) -> bytes:
    apart = {"api_id": "demo_api_id", "timestamp": KEYS["timestamp"], "signature": signature}
    return json.dumps({**business, **apart}).encode()


def names(kind: str) -> list[str]:
    return [vector["name"] for vector in VECTORS[kind]]


@pytest.mark.parametrize("vector", VECTORS["requests"], ids=names("requests"))
def test_canonical_text_and_signature_are_those_of_the_vector(vector: dict[str, Any]) -> None:
    canonical = canonical_body(vector["business"])
    assert canonical.decode() == vector["canonical"]
    assert sign(canonical, **KEYS) == vector["signature"]


@pytest.mark.parametrize(("business", "signature"), MORE)
def test_numbers_nulls_and_empty_texts_are_signed_as_sent(
    business: dict[str, Any], signature: str
) -> None:
    assert sign(canonical_body(business), **KEYS) == signature


@pytest.mark.parametrize("vector", VECTORS["requests"], ids=names("requests"))
async def test_the_server_admits_the_signed_request(vector: dict[str, Any]) -> None:
    path = "/v1/order" if vector["business"] else "/v1/balance"
    body = body_of(vector["business"], vector["signature"])
    reply = await post(shop_of_the_vectors(), body, path=path)
    assert reply.status not in (400, 401, 403)


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=names("refused"))
async def test_the_server_refuses_a_wrongly_made_signature(vector: dict[str, Any]) -> None:
    path = "/v1/order" if vector["business"] else "/v1/balance"
    gateway = shop_of_the_vectors()
    reply = await post(gateway, body_of(vector["business"], vector["signature"]), path=path)
    assert (reply.status, reply.code) == (401, "INVALID_CREDENTIALS")
    assert not gateway.placed


@pytest.mark.parametrize("vector", VECTORS["wire_bodies"], ids=names("wire_bodies"))
async def test_a_body_escaped_by_php_is_understood(vector: dict[str, Any]) -> None:
    members = decode_object(vector["body"].encode())
    assert members["ref_id"] == "INV/2026/05/31-café-😀"
    reply = await post(shop_of_the_vectors(), vector["body"].encode())
    assert reply.code == "PRODUCT_NOT_FOUND"


@pytest.mark.parametrize("vector", VECTORS["webhooks"])
def test_webhook_signatures_cover_the_raw_bytes(vector: dict[str, str]) -> None:
    body = vector["body"].encode()
    assert sign_webhook(body, secret_key="demo_secret_key") == vector["x_signature"]


@pytest.mark.parametrize("vector", VECTORS["webhooks"])
def test_the_client_half_believes_the_webhook_and_no_altered_one(vector: dict[str, str]) -> None:
    supplier = SupplierView(
        id=1,
        code="IK",
        dialect="isikuota",
        base_url="http://supplier.test/v1",
        secrets=SECRETS,
        settings={},
    )
    headers = (("x-signature", vector["x_signature"]),)
    good = InboundRequest(method="POST", path="/", headers=headers, body=vector["body"].encode())
    assert isinstance(DIALECT.client.read_callback(supplier, good), tuple)
    altered = InboundRequest(
        method="POST", path="/", headers=headers, body=vector["body"].replace("2", "3").encode()
    )
    assert not isinstance(DIALECT.client.read_callback(supplier, altered), tuple)
