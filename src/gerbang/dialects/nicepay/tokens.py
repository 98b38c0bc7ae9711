"""Every merchantToken of the protocol (§3): SHA-256 over plain concatenation, key last as text.

Concatenation without separators does not prove where one field ends, so a token never stands
for more than the fields of its own request.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

TOKEN_CHARS_MAX: Final = 255


def token(key: str, *parts: str) -> str:
    """Hash the parts and the key."""
    text = "".join((*parts, key))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def order_token(key: str, *, timestamp: str, imid: str, reference: str, amount: str) -> str:
    """Sign a registration, a payment or an inquiry; an empty timestamp is the V1 form."""
    return token(key, timestamp, imid, reference, amount)


def cancel_token(key: str, *, timestamp: str, imid: str, txid: str, amount: str) -> str:
    """Sign a cancel of `amount`."""
    return token(key, timestamp, imid, txid, amount)


def notification_token(key: str, *, imid: str, txid: str, amount: str) -> str:
    """Sign a notification or a callback; the iMid is not on the wire."""
    return token(key, imid, txid, amount)


def same_token(expected: str, given: object) -> bool:
    """Compare in constant time; upper case is accepted (§19)."""
    if not isinstance(given, str) or len(given) > TOKEN_CHARS_MAX:
        return False
    return hmac.compare_digest(expected.encode(), given.strip().lower().encode("utf-8", "replace"))


def notification_holds(fields: Mapping[str, str], *, imid: str, key: str) -> bool:
    """Say whether a notification or callback is signed with the key of this MID."""
    expected = notification_token(
        key, imid=imid, txid=fields.get("tXid", ""), amount=fields.get("amt", "")
    )
    return same_token(expected, fields.get("merchantToken"))
