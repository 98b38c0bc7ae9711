"""What callers ask the card lane to do: one struct per intention."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from gerbang.cards.acquirers.contract import Approved, Challenge, Declined, HandOver, Unknown
from gerbang.cards.merchant import Merchant
from gerbang.cards.payment import Attempt, AttemptKind, Payment, PaymentKind
from gerbang.orders.writes import DueCallbackRow

Known = Approved | Declined | Challenge | HandOver | Unknown


class RegisterPayment(msgspec.Struct, frozen=True, kw_only=True):
    """Write a payment, or find that its reference was used."""

    merchant: Merchant
    channel: str
    pay_method: str
    reference: str
    amount: int
    at: datetime
    instalment_months: int
    instalment_type: str
    recurring_option: int
    details: Mapping[str, Any]
    notify_url: str
    return_url: str = ""


class CardFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a card."""

    mask: str
    fingerprint: str
    brand: str


class BeginCharge(msgspec.Struct, frozen=True, kw_only=True):
    """Write down that a card is about to be charged (or held, or a hold captured)."""

    merchant: Merchant
    payment_id: int
    kind: AttemptKind
    becomes: PaymentKind
    at: datetime
    claim_s: float
    return_url: str = ""
    card: CardFacts | None = None
    hold_id: int | None = None
    token_id: int | None = None
    instalment_months: int | None = None
    """Chosen by the buyer on the hosted page."""


class BeginCancel(msgspec.Struct, frozen=True, kw_only=True):
    """Write down that a charge is about to be taken back, wholly (`full`) or in part."""

    merchant: Merchant
    payment_id: int
    cancel_type: str
    amount: int
    at: datetime
    claim_s: float
    request: Mapping[str, Any]
    ours: bool = False
    """An automatic void, a queued cancel, or a hold whose time is up."""


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """The intention is committed: the acquirer may be asked, once."""

    payment: Payment
    attempt: Attempt
    of: Payment | None = None
    """The hold that is captured."""


class UseChallenge(msgspec.Struct, frozen=True, kw_only=True):
    """Use up the secret of a challenge page; exactly one caller may go on."""

    payment_id: int
    attempt_id: int
    secret_sha256: str
    claim_s: float


class RecordResult(msgspec.Struct, frozen=True, kw_only=True):
    """Apply what became known of an attempt: state, money and notification in one commit."""

    merchant: Merchant
    payment_id: int
    attempt_id: int
    outcome: Known
    at: datetime
    challenge_sha256: str = ""
    challenge_s: float = 0
    card_expiry: str = ""
    """Kept only where a token needs it."""
    ask_after_s: float = 0

    @property
    def account_id(self) -> int:
        """The account by which the lane chooses its worker."""
        return self.merchant.account_id


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """How payment and attempt stand after it."""

    payment: Payment
    attempt: Attempt
    changed: bool
    callbacks: tuple[DueCallbackRow, ...] = ()


class LetTimePass(msgspec.Struct, frozen=True, kw_only=True):
    """Do what a payment's clock says: expire it, settle it, or let go of its hold."""

    merchant: Merchant
    payment_id: int
    at: datetime
    settlement_id: int | None = None

    @property
    def account_id(self) -> int:
        """The account by which the lane chooses its worker."""
        return self.merchant.account_id


class SettleRefund(msgspec.Struct, frozen=True, kw_only=True):
    """The acquirer takes a refund off what it pays us."""

    merchant: Merchant
    payment_id: int
    attempt_id: int
    settlement_id: int

    @property
    def account_id(self) -> int:
        """The account by which the lane chooses its worker."""
        return self.merchant.account_id
