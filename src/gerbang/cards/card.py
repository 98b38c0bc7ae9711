"""Card data while it is in memory: types that cannot be printed or written down by accident."""

from __future__ import annotations

import hashlib
import hmac
from enum import StrEnum
from typing import Final, NoReturn

DIGITS_MIN: Final = 12
DIGITS_MAX: Final = 19
HIDDEN: Final = "•••"


class CardSecretError(TypeError):
    """Card data may not be written down."""


class CardBrand(StrEnum):
    """The schemes we take; anything else is OTHER, and refused."""

    VISA = "visa"
    MASTERCARD = "mastercard"
    JCB = "jcb"
    AMEX = "amex"
    OTHER = "other"


class Hidden:
    """A text that is shown to nobody who does not ask by name: a CVV, a one-time password."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Keep the text."""
        self._text = text

    def reveal(self) -> str:
        """Give the text; whoever calls this answers for where it goes."""
        return self._text

    def __repr__(self) -> str:
        return HIDDEN

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return repr(self)

    def __bool__(self) -> bool:
        return bool(self._text)

    def __reduce__(self) -> NoReturn:
        raise CardSecretError("card data is not written down")


class CardNumber(Hidden):
    """A primary account number: prints as its mask, and cannot be serialised."""

    __slots__ = ()

    def __repr__(self) -> str:
        return self.masked

    __str__ = __repr__

    @property
    def masked(self) -> str:
        """First six, stars, last four, as long as the number itself."""
        digits = self._text
        if not self.is_well_formed:
            return HIDDEN
        return f"{digits[:6]}{'*' * (len(digits) - 10)}{digits[-4:]}"

    @property
    def is_well_formed(self) -> bool:
        """Only digits, and as many as a card has."""
        text = self._text
        return text.isascii() and text.isdigit() and DIGITS_MIN <= len(text) <= DIGITS_MAX

    @property
    def passes_luhn(self) -> bool:
        """The check digit is right."""
        total = 0
        for place, digit in enumerate(reversed(self._text)):
            doubled = int(digit) * (1 + place % 2)
            total += doubled - 9 if doubled > 9 else doubled  # noqa: PLR2004 (two digits)
        return total % 10 == 0

    @property
    def brand(self) -> CardBrand:
        """The scheme by the first digits."""
        return brand_of(self._text)

    def fingerprint(self, key: bytes) -> str:
        """Name the card without telling its number: equal cards, equal names."""
        return hmac.new(key, self._text.encode(), hashlib.sha256).hexdigest()


def brand_of(digits: str) -> CardBrand:
    """Recognise the scheme; a beginning of a number is enough."""
    if digits.startswith("4"):
        return CardBrand.VISA
    if digits[:2] in {"34", "37"}:
        return CardBrand.AMEX
    four = int(digits[:4]) if digits[:4].isdigit() and len(digits) >= 4 else 0  # noqa: PLR2004
    if 5100 <= four <= 5599 or 2221 <= four <= 2720:  # noqa: PLR2004 (the scheme's ranges)
        return CardBrand.MASTERCARD
    if 3528 <= four <= 3589:  # noqa: PLR2004 (the scheme's range)
        return CardBrand.JCB
    return CardBrand.OTHER


class CardData:
    """One card as it was typed, in memory only. `expiry` is YYMM."""

    __slots__ = ("cvv", "expiry", "holder", "number")

    def __init__(self, number: CardNumber, expiry: str, cvv: Hidden, holder: str = "") -> None:
        """Hold it."""
        self.number = number
        self.expiry = expiry
        self.cvv = cvv
        self.holder = holder

    def __repr__(self) -> str:
        return f"CardData({self.number})"

    def __reduce__(self) -> NoReturn:
        raise CardSecretError("card data is not written down")
