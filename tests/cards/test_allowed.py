"""What the merchant's page offers is what the rules of a cancel would let through."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gerbang.cards.allowed import what_is_allowed
from gerbang.cards.merchant import Features, Merchant
from gerbang.cards.payment import Payment, PaymentKind, PaymentState
from gerbang.cards.reasons import CardReason as R

AT = datetime(2026, 11, 20, 5, tzinfo=UTC)


def merchant(**features: Any) -> Merchant:
    return Merchant(
        id=1,
        imid="SIMMID0001",
        name="Toko",
        status="active",
        account_id=1,
        reseller_id=1,
        acquirer="sandbox",
        acquirer_account_id=2,
        sandboxed=True,
        booked=True,
        key="key",
        features=Features(**features),
    )


def payment(state: PaymentState, **more: Any) -> Payment:
    values: dict[str, Any] = {
        "id": 1,
        "txid": "T1",
        "merchant_id": 1,
        "reference": "ORD-1",
        "channel": "direct",
        "sandboxed": True,
        "booked": True,
        "amount": 150_000,
        "kind": PaymentKind.SALE,
        "state": state,
        "instalment_months": 1,
        "instalment_type": "1",
        "recurring_option": 2,
        "details": {},
        "notify_url": "",
        "return_url": "",
        "registered_at": AT,
        "expires_at": AT + timedelta(days=1),
        "paid_at": AT,
    }
    return Payment(**values | more)


@pytest.mark.parametrize(
    ("state", "more", "whole", "part"),
    [
        (PaymentState.INITIALISED, {}, R.NOT_CANCELLABLE, R.NOT_CANCELLABLE),
        (PaymentState.PAID, {}, None, R.PARTIAL_BEFORE_SETTLEMENT),
        (PaymentState.SETTLED, {}, None, None),
        (PaymentState.PARTLY_REFUNDED, {"refunded": 50_000}, R.FULL_AFTER_PARTIAL, None),
        (PaymentState.REFUNDED, {"refunded": 150_000}, R.CANCELLED_BEFORE, R.CANCELLED_BEFORE),
        (PaymentState.PAID, {"open_attempt_id": 7}, R.CANCEL_BUSY, R.PARTIAL_BEFORE_SETTLEMENT),
        (PaymentState.SETTLED, {"open_attempt_id": 7}, R.CANCEL_BUSY, R.CANCEL_BUSY),
        (
            PaymentState.SETTLED,
            {"paid_at": AT - timedelta(days=91)},
            R.TOO_LATE_TO_REFUND,
            R.TOO_LATE_TO_REFUND,
        ),
    ],
)
def test_each_state_says_what_may_be_given_back_and_why_not(
    state: PaymentState, more: dict[str, Any], whole: R | None, part: R | None
) -> None:
    found = what_is_allowed(merchant(), payment(state, **more), AT + timedelta(minutes=1))
    assert (found.whole, found.part) == (whole, part)
    assert found.anything is (whole is None or part is None)


def test_what_is_left_is_what_was_not_given_back_yet() -> None:
    found = what_is_allowed(merchant(), payment(PaymentState.PARTLY_REFUNDED, refunded=50_000), AT)
    assert found.left == 100_000


def test_a_hold_can_be_captured_while_nobody_is_asked_about_it() -> None:
    hold = payment(PaymentState.PREAUTHED)
    assert what_is_allowed(merchant(preauth=True), hold, AT).capture is None
    busy = payment(PaymentState.PREAUTHED, open_attempt_id=7)
    assert what_is_allowed(merchant(preauth=True), busy, AT).capture is R.CANCEL_BUSY
    assert what_is_allowed(merchant(), hold, AT).capture is R.HOLD_UNKNOWN


def test_a_merchant_without_refunds_is_told_so() -> None:
    found = what_is_allowed(merchant(refunds=False), payment(PaymentState.SETTLED), AT)
    assert (found.whole, found.part) == (R.REFUNDS_OFF, R.REFUNDS_OFF)
    found = what_is_allowed(merchant(partial_cancels=False), payment(PaymentState.SETTLED), AT)
    assert (found.whole, found.part) == (None, R.PARTIAL_NOT_ALLOWED)
