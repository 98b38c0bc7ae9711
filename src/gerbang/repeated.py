"""Work that a node does again and again by the clock, until it stops."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

log = structlog.get_logger()


class Repeated:
    """Does one thing every so many seconds; what goes wrong is logged and tried again."""

    def __init__(
        self,
        work: Callable[[], Awaitable[object]],
        *,
        every_s: float,
        complaint: str,
        at_once: bool = True,
    ) -> None:
        """Take the work and what a failure of it is called in the log; `start` begins.

        Without `at_once` the first time comes after the first wait.
        """
        self._work = work
        self._every_s = every_s
        self._complaint = complaint
        self._at_once = at_once
        self._task: asyncio.Task[None] | None = None
        self._hint = asyncio.Event()

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._forever(), name=self._complaint)

    def hurry(self) -> None:
        """Something came up: the next time is now. What failed just now is not hurried."""
        self._hint.set()

    async def stop(self) -> None:
        """End, in the middle of the work too; never started is no error."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _forever(self) -> None:
        if not self._at_once:
            await self._pause()
        while True:
            try:
                await self._work()
            except Exception as error:  # noqa: BLE001 (the database may be away)
                log.warning(self._complaint, error=repr(error))
                await asyncio.sleep(self._every_s)
            else:
                await self._pause()

    async def _pause(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._every_s):
                await self._hint.wait()
        self._hint.clear()
