"""Secrets at rest: sealed with AES-GCM under a key that is not in the database; tokens hashed."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
TOKEN_BYTES: Final = 32
KEY_FILE: Final = "secret.key"

_VERSION: Final = b"\x01"


class SecretKeyError(Exception):
    """The key that seals secrets cannot be used."""


class CannotOpenError(Exception):
    """The sealed text was made under another key, or changed."""


class SecretBox:
    """Seals small mappings of text, so that a copy of the database gives no secret away."""

    def __init__(self, key: bytes) -> None:
        """Use a key of 32 bytes."""
        if len(key) != KEY_BYTES:
            raise SecretKeyError(f"the secret key has {len(key)} bytes; it needs {KEY_BYTES}")
        self._cipher = AESGCM(key)
        self._code_key = hmac.digest(key, b"codes", "sha256")

    def seal(self, values: Mapping[str, str]) -> bytes:
        """Seal a mapping; the same mapping never gives the same bytes twice."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, msgspec.json.encode(values), _VERSION)

    def code(self, purpose: str) -> str:
        """Give the code of a purpose: only who has the key can know it."""
        return hmac.new(self._code_key, purpose.encode(), "sha256").hexdigest()[:24]

    def open(self, sealed: bytes) -> dict[str, str]:
        """Open what was sealed; nothing sealed is an empty mapping. Raises CannotOpenError."""
        if not sealed:
            return {}
        version, nonce, text = sealed[:1], sealed[1 : NONCE_BYTES + 1], sealed[NONCE_BYTES + 1 :]
        if version != _VERSION:
            raise CannotOpenError(f"sealed in a form of version {version.hex()}")
        try:
            plain = self._cipher.decrypt(nonce, text, version)
        except (InvalidTag, ValueError) as error:
            raise CannotOpenError("sealed with another key, or changed since") from error
        return msgspec.json.decode(plain, type=dict[str, str])


def load_secret_key(data_dir: Path, *, given: str = "") -> bytes:
    """Take the key from a setting (base64), or from ``DATA_DIR/secret.key``, made when missing.

    Raises SecretKeyError.
    """
    return _decode(given) if given else _file_key(data_dir / KEY_FILE)


def generate_token() -> str:
    """Make a token of 32 random bytes in letters that need no escaping; shown once, never kept."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def hash_token(token: str) -> str:
    """Give what is kept of a token of high entropy: its SHA-256 in hexadecimal."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text.strip(), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise SecretKeyError("the secret key is not base64") from error


def _file_key(path: Path) -> bytes:
    """Read the key's file, after making it where there is none."""
    if not path.exists():
        _make_key_file(path)
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise SecretKeyError(f"{path} can be read by others; chmod 600 {path}")
    return _decode(path.read_text())


def _make_key_file(path: Path) -> None:
    """Write beside and link: of several processes that start at once, one key wins, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        with suppress(FileExistsError):
            os.link(partial, path)
    finally:
        partial.unlink()
