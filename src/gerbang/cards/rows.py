"""Rows into payments and attempts, and back into the columns that statements want."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from gerbang.cards.news import PaymentNews
from gerbang.cards.payment import (
    Attempt,
    AttemptKind,
    AttemptState,
    Payment,
    PaymentKind,
    PaymentState,
)


def payment_from_row(row: Any) -> Payment:
    """Read a payment."""
    values = dict(row)
    values["kind"] = PaymentKind(values["kind"])
    values["state"] = PaymentState(values["state"])
    return Payment(**values)


def attempt_from_row(row: Any) -> Attempt:
    """Read an attempt."""
    values = dict(row)
    values["kind"] = AttemptKind(values["kind"])
    values["state"] = AttemptState(values["state"])
    return Attempt(**values)


def columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    """Turn rows into one array per column, as unnest wants them."""
    return (
        [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]
    )


class NewTokenRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of card_tokens; of the token only its hash."""

    id: int
    merchant_id: int
    kind: str
    payment_id: int
    token_sha256: str
    card_mask: str
    card_fingerprint: str
    card_brand: str
    card_expiry: str
    vault: str


class NotificationRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of callbacks."""

    id: int
    order_id: int
    merchant_id: int
    sequence: int
    event: str
    occurred_at: datetime
    snapshot: PaymentNews
    state: str
    claimed_by: str | None
