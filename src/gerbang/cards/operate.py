"""What a person does with a payment by hand: the same use cases that merchants call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gerbang.audit import write_audit
from gerbang.cards.payment import Payment, PaymentState
from gerbang.cards.read import show_payment
from gerbang.cards.reasons import CardReason, Refused
from gerbang.clock import WIB
from gerbang.dialects.card_contract import (
    Cancelled,
    CancelRequest,
    Charge,
    NotCancelled,
    NotPaid,
    Paid,
    Registration,
)
from gerbang.errors import BadInputError, ConflictError, NotFoundError
from gerbang.postgres.pool import Pool

if TYPE_CHECKING:
    from gerbang.cards.desk import CardDesk


class NotDoneError(ConflictError):
    """Nothing was done: `reason` is ours, `said` the acquirer's own words."""

    def __init__(self, text: str, *, reason: CardReason | None = None, said: str = "") -> None:
        """Keep why, for a page that says it in its reader's language."""
        super().__init__(text)
        self.reason = reason
        self.said = said


async def cancel_payment(
    pool: Pool,
    cards: CardDesk,
    txid: str,
    *,
    amount: int | None,
    reason: str,
    actor: str,
    number: str = "",
) -> dict[str, Any]:
    """Take a charge back: all of it, or `amount` of a settled one.

    The same `number` again is the same cancel, so that a form sent twice refunds once. Without
    one, the same amount within one second is the same cancel.
    """
    payment = await _find(cards, txid)
    await _audit(pool, "card_payment.cancel", payment, actor, {"amount": amount, "reason": reason})
    stamp = cards.now(cards.merchant_of(payment)).astimezone(WIB).strftime("%Y%m%d%H%M%S")
    result = await cards.cancel(
        payment,
        CancelRequest(
            cancel_type="1" if amount is None else "2",
            amount=payment.amount if amount is None else amount,
            number=number,
            timestamp="" if number else stamp,
            reason=reason[:255],
            user=actor[:30],
        ),
    )
    if isinstance(result, Refused):
        raise _refused("cancelled", result)
    if isinstance(result, NotCancelled):
        raise _declined(result.code, result.message)
    told = "cancelled" if isinstance(result, Cancelled) else "unknown"
    return await show_payment(pool, txid) | {"result": told}


async def capture_payment(
    pool: Pool, cards: CardDesk, txid: str, *, amount: int, reference: str, actor: str
) -> dict[str, Any]:
    """Take `amount` of a hold by a payment of its own; gives that payment."""
    hold = await _find(cards, txid)
    if hold.state is not PaymentState.PREAUTHED:
        raise ConflictError(f"{txid} is {hold.state}, not a hold")
    if not 0 < amount <= hold.amount:
        raise BadInputError(f"amount: 1 to {hold.amount}", {"amount": f"1 to {hold.amount}"})
    await _audit(pool, "card_payment.capture", hold, actor, {"amount": amount})
    merchant = cards.merchant_of(hold)
    capture = await cards.register(
        merchant,
        Registration(
            channel="direct",
            pay_method="01",
            reference=reference,
            amount=amount,
            instalment_months=hold.instalment_months,
            instalment_type=hold.instalment_type,
            recurring_option=2,
            details=hold.details,
            notify_url=hold.notify_url,
        ),
    )
    if isinstance(capture, Refused):
        raise _refused("registered", capture)
    token = cards.keys.token("preauth", hold.id)
    result = await cards.charge(capture, Charge(card=None, preauth_token=token))
    if isinstance(result, Refused):
        raise _refused("captured", result)
    if isinstance(result, NotPaid):
        raise _declined(result.code, result.message)
    told = "captured" if isinstance(result, Paid) else "unknown"
    return await show_payment(pool, capture.txid) | {"result": told}


def _refused(done: str, refused: Refused) -> NotDoneError:
    return NotDoneError(f"not {done}: {refused.reason}", reason=refused.reason)


def _declined(code: str, message: str) -> NotDoneError:
    said = f"{code} {message}".strip()
    return NotDoneError(f"the acquirer declined: {said}", said=said)


async def _find(cards: CardDesk, txid: str) -> Payment:
    payment = await cards.find(txid)
    if payment is None:
        raise NotFoundError(f"no payment {txid}")
    return payment


async def _audit(
    pool: Pool, action: str, payment: Payment, actor: str, after: dict[str, Any]
) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await write_audit(
            connection, actor=actor, action=action, subject=f"payment:{payment.txid}", after=after
        )
