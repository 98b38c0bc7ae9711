"""Why a merchantToken does not match, told to a merchant in the sandbox; pure.

A guess can only match where the sender holds the merchant key, so telling which one matched tells
an attacker nothing that the ordinary check would not.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from typing import Any, Final

from gerbang.cards.merchant import Merchant
from gerbang.dialects.dialect import SignatureExplanation
from gerbang.dialects.nicepay.tokens import TOKEN_CHARS_MAX, token

FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "order": ("timeStamp", "iMid", "referenceNo", "amt"),
    "inquiry": ("timeStamp", "iMid", "referenceNo", "amt"),
    "cancel": ("timeStamp", "iMid", "tXid", "amt"),
    "notification": ("iMid", "tXid", "amt"),
}
"""What is hashed, in this order, before the merchant key."""
MEMBER: Final = "signatureExplained"
SHOWN_CHARS_MAX: Final = 300
_UNEXPLAINED: Final = "compare the text with yours, and the merchant key"


def explained(fields: Mapping[str, str], merchant: Merchant, *, what: str) -> dict[str, Any]:
    """Give the member that a refused token has beside the reply; only in the sandbox."""
    if not merchant.sandboxed:
        return {}
    parts = {name: fields.get(name, "") for name in FIELDS[what]}
    found = explain_token(parts, merchant.key, given=fields.get("merchantToken", ""))
    steps = [{"step": name, "text": text[:SHOWN_CHARS_MAX]} for name, text in found.steps]
    return {MEMBER: {"differs": found.differs, "advice": found.advice, "steps": steps}}


def explain_token(parts: Mapping[str, str], key: str, *, given: str) -> SignatureExplanation:
    """Explain the token `given` for these parts; the key is never shown."""
    wanted = given.strip()[:TOKEN_CHARS_MAX].encode("utf-8", "replace")
    differs, advice = "unexplained", _UNEXPLAINED
    for kind, said, made in _guesses(parts, key):
        if hmac.compare_digest(made.encode(), wanted):
            differs, advice = kind, said
            break
    return SignatureExplanation(steps=token_steps(parts), differs=differs, advice=advice)


def token_steps(parts: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Say how we build a token; the key stands as its name."""
    return (
        ("fields, in this order", " + ".join((*parts, "merchantKey"))),
        ("text to hash, without separators", "".join((*parts.values(), "<merchantKey>"))),
        ("merchantToken", "SHA-256 of that text, lower-case hex"),
    )


def _guesses(parts: Mapping[str, str], key: str) -> Iterator[tuple[str, str, str]]:
    """Give the right token, then those of the usual mistakes."""
    values, names = list(parts.values()), list(parts)
    right = token(key, *values)
    yield "nothing", "it is right", right
    yield "nothing", "it is right", right.upper()
    for at in range(len(values) - 1):
        other = [*values]
        other[at], other[at + 1] = other[at + 1], other[at]
        yield "order", f"{names[at]} comes before {names[at + 1]}", token(key, *other)
    yield "order", "the merchant key comes last", token("", key, *values)
    for mark in ("|", ":", " "):
        yield "spacing", "nothing stands between the fields", token("", mark.join((*values, key)))
    for at, name in enumerate(names):
        short = [value for n, value in enumerate(values) if n != at]
        yield "members", f"{name} is missing", token(key, *short)
