"""What may be done with a payment now, and why something may not. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from gerbang.cards.merchant import Merchant
from gerbang.cards.payment import Payment, PaymentState
from gerbang.cards.plan import FULL, PARTIAL, refuse_cancel
from gerbang.cards.reasons import CardReason
from gerbang.cards.writes import BeginCancel

_NO_REQUEST: Mapping[str, str] = {}


class Allowed(msgspec.Struct, frozen=True, kw_only=True):
    """For each thing the reason against it; None where it may be done."""

    whole: CardReason | None
    part: CardReason | None
    capture: CardReason | None
    left: int
    """What can still be taken back."""

    @property
    def anything(self) -> bool:
        """Whether there is a button at all."""
        return None in (self.whole, self.part, self.capture)


def what_is_allowed(merchant: Merchant, payment: Payment, at: datetime) -> Allowed:
    """Ask the rules that a cancel itself goes by, without a cancel."""
    return Allowed(
        whole=_against(merchant, payment, at, FULL, payment.amount),
        part=_against(merchant, payment, at, PARTIAL, 1),
        capture=_against_capture(merchant, payment),
        left=payment.remainder,
    )


def _against(
    merchant: Merchant, payment: Payment, at: datetime, cancel_type: str, amount: int
) -> CardReason | None:
    want = BeginCancel(
        merchant=merchant,
        payment_id=payment.id,
        cancel_type=cancel_type,
        amount=amount,
        at=at,
        claim_s=0,
        request=_NO_REQUEST,
    )
    refused = refuse_cancel(want, payment, ())
    return refused.reason if refused is not None else None


def _against_capture(merchant: Merchant, payment: Payment) -> CardReason | None:
    if not merchant.features.preauth or payment.state is not PaymentState.PREAUTHED:
        return CardReason.HOLD_UNKNOWN
    return CardReason.CANCEL_BUSY if payment.open_attempt_id is not None else None
