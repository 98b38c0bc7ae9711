"""The sandbox clock: real time, moved forward, for testing orders and sandboxed resellers.

A demo's operator moves it (`POST /api/sandbox/clock`, `gerbang sandbox clock advance`), so that
what takes minutes or days can be seen at once: the expiry of inquiries and tickets, the steps of
testing orders, retries, pending that grows old, settlement of cards. How to use it:

- What expires is written and compared with the same clock. In Python ask
  `node.sandbox_clock.now_for(reseller_id, testing=...)` (or `now()` for what is testing anyway);
  in SQL `sandbox_now(sandboxed)`, with the answer of `is_moved` kept in the row.
- What waits in real time (a retry) is pulled nearer when the clock moves: `sandbox/move_clock.py`
  is the place to add a table. Nothing hot has to know.
- Never use it for request timestamps, logins, claims, seals and the ledger's days: these ask
  the node's own clock, or the database's.

The offset is the `installation` row's; every node knows it within a second.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from gerbang.clock import Clock


class SandboxState(Protocol):
    """What a node knows of the sandbox; its snapshot does."""

    sandbox_offset_s: int

    def is_sandboxed(self, reseller_id: int) -> bool:
        """Tell whether a reseller lives by the sandbox clock with all it does."""
        ...


class SandboxClock:
    """Tells moved time to those who live by it, and real time to everybody else."""

    def __init__(self, real: Clock, state: SandboxState) -> None:
        """Read the offset from `state`, which somebody else keeps fresh."""
        self._real = real
        self._state = state

    @property
    def offset(self) -> timedelta:
        """How far the clock stands ahead of real time."""
        return timedelta(seconds=self._state.sandbox_offset_s)

    def now(self) -> datetime:
        """Give the moment for what is testing."""
        return self._real.now() + self.offset

    def is_moved(self, reseller_id: int, *, testing: bool) -> bool:
        """Tell whether this clock, and not real time, counts here."""
        return testing or self._state.is_sandboxed(reseller_id)

    def now_for(self, reseller_id: int, *, testing: bool) -> datetime:
        """Give the moment that counts for what a reseller does, testing or not."""
        return self.now() if self.is_moved(reseller_id, testing=testing) else self._real.now()
