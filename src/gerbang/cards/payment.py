"""A card payment and its attempts: types and what they can say of themselves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import msgspec


class PaymentState(StrEnum):
    """Where a payment stands."""

    INITIALISED = "initialised"
    PROCESSING = "processing"
    """The acquirer is asked; what it did is not known yet."""
    CHALLENGED = "challenged"
    """The card's holder has to prove who he is."""
    PAID = "paid"
    """Charged, and not settled: it can be voided."""
    PREAUTHED = "preauthed"
    """The amount is held on the card."""
    SETTLED = "settled"
    """The acquirer has paid us: it can be refunded."""
    PARTLY_REFUNDED = "partly_refunded"
    CAPTURED = "captured"
    """A hold that another payment took."""
    VOID = "void"
    REFUNDED = "refunded"
    FAILED = "failed"
    EXPIRED = "expired"


class PaymentKind(StrEnum):
    """What sort of charge it became."""

    SALE = "sale"
    RECURRING = "recurring"
    PREAUTH = "preauth"
    CAPTURE = "capture"


class AttemptKind(StrEnum):
    """What the acquirer is asked to do."""

    CHARGE = "charge"
    HOLD = "hold"
    CAPTURE = "capture"
    VOID = "void"
    RELEASE = "release"
    REFUND = "refund"


class AttemptState(StrEnum):
    """What is known of one question to the acquirer."""

    SENT = "sent"
    CHALLENGED = "challenged"
    UNKNOWN = "unknown"
    APPROVED = "approved"
    DECLINED = "declined"


CHARGING: Final = frozenset({AttemptKind.CHARGE, AttemptKind.HOLD, AttemptKind.CAPTURE})
OPEN: Final = frozenset({AttemptState.SENT, AttemptState.CHALLENGED, AttemptState.UNKNOWN})

PAYABLE: Final = frozenset({PaymentState.INITIALISED, PaymentState.FAILED})
"""States in which a card may be tried."""
CHARGED: Final = frozenset(
    {
        PaymentState.PAID,
        PaymentState.PREAUTHED,
        PaymentState.SETTLED,
        PaymentState.PARTLY_REFUNDED,
        PaymentState.CAPTURED,
        PaymentState.VOID,
        PaymentState.REFUNDED,
    }
)
"""A card was charged or held once, whatever followed."""


class Payment(msgspec.Struct, kw_only=True):
    """One registered payment. Mutable only inside a batch that has its row locked."""

    id: int
    txid: str
    merchant_id: int
    reference: str
    channel: str
    sandboxed: bool
    booked: bool
    amount: int
    kind: PaymentKind
    state: PaymentState
    instalment_months: int
    instalment_type: str
    recurring_option: int
    details: Mapping[str, Any]
    notify_url: str
    return_url: str
    registered_at: datetime
    expires_at: datetime
    refunded: int = 0
    card_mask: str = ""
    card_fingerprint: str = ""
    card_brand: str = ""
    issuer_bank: str = ""
    issuer_name: str = ""
    auth_code: str = ""
    acquirer_reference: str = ""
    hold_id: int | None = None
    token_id: int | None = None
    open_attempt_id: int | None = None
    failures: int = 0
    cancel_wanted: bool = False
    fee: int = 0
    settlement_id: int | None = None
    paid_at: datetime | None = None
    due_at: datetime | None = None

    @property
    def remainder(self) -> int:
        """What could still be given back."""
        return self.amount - self.refunded


class Attempt(msgspec.Struct, kw_only=True):
    """One question to the acquirer, written down before it is asked."""

    id: int
    payment_id: int
    kind: AttemptKind
    state: AttemptState
    amount: int
    reference: str
    at: datetime
    hold_id: int | None = None
    code: str = ""
    message: str = ""
    acquirer_reference: str = ""
    auth_code: str = ""
    card_mask: str = ""
    card_fingerprint: str = ""
    challenge_sha256: str | None = None
    challenge_used_at: datetime | None = None
    request: Mapping[str, Any] = msgspec.field(default_factory=dict)
    claimed_by: str | None = None
    due_at: datetime | None = None
    asks: int = 0
    settlement_id: int | None = None


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """One declined try: what `latestFailHistory` lists."""

    code: str
    message: str
    at: datetime


class PaymentView(msgspec.Struct, frozen=True, kw_only=True):
    """A payment as replies and notifications are made from it."""

    payment: Payment
    imid: str
    failures: tuple[Failure, ...] = ()
    recurring_token: str = ""
    preauth_token: str = ""
    in_process: bool = False
    """The acquirer is being asked about a charge, a capture or a cancel."""
