"""What may be begun with a payment. Pure: decides on rows that are locked by the caller."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from gerbang.cards.merchant import Merchant
from gerbang.cards.payment import (
    CHARGED,
    OPEN,
    PAYABLE,
    Attempt,
    AttemptKind,
    AttemptState,
    Payment,
    PaymentState,
)
from gerbang.cards.reasons import CardReason, Refused
from gerbang.cards.transitions import check_payment_step
from gerbang.cards.writes import BeginCancel, BeginCharge
from gerbang.clock import WIB

FULL: Final = "1"
PARTIAL: Final = "2"
GONE: Final = "9106"
"""Result code of an attempt that the acquirer never heard of."""
ABANDONED: Final = "9157"
"""Result code of a challenge that its holder left for another try."""


class CardDay(msgspec.Struct, frozen=True, kw_only=True):
    """What one card did at one merchant today (or is about to do), and in the last hour."""

    charges: int = 0
    amount: int = 0
    tries_in_hour: int = 0

    def __add__(self, other: CardDay) -> CardDay:
        """Give both together."""
        return CardDay(
            charges=self.charges + other.charges,
            amount=self.amount + other.amount,
            tries_in_hour=self.tries_in_hour + other.tries_in_hour,
        )


def step(payment: Payment, state: PaymentState) -> None:
    """Take a listed step."""
    check_payment_step(payment.state, state)
    payment.state = state


# --- charging --------------------------------------------------------------------------


def refuse_charge(
    want: BeginCharge,
    payment: Payment,
    hold: Payment | None,
    attempts: Sequence[Attempt],
    day: CardDay,
) -> Refused | None:
    """Say why no card may be tried on this payment now; None when one may."""
    reason = _state_reason(want, payment, attempts)
    if reason is None and want.kind is AttemptKind.CAPTURE:
        reason = _hold_reason(want, payment, hold)
    if reason is None and want.card is not None:
        reason = _limit_reason(want, payment.amount, day)
    return Refused(reason=reason) if reason is not None else None


def _state_reason(
    want: BeginCharge, payment: Payment, attempts: Sequence[Attempt]
) -> CardReason | None:
    if payment.state in CHARGED:
        return CardReason.ALREADY_PAID
    if payment.state is PaymentState.EXPIRED:
        return CardReason.EXPIRED
    if payment.state not in PAYABLE and not abandoned(attempts):
        return CardReason.IN_PROCESS
    if want.at >= payment.expires_at:
        return CardReason.EXPIRED
    limit = want.merchant.limits.attempts_max
    tried = payment.failures + (payment.state is PaymentState.CHALLENGED)
    if limit and tried >= limit:
        return CardReason.ATTEMPTS_USED_UP
    return None


def abandoned(attempts: Sequence[Attempt]) -> Attempt | None:
    """Give the open challenge that nobody answered: nothing was charged, so it may be left.

    One that was handed over to an acquirer's own page may be charged there at any moment.
    """
    for attempt in attempts:
        if attempt.state is AttemptState.CHALLENGED and attempt.challenge_used_at is None:
            return None if attempt.request.get("handed_over") else attempt
    return None


def _hold_reason(want: BeginCharge, payment: Payment, hold: Payment | None) -> CardReason | None:
    if hold is None or hold.merchant_id != payment.merchant_id:
        return CardReason.HOLD_UNKNOWN
    if hold.state is not PaymentState.PREAUTHED or hold.cancel_wanted:
        return CardReason.HOLD_UNKNOWN
    if hold.due_at is not None and hold.due_at <= want.at:
        return CardReason.HOLD_UNKNOWN
    if hold.open_attempt_id is not None:
        return CardReason.IN_PROCESS
    if payment.amount > hold.amount:
        return CardReason.CAPTURE_ABOVE_HOLD
    return None


def _limit_reason(want: BeginCharge, amount: int, day: CardDay) -> CardReason | None:
    limits = want.merchant.limits
    if limits.card_day_count_max and day.charges >= limits.card_day_count_max:
        return CardReason.CARD_DAY_COUNT
    if limits.card_day_amount_max and day.amount + amount > limits.card_day_amount_max:
        return CardReason.CARD_DAY_AMOUNT
    if limits.card_hour_attempts_max and day.tries_in_hour >= limits.card_hour_attempts_max:
        return CardReason.CARD_VELOCITY
    return None


def begin_charge(
    want: BeginCharge,
    payment: Payment,
    hold: Payment | None,
    *,
    attempt_id: int,
    now: datetime,
) -> Attempt:
    """Change the payment as the intention says; give the new attempt."""
    card = want.card
    attempt = Attempt(
        id=attempt_id,
        payment_id=payment.id,
        kind=want.kind,
        state=AttemptState.SENT,
        amount=payment.amount,
        reference=f"C{attempt_id}",
        at=want.at,
        hold_id=hold.id if hold is not None else None,
        card_mask=card.mask if card is not None else "",
        card_fingerprint=card.fingerprint if card is not None else "",
        due_at=now + timedelta(seconds=want.claim_s),
    )
    step(payment, PaymentState.PROCESSING)
    payment.kind = want.becomes
    payment.open_attempt_id = attempt_id
    payment.hold_id = attempt.hold_id
    payment.token_id = want.token_id
    if want.return_url:
        payment.return_url = want.return_url
    if want.instalment_months is not None:
        payment.instalment_months = want.instalment_months
    if card is not None:
        payment.card_mask, payment.card_brand = card.mask, card.brand
        payment.card_fingerprint = card.fingerprint
    if hold is not None:
        hold.open_attempt_id = attempt_id
    return attempt


# --- taking back ---------------------------------------------------------------------------


def refuse_cancel(
    want: BeginCancel, payment: Payment, attempts: Sequence[Attempt]
) -> Refused | None:
    """Say why nothing is taken back; the order of checks is the protocol sheet's §0."""
    if want.ours:
        return _ours_reason(payment)
    reason = (
        _cancellable_reason(payment)
        or _asked_reason(want)
        or _repeat_reason(want, payment, attempts)
        or _time_reason(want, payment)
        or _amount_reason(want, payment)
    )
    if reason is None and payment.open_attempt_id is not None:
        reason = _busy_reason(want, payment)
    return Refused(reason=reason) if reason is not None else None


def _ours_reason(payment: Payment) -> Refused | None:
    if payment.state not in _TAKEN_BACK_BY:
        return Refused(reason=CardReason.NOT_CANCELLABLE)
    if payment.open_attempt_id is not None:
        return Refused(reason=CardReason.CANCEL_BUSY)
    return None


def _cancellable_reason(payment: Payment) -> CardReason | None:
    never = (PaymentState.INITIALISED, PaymentState.FAILED, PaymentState.EXPIRED)
    return CardReason.NOT_CANCELLABLE if payment.state in {*never, PaymentState.CAPTURED} else None


def _asked_reason(want: BeginCancel) -> CardReason | None:
    features = want.merchant.features
    if want.cancel_type not in {FULL, PARTIAL}:
        return CardReason.CANCEL_TYPE
    if want.amount <= 0:
        return CardReason.CANCEL_ZERO
    if not features.cancels:
        return CardReason.CANCEL_NOT_ALLOWED
    if want.cancel_type == PARTIAL and not features.partial_cancels:
        return CardReason.PARTIAL_NOT_ALLOWED
    return None


def _repeat_reason(
    want: BeginCancel, payment: Payment, attempts: Sequence[Attempt]
) -> CardReason | None:
    if payment.state in {PaymentState.VOID, PaymentState.REFUNDED}:
        return CardReason.CANCELLED_BEFORE
    if any(_is_same_cancel(want, attempt) for attempt in attempts):
        return CardReason.CANCELLED_BEFORE
    if want.cancel_type == FULL and payment.refunded:
        return CardReason.FULL_AFTER_PARTIAL
    return None


def _is_same_cancel(want: BeginCancel, attempt: Attempt) -> bool:
    """Tell a request that is sent again from a second refund of the same amount.

    The same number of the merchant's own, or the same signed timestamp: one cancel.
    """
    if attempt.kind is not AttemptKind.REFUND or attempt.state is not AttemptState.APPROVED:
        return False
    number = str(want.request.get("number", ""))
    if number and number == attempt.request.get("number"):
        return True
    stamp = want.request.get("timestamp")
    return bool(stamp) and (stamp, want.amount) == (
        attempt.request.get("timestamp"),
        attempt.amount,
    )


def _time_reason(want: BeginCancel, payment: Payment) -> CardReason | None:
    days = timedelta(days=want.merchant.ways.refund_days_max)
    if payment.paid_at is not None and want.at > payment.paid_at + days:
        return CardReason.TOO_LATE_TO_REFUND
    unsettled = {PaymentState.PAID, PaymentState.PREAUTHED}
    if want.cancel_type == PARTIAL and payment.state in unsettled:
        return CardReason.PARTIAL_BEFORE_SETTLEMENT
    return None


def _amount_reason(want: BeginCancel, payment: Payment) -> CardReason | None:
    if want.amount > payment.remainder:
        return CardReason.ABOVE_REMAINDER
    if want.cancel_type == FULL and want.amount < payment.amount:
        return CardReason.FULL_IS_SMALLER
    settled = {PaymentState.SETTLED, PaymentState.PARTLY_REFUNDED}
    if payment.state in settled and not want.merchant.features.refunds:
        return CardReason.REFUNDS_OFF
    return None


def _busy_reason(want: BeginCancel, payment: Payment) -> CardReason:
    """A full cancel of a charge that is not known yet waits for it; everything else is told so."""
    waits = payment.state in {PaymentState.PROCESSING, PaymentState.CHALLENGED}
    if waits and want.cancel_type == FULL:
        return CardReason.CANCEL_QUEUED
    return CardReason.CANCEL_BUSY


_TAKEN_BACK_BY: Final = {
    PaymentState.PAID: AttemptKind.VOID,
    PaymentState.PREAUTHED: AttemptKind.RELEASE,
    PaymentState.SETTLED: AttemptKind.REFUND,
    PaymentState.PARTLY_REFUNDED: AttemptKind.REFUND,
}


def begin_cancel(
    want: BeginCancel, payment: Payment, *, attempt_id: int, reference: str, now: datetime
) -> Attempt:
    """Give the attempt that takes back; the payment only notes that it is open."""
    attempt = Attempt(
        id=attempt_id,
        payment_id=payment.id,
        kind=_TAKEN_BACK_BY[payment.state],
        state=AttemptState.SENT,
        amount=payment.remainder if want.ours else want.amount,
        reference=reference,
        at=want.at,
        request=want.request,
        due_at=now + timedelta(seconds=want.claim_s),
    )
    payment.open_attempt_id = attempt_id
    return attempt


# --- time -------------------------------------------------------------------------------


def settles_at(merchant: Merchant, paid_at: datetime) -> datetime:
    """Give the cut-off after a charge: the next of the merchant's hours, in WIB."""
    local = paid_at.astimezone(WIB)
    cut = local.replace(hour=merchant.ways.settle_hour, minute=0, second=0, microsecond=0)
    if cut <= local:
        cut += timedelta(days=1)
    return cut


def is_open(attempt: Attempt) -> bool:
    """Tell whether its outcome is still awaited."""
    return attempt.state in OPEN
