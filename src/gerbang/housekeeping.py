"""What a node does by the clock beside its work: gauges, counts, seals, sums, surcharges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from gerbang.callbacks.store import SQL as CALLBACK_SQL
from gerbang.clock import business_day
from gerbang.figures.count import EVERY_S, DayCounter
from gerbang.ledger.seal import seal_days
from gerbang.postgres.pool import connect
from gerbang.repeated import Repeated
from gerbang.resellers.day_orders import count_orders
from gerbang.terms.monthly import LOOK_EVERY_S, MonthlySurcharge

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
        self._timers: list[Repeated] = []

    def start(self, *, work: bool) -> None:
        """Begin. Without `work` nothing is sealed or counted, and no surcharge posted."""
        self._timers.append(
            Repeated(
                self._gauge, every_s=GAUGES_EVERY_S, complaint="gauges.not_read", at_once=False
            )
        )
        if work:
            node = self._node
            monthly = MonthlySurcharge(pool=node.pool, lane=node.lane, house=node.house)
            self._timers += [
                Repeated(self._seal, every_s=SEAL_EVERY_S, complaint="ledger.not_sealed"),
                Repeated(
                    DayCounter(node.database_url),
                    every_s=EVERY_S,
                    complaint="figures.days_not_counted",
                    at_once=False,
                ),
                Repeated(monthly.post_due, every_s=LOOK_EVERY_S, complaint="surcharges.not_posted"),
            ]
        for timer in self._timers:
            timer.start()

    async def stop(self) -> None:
        """Stop at once; nothing is lost."""
        for timer in self._timers:
            await timer.stop()

    async def count_day_orders(self) -> None:
        """Take over what other nodes, or an earlier run, placed today; only where it limits."""
        node = self._node
        limited = node.settings.orders_per_day_max or any(
            r.orders_per_day_max for r in node.snapshot.resellers.values()
        )
        if limited:
            day = business_day(node.clock.now())
            node.day_orders.seed(day, await count_orders(node.pool, day))

    async def _gauge(self) -> None:
        metrics = self._node.metrics
        metrics.lane_depth.set(self._node.lane.depth)
        metrics.attempts_in_flight.set(self._node.dispatcher.in_flight)
        row = await self._node.pool.fetchrow(CALLBACK_SQL.backlog)
        await self.count_day_orders()
        if row is not None:
            metrics.orders_needing_decision.set(row["needing_decision"])
            metrics.callback_backlog.set(row["waiting"])
            metrics.callback_oldest_seconds.set(row["oldest_s"])

    async def _seal(self) -> None:
        connection = await connect(self._node.database_url, statement_timeout_ms=0)
        try:
            for seal in await seal_days(connection):
                log.info("ledger.day_sealed", day=seal.business_day.isoformat())
        finally:
            await connection.close()
