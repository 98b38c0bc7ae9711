"""Lets few requests begin at one time, so that answers of the database come in between.

All callers of a batch get their answers at once, and their next requests come at once. Were all of
them begun before the loop looks at the network again, the write lane would find the answer it waits
for a millisecond late, with accounts locked and the server idle meanwhile.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Final

BEGIN_MAX: Final = 4
"""So many requests begin between two looks at the network."""


class Turnstile:
    """First come, first served, a few in each round of the loop."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Callable[[Any], None], Any]] = deque()

    def enter(
        self, loop: asyncio.AbstractEventLoop, begin: Callable[[Any], None], request: Any
    ) -> None:
        """Have `begin(request)` called soon."""
        self._waiting.append((begin, request))
        if len(self._waiting) == 1:
            loop.call_soon(self._let_in, loop)

    def _let_in(self, loop: asyncio.AbstractEventLoop) -> None:
        waiting = self._waiting
        for _ in range(min(BEGIN_MAX, len(waiting))):
            begin, request = waiting.popleft()
            begin(request)
        if waiting:
            loop.call_soon(self._let_in, loop)
