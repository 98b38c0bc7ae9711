"""What an acquirer can be asked, and what it can say; nothing here does I/O.

*Unknown* is a state: a question whose answer was lost is neither repeated nor taken for a refusal;
`inquire` finds the truth.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec

from gerbang.cards.card import CardData, Hidden
from gerbang.cards.payment import AttemptKind


class ChargeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Charge a card, or hold the amount on it. `reference` is ours, unique for ever."""

    kind: AttemptKind
    reference: str
    txid: str
    imid: str
    amount: int
    instalment_months: int = 1
    secure: bool = False
    autopaid: bool = False
    wants_vault: bool = False
    """The merchant wants to charge this card again later."""
    vault: str = ""
    """The acquirer's own name of a card that was charged before; then no card is given."""


class FollowUp(msgspec.Struct, frozen=True, kw_only=True):
    """Capture a hold, or take a charge back: void, release or refund."""

    kind: AttemptKind
    reference: str
    of_reference: str
    """What the acquirer called the charge or hold."""
    imid: str
    amount: int
    charged: int
    """The whole amount of the charge or hold."""
    reason: str = ""


class ChallengeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back from the card's holder."""

    password: Hidden | None = None
    cancelled: bool = False


class Approved(msgspec.Struct, frozen=True, kw_only=True):
    """It happened."""

    acquirer_reference: str
    auth_code: str = ""
    issuer_bank: str = ""
    issuer_name: str = ""
    vault: str = ""
    card_mask: str = ""
    """Where the acquirer took the card itself and says which."""
    card_brand: str = ""


class Declined(msgspec.Struct, frozen=True, kw_only=True):
    """It certainly did not happen. `code` is the protocol's own result code."""

    code: str
    message: str = ""


class Challenge(msgspec.Struct, frozen=True, kw_only=True):
    """The card's holder must answer first; nothing is charged yet."""

    silent: bool = False
    """Frictionless: no question, the second call settles it."""


class HandOver(msgspec.Struct, frozen=True, kw_only=True):
    """The browser goes to the acquirer's own page; the result is found by inquiry."""

    url: str
    fields: Mapping[str, str]


class Unknown(msgspec.Struct, frozen=True, kw_only=True):
    """It may have happened."""

    error: str = ""


class NotFound(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing by this reference, and nothing will be: as final as a decline."""


ChargeOutcome = Approved | Declined | Challenge | HandOver | Unknown
FollowUpOutcome = Approved | Declined | Unknown
Truth = Approved | Declined | Challenge | NotFound | Unknown
"""`NotFound` only where the acquirer closes the reference by being asked; else `Unknown`."""


class Acquirer(Protocol):
    """One acquirer. No method raises for what the network does: that is `Unknown`."""

    async def charge(self, request: ChargeRequest, card: CardData | None) -> ChargeOutcome:
        """Charge or hold."""
        ...

    async def resume(
        self, request: ChargeRequest, card: CardData, answer: ChallengeAnswer
    ) -> ChargeOutcome:
        """Go on after a challenge, with the same reference."""
        ...

    async def follow_up(self, request: FollowUp) -> FollowUpOutcome:
        """Capture, void, release or refund."""
        ...

    async def inquire(self, reference: str, kind: AttemptKind) -> Truth:
        """Find out what became of a reference."""
        ...
