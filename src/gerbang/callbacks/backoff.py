"""When a callback is tried again: 12 attempts over about a day, quickly at first."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec


class Backoff(msgspec.Struct, frozen=True, kw_only=True):
    """Growing waits: 10 s, 27 s, 76 s, 3 min, 10 min, 26 min, 1.2 h, 3.3 h, then every 6 h.

    Jitter adds up to `jitter_percent_max` of the wait, so that a receiver that comes back is not
    met by everything at once.
    """

    attempts_max: int = 12
    first_s: int = 10
    growth_percent: int = 275
    wait_s_max: int = 6 * 3600
    jitter_percent_max: int = 10

    def wait_after(self, attempt_number: int, *, jitter: float) -> timedelta | None:
        """Give the wait after a failed attempt (counted from 1); None when it was the last.

        `jitter` lies in [0, 1).
        """
        if attempt_number >= self.attempts_max:
            return None
        grown = self.first_s * (self.growth_percent / 100) ** min(attempt_number - 1, 64)
        wait = min(grown, float(self.wait_s_max))
        return timedelta(seconds=wait * (1 + jitter * self.jitter_percent_max / 100))

    def next_attempt_at(
        self, attempt_number: int, *, now: datetime, jitter: float
    ) -> datetime | None:
        """Give the moment of the next attempt, or None when this was the last."""
        wait = self.wait_after(attempt_number, jitter=jitter)
        return None if wait is None else now + wait
