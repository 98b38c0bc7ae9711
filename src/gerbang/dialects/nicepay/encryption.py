"""``encrypted=1``: card fields under the acquirer's RSA key, each by itself (§5.1)."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Final

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

KEY_BITS_MIN: Final = 1024
"""What the documents use; a key of ours should be longer."""


class BadPublicKeyError(ValueError):
    """The text is no base64 RSA public key."""


def load_public_key(text: str) -> RSAPublicKey:
    """Read a public key as the documents give it: base64 in one line, without armour."""
    try:
        key = load_der_public_key(base64.b64decode(text, validate=True))
    except (ValueError, binascii.Error) as error:
        raise BadPublicKeyError("not a base64 public key") from error
    if not isinstance(key, RSAPublicKey) or key.key_size < KEY_BITS_MIN:
        raise BadPublicKeyError(f"not an RSA key of {KEY_BITS_MIN} bits or more")
    return key


def name_of_key(text: str) -> str:
    """Name a key as the form's ``publicKey`` does: SHA-256 of its text."""
    return hashlib.sha256(text.encode()).hexdigest()


def encrypt(key: RSAPublicKey, value: str) -> str:
    """Encrypt one field; the same value never gives the same text twice."""
    return base64.b64encode(key.encrypt(value.encode(), PKCS1v15())).decode()
