"""Callbacks in the database: claimed for this node, recorded through the write lane."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from gerbang.callbacks.message import DeliveryResult, DueCallback
from gerbang.dialects.card_contract import PaymentMessage
from gerbang.dialects.contract import CallbackEvent, CallbackMessage
from gerbang.orders.writes import DueCallbackRow, RecordDelivery, due_callback_from_row
from gerbang.postgres.lane import Lane
from gerbang.postgres.pool import Pool
from gerbang.postgres.sql import load_queries

SQL = load_queries("gerbang.callbacks", "callbacks.sql")

RECORD_DEADLINE_S = 50.0
"""Less than a claim lasts, so that a late record never meets another node's delivery."""


class CallbackTarget(msgspec.Struct, frozen=True, kw_only=True):
    """Where a reseller wants callbacks, and with which current secrets they are signed."""

    url: str
    secrets: dict[str, str]
    settings: dict[str, Any]


class TargetDirectory(Protocol):
    """Answers from memory."""

    def callback_target(
        self, reseller_id: int, format_name: str, *, credential_id: int = 0
    ) -> CallbackTarget:
        """Give the target as it stands now; an empty url fails the delivery with a clear error."""
        ...


class MerchantMessages(Protocol):
    """Completes what merchants are told of their payments."""

    def payment_message(self, row: DueCallbackRow) -> PaymentMessage:
        """Give the message with the merchant's present key."""
        ...


class DatabaseCallbackStore:
    """The `CallbackStore` of the gateway."""

    def __init__(
        self,
        *,
        lane: Lane,
        pool: Pool,
        targets: TargetDirectory,
        node: str,
        merchants: MerchantMessages | None = None,
    ) -> None:
        """Wire it to the lane."""
        self._merchants = merchants
        self._lane = lane
        self._pool = pool
        self._targets = targets
        self._node = node

    async def claim_due(self, limit: int) -> Sequence[DueCallback]:
        """Claim callbacks that are due; only one of an order ever is."""
        rows = await self._pool.fetch(SQL.claim_due_callbacks, self._node, limit)
        return [self.due(due_callback_from_row(row)) for row in rows]

    async def record(self, result: DeliveryResult) -> DueCallback | None:
        """Store a result and wake the next callback of the order."""
        following: DueCallbackRow | None = await self._lane.submit(
            RecordDelivery(
                callback_id=result.callback_id,
                order_id=result.order_id,
                delivered=result.delivered,
                exhausted=not result.delivered and result.next_attempt_at is None,
                status=result.status,
                error=result.error,
                request=result.request_text,
                answer=result.answer_text,
                duration_ms=result.duration_ms,
                next_attempt_at=result.next_attempt_at,
                claimed_by=self._node,
            ),
            deadline_s=RECORD_DEADLINE_S,
        )
        return self.due(following) if following is not None else None

    def due(self, row: DueCallbackRow) -> DueCallback:
        """Complete a row with the reseller's present address and secrets."""
        if row.reseller_id is None:
            return self._due_payment(row)
        target = self._targets.callback_target(
            row.reseller_id, row.format, credential_id=row.snapshot.credential_id
        )
        return DueCallback(
            id=row.id,
            order_id=row.order_id,
            attempt_number=row.attempts_count + 1,
            message=CallbackMessage(
                id=row.id,
                event=CallbackEvent(row.event),
                occurred_at=row.occurred_at,
                order=row.snapshot,
                url=target.url,
                secrets=target.secrets,
                settings=target.settings,
            ),
            format=row.format,
        )

    def _due_payment(self, row: DueCallbackRow) -> DueCallback:
        """Complete news for a merchant with the key that signs them now."""
        assert self._merchants is not None  # noqa: S101 (app.py hands it over)
        return DueCallback(
            id=row.id,
            order_id=row.order_id,
            attempt_number=row.attempts_count + 1,
            message=self._merchants.payment_message(row),
            format=row.format,
        )
