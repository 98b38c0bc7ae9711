"""The sweep: what nobody else looks at any more, seen at least every second."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

import structlog

from gerbang.orders.intake import SQL
from gerbang.orders.order import order_from_row
from gerbang.orders.waiters import Waiters
from gerbang.orders.writes import SettledTesting, SettleTesting
from gerbang.postgres.lane import Lane, NotWrittenError
from gerbang.postgres.pool import Pool
from gerbang.repeated import Repeated

log = structlog.get_logger()

STEPS_AT_ONCE = 200
POLL_S = 0.25
DECISIONS_EVERY_S = 10.0
"""How often to look for unknown orders that are due for a person."""


class Sweep:
    """Sandbox steps, waiters on other nodes' orders, and orders that need a person."""

    def __init__(
        self,
        *,
        lane: Lane,
        pool: Pool,
        waiters: Waiters,
        after_testing: Callable[[SettledTesting], None],
    ) -> None:
        """Wire it."""
        self._lane = lane
        self._pool = pool
        self._waiters = waiters
        self._after_testing = after_testing
        self._look_at = 0.0
        self._looks = Repeated(self._look, every_s=POLL_S, complaint="sweep.failed", at_once=False)

    def start(self) -> None:
        """Begin."""
        self._looks.start()

    async def stop(self) -> None:
        """End."""
        await self._looks.stop()

    def hint(self) -> None:
        """A testing order was just written: look at once."""
        self._looks.hurry()

    async def _look(self) -> None:
        await self.settle_due_steps()
        await self._tell_waiters()
        if monotonic() >= self._look_at:
            self._look_at = monotonic() + DECISIONS_EVERY_S
            await self._mark_needing_decision()

    async def settle_due_steps(self) -> None:
        """Let due sandbox steps happen, in their order."""
        rows = await self._pool.fetch(SQL.due_sandbox_steps, STEPS_AT_ONCE)
        for row in rows:
            step = SettleTesting(
                step_id=row["id"], order_id=row["order_id"], outcome=row["outcome"]
            )
            try:
                settled: SettledTesting | None = await self._lane.submit(step)
            except NotWrittenError:
                raise  # the database is away: for the others too
            except Exception as error:  # noqa: BLE001 (it stays due, and the others go on)
                log.warning("sandbox_step.not_done", order_id=row["order_id"], error=repr(error))
                continue
            if settled is not None:
                self._after_testing(settled)

    async def _tell_waiters(self) -> None:
        keys = self._waiters.keys()
        if not keys:
            return
        resellers, testings, references = (list(part) for part in zip(*keys, strict=True))
        rows = await self._pool.fetch(SQL.finals_of_references, resellers, testings, references)
        for row in rows:
            self._waiters.notify(order_from_row(row))

    async def _mark_needing_decision(self) -> None:
        for row in await self._pool.fetch(SQL.mark_needing_decision):
            log.warning("order.needs_decision", order_id=row[0])
