"""Recurring and pre-auth tokens: made from the payment and our key, so nothing of them is kept."""

from __future__ import annotations

import hashlib
import hmac

from gerbang.cards.merchant import Merchant
from gerbang.cards.payment import Payment, PaymentKind


class CardKeys:
    """Keys that are derived from the installation's secret: for fingerprints and for tokens."""

    def __init__(self, secret: bytes) -> None:
        """Derive both."""
        self.fingerprints = hmac.digest(secret, b"gerbang.cards.fingerprint", "sha256")
        self._tokens = hmac.digest(secret, b"gerbang.cards.token", "sha256")

    def token(self, kind: str, payment_id: int) -> str:
        """Give the token of a payment: 64 hexadecimal digits that nobody can guess."""
        return hmac.new(self._tokens, f"{kind}:{payment_id}".encode(), hashlib.sha256).hexdigest()


def token_sha256(token: str) -> str:
    """Give what is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def recurring_token(keys: CardKeys, merchant: Merchant, payment: Payment) -> str:
    """Give the recurring token of a charge that made one, or nothing."""
    made = (
        merchant.features.recurring
        and payment.kind is PaymentKind.SALE
        and payment.recurring_option in {0, 1}
        and payment.paid_at is not None
    )
    return keys.token("recurring", payment.id) if made else ""


def preauth_token(keys: CardKeys, payment: Payment) -> str:
    """Give the token of a hold, for as long as it was one."""
    held = payment.kind is PaymentKind.PREAUTH and payment.paid_at is not None
    return keys.token("preauth", payment.id) if held else ""
