"""A callback that is due, what came of sending it, and where both are kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit

import msgspec

from gerbang.dialects.card_contract import PaymentMessage
from gerbang.dialects.contract import CallbackMessage


class DueCallback(msgspec.Struct, frozen=True, kw_only=True):
    """A callback claimed for sending. `attempt_number` counts from 1, this one included.

    `order_id` names the order, or the payment, whose callbacks go one after the other.
    """

    id: int
    order_id: int
    attempt_number: int
    message: CallbackMessage | PaymentMessage
    format: str


class DeliveryResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one attempt came to.

    Not delivered and no `next_attempt_at` means exhausted. Both texts are scrubbed already.
    """

    callback_id: int
    order_id: int
    attempt_number: int
    delivered: bool
    status: int | None
    error: str
    request_text: str
    answer_text: str
    duration_ms: int
    next_attempt_at: datetime | None


class CallbackStore(Protocol):
    """Where callbacks wait; the database in the gateway, a list in tests."""

    async def claim_due(self, limit: int) -> Sequence[DueCallback]:
        """Claim callbacks that are due, at most one of an order, for as long as a claim lasts."""
        ...

    async def record(self, result: DeliveryResult) -> DueCallback | None:
        """Store a result; give the order's next callback, claimed, if it became due by this."""
        ...


def host_of(url: str) -> str:
    """Name the receiver that concurrency is counted for; what is no URL is one receiver too."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower()
    except ValueError:
        return ""
