"""The write lane: many callers' writes become one transaction (group commit).

A lane takes what is waiting, runs it as set-based SQL in one transaction and answers the callers
after COMMIT. The single write is a batch of one. What the batch does is the *program*'s business;
the lane knows when it is safe to do it again:

* before COMMIT was sent, nothing happened: the batch is run again on a new connection;
* a connection lost during COMMIT is unknown: the lane asks the server before it goes on, by a row
  that the commit itself wrote, for a crashed server gives out transaction ids again;
* an unexpected error is isolated by running the halves of the batch;
* an account that somebody else keeps locked is set aside and waits alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import Any, Final
from weakref import WeakValueDictionary

import structlog

from gerbang.postgres.fair_queue import FairQueue
from gerbang.postgres.lane_program import (
    LEDGER_LOCK_KEY,
    NO_PROOF,
    SET_ASIDE,
    Done,
    LaneFullError,
    NotWrittenError,
    OutcomeUnknownError,
    Program,
    Proof,
    SetAside,
    Stage,
    Ticket,
    account_of,
    locked_account_of,
)
from gerbang.postgres.lane_worker import RECONNECT_PAUSE_S, Slot, Turns, Worker
from gerbang.postgres.pool import OwnConnection

__all__ = [
    "LEDGER_LOCK_KEY",
    "NO_PROOF",
    "SET_ASIDE",
    "Done",
    "Lane",
    "LaneFullError",
    "LaneStats",
    "NotWrittenError",
    "OutcomeUnknownError",
    "Program",
    "Proof",
    "SetAside",
]

log = structlog.get_logger()

BATCH_WRITES_MAX: Final = 256
QUEUE_WRITES_MAX: Final = 20_000
ASIDE_CONNECTIONS_MAX: Final = 8
"""So many writes wait for locked rows on connections of their own; the others wait for these."""
EXPIRY_CHECK_S: Final = 0.1
STOP_TIMEOUT_S: Final = 15.0

_FORGET_COMMITS: Final = "DELETE FROM lane_commits WHERE at < now() - interval '7 days'"


class LaneStats:
    """What metrics show of a lane."""

    __slots__ = ("batches", "largest_batch", "retries", "writes")

    def __init__(self) -> None:
        self.batches = 0
        self.writes = 0
        self.retries = 0
        self.largest_batch = 0


class Lane:
    """Group commit over one queue, by one or more workers with a connection each."""

    def __init__(
        self,
        open_connection: Callable[[], Awaitable[OwnConnection]],
        program: Program,
        *,
        workers: int = 2,
        batch_writes_max: int = BATCH_WRITES_MAX,
        queue_writes_max: int = QUEUE_WRITES_MAX,
        on_death: Callable[[BaseException], None] | None = None,
    ) -> None:
        """Prepare; `start` opens the connections. `on_death` is called when a worker dies."""
        self._open_connection = open_connection
        self.program = program
        self._workers_count = workers
        self._batch_writes_max = batch_writes_max
        self._queue_writes_max = queue_writes_max
        self._on_death = on_death
        self._queue: FairQueue[Ticket] = FairQueue()
        self._turns = Turns()
        self._sleepers: list[asyncio.Future[None]] = []
        self._unfinished: set[Ticket] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._aside: set[asyncio.Task[None]] = set()
        self._aside_room = asyncio.Semaphore(ASIDE_CONNECTIONS_MAX)
        self._aside_turns: WeakValueDictionary[int | None, asyncio.Lock] = WeakValueDictionary()
        self._slots: list[Slot] = []
        self._stopping = False
        self.stats = LaneStats()
        self.observe_batch: Callable[[int, float], None] | None = None

    @property
    def depth(self) -> int:
        """How many writes wait."""
        return len(self._queue)

    async def start(self) -> None:
        """Open the connections and begin to work."""
        for number in range(self._workers_count):
            connection = await self._open_connection()
            if number == 0:
                await connection.execute(_FORGET_COMMITS)
            self._spawn(Worker(self, connection, number).work())
        self._spawn(self._expire_forever())

    def _spawn(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work)
        task.add_done_callback(self._task_ended)
        self._tasks.append(task)

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        if self._stopping or task.cancelled():
            return
        error = task.exception() or RuntimeError("a lane worker ended")
        log.critical("lane.died", error=repr(error))
        if self._on_death is not None:
            self._on_death(error)

    async def stop(self) -> None:
        """Finish what is queued, then close; after a limit, leave the rest unwritten."""
        limit = monotonic() + STOP_TIMEOUT_S
        while self._unfinished and monotonic() < limit:  # noqa: ASYNC110 (a short, bounded wait)
            await asyncio.sleep(0.02)
        self._stopping = True
        for task in [*self._tasks, *self._aside]:
            task.cancel()
        await asyncio.gather(*self._tasks, *self._aside, return_exceptions=True)
        for ticket in list(self._unfinished):
            ticket.expire()

    async def submit(self, write: Any, *, deadline_s: float = 30.0) -> Any:
        """Have `write` done and give its result after COMMIT.

        Raises NotWrittenError when it was certainly not done, OutcomeUnknownError when the
        deadline passed with the commit in doubt, and whatever the program answered with.
        """
        return await self.submit_soon(write, deadline_s=deadline_s)

    def submit_soon(self, write: Any, *, deadline_s: float = 30.0) -> asyncio.Future[Any]:
        """Queue a write and give the future of its result."""
        if self._stopping or len(self._queue) >= self._queue_writes_max:
            raise LaneFullError("too many writes are waiting")
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        ticket = Ticket(write, future, monotonic() + deadline_s)
        self._unfinished.add(ticket)
        self._queue.push(account_of(write), ticket)
        while self._sleepers:
            sleeper = self._sleepers.pop()
            if not sleeper.done():
                sleeper.set_result(None)
                break
        return future

    def has_waiting(self, number: int) -> bool:
        """Whether a worker of the queue (not one of a set-aside write) has more to do."""
        return number >= 0 and len(self._queue) > 0

    async def take(self, worker: Worker) -> list[Ticket]:
        """Wait for work and for the turn to write, and take a batch.

        One worker writes while another one commits: so writes gather into full batches, the
        server's work on one batch goes on beside ours on the next, and workers wait for each
        other's locks no longer than for a commit.
        """
        while True:
            await self._turns.wait()
            batch = self._take_waiting()
            if batch:
                self._turns.begin(worker)
                return batch
            await worker.rest()
            if not len(self._queue):
                sleeper: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._sleepers.append(sleeper)
                await sleeper

    def end_turn(self, worker: Worker) -> None:
        """Let the next worker write; nothing where it was not this one's turn."""
        self._turns.end(worker)

    def _take_waiting(self) -> list[Ticket]:
        batch: list[Ticket] = []
        while len(self._queue) and not batch:
            taken = self._queue.take(self._batch_writes_max)
            batch = [ticket for ticket in taken if not ticket.future.done()]
            self._unfinished.difference_update(set(taken) - set(batch))
        for ticket in batch:
            ticket.stage = Stage.IN_BATCH
        return batch

    def note_refusals(self, number: int, done: Done, batch: Sequence[Ticket]) -> None:
        """Let accounts that are refused everything wait behind those that are served."""
        if number >= 0 and (done.refused_account_ids or self._queue.has_refused):
            accounts = {account_of(ticket.write) for ticket in batch} - {None}
            self._queue.note(accounts, done.refused_account_ids)

    def still_wanted(self, batch: list[Ticket]) -> list[Ticket]:
        """Drop callers that left while nothing was in doubt."""
        wanted = [ticket for ticket in batch if not ticket.future.done()]
        self._unfinished.difference_update(set(batch) - set(wanted))
        return wanted

    def finish(self, batch: Sequence[Ticket], results: Sequence[Any]) -> None:
        """Answer the callers of a committed (or refused) batch."""
        for ticket, result in zip(batch, results, strict=True):
            if isinstance(result, SetAside):
                self._set_aside(ticket)
                continue
            ticket.resolve(result)
            self._unfinished.discard(ticket)

    def _set_aside(self, ticket: Ticket) -> None:
        """Let one write wait for its locked rows alone, so that it holds nobody up."""
        ticket.stage = Stage.WAITING
        task = asyncio.create_task(self._wait_alone(ticket))
        self._aside.add(task)
        task.add_done_callback(self._aside.discard)

    async def _wait_alone(self, ticket: Ticket) -> None:
        """Wait behind the others of the same account, of whom one at a time asks for its lock."""
        account_id = locked_account_of(ticket.write)
        turn = self._aside_turns.setdefault(account_id, asyncio.Lock())
        async with turn, self._aside_room:
            if ticket.future.done():
                self._unfinished.discard(ticket)
            else:
                await self._do_alone(ticket)

    async def _do_alone(self, ticket: Ticket) -> None:
        worker = None
        try:
            worker = Worker(self, await self.reopen(), -1)
            while not ticket.future.done():
                ticket.stage = Stage.IN_BATCH
                if await worker.try_alone(ticket):
                    return
                ticket.stage = Stage.WAITING
        except Exception as error:  # a defect of ours; the caller must not wait for it
            log.exception("lane.write_failed")
            ticket.resolve(error)
        finally:
            self._unfinished.discard(ticket)
            if worker is not None:
                worker.close()

    def borrow_slot(self) -> Slot:
        """Lend a row of lane_commits; two workers never share one at a time."""
        return self._slots.pop() if self._slots else Slot()

    def return_slot(self, slot: Slot) -> None:
        """Take a row back, so that their number stays that of the workers."""
        self._slots.append(slot)

    async def _expire_forever(self) -> None:
        while True:
            await asyncio.sleep(EXPIRY_CHECK_S)
            now = monotonic()
            for ticket in [t for t in self._unfinished if t.deadline <= now]:
                ticket.expire()

    async def reopen(self) -> OwnConnection:
        """Open a connection, however long the server is away."""
        while True:
            try:
                return await self._open_connection()
            except Exception as error:  # noqa: BLE001 (a driver has many words for being cut off)
                log.warning("lane.database_away", error=repr(error))
                await asyncio.sleep(RECONNECT_PAUSE_S)
