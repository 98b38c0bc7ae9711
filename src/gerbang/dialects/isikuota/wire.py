"""IsiKuota on the wire: canonical text, signatures, JSON in and out; pure.

The reference implementation is PHP, so the text that is signed is what PHP 8 would write after
`json_decode`, `ksort` and `json_encode` with JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES.
"""

from __future__ import annotations

import hmac
import json
import math
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cmp_to_key
from hashlib import sha256
from types import NoneType
from typing import Any, Final

import msgspec

from gerbang.outbound.message import Answered
from gerbang.web.asgi import JSON_TYPE

JSON_DEPTH_MAX: Final = 64
"""No documented request nests at all (§3.2); PHP itself stops at 512."""

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1

_PLAIN: Final = frozenset({str, bool, NoneType})
"""Types of values that PHP writes back as they came."""

_decode: Final = msgspec.json.Decoder().decode
_encode: Final = msgspec.json.Encoder().encode


class InvalidJsonError(Exception):
    """The body is not a JSON object that PHP would read."""


# --- requests ----------------------------------------------------------------------------------


def decode_object(body: bytes) -> dict[str, Any]:
    """Read a JSON object; of equal members the last one wins, as in PHP (§3.2)."""
    try:
        value = _decode(body)
    # Bad UTF-8 is a ValueError too; the last one is nesting that exhausts the stack.
    except (ValueError, RecursionError) as error:
        raise InvalidJsonError from error
    if type(value) is not dict:
        raise InvalidJsonError
    return value


def canonical_body(business: Mapping[str, Any]) -> bytes:
    """Write the members that are signed as PHP would; no member at all is the empty string."""
    if not business:
        return b""
    names = sorted(business)
    # Any name that may look like a number sorts below ":", so the first one tells for all.
    looks_numeric = names[0] < ":"
    if looks_numeric:
        names = ksort(names)
    ordered: Any = {name: business[name] for name in names}
    for value in ordered.values():
        if type(value) not in _PLAIN:
            # ksort is not recursive: inner members keep the order they were sent in.
            ordered = {name: php_value(inner) for name, inner in ordered.items()}
            break
    text = _encode(php_array(ordered) if looks_numeric else ordered)
    # Both flags together still escape these two: that takes JSON_UNESCAPED_LINE_TERMINATORS.
    if b"\xe2\x80" in text:
        text = text.replace(b"\xe2\x80\xa8", b"\\u2028").replace(b"\xe2\x80\xa9", b"\\u2029")
    return text


def sign(canonical: bytes, *, api_id: str, api_key: str, secret_key: str, timestamp: int) -> str:
    """Sign a request (§3.1): HMAC over api_id|api_key|timestamp|hash of the canonical text."""
    text = f"{api_id}|{api_key}|{timestamp}|{sha256(canonical).hexdigest()}"
    return hmac.digest(secret_key.encode(), text.encode(), "sha256").hex()


def sign_webhook(body: bytes, *, secret_key: str) -> str:
    """Sign a webhook (§11.4): HMAC over the bytes as they are sent."""
    return hmac.digest(secret_key.encode(), body, "sha256").hex()


def same_signature(expected: str, given: str) -> bool:
    """Compare in constant time; `given` may hold any characters."""
    return hmac.compare_digest(expected.encode(), given.encode())


def encode_request(
    business: Mapping[str, Any], *, api_id: str, signature: str, timestamp: int
) -> bytes:
    """Write a request body: business members first, then the three that are not signed (§3.2)."""
    apart = {"api_id": api_id, "timestamp": timestamp, "signature": signature}
    return _encode({**business, **apart})


# --- PHP's habits ------------------------------------------------------------------------------

_NUMERIC: Final = re.compile(
    r"[ \t\n\r\v\f]*[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[ \t\n\r\v\f]*"
)


def ksort(names: Iterable[str]) -> list[str]:
    """Sort member names as PHP 8 does: numbers as numbers, everything else by bytes."""
    return sorted(names, key=cmp_to_key(_compare_names))


def _compare_names(left: str, right: str) -> int:
    if _NUMERIC.fullmatch(left) and _NUMERIC.fullmatch(right):
        one, two = Decimal(left.strip()), Decimal(right.strip())
        return (one > two) - (one < two)
    return (left > right) - (left < right)


def php_value(value: Any, depth: int = 1) -> Any:
    """Give what PHP would hold, and so write back, after decoding a value."""
    if depth > JSON_DEPTH_MAX:
        raise InvalidJsonError
    match value:
        case dict():
            return php_array({name: php_value(inner, depth + 1) for name, inner in value.items()})
        case list():
            return [php_value(inner, depth + 1) for inner in value]
        case float():
            return msgspec.Raw(php_float(value).encode())
        case int() if not INT64_MIN <= value <= INT64_MAX:
            return msgspec.Raw(php_float(_overflow(value)).encode())
        case _:
            return value


def php_array(members: dict[str, Any]) -> dict[str, Any] | list[Any]:
    """PHP knows one kind of array: ``{}`` and ``{"0":…,"1":…}`` are written back as lists."""
    if list(members) == [str(index) for index in range(len(members))]:
        return list(members.values())
    return members


def _overflow(value: int) -> float:
    """Integers beyond 64 bits become floats in PHP, and infinity cannot be encoded."""
    try:
        return float(value)
    except OverflowError as error:
        raise InvalidJsonError from error


def php_float(value: float) -> str:
    """Write a float as PHP 8 does with serialize_precision -1: 1.0 is ``1``, 1e25 ``1.0e+25``."""
    if value == 0:
        return "-0" if math.copysign(1, value) < 0 else "0"
    sign_text = "-" if value < 0 else ""
    digits, point = _shortest_digits(abs(value))
    if -3 <= point <= 17:  # noqa: PLR2004 (PHP's limits for the plain form)
        return sign_text + _plain(digits, point)
    exponent = point - 1
    return (
        f"{sign_text}{digits[0]}.{digits[1:] or '0'}e{'-' if exponent < 0 else '+'}{abs(exponent)}"
    )


def _shortest_digits(value: float) -> tuple[str, int]:
    """Give the shortest digits that read back as the same float, and where the point stands."""
    parts = Decimal(repr(value)).as_tuple()
    digits = "".join(map(str, parts.digits))
    point = len(digits) + int(parts.exponent)
    return digits.rstrip("0"), point


def _plain(digits: str, point: int) -> str:
    if point <= 0:
        return "0." + "0" * -point + digits
    whole, rest = digits[:point].ljust(point, "0"), digits[point:]
    return f"{whole}.{rest}" if rest else whole


# --- replies and webhooks ----------------------------------------------------------------------


def envelope(
    status: int,
    code: str,
    *,
    success: bool,
    message: str,
    data: Any = None,
    errors: Any = None,
    meta: Any = None,
    headers: tuple[tuple[str, str], ...] = (),
) -> Answered:
    """Write a reply: always the same six members (§4)."""
    body = _encode(
        {
            "success": success,
            "code": code,
            "message": message,
            "data": data,
            "errors": errors,
            "meta": meta,
        }
    )
    return Answered(status=status, headers=JSON_TYPE + headers, body=body)


def encode_php(value: Any) -> bytes:
    r"""Write JSON as PHP's `json_encode` does without flags: ``\/`` and ``\uXXXX``.

    The webhook page explains the signature by `json_encode(payload)` (§11.4): a receiver that
    decodes and encodes again before it verifies gets the same bytes.
    """
    text = json.dumps(value, separators=(",", ":"))
    return text.replace("/", "\\/").encode()
