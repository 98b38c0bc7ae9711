"""What follows from an acquirer's word: state, money and news. Pure, on locked rows."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from gerbang.cards.acquirers.contract import Approved, Challenge, Declined, HandOver, Unknown
from gerbang.cards.merchant import Merchant
from gerbang.cards.payment import (
    CHARGING,
    Attempt,
    AttemptKind,
    AttemptState,
    Payment,
    PaymentKind,
    PaymentState,
)
from gerbang.cards.plan import ABANDONED, GONE, settles_at, step
from gerbang.cards.writes import RecordResult
from gerbang.ledger.book import Book
from gerbang.ledger.transfer import TransferEvent

MESSAGE_CHARS_MAX: Final = 255


class PaymentEvent(StrEnum):
    """What a merchant is told."""

    CHARGED = "payment.charged"
    TAKEN_BACK = "payment.taken_back"
    REFUNDED_PARTLY = "payment.refunded_partly"
    FAILED = "payment.failed"


class NewToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token that this approval makes: recurring or preauth."""

    kind: str
    payment_id: int
    vault: str
    expiry: str


class Applied(msgspec.Struct, kw_only=True):
    """What changed beside payment and attempt."""

    changed: bool = True
    event: PaymentEvent | None = None
    token: NewToken | None = None
    hold_changed: bool = False
    case: str = ""
    """A case for a person."""


class CardAccounts(msgspec.Struct, frozen=True, kw_only=True):
    """The accounts that card money moves between."""

    bank: int
    card_fees: int


def apply_result(
    want: RecordResult,
    payment: Payment,
    hold: Payment | None,
    attempt: Attempt,
    *,
    book: Book,
    now: datetime,
) -> Applied:
    """Apply one outcome once; an attempt that is final stays as it is."""
    if attempt.state in {AttemptState.APPROVED, AttemptState.DECLINED}:
        contradicts = isinstance(want.outcome, Approved | Declined) and (
            isinstance(want.outcome, Approved) != (attempt.state is AttemptState.APPROVED)
        )
        return Applied(changed=False, case="card_news_contradict" if contradicts else "")
    outcome = want.outcome
    if isinstance(outcome, Approved):
        return _approved(want, outcome, payment, hold, attempt, book)
    if isinstance(outcome, Declined):
        return _declined(outcome, payment, hold, attempt)
    if isinstance(outcome, Unknown):
        attempt.state = AttemptState.UNKNOWN
        attempt.message = outcome.error[:MESSAGE_CHARS_MAX]
        attempt.due_at = now + timedelta(seconds=want.ask_after_s)
        return Applied()
    return _challenged(want, outcome, payment, attempt, now)


# --- approved ------------------------------------------------------------------------------


def _approved(
    want: RecordResult,
    outcome: Approved,
    payment: Payment,
    hold: Payment | None,
    attempt: Attempt,
    book: Book,
) -> Applied:
    _finish(attempt, payment, hold, AttemptState.APPROVED)
    attempt.code = "0000"
    attempt.acquirer_reference = outcome.acquirer_reference
    attempt.auth_code = outcome.auth_code
    if attempt.kind in CHARGING:
        return _charged(want, outcome, payment, hold, attempt, book)
    return _taken_back(want, payment, attempt, book)


def _charged(
    want: RecordResult,
    outcome: Approved,
    payment: Payment,
    hold: Payment | None,
    attempt: Attempt,
    book: Book,
) -> Applied:
    applied = Applied(event=PaymentEvent.CHARGED)
    payment.acquirer_reference = outcome.acquirer_reference
    payment.auth_code = outcome.auth_code
    payment.issuer_bank, payment.issuer_name = outcome.issuer_bank, outcome.issuer_name
    if outcome.card_mask:
        payment.card_mask, payment.card_brand = outcome.card_mask, outcome.card_brand
    payment.paid_at = want.at
    if attempt.kind is AttemptKind.HOLD:
        step(payment, PaymentState.PREAUTHED)
        payment.due_at = want.at + timedelta(seconds=want.merchant.ways.hold_valid_s)
        applied.token = NewToken(kind="preauth", payment_id=payment.id, vault="", expiry="")
        return applied
    step(payment, PaymentState.PAID)
    payment.due_at = settles_at(want.merchant, want.at)
    _post(book, want.merchant, payment, f"payment:{payment.id}:charge", _charge_event(attempt))
    if hold is not None:
        step(hold, PaymentState.CAPTURED)
        hold.due_at = None
        hold.cancel_wanted = False
        applied.hold_changed = True
        payment.card_mask, payment.card_brand = hold.card_mask, hold.card_brand
        payment.card_fingerprint = hold.card_fingerprint
    if _makes_token(want.merchant, payment):
        applied.token = NewToken(
            kind="recurring",
            payment_id=payment.id,
            vault=outcome.vault or outcome.acquirer_reference,
            expiry=want.card_expiry,
        )
        payment.cancel_wanted = payment.cancel_wanted or payment.recurring_option == 0
    return applied


def _makes_token(merchant: Merchant, payment: Payment) -> bool:
    return (
        merchant.features.recurring
        and payment.kind is PaymentKind.SALE
        and payment.recurring_option in {0, 1}
    )


def _charge_event(attempt: Attempt) -> TransferEvent:
    captures = attempt.kind is AttemptKind.CAPTURE
    return TransferEvent.CARD_CAPTURE if captures else TransferEvent.CARD_CHARGE


def _taken_back(want: RecordResult, payment: Payment, attempt: Attempt, book: Book) -> Applied:
    payment.cancel_wanted = False
    if attempt.kind is AttemptKind.REFUND:
        payment.refunded += attempt.amount
        whole = payment.refunded == payment.amount
        step(payment, PaymentState.REFUNDED if whole else PaymentState.PARTLY_REFUNDED)
        key, event = f"card_attempt:{attempt.id}:refund", TransferEvent.CARD_REFUND
        _unpost(book, want.merchant, payment, key, event, attempt.amount)
        news = PaymentEvent.TAKEN_BACK if whole else PaymentEvent.REFUNDED_PARTLY
        return Applied(event=news)
    if attempt.kind is AttemptKind.VOID:
        key, event = f"payment:{payment.id}:void", TransferEvent.CARD_VOID
        _unpost(book, want.merchant, payment, key, event, payment.amount)
    step(payment, PaymentState.VOID)
    payment.due_at = None
    return Applied(event=PaymentEvent.TAKEN_BACK)


# --- not approved ---------------------------------------------------------------------------


def _declined(
    outcome: Declined,
    payment: Payment,
    hold: Payment | None,
    attempt: Attempt,
) -> Applied:
    _finish(attempt, payment, hold, AttemptState.DECLINED)
    attempt.code = outcome.code
    attempt.message = outcome.message[:MESSAGE_CHARS_MAX]
    if attempt.kind in CHARGING:
        step(payment, PaymentState.FAILED)
        payment.failures += 1
        payment.cancel_wanted = False
        payment.due_at = None
        return Applied(event=PaymentEvent.FAILED, hold_changed=hold is not None)
    ours = payment.cancel_wanted
    payment.cancel_wanted = ours and outcome.code == GONE  # never heard of: ask again
    return Applied(case="card_cancel_declined" if ours and outcome.code != GONE else "")


def leave_challenge(payment: Payment, attempt: Attempt) -> None:
    """End a challenge that nobody answered, so that the card may be tried again."""
    attempt.state = AttemptState.DECLINED
    attempt.code, attempt.message = ABANDONED, "left for another try"
    attempt.due_at = None
    payment.open_attempt_id = None
    payment.cancel_wanted = False
    payment.failures += 1
    payment.due_at = None
    step(payment, PaymentState.FAILED)


def _challenged(
    want: RecordResult,
    outcome: Challenge | HandOver,
    payment: Payment,
    attempt: Attempt,
    now: datetime,
) -> Applied:
    if payment.state is not PaymentState.CHALLENGED:
        step(payment, PaymentState.CHALLENGED)
    attempt.state = AttemptState.CHALLENGED
    attempt.challenge_sha256 = want.challenge_sha256
    attempt.due_at = now + timedelta(seconds=want.challenge_s)
    if isinstance(outcome, HandOver):
        attempt.request = {**attempt.request, "handed_over": True}
    return Applied()


def _finish(attempt: Attempt, payment: Payment, hold: Payment | None, state: AttemptState) -> None:
    attempt.state = state
    attempt.due_at = None
    attempt.message = ""
    payment.open_attempt_id = None
    if hold is not None and attempt.kind is AttemptKind.CAPTURE:
        hold.open_attempt_id = None


# --- money ---------------------------------------------------------------------------------


def _post(book: Book, merchant: Merchant, payment: Payment, key: str, event: TransferEvent) -> None:
    if payment.booked:
        book.direct(
            key,
            event,
            debit=merchant.acquirer_account_id,
            credit=merchant.account_id,
            amount=payment.amount,
            note=payment.txid,
        )


def _unpost(
    book: Book, merchant: Merchant, payment: Payment, key: str, event: TransferEvent, amount: int
) -> None:
    if payment.booked:
        book.direct(
            key,
            event,
            debit=merchant.account_id,
            credit=merchant.acquirer_account_id,
            amount=amount,
            note=payment.txid,
        )


def settle_payment(
    merchant: Merchant,
    payment: Payment,
    *,
    settlement_id: int,
    book: Book,
    accounts: CardAccounts,
) -> None:
    """The acquirer paid us: what it owed comes to the bank, and our fee is taken."""
    step(payment, PaymentState.SETTLED)
    payment.due_at = None
    payment.settlement_id = settlement_id
    payment.fee = merchant.fee_of(payment.amount, payment.card_brand)
    if not payment.booked:
        return
    book.direct(
        f"payment:{payment.id}:settlement",
        TransferEvent.CARD_SETTLEMENT,
        debit=accounts.bank,
        credit=merchant.acquirer_account_id,
        amount=payment.amount,
        note=payment.txid,
    )
    if payment.fee:
        book.direct(
            f"payment:{payment.id}:fee",
            TransferEvent.CARD_FEE,
            debit=merchant.account_id,
            credit=accounts.card_fees,
            amount=payment.fee,
            note=payment.txid,
        )


def settle_refund(
    merchant: Merchant,
    payment: Payment,
    attempt: Attempt,
    *,
    settlement_id: int,
    book: Book,
    accounts: CardAccounts,
) -> None:
    """The acquirer takes a refund off what it pays us."""
    attempt.settlement_id = settlement_id
    if payment.booked:
        book.direct(
            f"card_attempt:{attempt.id}:settlement",
            TransferEvent.CARD_REFUND_SETTLEMENT,
            debit=merchant.acquirer_account_id,
            credit=accounts.bank,
            amount=attempt.amount,
            note=payment.txid,
        )


def let_time_pass(merchant: Merchant, payment: Payment, at: datetime) -> str:
    """Say what a payment's clock has to do at `at`: expire, settle, release, or nothing."""
    if payment.due_at is None or payment.due_at > at or payment.merchant_id != merchant.id:
        return ""
    return {
        PaymentState.INITIALISED: "expire",
        PaymentState.PAID: "settle" if payment.open_attempt_id is None else "",
        PaymentState.PREAUTHED: "release",
    }.get(payment.state, "")
