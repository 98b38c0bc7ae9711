"""The second factor: time-based one-time codes (RFC 6238), and codes for when the phone is lost."""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime
from typing import Final

import pyotp

STEP_S: Final = 30
STEPS_AROUND: Final = 1
"""A code of the step before or after also holds: phones' clocks are not exact."""
RECOVERY_CODES: Final = 8
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"


def new_secret() -> str:
    """Make a secret for an authenticator app."""
    return pyotp.random_base32()


def provisioning_uri(secret: str, *, username: str, issuer: str) -> str:
    """Write the address that authenticator apps read."""
    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=issuer)


def matching_step(secret: str, code: str, *, at: datetime, after_step: int) -> int | None:
    """Give the time step a code belongs to, when it holds and no later one was used."""
    given = "".join(code.split())
    if not given.isdecimal() or not given.isascii():
        return None
    totp, now = pyotp.TOTP(secret), int(at.timestamp()) // STEP_S
    for step in range(now - STEPS_AROUND, now + STEPS_AROUND + 1):
        if step > after_step and hmac.compare_digest(totp.at(step * STEP_S), given):
            return step
    return None


def new_recovery_codes() -> list[str]:
    """Make codes such as ``h7kq-2mfx-9pwd``; each replaces the second factor once."""
    return ["-".join(_word() for _ in range(3)) for _ in range(RECOVERY_CODES)]


def _word() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(4))
