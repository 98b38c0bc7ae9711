"""The table of steps is the law in Python and in PostgreSQL."""

from __future__ import annotations

import pytest

from gerbang.cards.payment import AttemptKind, AttemptState, PaymentKind, PaymentState
from gerbang.cards.transitions import (
    PAYMENT_STEPS,
    PaymentStepNotListedError,
    check_payment_step,
)
from postgres.shared import opened


async def test_python_and_postgresql_list_the_same_steps(database_url: str) -> None:
    async with opened(database_url) as connection:
        rows = await connection.fetch("SELECT from_state::text, to_state::text FROM payment_steps")
    assert {tuple(row) for row in rows} == {(a.value, b.value) for a, b in PAYMENT_STEPS}


@pytest.mark.parametrize(
    ("enum", "name"),
    [
        (PaymentState, "payment_state"),
        (PaymentKind, "payment_kind"),
        (AttemptKind, "payment_attempt_kind"),
        (AttemptState, "payment_attempt_state"),
    ],
)
async def test_python_and_postgresql_know_the_same_words(
    database_url: str, enum: type[PaymentState], name: str
) -> None:
    async with opened(database_url) as connection:
        rows = await connection.fetch(f"SELECT unnest(enum_range(NULL::{name}))::text")
    assert [row[0] for row in rows] == [one.value for one in enum]


def test_what_is_not_listed_is_refused() -> None:
    check_payment_step(PaymentState.PAID, PaymentState.VOID)
    with pytest.raises(PaymentStepNotListedError):
        check_payment_step(PaymentState.VOID, PaymentState.PAID)


def test_nothing_leaves_an_end() -> None:
    ends = {PaymentState.VOID, PaymentState.REFUNDED, PaymentState.CAPTURED, PaymentState.EXPIRED}
    assert {a for a, _ in PAYMENT_STEPS}.isdisjoint(ends)
