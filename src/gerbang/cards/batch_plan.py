"""What each write of a batch does with the rows that are locked. Plain Python, no I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from gerbang.cards.apply import (
    Applied,
    PaymentEvent,
    apply_result,
    leave_challenge,
    let_time_pass,
    settle_payment,
    settle_refund,
)
from gerbang.cards.batch_state import CardBatch
from gerbang.cards.merchant import Merchant
from gerbang.cards.news import PaymentNews, is_told
from gerbang.cards.payment import Attempt, AttemptState, Payment, PaymentKind, PaymentState
from gerbang.cards.plan import (
    CardDay,
    abandoned,
    begin_cancel,
    begin_charge,
    refuse_cancel,
    refuse_charge,
    step,
)
from gerbang.cards.reasons import CardReason, Refused
from gerbang.cards.rows import NewTokenRow
from gerbang.cards.tokens import recurring_token, token_sha256
from gerbang.cards.writes import (
    BeginCancel,
    BeginCharge,
    Begun,
    LetTimePass,
    Recorded,
    RecordResult,
    RegisterPayment,
    SettleRefund,
    UseChallenge,
)
from gerbang.clock import WIB
from gerbang.postgres.lane_program import SET_ASIDE

PAYMENT_NUMBERS: Final = 10_000
"""The last four digits of a tXid come from the payment's number."""


def plan_batch(batch: CardBatch) -> None:
    """Decide every write, in the order in which they came."""
    for index, write in enumerate(batch.writes):
        if batch.results[index] is not SET_ASIDE:
            batch.results[index] = _plan(batch, index, write)


def _plan(batch: CardBatch, index: int, write: Any) -> Any:
    if isinstance(write, RegisterPayment):
        return _register(batch, write)
    payment = batch.payments.get(write.payment_id)
    if payment is None or (hasattr(write, "merchant") and payment.merchant_id != write.merchant.id):
        return Refused(reason=CardReason.UNKNOWN_PAYMENT)
    return PLANS[type(write)](batch, index, write, payment)


def _register(batch: CardBatch, w: RegisterPayment) -> Payment | Refused:
    if (w.merchant.id, w.reference) in batch.used:
        return Refused(reason=CardReason.REFERENCE_USED)
    batch.used.add((w.merchant.id, w.reference))
    number = batch.numbers.orders.next()
    payment = Payment(
        id=number,
        txid=make_txid(w.merchant.imid, w.pay_method, w.at, number),
        merchant_id=w.merchant.id,
        reference=w.reference,
        channel=w.channel,
        sandboxed=w.merchant.sandboxed,
        booked=w.merchant.booked,
        amount=w.amount,
        kind=PaymentKind.SALE,
        state=PaymentState.INITIALISED,
        instalment_months=w.instalment_months,
        instalment_type=w.instalment_type,
        recurring_option=w.recurring_option,
        details=w.details,
        notify_url=w.notify_url,
        return_url=w.return_url,
        registered_at=w.at,
        expires_at=w.at + timedelta(seconds=w.merchant.ways.order_valid_s),
    )
    batch.new_payments.append(payment)
    return payment


def _begin_charge(
    batch: CardBatch, index: int, w: BeginCharge, payment: Payment
) -> Begun | Refused:
    hold = batch.payments.get(w.hold_id) if w.hold_id else None
    attempts = batch.attempts[payment.id]
    card = (w.merchant.id, w.card.fingerprint if w.card is not None else "")
    day = batch.days.get(index, CardDay()) + batch.days_here[card]
    refused = refuse_charge(w, payment, hold, attempts, day)
    if refused is not None:
        return refused
    left = abandoned(attempts)
    if left is not None and payment.state is PaymentState.CHALLENGED:
        # The trigger that writes history sees one step only, so the payment is written twice.
        leave_challenge(payment, left)
        batch.changed_attempts[left.id] = left
        batch.before[payment.id] = PaymentState.CHALLENGED
    attempt = begin_charge(
        w, payment, hold, attempt_id=batch.numbers.attempts.next(), now=batch.now
    )
    _begun(batch, attempt, payment, *((hold,) if hold is not None else ()))
    batch.days_here[card] += CardDay(charges=1, amount=attempt.amount, tries_in_hour=1)
    return Begun(payment=payment, attempt=attempt, of=hold)


def _begin_cancel(
    batch: CardBatch, _index: int, w: BeginCancel, payment: Payment
) -> Begun | Refused:
    refused = refuse_cancel(w, payment, batch.attempts[payment.id])
    if refused is not None:
        if refused.reason is CardReason.CANCEL_QUEUED:
            payment.cancel_wanted = True
            batch.changed[payment.id] = payment
        return refused
    number = batch.numbers.attempts.next()
    reference = make_txid(w.merchant.imid, payment.txid[10:12], w.at, number)
    attempt = begin_cancel(w, payment, attempt_id=number, reference=reference, now=batch.now)
    _begun(batch, attempt, payment)
    return Begun(payment=payment, attempt=attempt)


def _begun(batch: CardBatch, attempt: Attempt, *payments: Payment) -> None:
    attempt.claimed_by = batch.terms.node
    batch.new_attempts.append(attempt)
    batch.attempts[attempt.payment_id].append(attempt)
    for payment in payments:
        batch.changed[payment.id] = payment


def _use_challenge(
    batch: CardBatch, _index: int, w: UseChallenge, payment: Payment
) -> Begun | Refused:
    attempt = batch.attempt(payment, w.attempt_id)
    usable = (
        attempt is not None
        and attempt.state is AttemptState.CHALLENGED
        and attempt.challenge_used_at is None
        and attempt.challenge_sha256 == w.secret_sha256
    )
    if attempt is None or not usable:
        return Refused(reason=CardReason.CHALLENGE_OVER)
    attempt.challenge_used_at = batch.now
    attempt.state = AttemptState.SENT
    attempt.due_at = batch.now + timedelta(seconds=w.claim_s)
    step(payment, PaymentState.PROCESSING)
    batch.change(payment, attempt)
    return Begun(payment=payment, attempt=attempt)


def _record(batch: CardBatch, index: int, w: RecordResult, payment: Payment) -> Recorded | Refused:
    attempt = batch.attempt(payment, w.attempt_id)
    if attempt is None:
        return Refused(reason=CardReason.UNKNOWN_PAYMENT)
    hold = batch.payments.get(attempt.hold_id) if attempt.hold_id else None
    applied = apply_result(w, payment, hold, attempt, book=batch.book, now=batch.now)
    _follow(batch, index, w, payment, attempt, applied)
    if applied.changed:
        batch.change(payment, attempt)
        if hold is not None:
            batch.changed[hold.id] = hold
    return Recorded(payment=payment, attempt=attempt, changed=applied.changed)


def _follow(
    batch: CardBatch,
    index: int,
    w: RecordResult,
    payment: Payment,
    attempt: Attempt,
    applied: Applied,
) -> None:
    if applied.case:
        detail = {"txid": payment.txid, "code": attempt.code, "amount": attempt.amount}
        batch.cases.append((applied.case, f"{applied.case}:{attempt.id}", detail))
    if applied.token is not None:
        token = applied.token
        text = batch.terms.keys.token(token.kind, payment.id)
        batch.tokens.append(
            NewTokenRow(
                id=batch.numbers.attempts.next(),
                merchant_id=payment.merchant_id,
                kind=token.kind,
                payment_id=payment.id,
                token_sha256=token_sha256(text),
                card_mask=payment.card_mask,
                card_fingerprint=payment.card_fingerprint,
                card_brand=payment.card_brand,
                card_expiry=token.expiry,
                vault=token.vault,
            )
        )
    _tell(batch, index, applied.event, w.merchant, payment, w.at)


def _tell(
    batch: CardBatch,
    index: int,
    event: PaymentEvent | None,
    merchant: Merchant,
    payment: Payment,
    at: datetime,
) -> None:
    if event is None or not is_told(event, merchant, payment):
        return
    news = PaymentNews(
        event=event,
        payment=payment,
        imid=merchant.imid,
        at=at,
        recurring=bool(recurring_token(batch.terms.keys, merchant, payment)),
    )
    batch.news.append((index, news, merchant))


def _pass_time(batch: CardBatch, _index: int, w: LetTimePass, payment: Payment) -> str:
    what = let_time_pass(w.merchant, payment, w.at)
    if what == "expire":
        step(payment, PaymentState.EXPIRED)
        payment.due_at = None
    elif what == "release":
        payment.cancel_wanted = True
        payment.due_at = None
    elif what == "settle" and w.settlement_id is not None:
        settle_payment(
            w.merchant,
            payment,
            settlement_id=w.settlement_id,
            book=batch.book,
            accounts=batch.terms.accounts,
        )
    else:
        return ""
    batch.changed[payment.id] = payment
    return what


def _settle_refund(batch: CardBatch, _index: int, w: SettleRefund, payment: Payment) -> bool:
    attempt = batch.attempt(payment, w.attempt_id)
    if attempt is None or attempt.settlement_id is not None:
        return False
    settle_refund(
        w.merchant,
        payment,
        attempt,
        settlement_id=w.settlement_id,
        book=batch.book,
        accounts=batch.terms.accounts,
    )
    batch.changed_attempts[attempt.id] = attempt
    return True


def make_txid(imid: str, pay_method: str, at: datetime, number: int) -> str:
    """Name a payment or a cancel in 30 characters: MID, method, WIB time, four digits."""
    stamp = at.astimezone(WIB).strftime("%Y%m%d%H%M%S")
    return f"{imid}{pay_method}{stamp}{number % PAYMENT_NUMBERS:04d}"


PLANS: Final[Mapping[type, Callable[[CardBatch, int, Any, Payment], Any]]] = {
    BeginCharge: _begin_charge,
    BeginCancel: _begin_cancel,
    UseChallenge: _use_challenge,
    RecordResult: _record,
    LetTimePass: _pass_time,
    SettleRefund: _settle_refund,
}
