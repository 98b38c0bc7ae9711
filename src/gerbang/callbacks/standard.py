"""The `standard` callback format: JSON of our own, after the Standard Webhooks conventions.

A receiver gets ``POST`` with ``Content-Type: application/json`` and the headers

- ``webhook-id``: the same for every sending of one event; use it to ignore repetitions;
- ``webhook-timestamp``: seconds since 1970 when *this sending* was signed;
- ``webhook-signature``: ``v1,`` and the base64 of HMAC-SHA256 over
  ``{webhook-id}.{webhook-timestamp}.{body}`` with the reseller's callback secret. A secret that
  starts with ``whsec_`` is base64 of the key; any other secret is the key as UTF-8;
- ``X-Gerbang-Testing: true`` where the order was a test.

The body::

    {"type": "order.success", "timestamp": "2026-05-31T05:36:46Z",
     "data": {"id": "812", "reference": "INV-1", "state": "success", "product_code": "TSEL21",
              "product_name": "Telkomsel 21.000", "kind": "prepaid", "destination": "0812...",
              "quantity": 1, "counter": 1, "price": 21425, "sn": "0123", "reason": null,
              "message": "", "testing": false, "created_at": "...", "updated_at": "...",
              "details": {}}}

``type`` is order.success, order.failed, order.sn_received or order.reversed; ``timestamp`` is when
it happened. A resend has the original id, type, timestamp and data; only webhook-timestamp and the
signature are new, so that off-the-shelf verifiers with their five minutes of tolerance accept it,
and a changed secret takes effect. Any 2xx acknowledges.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from gerbang.clock import Clock
from gerbang.dialects.contract import CallbackEncoder, CallbackMessage, OrderView
from gerbang.outbound.message import HttpRequest

STANDARD_FORMAT: Final = "standard"
SECRET_NAME: Final = "callback_secret"  # noqa: S105 (where the secret is found)
SECRET_PREFIX: Final = "whsec_"  # noqa: S105 (a prefix, not a secret)


class MissingCallbackSecretError(Exception):
    """The reseller has no callback secret, and nothing is sent unsigned."""


def standard_encoder(clock: Clock) -> CallbackEncoder:
    """Make the encoder of the `standard` format; the clock tells when a sending is signed."""

    def encode(message: CallbackMessage) -> HttpRequest:
        return encode_standard(message, now=clock.now())

    return encode


def encode_standard(message: CallbackMessage, *, now: datetime) -> HttpRequest:
    """Encode and sign one callback."""
    secret = message.secrets.get(SECRET_NAME, "")
    if not secret:
        raise MissingCallbackSecretError
    body = standard_body(message)
    webhook_id, timestamp = f"msg_{message.id}", str(int(now.timestamp()))
    signature = sign(secret, webhook_id, timestamp, body=body)
    testing = (("X-Gerbang-Testing", "true"),) if message.order.testing else ()
    headers = (
        ("Content-Type", "application/json"),
        ("webhook-id", webhook_id),
        ("webhook-timestamp", timestamp),
        ("webhook-signature", signature),
        *testing,
    )
    return HttpRequest(
        method="POST", url=message.url, headers=headers, body=body, secrets=(secret, signature)
    )


def standard_body(message: CallbackMessage) -> bytes:
    """Write the event; the same message always gives the same bytes."""
    event = {
        "type": message.event,
        "timestamp": _utc(message.occurred_at),
        "data": _order(message.order),
    }
    return msgspec.json.encode(event)


def sign(secret: str, webhook_id: str, timestamp: str, *, body: bytes) -> str:
    """Sign as Standard Webhooks version 1 does."""
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(signing_key(secret), signed, "sha256")).decode()


def signing_key(secret: str) -> bytes:
    """Give the key bytes of a secret; what only looks like base64 is taken as it is."""
    if secret.startswith(SECRET_PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
        except binascii.Error:
            return secret.encode()
    return secret.encode()


def _order(order: OrderView) -> dict[str, Any]:
    return {
        "id": str(order.id),
        "reference": order.reference,
        "state": order.state,
        "product_code": order.product_code,
        "product_name": order.product_name,
        "kind": order.kind,
        "destination": order.destination,
        "quantity": order.quantity,
        "counter": order.counter,
        "price": order.price,
        "sn": order.sn,
        "reason": order.reason,
        "message": order.message,
        "testing": order.testing,
        "created_at": _utc(order.created_at),
        "updated_at": _utc(order.updated_at),
        "details": dict(order.data or {}),
    }


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"
