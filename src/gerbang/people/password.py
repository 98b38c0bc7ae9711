"""Passwords: argon2id, off the event loop, few at a time."""

from __future__ import annotations

import asyncio
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gerbang.errors import BadInputError

PASSWORD_LETTERS_MIN: Final = 10
PASSWORD_LETTERS_MAX: Final = 200
HASHES_AT_ONCE_MAX: Final = 2
"""Each takes 64 MiB and a core for a moment; the others wait."""

_HASHER: Final = PasswordHasher()
_NOBODY: Final = (
    "$argon2id$v=19$m=65536,t=3,p=4$OT+Jk7iXsnbKJYVJiy0NuA"
    "$4tnXETwNb8lE85Sovy60ncpcSjoq66KkNEEbxx/cBOg"
)
"""Compared with where there is no such user, so that both take the same time."""


class Passwords:
    """Hashes and compares passwords without holding the event loop."""

    def __init__(self) -> None:
        """Allow a few at once."""
        self._room = asyncio.Semaphore(HASHES_AT_ONCE_MAX)

    async def hash(self, password: str) -> str:
        """Give what is kept of a password. Raises BadInputError when it is too short."""
        check_password(password)
        async with self._room:
            return await asyncio.to_thread(_HASHER.hash, password)

    async def matches(self, password: str, kept: str | None) -> bool:
        """Compare; without a kept one the answer is no, as slowly."""
        if len(password) > PASSWORD_LETTERS_MAX:
            return False
        async with self._room:
            same = await asyncio.to_thread(_matches, kept or _NOBODY, password)
        return same and kept is not None


def _matches(kept: str, password: str) -> bool:
    try:
        return _HASHER.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False


def check_password(password: str) -> None:
    """Refuse what is too short to hold. Raises BadInputError."""
    if not PASSWORD_LETTERS_MIN <= len(password) <= PASSWORD_LETTERS_MAX:
        text = f"must have {PASSWORD_LETTERS_MIN} to {PASSWORD_LETTERS_MAX} letters"
        raise BadInputError(f"the password {text}", {"password": text})
    if len(set(password)) < PASSWORD_LETTERS_MIN // 2:
        raise BadInputError("the password repeats itself", {"password": "repeats itself"})
