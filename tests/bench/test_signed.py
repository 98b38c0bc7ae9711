"""Purchases of the load generator are signed as the gateway reads the protocol."""

from __future__ import annotations

import pytest

from gerbang.dialects.isikuota.wire import canonical_body, decode_object, sign
from gerbang_bench.loadgen import Job, encode_requests
from gerbang_bench.signed import SignedPurchases, Signer

SIGNERS = (Signer("A", "key-a", "secret-a"), Signer("B", "key-b", "secret-b"))


@pytest.fixture
def requests() -> list[bytes]:
    """Three purchases of two resellers."""
    signed = SignedPurchases(signers=SIGNERS, product="BENCH5", prefix="p-")
    return encode_requests(Job(port=1, signed=signed, requests_max=3))


def test_signatures_are_those_that_the_gateway_expects(requests: list[bytes]) -> None:
    for request, signer in zip(requests, (*SIGNERS, SIGNERS[0]), strict=True):
        members = decode_object(request.partition(b"\r\n\r\n")[2])
        api_id, timestamp, given = (
            members.pop(name) for name in ("api_id", "timestamp", "signature")
        )
        expected = sign(
            canonical_body(members),
            api_id=signer.api_id,
            api_key=signer.api_key,
            secret_key=signer.secret_key,
            timestamp=timestamp,
        )
        assert (api_id, given) == (signer.api_id, expected)
        assert set(members) == {"cmd", "code", "customer_no", "ref_id"}


def test_each_purchase_has_a_reference_of_its_own_and_says_its_length(
    requests: list[bytes],
) -> None:
    assert len(set(requests)) == 3
    for request in requests:
        head, _, body = request.partition(b"\r\n\r\n")
        assert f"Content-Length: {len(body)}".encode() in head
