"""Send callbacks that are due, each at most as often as its backoff says, and record what came.

Who claims decides the sequence: at most one callback of an order is claimed at a time, and
`CallbackStore.record` gives the next. A delivery whose recording fails is sent again when its
claim runs out: callbacks are delivered at least once, with the same id.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import structlog

from gerbang.callbacks.backoff import Backoff
from gerbang.callbacks.message import CallbackStore, DeliveryResult, DueCallback
from gerbang.callbacks.queue import CallbackQueue, QueueLimits
from gerbang.clock import Clock
from gerbang.outbound.addresses import AddressPolicy
from gerbang.outbound.client import OutboundClient
from gerbang.outbound.message import Answered, HttpRequest, NeverSent, SendResult
from gerbang.outbound.transcript import TRANSCRIPT_BYTES_MAX, scrub

log = structlog.get_logger()

_NOTHING: Final = HttpRequest(method="", url="")


class DeliverySettings(QueueLimits, frozen=True, kw_only=True):
    """The limits of delivery; `settings.py` fills them."""

    callback_attempts_max: int = 12
    callback_timeout_ms: int = 10_000
    callback_concurrency_max: int = 256
    callback_claim_max: int = 500
    """How many are claimed at a time."""
    callback_poll_ms: int = 1_000
    callback_stop_ms: int = 10_000
    """How long a stop waits for what is being sent."""
    transcript_bytes_max: int = TRANSCRIPT_BYTES_MAX


class Deliverer:
    """Sends callbacks: those submitted by the commit that made them, and those found due."""

    def __init__(
        self,
        store: CallbackStore,
        client: OutboundClient,
        *,
        formats: Mapping[str, Callable[[Any], HttpRequest]],
        addresses: AddressPolicy,
        clock: Clock,
        settings: DeliverySettings,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Deliver from `store` through `client`; `formats` maps a format's name to its encoder."""
        self._store = store
        self._client = client
        self._formats = formats
        self._addresses = addresses
        self._clock = clock
        self._settings = settings
        self._jitter = jitter
        self._backoff = Backoff(attempts_max=settings.callback_attempts_max)
        self._queue = CallbackQueue(settings)
        self._tasks: set[asyncio.Task[None]] = set()
        self._poller: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    @property
    def backlog(self) -> int:
        """How many callbacks wait in memory or are being sent."""
        return len(self._queue)

    def start(self) -> None:
        """Begin to look for due callbacks."""
        self._poller = asyncio.create_task(self._poll(), name="callbacks.poll")

    async def stop(self) -> None:
        """Take nothing new, let what is being sent finish within the limit, then cancel it."""
        self._stopping.set()
        if self._poller is not None:
            self._poller.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._poller
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._settings.callback_stop_ms / 1000)
        unfinished = list(self._tasks)
        for task in unfinished:
            task.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)

    def submit(self, due: DueCallback) -> None:
        """Send a callback that is claimed already; without room it waits for its claim to end."""
        if self._queue.offer(due, now=_steady()):
            self._fill()

    # --- finding ---------------------------------------------------------------------------------

    async def _poll(self) -> None:
        while not self._stopping.is_set():
            try:
                found_all = await self._claim()
            except Exception:
                log.exception("callback.claim_failed")
                found_all = True
            if found_all:
                with contextlib.suppress(TimeoutError):
                    wait_s = self._settings.callback_poll_ms / 1000
                    await asyncio.wait_for(self._stopping.wait(), wait_s)

    async def _claim(self) -> bool:
        """Claim what there is room for; say whether nothing more can be had now."""
        limit = min(self._settings.callback_claim_max, self._queue.room)
        if limit == 0:
            return True
        claimed = await self._store.claim_due(limit)
        for due in claimed:
            self.submit(due)
        return len(claimed) < limit

    def _fill(self) -> None:
        """Start as many deliveries as the limits allow."""
        while not self._stopping.is_set():
            if self._queue.active >= self._settings.callback_concurrency_max:
                return
            due = self._queue.take(now=_steady())
            if due is None:
                return
            task = asyncio.create_task(self._work(due))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    # --- sending ---------------------------------------------------------------------------------

    async def _work(self, due: DueCallback) -> None:
        """Send one callback and those of its order that follow at once."""
        answered = False
        try:
            while True:
                result = await self._deliver(due)
                answered = result.status is not None
                following = await self._store.record(result)
                if following is None:
                    return
                if self._stopping.is_set() or not self._queue.follow(due, following):
                    self.submit(following)
                    return
                due = following
        except Exception:
            log.exception("callback.record_failed", callback_id=due.id, order_id=due.order_id)
        finally:
            self._queue.finish(due, answered=answered)
            self._fill()

    async def _deliver(self, due: DueCallback) -> DeliveryResult:
        if not due.message.url:
            return self._result(due, _NOTHING, NeverSent(error="no callback URL is set"))
        try:
            request = self._formats[due.format](due.message)
        except Exception as error:
            log.exception("callback.not_encoded", callback_id=due.id, format=due.format)
            failed = NeverSent(error=f"not encoded as {due.format!r}: {type(error).__name__}")
            return self._result(due, _NOTHING, failed)
        answer = await self._client.send(
            request,
            deadline_ms=self._settings.callback_timeout_ms,
            purpose="callback",
            addresses=self._addresses,
        )
        return self._result(due, request, answer)

    def _result(self, due: DueCallback, request: HttpRequest, answer: SendResult) -> DeliveryResult:
        status = answer.status if isinstance(answer, Answered) else None
        delivered = status is not None and is_acknowledged(status)
        said, heard = scrub(request, answer, bytes_max=self._settings.transcript_bytes_max)
        return DeliveryResult(
            callback_id=due.id,
            order_id=due.order_id,
            attempt_number=due.attempt_number,
            delivered=delivered,
            status=status,
            error="" if delivered else failure_text(answer),
            request_text=said,
            answer_text=heard,
            duration_ms=answer.elapsed_ms,
            next_attempt_at=None if delivered else self._next_attempt_at(due),
        )

    def _next_attempt_at(self, due: DueCallback) -> datetime | None:
        return self._backoff.next_attempt_at(
            due.attempt_number, now=self._clock.now(), jitter=self._jitter()
        )


def is_acknowledged(status: int) -> bool:
    """Any 2xx acknowledges a callback, whatever the body says."""
    return 200 <= status <= 299  # noqa: PLR2004 (the range of HTTP's successes)


def failure_text(answer: SendResult) -> str:
    """Say in a few words why a callback was not acknowledged."""
    if not isinstance(answer, Answered):
        return answer.error
    if 300 <= answer.status <= 399:  # noqa: PLR2004 (the range of HTTP's redirects)
        return f"answered {answer.status}: redirects are not followed"
    return f"answered {answer.status}"


def _steady() -> float:
    return asyncio.get_running_loop().time()
