"""What a node does by the clock beside its work: gauges, day counts, seals, surcharges."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from gerbang.callbacks.store import SQL as CALLBACK_SQL
from gerbang.clock import business_day
from gerbang.ledger.seal import seal_days
from gerbang.postgres.pool import connect
from gerbang.resellers.day_orders import count_orders
from gerbang.terms.monthly import MonthlySurcharge

if TYPE_CHECKING:
    from gerbang.app import Node

log = structlog.get_logger()

GAUGES_EVERY_S = 2.0
SEAL_EVERY_S = 600.0


class Housekeeping:
    """The timers of one node."""

    def __init__(self, node: Node) -> None:
        """Take the node, which is being put together; `start` begins."""
        self._node = node
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, *, work: bool) -> None:
        """Begin. Without `work` nothing is sealed, and no surcharge posted."""
        self._tasks.append(asyncio.create_task(self._gauge_forever()))
        if work:
            self._tasks.append(asyncio.create_task(self._seal_forever()))
            node = self._node
            monthly = MonthlySurcharge(pool=node.pool, lane=node.lane, house=node.house)
            self._tasks.append(asyncio.create_task(monthly.forever()))

    async def stop(self) -> None:
        """Stop at once; nothing is lost."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def count_day_orders(self) -> None:
        """Take over what other nodes, or an earlier run, placed today; only where it limits."""
        node = self._node
        limited = node.settings.orders_per_day_max or any(
            r.orders_per_day_max for r in node.snapshot.resellers.values()
        )
        if limited:
            day = business_day(node.clock.now())
            node.day_orders.seed(day, await count_orders(node.pool, day))

    async def _gauge_forever(self) -> None:
        metrics = self._node.metrics
        while True:
            await asyncio.sleep(GAUGES_EVERY_S)
            metrics.lane_depth.set(self._node.lane.depth)
            metrics.attempts_in_flight.set(self._node.dispatcher.in_flight)
            try:
                row = await self._node.pool.fetchrow(CALLBACK_SQL.backlog)
                await self.count_day_orders()
            except Exception as error:  # noqa: BLE001 (the database may be away)
                log.warning("gauges.not_read", error=repr(error))
                continue
            if row is not None:
                metrics.orders_needing_decision.set(row["needing_decision"])
                metrics.callback_backlog.set(row["waiting"])
                metrics.callback_oldest_seconds.set(row["oldest_s"])

    async def _seal_forever(self) -> None:
        while True:
            try:
                connection = await connect(self._node.database_url, statement_timeout_ms=0)
                try:
                    for seal in await seal_days(connection):
                        log.info("ledger.day_sealed", day=seal.business_day.isoformat())
                finally:
                    await connection.close()
            except Exception as error:  # noqa: BLE001 (another node may be sealing)
                log.warning("ledger.not_sealed", error=repr(error))
            await asyncio.sleep(SEAL_EVERY_S)
