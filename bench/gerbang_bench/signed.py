"""Purchases in the IsiKuota dialect, each with a signature of its own.

Written here from the protocol's document and not with the gateway's code, so that a bench in which
every purchase is accepted says that both agree.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

import msgspec

PATH: Final = "/v1/order"


class Signer(msgspec.Struct, frozen=True):
    """What a reseller signs with."""

    api_id: str
    api_key: str
    secret_key: str


class SignedPurchases(msgspec.Struct, frozen=True, kw_only=True):
    """Which purchases to write; signers take turns."""

    signers: tuple[Signer, ...]
    product: str
    prefix: str


def signed_purchase(
    signer: Signer, *, product: str, destination: str, reference: str, timestamp: int
) -> bytes:
    """Write one request; the signed members are sent as they are signed, sorted by name."""
    members = (
        f'"cmd":"prepaid","code":"{product}","customer_no":"{destination}","ref_id":"{reference}"'
    )
    signed = hashlib.sha256(f"{{{members}}}".encode()).hexdigest()
    text = f"{signer.api_id}|{signer.api_key}|{timestamp}|{signed}"
    signature = hmac.digest(signer.secret_key.encode(), text.encode(), "sha256").hex()
    body = (
        f'{{{members},"api_id":"{signer.api_id}","timestamp":{timestamp},'
        f'"signature":"{signature}"}}'
    )
    return (
        f"POST {PATH} HTTP/1.1\r\nHost: gerbang\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()
