"""The sweep: what nobody else looks at any more, seen at least every second."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from time import monotonic

import structlog

from gerbang.orders.intake import SQL
from gerbang.orders.order import order_from_row
from gerbang.orders.waiters import Waiters
from gerbang.orders.writes import SettledTesting, SettleTesting
from gerbang.postgres.lane import Lane, NotWrittenError
from gerbang.postgres.pool import Pool

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
        self._task: asyncio.Task[None] | None = None
        self._steps_hint = asyncio.Event()

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def hint(self) -> None:
        """A testing order was just written: look at once."""
        self._steps_hint.set()

    async def _run(self) -> None:
        look_at = monotonic()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_S):
                    await self._steps_hint.wait()
            self._steps_hint.clear()
            try:
                await self.settle_due_steps()
                await self._tell_waiters()
                if monotonic() >= look_at:
                    look_at = monotonic() + DECISIONS_EVERY_S
                    await self._mark_needing_decision()
            except Exception as error:  # noqa: BLE001 (the database may be away)
                log.warning("sweep.failed", error=repr(error))
                await asyncio.sleep(POLL_S)

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
