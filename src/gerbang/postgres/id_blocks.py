"""Ids handed out from sequence blocks, so that a batch knows its ids before it writes."""

from __future__ import annotations

from typing import Final

from gerbang.postgres.pool import Connection

BLOCK_SIZE: Final = 256
"""The INCREMENT of every sequence used here."""


class IdBlock:
    """One process's share of one sequence. Ids are unique and roughly ascending, not gapless."""

    def __init__(self, take_sql: str) -> None:
        """Remember the statement that takes a block."""
        self._take_sql = take_sql
        self._free: list[int] = []

    async def reserve(self, connection: Connection, count: int) -> None:
        """Make sure that `count` ids are at hand."""
        while len(self._free) < count:
            first: int = await connection.fetchval(self._take_sql)
            self._free[:0] = range(first + BLOCK_SIZE - 1, first - 1, -1)

    def next(self) -> int:
        """Give one reserved id."""
        return self._free.pop()
