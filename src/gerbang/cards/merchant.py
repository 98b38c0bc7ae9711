"""A merchant (a MID): what it may do, what it pays, how it is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from gerbang.cards.reasons import CardReason

BASIS_POINTS: Final = 10_000
MDR_DEFAULT: Final = "default"


class Features(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a MID can do: in this protocol properties of the MID, not of the request."""

    secure: bool = False
    """Asks for 3-D Secure."""
    preauth: bool = False
    """A payment holds; a second one captures."""
    recurring: bool = False
    instalments: tuple[int, ...] = ()
    """Months offered beside a full payment."""
    autopaid: bool = False
    """Sandbox only: every well-formed card is approved."""
    cvv_required: bool = True
    cancels: bool = True
    partial_cancels: bool = True
    refunds: bool = True
    """Off: nothing can be given back once it is settled."""
    foreign_cards: bool = True
    """Off: only cards whose first digits are in `Limits.bins_domestic` are taken."""


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits of a MID in rupiah and counts; 0 is none."""

    amount_min: int = 5_000
    amount_max: int = 999_999_999
    card_day_count_max: int = 0
    card_day_amount_max: int = 0
    card_hour_attempts_max: int = 0
    """Velocity: tries of one card within an hour, declined ones too."""
    attempts_max: int = 3
    """Tries on one tXid."""
    bins_refused: tuple[str, ...] = ()
    bins_allowed: tuple[str, ...] = ()
    """First digits of cards; an empty list allows all."""
    bins_domestic: tuple[str, ...] = ()
    """First digits of domestic cards, for a MID that takes no foreign ones."""


class Ways(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a MID is spoken to."""

    strict: bool = False
    """Checks the timestamp's freshness, the cart's sum, and fields that clients leave out."""
    timestamp_skew_s_max: int = 900
    order_valid_s: int = 86_400
    hold_valid_s: int = 7 * 86_400
    refund_days_max: int = 90
    settle_hour: int = 0
    """The hour (WIB) of the cut-off: charges before it are settled then."""
    callback_method: str = "post"
    """post: an auto-submitting form; get: a redirect."""
    nulls: bool = True
    """Whether replies print absent fields as null or leave them out."""
    notify_failures: bool = False
    notify_partial_refunds: bool = False


class Merchant(msgspec.Struct, frozen=True, kw_only=True):
    """One MID, its key unsealed in memory only."""

    id: int
    imid: str
    name: str
    status: str
    account_id: int
    reseller_id: int | None
    acquirer: str
    acquirer_account_id: int
    sandboxed: bool
    booked: bool
    """Its charges move money: not so for a sandbox MID outside a demo installation."""
    key: str
    features: Features = Features()
    limits: Limits = Limits()
    ways: Ways = Ways()
    mdr: Mapping[str, int] = msgspec.field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Merchant({self.imid})"

    @property
    def active(self) -> bool:
        """Whether it may take payments."""
        return self.status == "active"

    def fee_of(self, amount: int, brand: str) -> int:
        """Give our fee in rupiah, rounded to the nearest; half a rupiah goes up."""
        return fee_at(amount, self.mdr.get(brand, self.mdr.get(MDR_DEFAULT, 0)))


def fee_at(amount: int, points: int) -> int:
    """Give a rate's part of an amount in rupiah, rounded to the nearest; half a rupiah goes up."""
    return (amount * points * 2 + BASIS_POINTS) // (BASIS_POINTS * 2)


def refused_by_digits(digits: str, limits: Limits, features: Features) -> CardReason | None:
    """Say why a card that begins like this is not taken; None when it is."""
    allowed = not limits.bins_allowed or digits.startswith(limits.bins_allowed)
    if digits.startswith(limits.bins_refused or ("-",)) or not allowed:
        return CardReason.BIN_REFUSED
    if not features.foreign_cards and not digits.startswith(limits.bins_domestic):
        return CardReason.FOREIGN_CARD
    return None
