"""Identifiers that are not the database's."""

from __future__ import annotations

import secrets
from typing import Final

_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""No I, O, 0 or 1: people read these aloud."""


def generate_reference() -> str:
    """Make a reference for an order sent without one: ``TRX`` and 12 letters and digits."""
    return "TRX" + "".join(secrets.choice(_LETTERS) for _ in range(12))


def new_error_id() -> str:
    """Make the id that an error page shows and the log line carries."""
    return "E" + "".join(secrets.choice(_LETTERS) for _ in range(9))
