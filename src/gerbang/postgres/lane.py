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
import secrets
from collections.abc import Awaitable, Callable, Sequence
from enum import Enum, auto
from time import monotonic
from typing import Any, Final, Protocol

import structlog

from gerbang.postgres.errors import (
    DeadlockDetected,
    InvalidParameterValue,
    LockNotAvailable,
    SerializationFailure,
    UniqueViolation,
    is_connection_lost,
)
from gerbang.postgres.fair_queue import FairQueue
from gerbang.postgres.pool import Connection, OwnConnection

log = structlog.get_logger()

BATCH_WRITES_MAX: Final = 256
QUEUE_WRITES_MAX: Final = 20_000
RECONNECT_PAUSE_S: Final = 0.2
CONFLICT_RETRIES_MAX: Final = 5
EXPIRY_CHECK_S: Final = 0.1
STOP_TIMEOUT_S: Final = 15.0
REPLAN_AT_BATCHES: Final = frozenset({10, 100, 1_000, 10_000})
REPLAN_EVERY_S: Final = 60.0

LEDGER_LOCK_KEY: Final = 0x6765726261  # "gerba": writers share it, seal and checkpoint own it

_BEGIN: Final = f"BEGIN; SELECT pg_advisory_xact_lock_shared({LEDGER_LOCK_KEY})"
_XACT_ID: Final = "SELECT pg_current_xact_id_if_assigned()::text"
_XACT_STATUS: Final = "SELECT pg_xact_status($1::text::xid8)"
_LAST_COMMIT: Final = "SELECT number FROM lane_commits WHERE slot = $1"
_FORGET_COMMITS: Final = "DELETE FROM lane_commits WHERE at < now() - interval '7 days'"


def _commit_numbered(slot: str, number: int) -> str:
    """Commit and leave proof of it, in one round trip; the slot is made of hexadecimal digits."""
    return (
        f"INSERT INTO lane_commits (slot, number) VALUES ('{slot}', {number})"  # noqa: S608
        " ON CONFLICT (slot) DO UPDATE SET number = excluded.number, at = excluded.at; COMMIT"
    )


class NotWrittenError(Exception):
    """The write was certainly not committed: the caller may say *maintenance*."""


class LaneFullError(NotWrittenError):
    """Too many writes are waiting."""


class OutcomeUnknownError(Exception):
    """The caller's deadline passed while it was not known whether the write was committed."""


class SetAside:
    """A program's result for a write whose rows somebody else keeps locked."""


SET_ASIDE: Final = SetAside()


class Done:
    """What a program gives back: one result for each write, and its transaction's id.

    Without an id the lane asks for it; only a transaction that wrote something has one.
    """

    __slots__ = ("refused_account_ids", "results", "xact_id")

    def __init__(
        self,
        results: Sequence[Any],
        xact_id: str = "",
        refused_account_ids: frozenset[int] = frozenset(),
    ) -> None:
        self.results = results
        self.xact_id = xact_id
        self.refused_account_ids = refused_account_ids


class Program(Protocol):
    """What a batch does, inside the lane's transaction."""

    async def run(
        self, connection: Connection, writes: Sequence[Any], *, skip_locked: bool
    ) -> Done:
        """Do all writes and give one result each; an Exception as a result goes to its caller."""
        ...

    def connection_lost(self) -> None:
        """Forget what a server that crashed may give out again, such as reserved ids."""
        ...


class _Stage(Enum):
    WAITING = auto()
    IN_BATCH = auto()
    COMMITTING = auto()
    DONE = auto()


class _Ticket:
    """One caller's write on its way through the lane."""

    __slots__ = ("deadline", "future", "raced", "stage", "write")

    def __init__(self, write: Any, future: asyncio.Future[Any], deadline: float) -> None:
        self.write = write
        self.future = future
        self.deadline = deadline
        self.raced = False
        self.stage = _Stage.WAITING

    def resolve(self, result: Any) -> None:
        """Answer the caller, if it is still there."""
        self.stage = _Stage.DONE
        if self.future.done():
            return
        if isinstance(result, Exception):
            self.future.set_exception(result)
        else:
            self.future.set_result(result)

    def expire(self) -> None:
        """Tell the caller that its time is up, in the words its stage allows."""
        if self.future.done():
            return
        if self.stage is _Stage.WAITING:
            self.future.set_exception(NotWrittenError("not written before the deadline"))
        else:
            self.future.set_exception(OutcomeUnknownError("commit not confirmed in time"))


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
        self._program = program
        self._workers_count = workers
        self._batch_writes_max = batch_writes_max
        self._queue_writes_max = queue_writes_max
        self._on_death = on_death
        self._queues: list[FairQueue[_Ticket]] = [FairQueue() for _ in range(workers)]
        self._sleepers: list[asyncio.Future[None] | None] = [None] * workers
        self._unfinished: set[_Ticket] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._aside: set[asyncio.Task[None]] = set()
        self._slots: list[_Slot] = []
        self._stopping = False
        self.stats = LaneStats()
        self.observe_batch: Callable[[int, float], None] | None = None

    @property
    def depth(self) -> int:
        """How many writes wait."""
        return sum(len(queue) for queue in self._queues)

    async def start(self) -> None:
        """Open the connections and begin to work."""
        for number in range(self._workers_count):
            connection = await self._open_connection()
            if number == 0:
                await connection.execute(_FORGET_COMMITS)
            self._spawn(_Worker(self, connection, number).work())
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
        if self._stopping or self.depth >= self._queue_writes_max:
            raise LaneFullError("too many writes are waiting")
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        ticket = _Ticket(write, future, monotonic() + deadline_s)
        self._unfinished.add(ticket)
        number = self._worker_for(write)
        self._queues[number].push(_account_of(write), ticket)
        sleeper = self._sleepers[number]
        if sleeper is not None and not sleeper.done():
            sleeper.set_result(None)
        return future

    def _worker_for(self, write: Any) -> int:
        """Choose the worker by the account that the write locks.

        So the workers of one process never wait for each other's locks, and two requests with one
        reference meet in one queue. Writes that lock no account go where least waits.
        """
        account_id = _account_of(write)
        if account_id is not None:
            return account_id % len(self._queues)
        return min(range(len(self._queues)), key=lambda n: len(self._queues[n]))

    async def take(self, number: int) -> list[_Ticket]:
        """Wait for work of one worker and take a batch; callers that left are skipped."""
        while True:
            batch = self._take_waiting(self._queues[number])
            if batch:
                return batch
            sleeper: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._sleepers[number] = sleeper
            await sleeper

    def _take_waiting(self, queue: FairQueue[_Ticket]) -> list[_Ticket]:
        batch: list[_Ticket] = []
        while len(queue) and not batch:
            taken = queue.take(self._batch_writes_max)
            batch = [ticket for ticket in taken if not ticket.future.done()]
            self._unfinished.difference_update(set(taken) - set(batch))
        for ticket in batch:
            ticket.stage = _Stage.IN_BATCH
        return batch

    def note_refusals(self, number: int, done: Done, batch: Sequence[_Ticket]) -> None:
        """Let accounts that are refused everything wait behind those that are served."""
        if number >= 0 and (done.refused_account_ids or self._queues[number].has_refused):
            accounts = {_account_of(ticket.write) for ticket in batch} - {None}
            self._queues[number].note(accounts, done.refused_account_ids)

    def still_wanted(self, batch: list[_Ticket]) -> list[_Ticket]:
        """Drop callers that left while nothing was in doubt."""
        wanted = [ticket for ticket in batch if not ticket.future.done()]
        self._unfinished.difference_update(set(batch) - set(wanted))
        return wanted

    def finish(self, batch: Sequence[_Ticket], results: Sequence[Any]) -> None:
        """Answer the callers of a committed (or refused) batch."""
        for ticket, result in zip(batch, results, strict=True):
            if isinstance(result, SetAside):
                self._set_aside(ticket)
                continue
            ticket.resolve(result)
            self._unfinished.discard(ticket)

    def _set_aside(self, ticket: _Ticket) -> None:
        """Let one write wait for its locked rows alone, so that it holds nobody up."""
        ticket.stage = _Stage.WAITING
        task = asyncio.create_task(self._wait_alone(ticket))
        self._aside.add(task)
        task.add_done_callback(self._aside.discard)

    async def _wait_alone(self, ticket: _Ticket) -> None:
        worker = None
        try:
            worker = _Worker(self, await self.reopen(), -1)
            while not ticket.future.done():
                ticket.stage = _Stage.IN_BATCH
                if await worker.try_alone(ticket):
                    return
                ticket.stage = _Stage.WAITING
        except Exception as error:  # a defect of ours; the caller must not wait for it
            log.exception("lane.write_failed")
            ticket.resolve(error)
        finally:
            self._unfinished.discard(ticket)
            if worker is not None:
                worker.close()

    def borrow_slot(self) -> _Slot:
        """Lend a row of lane_commits; two workers never share one at a time."""
        return self._slots.pop() if self._slots else _Slot()

    def return_slot(self, slot: _Slot) -> None:
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


class _CommitInDoubtError(Exception):
    """The connection was lost while COMMIT was on its way."""

    def __init__(self, xact_id: str, number: int, results: Sequence[Any]) -> None:
        super().__init__(xact_id)
        self.xact_id = xact_id
        self.number = number
        self.results = results


class _Slot:
    """A row of lane_commits and the number that was written to it last."""

    __slots__ = ("name", "number")

    def __init__(self) -> None:
        self.name = secrets.token_hex(12)
        self.number = 0


class _Worker:
    """One connection of a lane and the loop that uses it."""

    def __init__(self, lane: Lane, connection: OwnConnection, number: int) -> None:
        self._lane = lane
        self._connection = connection
        self._number = number
        self._slot = lane.borrow_slot()
        self._batches = 0
        self._planned_at = monotonic()

    async def work(self) -> None:
        """Take batches for ever."""
        try:
            while True:
                batch = await self._lane.take(self._number)
                started = monotonic()
                await self._do(batch)
                self._note(len(batch), monotonic() - started)
                await self._forget_old_plans()
        finally:
            self.close()

    def close(self) -> None:
        """Leave the connection, whatever it is doing."""
        self._connection.terminate()
        self._lane.return_slot(self._slot)

    async def _forget_old_plans(self) -> None:
        """Have the server plan again now and then.

        A plan made while a table was empty reads all of it; it would stay until the server
        happens to analyse the table.
        """
        self._batches += 1
        now = monotonic()
        if self._batches not in REPLAN_AT_BATCHES and now - self._planned_at < REPLAN_EVERY_S:
            return
        self._planned_at = now
        try:
            await self._connection.execute("DISCARD PLANS")
        except Exception as error:  # noqa: BLE001 (the next batch deals with the connection)
            log.warning("lane.plans_kept", error=repr(error))

    def _note(self, size: int, seconds: float) -> None:
        stats = self._lane.stats
        stats.batches += 1
        stats.writes += size
        stats.largest_batch = max(stats.largest_batch, size)
        if self._lane.observe_batch is not None:
            self._lane.observe_batch(size, seconds)

    async def _do(self, batch: list[_Ticket], *, skip_locked: bool = False) -> None:
        """Do a batch to its end: committed, refused by halves, or left by its callers."""
        conflicts = 0
        while batch:
            try:
                results = await self._transact(batch, skip_locked=skip_locked)
            except _CommitInDoubtError as doubt:
                if await self._was_committed(doubt):
                    self._lane.finish(batch, doubt.results)
                    return
            except (DeadlockDetected, SerializationFailure) as error:
                conflicts += 1
                if conflicts > CONFLICT_RETRIES_MAX:
                    await self._bisect(batch, error, skip_locked=skip_locked)
                    return
            except LockNotAvailable:
                skip_locked = True
            except Exception as error:  # noqa: BLE001 (isolated, and told to its caller)
                if not self._lost(error):
                    await self._bisect(batch, error, skip_locked=skip_locked)
                    return
                self._nothing_in_doubt(batch)
                await self._reconnect()
            else:
                self._lane.finish(batch, results)
                return
            self._lane.stats.retries += 1
            batch = self._back_to_waiting(batch)

    def _lost(self, error: BaseException) -> bool:
        return is_connection_lost(error) or self._connection.is_closed()

    @staticmethod
    def _nothing_in_doubt(batch: list[_Ticket]) -> None:
        """While the server is away an unsent COMMIT means: certainly not written."""
        for ticket in batch:
            ticket.stage = _Stage.WAITING

    def _back_to_waiting(self, batch: list[_Ticket]) -> list[_Ticket]:
        for ticket in batch:
            ticket.stage = _Stage.IN_BATCH
        return self._lane.still_wanted(batch)

    async def _transact(self, batch: list[_Ticket], *, skip_locked: bool) -> Sequence[Any]:
        connection = self._connection
        try:
            await connection.execute(_BEGIN)
            writes = [ticket.write for ticket in batch]
            done = await self._program.run(connection, writes, skip_locked=skip_locked)
            xact_id = done.xact_id or await connection.fetchval(_XACT_ID) or ""
            results = done.results
            self._lane.note_refusals(self._number, done, batch)
        except BaseException:
            await self._roll_back()
            raise
        for ticket in batch:
            ticket.stage = _Stage.COMMITTING
        self._slot.number += 1
        number = self._slot.number
        try:
            # Without an id nothing was written, and there is nothing to prove.
            await connection.execute(
                _commit_numbered(self._slot.name, number) if xact_id else "COMMIT"
            )
        except Exception as error:
            if self._lost(error):
                raise _CommitInDoubtError(xact_id, number, results) from error
            await self._roll_back()
            raise
        except BaseException:
            connection.terminate()
            raise
        return results

    @property
    def _program(self) -> Program:
        return self._lane._program  # noqa: SLF001 (the worker is the lane's own hand)

    async def _roll_back(self) -> None:
        if self._connection.is_closed():
            return
        try:
            await self._connection.execute("ROLLBACK")
        except Exception:  # noqa: BLE001 (the connection is thrown away instead)
            self._connection.terminate()

    async def _reconnect(self) -> None:
        """Get a new connection; until then nothing of the batch is in doubt."""
        self._connection.terminate()
        self._connection = await self._lane.reopen()
        self._program.connection_lost()

    async def _was_committed(self, doubt: _CommitInDoubtError) -> bool:
        """Ask the server what became of a commit; wait while it does not know itself."""
        if not doubt.xact_id:
            await self._reconnect()
            return True
        while True:
            await self._reconnect()
            try:
                if await self._is_in_progress(doubt.xact_id):
                    await asyncio.sleep(RECONNECT_PAUSE_S)
                    continue
                last = await self._connection.fetchval(_LAST_COMMIT, self._slot.name)
            except Exception as error:  # noqa: BLE001 (nobody may be told before it is known)
                log.warning("lane.commit_not_known_yet", error=repr(error))
                await asyncio.sleep(RECONNECT_PAUSE_S)
                continue
            committed = bool(last == doubt.number)
            log.warning("lane.commit_asked", xact_id=doubt.xact_id, committed=committed)
            return committed

    async def _is_in_progress(self, xact_id: str) -> bool:
        """Tell whether the lost connection's server process is still at it."""
        try:
            status = await self._connection.fetchval(_XACT_STATUS, xact_id)
        except InvalidParameterValue:
            return False  # "in the future": a crashed server has lost all of it
        return bool(status == "in progress")

    async def _bisect(self, batch: list[_Ticket], error: Exception, *, skip_locked: bool) -> None:
        """Find the write that the database refuses by doing the halves."""
        if len(batch) == 1:
            if isinstance(error, UniqueViolation) and not batch[0].raced:
                # Another node wrote the same key first: the second look finds it.
                batch[0].raced = True
                await self._do(batch, skip_locked=skip_locked)
                return
            log.error("lane.write_refused", error=repr(error), write=type(batch[0].write).__name__)
            self._lane.finish(batch, [error])
            return
        middle = len(batch) // 2
        await self._do(batch[:middle], skip_locked=skip_locked)
        await self._do(batch[middle:], skip_locked=skip_locked)

    async def try_alone(self, ticket: _Ticket) -> bool:
        """Do one set-aside write, waiting for its locks; False when they are still taken."""
        try:
            results = await self._transact([ticket], skip_locked=False)
        except (LockNotAvailable, DeadlockDetected, SerializationFailure):
            return False
        except _CommitInDoubtError as doubt:
            if not await self._was_committed(doubt):
                return False
            results = doubt.results
        except Exception as error:  # noqa: BLE001 (it goes to the caller)
            if self._lost(error):
                self._nothing_in_doubt([ticket])
                await self._reconnect()
                return False
            results = [error]
        ticket.resolve(results[0])
        return True


def _account_of(write: Any) -> int | None:
    """The account that a write locks, if it says one."""
    account_id: int | None = getattr(write, "account_id", None)
    return account_id
