"""The sealed field of the challenge page: the card, for one answer within ten minutes. Pure."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Final

from gerbang.cards.card import CardData, CardNumber, Hidden
from gerbang.secrets_box import CannotOpenError, SecretBox, generate_token

CHALLENGE_VALID_S: Final = 600
_PURPOSE: Final = "challenge"


class OpenedChallenge:
    """What the sealed field held. It is never printed or stored."""

    __slots__ = ("attempt_id", "card", "expires", "payment_id", "secret")

    def __init__(self, values: dict[str, str]) -> None:
        """Read the opened values."""
        self.payment_id = int(values["payment"])
        self.attempt_id = int(values["attempt"])
        self.secret = values["secret"]
        self.expires = datetime.fromisoformat(values["expires"])
        self.card = CardData(
            CardNumber(values["number"]), values["expiry"], Hidden(values["cvv"]), values["holder"]
        )


def new_secret() -> str:
    """Make the secret whose hash the database lets be used once."""
    return generate_token()


def seal_challenge(
    box: SecretBox,
    card: CardData,
    *,
    payment_id: int,
    attempt_id: int,
    secret: str,
    expires: datetime,
) -> str:
    """Seal the card into text that a hidden input can carry."""
    sealed = box.seal(
        {
            "purpose": _PURPOSE,
            "payment": str(payment_id),
            "attempt": str(attempt_id),
            "secret": secret,
            "expires": expires.isoformat(),
            "number": card.number.reveal(),
            "expiry": card.expiry,
            "cvv": card.cvv.reveal(),
            "holder": card.holder,
        }
    )
    return base64.urlsafe_b64encode(sealed).decode()


def open_challenge(box: SecretBox, text: str, *, now: datetime) -> OpenedChallenge | None:
    """Open a sealed field; None where it is not ours, was changed, or is too old."""
    try:
        values = box.open(base64.urlsafe_b64decode(text.encode("ascii", "strict")))
    except (CannotOpenError, binascii.Error, ValueError):
        return None
    if values.get("purpose") != _PURPOSE:
        return None
    opened = OpenedChallenge(values)
    return opened if opened.expires > now else None
