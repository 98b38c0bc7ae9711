"""Rows as the statements that write a batch want them, and rows turned into columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

import msgspec

from gerbang.dialects.contract import OrderState
from gerbang.ledger.transfer import Entry, Transfer
from gerbang.orders.order import Attempt, Order
from gerbang.orders.transitions import AttemptState
from gerbang.orders.writes import PlannedAttempt

PREPARED_CLAIM_MS: Final = 30_000
"""How long the node that wrote an attempt may take to send it."""
MESSAGE_LENGTH_MAX: Final = 500

First: TypeAlias = tuple[Attempt, str | None, int]
"""An order's first attempt, the node that claimed it, and the number of its explanation."""


def columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    """Turn rows into one array per column, as unnest wants them."""
    if not rows:
        return [[] for _ in range(width)]
    return [list(column) for column in zip(*rows, strict=True)]


def transfer_row(t: Transfer) -> tuple[Any, ...]:
    """A transfer."""
    return (
        t.id,
        t.key,
        str(t.event),
        t.phase.value,
        t.pending_id,
        t.debit_account_id,
        t.credit_account_id,
        t.amount,
        t.order_id,
        t.actor,
        t.note,
    )


def entry_row(e: Entry) -> tuple[Any, ...]:
    """One side of a transfer."""
    return (e.transfer_id, e.account_id, e.amount, e.previous, e.balance, e.version)


class PlacedRow(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """An order that was placed, its hold and its first attempt, named as in the SQL."""

    id: int
    reseller_id: int
    credential_id: int
    testing: bool
    dialect: str
    kind: str
    reference: str
    product_id: int
    product_code: str
    product_name: str
    destination: str
    quantity: int
    counter: int
    price: int
    account_id: int
    signature_key: str | None = None
    same_day_counter: int | None = None
    hold_id: int | None = None
    hold_key: str | None = None
    attempt_id: int | None = None
    supplier_id: int | None = None
    route_id: int | None = None
    supplier_product_code: str | None = None
    attempt_reference: str | None = None
    cost: int | None = None
    claimed_by: str | None = None
    claim_ms: int = 0
    explanation_number: int = 0


def placed_row(
    order: Order, account_id: int, hold: Transfer | None, first: First | None
) -> PlacedRow:
    """Write down what was placed; an unclaimed attempt is due at once."""
    o = order
    common = (
        o.id,
        o.reseller_id,
        o.credential_id,
        o.testing,
        o.dialect,
        o.kind,
        o.reference,
        o.product_id,
        o.product_code,
        o.product_name,
        o.destination,
        o.quantity,
        o.counter,
        o.price,
        account_id,
        o.signature_key,
        o.same_day_counter,
        o.hold_id,
        hold.key if hold is not None else None,
    )
    if first is None:
        return PlacedRow(*common)
    attempt, claimed_by, explanation_number = first
    return PlacedRow(
        *common,
        attempt.id,
        attempt.supplier_id,
        attempt.route_id,
        attempt.supplier_product_code,
        attempt.reference,
        attempt.cost_expected,
        claimed_by,
        PREPARED_CLAIM_MS if claimed_by else 0,
        explanation_number,
    )


class Explanations:
    """Why routes were chosen, each explanation once; equal choices share theirs (routing)."""

    def __init__(self) -> None:
        self.all: list[Mapping[str, Any]] = []
        self._numbers: dict[int, int] = {}

    def number(self, explanation: Mapping[str, Any]) -> int:
        """Keep an explanation and give its place."""
        key = id(explanation)  # of what is kept here, so that no other gets the same
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self.all)
            self.all.append(explanation)
        return number


def new_attempt_row(a: Attempt, claimed_by: str | None, planned: PlannedAttempt) -> tuple[Any, ...]:
    """A new attempt; unclaimed ones are due at once."""
    return (
        a.id,
        a.order_id,
        a.number,
        a.supplier_id,
        a.route_id,
        a.supplier_product_code,
        a.reference,
        a.cost_expected,
        claimed_by,
        PREPARED_CLAIM_MS if claimed_by else 0,
        planned.explanation,
    )


def changed_order_row(o: Order, expected: OrderState) -> tuple[Any, ...]:
    """An order's new values, and the state it must still be in."""
    return (
        o.id,
        o.state.value,
        o.reason,
        o.sn,
        o.message,
        o.data,
        o.supplier_id,
        o.cost,
        o.same_day_counter,
        o.updated_at,
        o.final_at,
        o.needs_decision_at,
        expected.value,
    )


def changed_attempt_row(a: Attempt, expected: AttemptState) -> tuple[Any, ...]:
    """An attempt's new values, and the state it must still be in."""
    return (
        a.id,
        a.state.value,
        a.cost,
        a.sn,
        a.supplier_order_id,
        a.reason,
        a.message[:MESSAGE_LENGTH_MAX],
        a.due_at,
        a.not_found,
        a.not_found_since,
        expected.value,
    )
