"""Why a sign does not match, told to a tester: our text beside what clients often do; pure.

A guess can only match where the sender holds PIN and password, so telling which one matched
tells an attacker nothing that the ordinary check would not.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from typing import Final

import msgspec

from gerbang.dialects.contract import Credential
from gerbang.dialects.dialect import SignatureExplanation
from gerbang.dialects.otomax.form import Fields, UnreadableError, read_fields
from gerbang.dialects.otomax.tickets import ticket_text
from gerbang.dialects.otomax.wire import (
    Login,
    balance_text,
    decode_sign,
    make_sign,
    order_text,
    sign_matches,
)
from gerbang.outbound.message import InboundRequest

MASKED: Final = ("<pin>", "<password>")
_UNEXPLAINED: Final = (
    "none of the usual mistakes gives this sign: compare your text with this one, letter by "
    "letter, and see that PIN and password are this member's"
)


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """A text to hash, and what is wrong with it."""

    differs: str
    advice: str
    text: str


def explain_request(request: InboundRequest, credential: Credential) -> SignatureExplanation | None:
    """Explain the sign of a request as it came; None where there is none or nothing is readable."""
    try:
        fields = read_fields(request)
    except UnreadableError:
        return None
    if not fields.get("sign", "").strip():
        return None
    secrets = credential.secrets
    login = Login(credential.key, secrets["pin"].strip(), secrets["password"].strip())
    return explain_fields(fields, login, kind=_kind_of(request, fields))


def _kind_of(request: InboundRequest, fields: Fields) -> str:
    if "balance" in request.path:
        return "balance"
    is_ticket = request.path.rstrip("/").endswith("/ticket") or fields.get("cmd") == "ticket"
    return "ticket" if is_ticket else "order"


def explain_fields(fields: Fields, login: Login, *, kind: str) -> SignatureExplanation:
    """Explain the `sign` among the fields of an order (or a balance, or a ticket)."""
    member = fields.get("memberid", login.member)
    own = Login(member, login.pin, login.password)
    sign = fields.get("sign", "")
    differs, advice = "unexplained", _UNEXPLAINED
    for text in _texts(fields, own, kind=kind):
        form = _form_of(sign, text.text)
        if form is not None:
            differs = text.differs or ("hash form" if form else "nothing")
            advice = "; ".join(part for part in (text.advice, form) if part) or "it is right"
            break
    return SignatureExplanation(
        steps=steps(fields, member, kind=kind), differs=differs, advice=advice
    )


def steps(fields: Fields, member: str, *, kind: str) -> tuple[tuple[str, str], ...]:
    """Say how we build a sign, one step after the other; secrets stand as their names."""
    return (
        ("text to hash", text_of(fields, Login(member, *MASKED), kind=kind)),
        ("hash", "SHA-1 of that text in UTF-8: twenty raw bytes, not hex"),
        ("sign", "base64 of them, + written as -, / as _, without = at the end: 27 letters"),
    )


def text_of(fields: Fields, login: Login, *, kind: str) -> str:
    """Write the text that is hashed."""
    if kind == "balance":
        return balance_text(login)
    if kind == "ticket":
        return ticket_text(login, amount=fields.get("amount", ""))
    return order_text(
        login,
        product=fields.get("product", ""),
        dest=fields.get("dest", ""),
        reference=fields.get("refid", ""),
    )


# --- guesses ------------------------------------------------------------------------------------


def _texts(fields: Fields, login: Login, *, kind: str) -> Iterator[Text]:
    right = text_of(fields, login, kind=kind)
    yield Text(differs="", advice="", text=right)
    parts = right.split("|")
    yield from _other_orders(parts)
    for mark in ("", ":", ".", "||", "&"):
        yield Text(differs="spacing", advice="join the parts with |", text=mark.join(parts))
    yield Text(differs="spacing", advice="no spaces around |", text=" | ".join(parts))
    yield Text(differs="spacing", advice="no line end after the text", text=right + "\n")
    yield Text(differs="members", advice="the text begins with OtomaX|", text="|".join(parts[1:]))
    yield Text(
        differs="escaping",
        advice="OtomaX is written just so",
        text="|".join(("otomax", *parts[1:])),
    )
    yield Text(differs="escaping", advice="do not write it in capitals", text=right.upper())
    yield Text(differs="escaping", advice="do not write it in small letters", text=right.lower())
    upper = "|".join((parts[0], parts[1].upper(), *parts[2:]))
    yield Text(differs="escaping", advice="sign memberID as it is sent", text=upper)
    if kind == "balance":
        yield Text(
            differs="members",
            advice="for a balance sign OtomaX|CheckBalance|memberID|pin|password",
            text="|".join((parts[0], *parts[2:])),
        )
    if kind == "ticket":
        yield Text(
            differs="members",
            advice="for a ticket sign OtomaX|ticket|memberID|pin|password|amount",
            text="|".join(parts[:-1]),
        )


def _other_orders(parts: list[str]) -> Iterator[Text]:
    """Exchange neighbours, which is what clients exchange."""
    names = {
        5: ("memberID", "pin", "password"),
        6: ("memberID", "pin", "password", "amount"),
        7: ("memberID", "product", "dest", "refID", "pin", "password"),
    }.get(len(parts), ())
    first = len(parts) - len(names)
    for at in range(first, len(parts) - 1):
        swapped = [*parts]
        swapped[at], swapped[at + 1] = swapped[at + 1], swapped[at]
        one, two = names[at - first], names[at - first + 1]
        yield Text(differs="order", advice=f"{one} comes before {two}", text="|".join(swapped))


def _form_of(sign: str, text: str) -> str | None:
    """Say in which form the sign is of this text: empty is the right one, None is not at all."""
    if sign_matches(decode_sign(sign, legacy=False), iter((text,))):
        return ""
    given = sign.strip().rstrip("=").replace(" ", "+").replace("-", "+").replace("_", "/")
    for advice, form in _forms(text.encode("utf-8", "surrogatepass")):
        if hmac.compare_digest(given.encode(), form.rstrip("=").encode()):
            return advice
    return None


def _forms(text: bytes) -> Iterator[tuple[str, str]]:
    for name in ("sha1", "sha256", "sha512", "md5"):
        digest = hashlib.new(name, text, usedforsecurity=False).digest()
        wrong = "" if name == "sha1" else f"use SHA-1, not {name.upper()}"
        hexed = "base64 of the raw bytes, not of their hex form"
        yield wrong or "write it in base64, not in hex", digest.hex()
        yield wrong or "write it in base64, not in hex", digest.hex().upper()
        if wrong:
            yield wrong, base64.b64encode(digest).decode()
        yield wrong or hexed, base64.b64encode(digest.hex().encode()).decode()
        yield wrong or hexed, base64.b64encode(digest.hex().upper().encode()).decode()


def sign_request(fields: Fields, login: Login, *, kind: str) -> str:
    """Sign as a client must."""
    return make_sign(text_of(fields, login, kind=kind))
