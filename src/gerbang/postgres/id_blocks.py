"""Ids handed out from sequence blocks, so that a batch knows its ids before it writes."""

from __future__ import annotations

from typing import Final

BLOCK_SIZE: Final = 256
"""The INCREMENT of every sequence used here."""
IDS_KEPT_MAX: Final = 16 * BLOCK_SIZE
"""More are not kept at hand: what is seldom used must not pile up."""


class IdBlock:
    """One process's share of one sequence. Ids are unique and roughly ascending, not gapless."""

    def __init__(self) -> None:
        """Begin with none."""
        self._free: list[int] = []

    def blocks_missing(self, count: int) -> int:
        """Count the blocks without which there would not be `count` ids at hand."""
        return max(0, -(-(count - len(self._free)) // BLOCK_SIZE))

    def add(self, first: int) -> None:
        """Take a block that the sequence gave, behind what is at hand; too many are let go."""
        if len(self._free) < IDS_KEPT_MAX:
            self._free[:0] = range(first + BLOCK_SIZE - 1, first - 1, -1)

    def next(self) -> int:
        """Give one reserved id."""
        return self._free.pop()
