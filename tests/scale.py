"""How much a test does: a small seeded share in ``make test``, all of it in ``make prove``."""

from __future__ import annotations

import os
from typing import Final

PROVING: Final = os.environ.get("GERBANG_PROVE") == "1"


def scale(small: int, full: int) -> int:
    """Give the full count under GERBANG_PROVE=1, else the small one."""
    return full if PROVING else small
