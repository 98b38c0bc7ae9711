"""Which browser paid: a tXid can be guessed, so what is told of a card needs more than that. Pure.

The browser that typed the card keeps a cookie, made of the payment and of the card that was
tried last: who tried a card of his own on somebody's order learns nothing of the one that paid.
"""

from __future__ import annotations

import hmac
from typing import Final

import msgspec

from gerbang.cards.payment import Payment
from gerbang.dialects.card_contract import CardGateway
from gerbang.outbound.message import Answered, InboundRequest

NAME: Final = "gerbang_buyer"
"""One cookie, of the newest payment: who pays all day long carries no more than that."""
KEPT_S: Final = 86_400


def with_proof(answer: Answered, gateway: CardGateway, payment: Payment) -> Answered:
    """Let the browser that typed this payment's card be known again."""
    secure = "; Secure" if gateway.public_url.startswith("https:") else ""
    cookie = (
        f"{NAME}={_known_by(gateway, payment)}; Path=/; Max-Age={KEPT_S}; "
        f"HttpOnly; SameSite=Lax{secure}"
    )
    return msgspec.structs.replace(answer, headers=(*answer.headers, ("set-cookie", cookie)))


def is_buyer(request: InboundRequest, gateway: CardGateway, payment: Payment) -> bool:
    """Tell whether this browser typed the card that was tried last."""
    if not payment.card_fingerprint:
        return False
    expected, begins = _known_by(gateway, payment).encode(), f"{NAME}="
    for name, value in request.headers:
        if name != "cookie":
            continue
        for part in value.split(";"):
            given = part.strip()
            if given.startswith(begins):
                return hmac.compare_digest(
                    given.removeprefix(begins).encode("utf-8", "replace"), expected
                )
    return False


def _known_by(gateway: CardGateway, payment: Payment) -> str:
    return f"{payment.txid}.{gateway.buyer_proof(payment)}"
