"""Why a signature does not match, told to a tester: our text beside what clients often do; pure.

A guess can only match where the sender holds the secret, so telling which one matched tells an
attacker nothing that the ordinary check would not.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from gerbang.dialects.contract import Credential
from gerbang.dialects.dialect import SignatureExplanation
from gerbang.dialects.isikuota.wire import (
    InvalidJsonError,
    canonical_body,
    decode_object,
    same_signature,
)
from gerbang.outbound.message import InboundRequest

APART: Final = ("api_id", "timestamp", "signature")
TEXT_CHARS_MAX: Final = 4_000
NOT_TEXT: Final = "the signature must be a JSON string"


class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """What signs a request."""

    api_id: str
    api_key: str
    secret_key: str


class Guess(msgspec.Struct, frozen=True, kw_only=True):
    """A signature as a client with a usual mistake would make it."""

    differs: str
    advice: str
    signature: str


def explain_request(request: InboundRequest, credential: Credential) -> SignatureExplanation | None:
    """Explain the signature of a request as it came; None where it is no JSON object."""
    try:
        members = decode_object(request.body)
        keys = Keys(api_id=credential.key, **_own(credential.secrets))
        return explain_members(members, keys)
    except InvalidJsonError:
        return None


def explain_members(members: Mapping[str, Any], keys: Keys) -> SignatureExplanation:
    """Explain the `signature` that stands among the members. Raises InvalidJsonError."""
    business = {name: value for name, value in members.items() if name not in APART}
    timestamp = members.get("timestamp")
    canonical = canonical_body(business)
    given = members.get("signature")
    guess = None
    if isinstance(given, str):
        guess = next(
            (one for one in _guesses(members, keys) if same_signature(one.signature, given)), None
        )
    advice = guess.advice if guess else _UNEXPLAINED if isinstance(given, str) else NOT_TEXT
    return SignatureExplanation(
        steps=steps(business, canonical, keys=keys, timestamp=timestamp),
        differs=guess.differs if guess else "unexplained",
        advice=advice,
    )


def steps(
    business: Mapping[str, Any], canonical: bytes, *, keys: Keys, timestamp: object
) -> tuple[tuple[str, str], ...]:
    """Say how we build a signature, one step after the other; secrets stand as their names."""
    digest = hashlib.sha256(canonical).hexdigest()
    names = ", ".join(sorted(business)) or "none: the empty text is hashed"
    return (
        ("members that are signed, in ksort's order", names[:TEXT_CHARS_MAX]),
        ("canonical JSON", canonical.decode("utf-8", "replace")[:TEXT_CHARS_MAX]),
        ("SHA-256 of it, lower-case hex", digest),
        ("text to sign", f"{keys.api_id}|<api_key>|{_shown(timestamp)}|{digest}"),
        ("signature", "HMAC-SHA256 of that text with <secret_key>, lower-case hex"),
    )


_UNEXPLAINED: Final = (
    "none of the usual mistakes gives this signature: compare your texts with these, byte by byte, "
    "and see that api_key and secret_key are this api_id's"
)


def _own(secrets: Mapping[str, str]) -> dict[str, str]:
    return {name: secrets[name] for name in ("api_key", "secret_key")}


def _shown(timestamp: object) -> str:
    return str(timestamp)[:64]


# --- guesses ------------------------------------------------------------------------------------


def _guesses(members: Mapping[str, Any], keys: Keys) -> Iterator[Guess]:
    """Make signatures from the right one on: each text in each form, the plainest first."""
    timestamp = _shown(members.get("timestamp"))
    texts = list(_texts(members))
    for body_kind, body_advice, text in texts:
        for form_kind, form_advice, signature in _forms(text, keys, timestamp):
            advice = "; ".join(part for part in (body_advice, form_advice) if part)
            kind = (body_kind or form_kind) or "nothing"
            yield Guess(differs=kind, advice=advice or "it is right", signature=signature)


def _texts(members: Mapping[str, Any]) -> Iterator[tuple[str, str, bytes]]:
    """Give the text to hash as it must be, and as clients that err write it."""
    business = {name: value for name, value in members.items() if name not in APART}
    yield "", "", canonical_body(business)
    ordered = dict(sorted(business.items()))
    yield "order", "sort the members by name (ksort)", _json(business)
    yield "order", "sort upward, not downward", _json(dict(reversed(ordered.items())))
    for advice, values in (("", ordered), ("; sort the members by name too", business)):
        yield "spacing", f"write JSON without spaces{advice}", _json(values, loose=True)
        yield "spacing", f"write JSON on one line{advice}", _json(values, pretty=True)
        for slashes, letters in ((True, False), (False, True), (True, True)):
            text = _json(values, slashes=slashes, letters=letters)
            yield "escaping", f"{_ESCAPES[slashes, letters]}{advice}", text
    without = "sign without api_id, timestamp and signature"
    unsigned = {name: value for name, value in members.items() if name != "signature"}
    only_api_id = {**business, "api_id": members.get("api_id")}
    for values in (unsigned, dict(sorted(unsigned.items())), dict(sorted(only_api_id.items()))):
        yield "members", without, _json(values)
    if "testing" in business:
        left = {name: value for name, value in ordered.items() if name != "testing"}
        yield "members", "testing is signed like every other member", _json(left)
    yield "members", "the members themselves must be hashed, not the empty text", b""


_ESCAPES: Final = {
    (True, False): "do not escape slashes (JSON_UNESCAPED_SLASHES)",
    (False, True): "do not escape letters as \\uXXXX (JSON_UNESCAPED_UNICODE)",
    (True, True): "escape neither slashes nor letters (JSON_UNESCAPED_SLASHES and _UNICODE)",
}


def _json(
    values: Mapping[str, Any],
    *,
    loose: bool = False,
    pretty: bool = False,
    slashes: bool = False,
    letters: bool = False,
) -> bytes:
    text = json.dumps(
        dict(values),
        ensure_ascii=letters,
        separators=None if loose else (",", ": " if pretty else ":"),
        indent=4 if pretty else None,
    )
    return (text.replace("/", "\\/") if slashes else text).encode("utf-8", "surrogatepass")


def _forms(text: bytes, keys: Keys, timestamp: str) -> Iterator[tuple[str, str, str]]:
    """Give what the text becomes: as it must be, joined otherwise, hashed otherwise."""
    inner = hashlib.sha256(text).hexdigest()
    head = f"{keys.api_id}|{keys.api_key}|{timestamp}|"
    right = f"{head}{inner}".encode()
    secret = keys.secret_key.encode()
    outer = hmac.digest(secret, right, "sha256")
    yield "", "", outer.hex()
    yield "hash form", "write the signature in lower-case hex", outer.hex().upper()
    yield "hash form", "write the signature as hex, not base64", base64.b64encode(outer).decode()
    yield from _other_hashes(right, text, head=head, secret=secret, inner=inner)
    yield from _other_joins(inner, keys, timestamp)


def _other_hashes(
    right: bytes, text: bytes, *, head: str, secret: bytes, inner: str
) -> Iterator[tuple[str, str, str]]:
    use_hmac = "use HMAC with secret_key as its key, not a plain hash"
    for name in ("sha1", "sha512", "md5"):
        advice = f"use SHA-256, not {name.upper()}"
        yield "hash form", advice, hmac.digest(secret, right, name).hex()
    yield "hash form", use_hmac, hashlib.sha256(right).hexdigest()
    yield "hash form", use_hmac, hashlib.sha256(right + secret).hexdigest()
    yield "hash form", use_hmac, hashlib.sha256(right + b"|" + secret).hexdigest()
    for advice, last in (
        ("hash the canonical JSON first, then sign its hash", text),
        ("write the inner hash in lower-case hex", inner.upper().encode()),
        ("write the inner hash as hex", base64.b64encode(bytes.fromhex(inner))),
        ("write the inner hash as hex", bytes.fromhex(inner)),
    ):
        yield "hash form", advice, hmac.digest(secret, head.encode() + last, "sha256").hex()
    advice = "sign api_id|api_key|timestamp|hash, not the body alone"
    yield "join", advice, hmac.digest(secret, text, "sha256").hex()


def _other_joins(inner: str, keys: Keys, timestamp: str) -> Iterator[tuple[str, str, str]]:
    secret = keys.secret_key.encode()
    parts = (keys.api_id, keys.api_key, timestamp, inner)
    joined = "join the four parts with |"
    for mark in ("", ":", ".", "&", ","):
        yield "join", joined, hmac.digest(secret, mark.join(parts).encode(), "sha256").hex()
    short = f"{keys.api_id}|{timestamp}|{inner}"
    advice = "api_key stands between api_id and timestamp"
    yield "join", advice, hmac.digest(secret, short.encode(), "sha256").hex()
    mixed = f"{keys.api_key}|{keys.api_id}|{timestamp}|{inner}"
    yield "join", "api_id comes first", hmac.digest(secret, mixed.encode(), "sha256").hex()
    swapped = f"{keys.api_id}|{keys.secret_key}|{timestamp}|{inner}"
    advice = "api_key and secret_key are exchanged"
    yield "secret", advice, hmac.digest(keys.api_key.encode(), swapped.encode(), "sha256").hex()
    right = "|".join(parts).encode()
    advice = "sign with secret_key, not with api_key"
    yield "secret", advice, hmac.digest(keys.api_key.encode(), right, "sha256").hex()
