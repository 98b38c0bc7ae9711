"""What merchants are told of their payments, as it stands in the outbox. Pure."""

from __future__ import annotations

from datetime import datetime

import msgspec

from gerbang.cards.apply import PaymentEvent
from gerbang.cards.merchant import Merchant
from gerbang.cards.payment import Payment


class PaymentNews(msgspec.Struct, frozen=True, kw_only=True):
    """A payment at the moment it is told of; tokens are made anew when it is sent."""

    event: PaymentEvent
    payment: Payment
    imid: str
    at: datetime
    recurring: bool = False
    """The payment has a recurring token."""


def is_told(event: PaymentEvent | None, merchant: Merchant, payment: Payment) -> bool:
    """Whether this is news that the merchant wants."""
    if event is None or not payment.notify_url:
        return False
    if event is PaymentEvent.FAILED:
        return merchant.ways.notify_failures
    if event is PaymentEvent.REFUNDED_PARTLY:
        return merchant.ways.notify_partial_refunds
    return True
