"""Dispatch: sends attempts, asks about them, and hands every answer to the lane.

The row is committed before this file sees it. Sending is a one-way claim; after it no worker
sends the attempt again except the identical request with the same reference, where the supplier
declares that safe.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from datetime import timedelta
from time import monotonic
from typing import Any, Final, Protocol

import structlog

from gerbang.clock import Clock
from gerbang.dialects.dialect import Dialect
from gerbang.dialects.supplier_contract import InexpressibleOrderError
from gerbang.orders.order import (
    Attempt,
    Order,
    joined_attempt_from_row,
    order_from_row,
    supplier_order,
)
from gerbang.orders.outcome import Outcome, StatusOutcome, Unavailable, Unknown
from gerbang.orders.transitions import AttemptState
from gerbang.orders.writes import ClaimAttempt, Recorded, RecordOutcome, Transcript
from gerbang.outbound.addresses import AddressPolicy
from gerbang.outbound.client import OutboundClient
from gerbang.outbound.message import Answered, HttpRequest, NeverSent, SendResult
from gerbang.outbound.transcript import scrub
from gerbang.postgres.lane import Lane, NotWrittenError, OutcomeUnknownError
from gerbang.postgres.pool import Pool
from gerbang.postgres.sql import load_queries
from gerbang.routing.desk import SQL as HEALTH_SQL
from gerbang.routing.desk import HealthDesk
from gerbang.routing.gate import Gate
from gerbang.suppliers.supplier import Supplier

log = structlog.get_logger()
SQL = load_queries("gerbang.routing", "dispatch.sql")

CLAIM_SLACK_MS: Final = 15_000
"""A claim outlives the supplier's time-out by this much."""
QUESTION_TIMEOUT_MS_MAX: Final = 30_000
RECORD_DEADLINE_S: Final = 60.0
LOCATED_MAX: Final = 50_000
NO_QUESTION: Final = "this supplier has no status question"
TOO_OLD: Final = "older than the {days} days within which a question buys nothing"


class DispatchDirectory(Protocol):
    """Suppliers and accounts, from memory."""

    def channel(self, supplier_id: int) -> Supplier | None:
        """Give a supplier's channel."""
        ...

    def account_ids(self, reseller_id: int) -> tuple[int, int]:
        """Give a reseller's account and its receivable account."""
        ...


class Dispatcher:
    """Everything between a committed attempt and its recorded outcome."""

    def __init__(
        self,
        *,
        lane: Lane,
        pool: Pool,
        outbound: OutboundClient,
        directory: DispatchDirectory,
        dialects: Mapping[str, Dialect],
        clock: Clock,
        node: str,
        addresses: AddressPolicy,
        after_recorded: Callable[[Recorded], None],
        health: HealthDesk,
        concurrency_max: int,
        poll_interval_ms: int,
        paused: bool = False,
        observe: Callable[[str, str, float], None] | None = None,
    ) -> None:
        """Prepare; `after_recorded` hears of every applied outcome."""
        self._lane = lane
        self._pool = pool
        self._outbound = outbound
        self._directory = directory
        self._dialects = dialects
        self._clock = clock
        self._node = node
        self._addresses = addresses
        self._after_recorded = after_recorded
        self._health = health
        self._concurrency_max = concurrency_max
        self._poll_interval_s = poll_interval_ms / 1000
        self._observe = observe
        self.paused = paused
        self.note_balance: Callable[[int, int], None] | None = None
        """Hears of (supplier id, our balance there) where an answer carried it."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._working: set[int] = set()
        self._gates: dict[int, Gate] = {}
        self._located: dict[int, tuple[int, int, int, str]] = {}
        self._poller: asyncio.Task[None] | None = None

    # --- life ----------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to look for attempts that are due."""
        self._poller = asyncio.create_task(self._poll_forever())

    async def stop(self, *, timeout_s: float = 10.0) -> None:
        """Stop taking new attempts; give those on the wire a moment."""
        if self._poller is not None:
            self._poller.cancel()
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=timeout_s)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def in_flight(self) -> int:
        """How many attempts are being worked on here."""
        return len(self._tasks)

    @property
    def takes_more(self) -> bool:
        """Whether a new attempt should be claimed for this node at once."""
        return not self.paused and len(self._tasks) < self._concurrency_max

    def submit(self, order: Order, attempt: Attempt) -> None:
        """Send an attempt that this node wrote and claimed."""
        self._remember(order, attempt)
        self._spawn(self._send(order, attempt, resend=False), order, attempt)

    def _spawn(self, work: Coroutine[Any, Any, None], order: Order, attempt: Attempt) -> None:
        task = asyncio.create_task(self._guard(work, order.id, attempt.id))
        self._tasks.add(task)
        self._working.add(attempt.id)
        task.add_done_callback(lambda done: self._forget(done, attempt.id))

    def _forget(self, task: asyncio.Task[None], attempt_id: int) -> None:
        self._tasks.discard(task)
        self._working.discard(attempt_id)

    async def _guard(self, work: Coroutine[Any, Any, None], order_id: int, attempt_id: int) -> None:
        """A bug in one attempt is logged and leaves its claim to run out."""
        # Every line logged on the way, wherever it is written, names the order.
        structlog.contextvars.bind_contextvars(order_id=order_id, attempt_id=attempt_id)
        try:
            await work
        except (NotWrittenError, OutcomeUnknownError) as error:
            log.warning("attempt.not_recorded", error=repr(error))
        except Exception:
            log.exception("attempt.crashed")

    # --- due attempts ----------------------------------------------------------------------------

    async def _poll_forever(self) -> None:
        while True:
            await asyncio.sleep(self._poll_interval_s)
            if self.paused:
                continue
            try:
                await self._poll()
            except Exception as error:  # noqa: BLE001 (the database may be away)
                log.warning("dispatch.poll_failed", error=repr(error))

    async def _poll(self) -> None:
        room = self._concurrency_max - len(self._tasks)
        if room <= 0:
            return
        claimed = await self._pool.fetch(SQL.claim_due_attempts, self._node, min(room, 200))
        if not claimed:
            return
        rows = await self._pool.fetch(SQL.attempts_with_orders, [row[0] for row in claimed])
        for row in rows:
            order, attempt = order_from_row(row), joined_attempt_from_row(row)
            if attempt.id in self._working:
                # It waits for its turn at the supplier; a second task would only wait beside it.
                continue
            self._remember(order, attempt)
            self._spawn(self._look_at(order, attempt), order, attempt)

    async def _look_at(self, order: Order, attempt: Attempt) -> None:
        """Do what a due attempt needs."""
        match attempt.state:
            case AttemptState.PREPARED:
                await self._send(order, attempt, resend=False)
            case AttemptState.SENDING:
                # Whoever claimed it is gone; whether it arrived is not known.
                lost = Unknown(message="the claim ran out while sending")
                await self._record(order, attempt, lost, _note("buy", lost.message))
            case _:
                await self._ask(order, attempt)

    # --- sending ---------------------------------------------------------------------------------

    async def _send(self, order: Order, attempt: Attempt, *, resend: bool) -> None:
        channel = self._directory.channel(attempt.supplier_id)
        if channel is None:
            return
        client = self._dialects[channel.view.dialect].client
        wanted = supplier_order(order, attempt)
        with self._health.on_the_wire(attempt.supplier_id):
            async with self._gate(attempt.supplier_id):
                if not await self._take(order, attempt, channel, resend=resend):
                    return
                try:
                    request = client.buy(channel.view, wanted, now=self._clock.now())
                except InexpressibleOrderError as error:
                    self._health.withdraw(order, attempt)
                    await self._nothing_sent(order, attempt, str(error))
                    return
                result = await self._deliver(request, channel, "purchase", channel.timeout_ms)
        outcome: Outcome | StatusOutcome
        match result:
            case Answered():
                # An answer to a repeat may speak of the repeat alone ("bad signature"), so it is
                # read as carefully as the answer to a question.
                read = client.read_ask if resend else client.read_buy
                outcome = read(channel.view, wanted, result)
            case NeverSent():
                outcome = Unavailable(message=result.error)
            case _:
                outcome = Unknown(message=result.error)
        self._health.heard(order, attempt, outcome, latency_ms=result.elapsed_ms)
        await self._record(order, attempt, outcome, _transcript("buy", request, result))

    async def _take(
        self, order: Order, attempt: Attempt, channel: Supplier, *, resend: bool
    ) -> bool:
        """Claim a sending, unless the supplier may have no (further) order now."""
        if resend:
            return await self._claim_in_time(attempt, channel, resend=True)
        stop = self._health.begin(order, attempt, channel)
        if stop:
            await self._nothing_sent(order, attempt, stop, unclaimed=True)
            return False
        if await self._claim_in_time(attempt, channel, resend=False):
            return True
        self._health.withdraw(order, attempt)
        return False

    async def _nothing_sent(
        self, order: Order, attempt: Attempt, why: str, *, unclaimed: bool = False
    ) -> None:
        note = _note("buy", why)
        await self._record(order, attempt, Unavailable(message=why), note, unclaimed=unclaimed)

    async def _claim_in_time(self, attempt: Attempt, channel: Supplier, *, resend: bool) -> bool:
        """Claim a sending; one that ran out while this process stood still is worth nothing."""
        began = monotonic()
        if not await self._claim(attempt, channel, resend=resend):
            return False
        if (monotonic() - began) * 1000 < channel.timeout_ms + CLAIM_SLACK_MS:
            return True
        # By now another node may have asked about it, and heard that it was never sent.
        log.warning("attempt.claim_ran_out", attempt_id=attempt.id)
        return False

    async def _claim(self, attempt: Attempt, channel: Supplier, *, resend: bool) -> bool:
        granted: bool = await self._lane.submit(
            ClaimAttempt(
                attempt_id=attempt.id,
                resend=resend,
                claimed_by=self._node,
                claim_ms=channel.timeout_ms + CLAIM_SLACK_MS,
            ),
            deadline_s=RECORD_DEADLINE_S,
        )
        return granted

    async def _deliver(
        self, request: HttpRequest, channel: Supplier, purpose: str, deadline_ms: int
    ) -> SendResult:
        started = monotonic()
        result = await self._outbound.send(
            request,
            deadline_ms=deadline_ms,
            purpose="purchase" if purpose == "purchase" else "question",
            addresses=self._addresses,
        )
        if self._observe is not None:
            self._observe(channel.view.code, type(result).__name__, monotonic() - started)
        return result

    def _gate(self, supplier_id: int) -> Gate:
        gate = self._gates.get(supplier_id)
        if gate is None:
            gate = self._gates[supplier_id] = Gate(lambda: self._turns(supplier_id))
        return gate

    def _turns(self, supplier_id: int) -> int:
        channel = self._directory.channel(supplier_id)
        return self._health.pulse.share(channel.concurrency_max) if channel is not None else 1

    # --- asking ----------------------------------------------------------------------------------

    async def _ask(self, order: Order, attempt: Attempt) -> None:
        channel = self._directory.channel(attempt.supplier_id)
        if channel is None:
            return
        wanted = supplier_order(order, attempt)
        client = self._dialects[channel.view.dialect].client
        now = self._clock.now()
        request = client.ask(channel.view, wanted, now=now)
        safe_days = channel.learn.ask_safe_days
        too_old = now - attempt.created_at > timedelta(days=safe_days)
        if request is None or too_old:
            why = TOO_OLD.format(days=safe_days) if too_old else NO_QUESTION
            silent = Unknown(message=why)
            await self._record(order, attempt, silent, _note("ask", why), unanswerable=True)
            return
        deadline_ms = min(channel.timeout_ms, QUESTION_TIMEOUT_MS_MAX)
        result = await self._deliver(request, channel, "question", deadline_ms)
        outcome: StatusOutcome
        if isinstance(result, Answered):
            outcome = client.read_ask(channel.view, wanted, result)
        else:
            outcome = Unknown(message=result.error)
        self._health.heard(order, attempt, outcome, final_only=True)
        await self._record(order, attempt, outcome, _transcript("ask", request, result))

    async def ask_supplier(self, supplier_id: int) -> bool:
        """Ask a tripped supplier for our balance, else about its newest order; tell if it answered.

        Where it has no question at all, waiting is all that can be done, and it is tried again.
        """
        channel = self._directory.channel(supplier_id)
        if channel is None:
            return False
        client = self._dialects[channel.view.dialect].client
        deadline_ms = min(channel.timeout_ms, QUESTION_TIMEOUT_MS_MAX)
        request = client.ask_balance(channel.view, now=self._clock.now())
        if request is not None:
            result = await self._deliver(request, channel, "question", deadline_ms)
            return isinstance(result, Answered) and (
                client.read_balance(channel.view, result) is not None
            )
        attempt_id = await self._pool.fetchval(HEALTH_SQL.attempt_to_ask_about, supplier_id)
        rows = await self._pool.fetch(SQL.attempts_with_orders, [attempt_id] if attempt_id else [])
        for row in rows:
            wanted = supplier_order(order_from_row(row), joined_attempt_from_row(row))
            request = client.ask(channel.view, wanted, now=self._clock.now())
            if request is not None:
                result = await self._deliver(request, channel, "question", deadline_ms)
                return isinstance(result, Answered) and not isinstance(
                    client.read_ask(channel.view, wanted, result), Unknown
                )
        return True

    # --- recording -------------------------------------------------------------------------------

    async def _record(
        self,
        order: Order,
        attempt: Attempt,
        outcome: Outcome | StatusOutcome,
        transcript: Transcript,
        *,
        unanswerable: bool = False,
        unclaimed: bool = False,
    ) -> None:
        balance = getattr(outcome, "supplier_balance", None)
        if balance is not None and self.note_balance is not None:
            self.note_balance(attempt.supplier_id, balance)
        recorded: Recorded = await self._lane.submit(
            RecordOutcome(
                order_id=order.id,
                attempt_id=attempt.id,
                account_ids=self._directory.account_ids(order.reseller_id),
                outcome=outcome,
                transcript=transcript,
                unanswerable=unanswerable,
                unclaimed=unclaimed,
            ),
            deadline_s=RECORD_DEADLINE_S,
        )
        self.follow(recorded)

    def follow(self, recorded: Recorded) -> None:
        """Do what a recorded outcome asks for: the next route, a resend, the callbacks."""
        self._after_recorded(recorded)
        if recorded.attempt.due_at is None:
            self._located.pop(recorded.attempt.id, None)
        if recorded.next_attempt is not None:
            self.submit(recorded.order, recorded.next_attempt)
        elif recorded.resend and not self.paused:
            again = self._send(recorded.order, recorded.attempt, resend=True)
            self._spawn(again, recorded.order, recorded.attempt)

    def heard(self, recorded: Recorded, outcome: StatusOutcome) -> None:
        """Judge a supplier by what it reported of its own accord."""
        if recorded.changed:
            self._health.heard(recorded.order, recorded.attempt, outcome, final_only=True)

    # --- news by reference -----------------------------------------------------------------------

    def _remember(self, order: Order, attempt: Attempt) -> None:
        if len(self._located) >= LOCATED_MAX:
            self._located.pop(next(iter(self._located)))
        self._located[attempt.id] = (
            order.id,
            attempt.supplier_id,
            order.reseller_id,
            attempt.reference,
        )

    async def locate(self, supplier_id: int, reference: str) -> tuple[int, int, int] | None:
        """Find (attempt id, order id, reseller id) of a reference at a supplier, or None."""
        digits = reference.rpartition("-")[2]
        if not digits.isdecimal() or len(digits) > 18:  # noqa: PLR2004 (fits a BIGINT)
            return None
        attempt_id = int(digits)
        found = self._located.get(attempt_id)
        if found is None:
            row = await self._pool.fetchrow(SQL.locate_attempt, attempt_id)
            if row is None:
                return None
            found = (row["order_id"], row["supplier_id"], row["reseller_id"], row["reference"])
        order_id, at_supplier, reseller_id, own_reference = found
        if at_supplier != supplier_id or own_reference != reference:
            return None
        return attempt_id, order_id, reseller_id


def _transcript(kind: str, request: HttpRequest, result: SendResult) -> Transcript:
    sent, got = scrub(request, result)
    return Transcript(kind=kind, request=sent, answer=got, elapsed_ms=result.elapsed_ms)


def _note(kind: str, text: str) -> Transcript:
    return Transcript(kind=kind, request="", answer=f"({text})")
