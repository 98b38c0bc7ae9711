"""RSA-encrypted card fields: one key pair per installation, its private half sealed."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
from typing import Final

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

from gerbang.cards.store import SQL
from gerbang.postgres.pool import Pool
from gerbang.secrets_box import SecretBox

KEY_BITS: Final = 2_048
TEXT_CHARS_MAX: Final = 512


class CardKeyPair:
    """Decrypts single fields; `public_key` is what merchants are given."""

    def __init__(self, private: rsa.RSAPrivateKey, public_key: str) -> None:
        """Hold both halves."""
        self._private = private
        self.public_key = public_key
        self.sha256 = hashlib.sha256(public_key.encode()).hexdigest()

    def decrypt(self, key_sha256: str, text: str) -> str | None:
        """Decrypt one field (RSA/ECB/PKCS1, base64); None where key or text is wrong."""
        if key_sha256.lower() not in {"", self.sha256} or len(text) > TEXT_CHARS_MAX:
            return None
        try:
            # A form decoder turns a plus that was not escaped into a space.
            sealed = base64.b64decode(text.replace(" ", "+"), validate=True)
            return self._private.decrypt(sealed, padding.PKCS1v15()).decode("ascii")
        except (binascii.Error, ValueError):
            return None


async def load_key_pair(pool: Pool, box: SecretBox) -> CardKeyPair:
    """Take the installation's key pair, made when there is none."""
    row = await pool.fetchrow(SQL.card_key)
    if row is None:
        public, private = await asyncio.to_thread(_make)
        sha256 = hashlib.sha256(public.encode()).hexdigest()
        await pool.execute(SQL.keep_card_key, public, sha256, box.seal({"private_key": private}))
        row = await pool.fetchrow(SQL.card_key)
    assert row is not None  # noqa: S101 (it was just written)
    private_text = box.open(row["sealed"])["private_key"]
    # We made it, and its seal shows that nobody changed it.
    private_key = load_der_private_key(
        base64.b64decode(private_text), password=None, unsafe_skip_rsa_key_validation=True
    )
    assert isinstance(private_key, rsa.RSAPrivateKey)  # noqa: S101 (we made it)
    return CardKeyPair(private_key, row["public_key"])


def _make() -> tuple[str, str]:
    private = rsa.generate_private_key(public_exponent=65_537, key_size=KEY_BITS)
    public_bytes = private.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    private_bytes = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return base64.b64encode(public_bytes).decode(), base64.b64encode(private_bytes).decode()
