"""Secrets that must be read back are sealed with AES-GCM under a key outside the database."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
VERSION: Final = b"\x01"


class CannotOpenError(Exception):
    """The sealed text was made under another key, or changed."""


class SecretBox:
    """Seals small dictionaries of text."""

    def __init__(self, key: bytes) -> None:
        """Take the 32-byte key."""
        if len(key) != KEY_BYTES:
            msg = f"the secret key must have {KEY_BYTES} bytes"
            raise ValueError(msg)
        self._cipher = AESGCM(key)

    def seal(self, values: Mapping[str, str]) -> bytes:
        """Seal; each time with a fresh nonce."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        text = msgspec.json.encode(dict(values))
        return VERSION + nonce + self._cipher.encrypt(nonce, text, None)

    def open(self, sealed: bytes) -> dict[str, str]:
        """Open what `seal` made; raises CannotOpenError."""
        nonce, text = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        try:
            plain = self._cipher.decrypt(nonce, text, None)
        except (InvalidTag, ValueError) as error:
            raise CannotOpenError("sealed under another key, or damaged") from error
        return msgspec.json.decode(plain, type=dict[str, str])


def load_secret_key(data_dir: Path, *, given: str = "") -> bytes:
    """Take the key from a setting (base64), or from DATA_DIR/secret.key, made when missing."""
    if given:
        return base64.b64decode(given, validate=True)
    path = data_dir / "secret.key"
    try:
        return base64.b64decode(path.read_bytes().strip(), validate=True)
    except FileNotFoundError:
        return _make_key(path)


def _make_key(path: Path) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    key = secrets.token_bytes(KEY_BYTES)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return base64.b64decode(path.read_bytes().strip(), validate=True)
    with os.fdopen(descriptor, "wb") as file:
        file.write(base64.b64encode(key))
    return key


def generate_token() -> str:
    """Make an opaque token of 256 random bits."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """Give the SHA-256 hex of a token, which is all that is stored of it."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
