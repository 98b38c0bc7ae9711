"""What the core and a card dialect say to each other; nothing here does I/O.

A card dialect has one name, `DIALECT: CardDialect`, in its ``__init__.py``. It turns a merchant's
bytes into calls of the `CardGateway` it is handed, and encodes notifications. It shares nothing
with the dialects of resellers' orders but the way out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec
from starlette.routing import BaseRoute

from gerbang.cards.card import CardData, Hidden
from gerbang.cards.merchant import Merchant
from gerbang.cards.payment import Payment, PaymentView
from gerbang.cards.reasons import Refused
from gerbang.outbound.message import Answered, HttpRequest, InboundRequest


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """A merchant announces a payment. `details` is kept as it came, for replies."""

    channel: str
    """direct or redirect"""
    pay_method: str
    reference: str
    amount: int
    instalment_months: int
    instalment_type: str
    recurring_option: int
    details: Mapping[str, Any]
    notify_url: str
    return_url: str = ""


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """Pay one registered payment: with a card, a recurring token or a hold's token."""

    card: CardData | None
    recurring_token: str = ""
    preauth_token: str = ""
    return_url: str = ""
    instalment_months: int | None = None


class Paid(msgspec.Struct, frozen=True, kw_only=True):
    """The acquirer approved; `expiry` of the card for the page, kept nowhere."""

    view: PaymentView
    expiry: str = ""


class NotPaid(msgspec.Struct, frozen=True, kw_only=True):
    """The acquirer declined, with the protocol's own code."""

    view: PaymentView
    code: str
    message: str


class Uncertain(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the card was charged is not known yet; an inquiry will say."""

    view: PaymentView


class Challenged(msgspec.Struct, frozen=True, kw_only=True):
    """The card's holder has to answer; `sealed` carries the card, encrypted, for one use."""

    view: PaymentView
    sealed: str
    silent: bool
    seconds_left: int
    hint: str = ""


class HandedOver(msgspec.Struct, frozen=True, kw_only=True):
    """The browser goes on to the acquirer's own page."""

    view: PaymentView
    url: str
    fields: Mapping[str, str]


ChargeResult = Paid | NotPaid | Uncertain | Challenged | HandedOver | Refused


class CancelRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Take a charge back. `number` is the merchant's own number of the cancel, where he has one."""

    cancel_type: str
    amount: int
    number: str = ""
    timestamp: str = ""
    reason: str = ""
    user: str = ""


class Cancelled(msgspec.Struct, frozen=True, kw_only=True):
    """It is taken back."""

    view: PaymentView
    cancel_txid: str
    amount: int
    at: datetime
    acquirer_reference: str


class NotCancelled(msgspec.Struct, frozen=True, kw_only=True):
    """The acquirer declined to take it back."""

    code: str
    message: str


CancelResult = Cancelled | NotCancelled | Uncertain | Refused


class TrialCard(msgspec.Struct, frozen=True, kw_only=True):
    """A card of the sandbox's issuer, as a page in testing mode shows it."""

    number: str
    expiry: str
    cvv: str
    holder: str
    code: str
    meaning: Mapping[str, str]
    """What it does, by language."""


class CardGateway(Protocol):
    """What a card dialect's server may ask."""

    public_url: str
    watch: Callable[[InboundRequest, Answered], Awaitable[Answered]]
    """Sees every answer, and gives it back, late or another one where a trial wants it so."""

    def merchant(self, imid: str) -> Merchant | None:
        """Find a MID in memory."""
        ...

    def merchant_of(self, payment: Payment) -> Merchant:
        """Give the MID of a payment."""
        ...

    def now(self, merchant: Merchant) -> datetime:
        """Tell the time by the merchant's clock."""
        ...

    def trial_cards(self, merchant: Merchant) -> Sequence[TrialCard]:
        """Give the cards that may be tried; none where a real card would be charged."""
        ...

    async def register(self, merchant: Merchant, registration: Registration) -> Payment | Refused:
        """Write a payment down."""
        ...

    async def find(self, txid: str) -> Payment | None:
        """Find a payment by its tXid; what was registered never changes, its state may."""
        ...

    async def view(self, payment: Payment) -> PaymentView:
        """Look at a payment as it stands now."""
        ...

    async def charge(self, payment: Payment, charge: Charge) -> ChargeResult:
        """Charge a card once."""
        ...

    async def open_challenge(self, txid: str, sealed: str) -> Challenged | Refused:
        """Look at a challenge without using it up."""
        ...

    async def answer_challenge(
        self, txid: str, sealed: str, *, password: Hidden | None, cancelled: bool
    ) -> ChargeResult:
        """Go on after a challenge; its secret is good for one answer."""
        ...

    async def cancel(self, payment: Payment, request: CancelRequest) -> CancelResult:
        """Take a charge back, wholly or in part."""
        ...

    def decrypt(self, key_sha256: str, text: str) -> str | None:
        """Decrypt one RSA-encrypted card field; None where key or text is wrong."""
        ...

    def buyer_proof(self, payment: Payment) -> str:
        """Give what only the browser is told that typed the card which was tried last."""
        ...


class PaymentMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One notification to a merchant, complete; `key` signs it."""

    id: int
    event: str
    occurred_at: datetime
    at: datetime
    """By the merchant's clock."""
    url: str
    key: str
    imid: str
    payment: Payment
    recurring_token: str = ""
    preauth_token: str = ""


CardEncoder = Callable[[PaymentMessage], HttpRequest]


class CardDialect(msgspec.Struct, frozen=True, kw_only=True):
    """A card dialect as the registry lists it; `name` is also the format of its notifications."""

    name: str
    routes: Callable[[CardGateway], Sequence[BaseRoute]]
    encode: CardEncoder
