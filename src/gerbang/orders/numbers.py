"""The ids that one batch gives to what it writes."""

from __future__ import annotations

from typing import Final

from gerbang.postgres.id_blocks import IdBlock
from gerbang.postgres.pool import Connection
from gerbang.postgres.sql import load_queries

SQL = load_queries("gerbang.orders", "numbers.sql")

BLOCKS_AHEAD: Final = 3


class Numbers:
    """The id blocks of one batch."""

    def __init__(self) -> None:
        self.orders = IdBlock()
        self.transfers = IdBlock()
        self.attempts = IdBlock()
        self.callbacks = IdBlock()

    async def reserve(self, connection: Connection, writes: int) -> None:
        """Have enough ids for a batch: each write needs at most six transfers."""
        blocks = max(
            self.orders.blocks_missing(writes),
            self.transfers.blocks_missing(writes * 6),
            self.attempts.blocks_missing(writes),
            self.callbacks.blocks_missing(writes * 2),
        )
        if not blocks:
            return
        # One round trip for all kinds, whichever is short; several blocks, so that it is seldom.
        for row in await connection.fetch(SQL.take_ids, blocks + BLOCKS_AHEAD):
            self.orders.add(row["orders"])
            self.transfers.add(row["transfers"])
            self.attempts.add(row["attempts"])
            self.callbacks.add(row["callbacks"])


class FreeNumbers:
    """The id blocks that no batch of this process uses now; two workers never share one."""

    def __init__(self) -> None:
        self._free: list[Numbers] = []

    def borrow(self) -> Numbers:
        """Lend id blocks to one batch."""
        return self._free.pop() if self._free else Numbers()

    def give_back(self, numbers: Numbers) -> None:
        """Take them back from a batch that succeeded.

        Those of one that failed are not used again: were they reserved in a transaction that a
        crash of the server undid, it would give them out twice.
        """
        self._free.append(numbers)

    def forget(self) -> None:
        """Use none of them again: a server that crashed may give them out to others."""
        self._free.clear()
