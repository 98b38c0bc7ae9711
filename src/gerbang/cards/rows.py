"""Rows into payments and attempts, and back into the columns that statements want."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

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


def new_payment_row(p: Payment) -> tuple[Any, ...]:
    """A new payment."""
    return (
        p.id, p.txid, p.merchant_id, p.reference, p.channel, p.sandboxed, p.booked, p.amount,
        p.instalment_months, p.instalment_type, p.recurring_option, p.details, p.notify_url,
        p.return_url, p.registered_at, p.expires_at,
    )  # fmt: skip


def changed_payment_row(p: Payment, expected: PaymentState) -> tuple[Any, ...]:
    """A changed payment with the state it had."""
    return (
        p.id, expected.value, p.state.value, p.kind.value, p.refunded, p.return_url,
        p.instalment_months, p.card_mask, p.card_fingerprint, p.card_brand, p.issuer_bank,
        p.issuer_name, p.auth_code, p.acquirer_reference, p.hold_id, p.token_id,
        p.open_attempt_id, p.failures, p.cancel_wanted, p.fee, p.settlement_id, p.paid_at, p.due_at,
    )  # fmt: skip


def new_attempt_row(a: Attempt) -> tuple[Any, ...]:
    """A new attempt."""
    return (
        a.id, a.payment_id, a.kind.value, a.amount, a.reference, a.at, a.hold_id, a.card_mask,
        a.card_fingerprint, dict(a.request), a.claimed_by, a.due_at,
    )  # fmt: skip


def changed_attempt_row(a: Attempt) -> tuple[Any, ...]:
    """A changed attempt."""
    return (
        a.id, a.state.value, a.code, a.message, a.acquirer_reference, a.auth_code,
        a.challenge_sha256, a.challenge_used_at, dict(a.request), a.due_at, a.asks, a.settlement_id,
    )  # fmt: skip


def snapshot_of(struct: msgspec.Struct) -> Any:
    """Give plain values that a JSON column takes."""
    return msgspec.to_builtins(struct)
