"""Why we refuse something about a payment before an acquirer hears of it."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class CardReason(StrEnum):
    """One word for each refusal of ours; the dialect has the code and the text."""

    REFERENCE_USED = "reference_used"
    UNKNOWN_PAYMENT = "unknown_payment"
    ALREADY_PAID = "already_paid"
    IN_PROCESS = "in_process"
    EXPIRED = "expired"
    ATTEMPTS_USED_UP = "attempts_used_up"
    CARD_DAY_COUNT = "card_day_count"
    CARD_DAY_AMOUNT = "card_day_amount"
    CARD_VELOCITY = "card_velocity"
    BIN_REFUSED = "bin_refused"
    FOREIGN_CARD = "foreign_card"
    TOKEN_UNKNOWN = "token_unknown"  # noqa: S105 (a word)
    RECURRING_NEEDS_SECURE = "recurring_needs_secure"
    RECURRING_OFF = "recurring_off"
    HOLD_UNKNOWN = "hold_unknown"
    CAPTURE_ABOVE_HOLD = "capture_above_hold"
    CHALLENGE_OVER = "challenge_over"
    NOT_CANCELLABLE = "not_cancellable"
    CANCEL_TYPE = "cancel_type"
    CANCEL_ZERO = "cancel_zero"
    CANCEL_NOT_ALLOWED = "cancel_not_allowed"
    PARTIAL_NOT_ALLOWED = "partial_not_allowed"
    CANCELLED_BEFORE = "cancelled_before"
    FULL_AFTER_PARTIAL = "full_after_partial"
    TOO_LATE_TO_REFUND = "too_late_to_refund"
    PARTIAL_BEFORE_SETTLEMENT = "partial_before_settlement"
    ABOVE_REMAINDER = "above_remainder"
    FULL_IS_SMALLER = "full_is_smaller"
    REFUNDS_OFF = "refunds_off"
    CANCEL_QUEUED = "cancel_queued"
    CANCEL_BUSY = "cancel_busy"


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing was asked of an acquirer, and nothing changed (but a cancel that is queued)."""

    reason: CardReason
    message: str = ""
