"""The ids that one batch gives to what it writes."""

from __future__ import annotations

from gerbang.postgres.id_blocks import IdBlock
from gerbang.postgres.pool import Connection
from gerbang.postgres.sql import load_queries

SQL = load_queries("gerbang.orders", "numbers.sql")


class Numbers:
    """The id blocks of one process."""

    def __init__(self) -> None:
        self.orders = IdBlock(SQL.take_order_ids)
        self.transfers = IdBlock(SQL.take_transfer_ids)
        self.attempts = IdBlock(SQL.take_attempt_ids)
        self.callbacks = IdBlock(SQL.take_callback_ids)

    async def reserve(self, connection: Connection, writes: int) -> None:
        """Have enough ids for a batch: each write needs at most four transfers."""
        await self.orders.reserve(connection, writes)
        await self.transfers.reserve(connection, writes * 4)
        await self.attempts.reserve(connection, writes)
        await self.callbacks.reserve(connection, writes * 2)
