"""Callbacks to send, and a store that keeps them in memory as the database would."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from gerbang.callbacks.message import DeliveryResult, DueCallback
from gerbang.dialects.contract import (
    CallbackEvent,
    CallbackMessage,
    OrderState,
    OrderView,
    ProductKind,
)
from gerbang.outbound.message import HttpRequest

NOON = datetime(2026, 5, 31, 5, 36, 46, tzinfo=UTC)

ORDER = OrderView(
    id=812,
    reference="INV-1",
    state=OrderState.SUCCESS,
    product_code="TSEL21",
    product_name="Telkomsel 21.000",
    kind=ProductKind.PREPAID,
    destination="081234567890",
    quantity=1,
    counter=1,
    price=21425,
    sn="0123456789",
    reason=None,
    message="",
    testing=False,
    created_at=NOON,
    updated_at=NOON,
)


def message(
    number: int = 1, *, url: str = "http://127.0.0.1:1/cb", **changes: Any
) -> CallbackMessage:
    fields: dict[str, Any] = {
        "id": number,
        "event": CallbackEvent.SUCCESS,
        "occurred_at": NOON,
        "order": ORDER,
        "url": url,
        "secrets": {"callback_secret": "s3cr3t-of-callbacks"},
        "settings": {},
    }
    return CallbackMessage(**(fields | changes))


def due(
    number: int = 1,
    *,
    order_id: int = 0,
    url: str = "http://127.0.0.1:1/cb",
    attempt_number: int = 1,
    format_name: str = "plain",
) -> DueCallback:
    return DueCallback(
        id=number,
        order_id=order_id or number,
        attempt_number=attempt_number,
        message=message(number, url=url),
        format=format_name,
    )


def plain(made: CallbackMessage) -> HttpRequest:
    """Encode as little as a test can read."""
    return HttpRequest(method="GET", url=f"{made.url}?id={made.id}&token=hush", secrets=("hush",))


def crashing(_: CallbackMessage) -> HttpRequest:
    raise RuntimeError


FORMATS = {"plain": plain, "crashing": crashing}


class ListStore:
    """Callbacks by order, in sequence: the next is claimable when the one before is over."""

    def __init__(self) -> None:
        self.orders: Mapping[int, deque[DueCallback]] = defaultdict(deque)
        self.claimed: set[int] = set()
        self.results: list[DeliveryResult] = []
        self.claims_fail = 0
        self.records_fail = 0

    def add(self, *callbacks: DueCallback) -> None:
        for callback in callbacks:
            self.orders[callback.order_id].append(callback)

    async def claim_due(self, limit: int) -> list[DueCallback]:
        if self.claims_fail:
            self.claims_fail -= 1
            raise ConnectionError
        heads = [waiting[0] for waiting in self.orders.values() if waiting]
        found = [head for head in heads if head.id not in self.claimed][:limit]
        self.claimed.update(callback.id for callback in found)
        return found

    async def record(self, result: DeliveryResult) -> DueCallback | None:
        if self.records_fail:
            self.records_fail -= 1
            self.claimed.discard(result.callback_id)
            raise ConnectionError
        self.results.append(result)
        waiting = self.orders[result.order_id]
        if not result.delivered and result.next_attempt_at is not None:
            head = waiting[0]
            waiting[0] = msgspec.structs.replace(head, attempt_number=head.attempt_number + 1)
            self.claimed.discard(result.callback_id)
            return None
        waiting.popleft()
        if not waiting:
            return None
        self.claimed.add(waiting[0].id)
        return waiting[0]
