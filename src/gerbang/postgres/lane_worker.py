"""The worker of a write lane: one connection, and batches done on it to their end.

It knows when it is safe to do a batch again; see lane.py for the rules.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

import structlog

from gerbang.postgres.errors import (
    DeadlockDetected,
    InvalidParameterValue,
    LockNotAvailable,
    SerializationFailure,
    UniqueViolation,
    is_connection_lost,
)
from gerbang.postgres.lane_program import Program, Proof, Stage, Ticket
from gerbang.postgres.pool import OwnConnection

if TYPE_CHECKING:
    from gerbang.postgres.lane import Lane

log = structlog.get_logger()

RECONNECT_PAUSE_S: Final = 0.2
TURN_S_MAX: Final = 0.05
CONFLICT_RETRIES_MAX: Final = 5
REPLAN_EVERY_S: Final = 60.0

_COMMIT: Final = "COMMIT"
_COMMIT_AND_BEGIN: Final = "COMMIT; BEGIN"
_XACT_ID: Final = "SELECT pg_current_xact_id_if_assigned()::text"
_XACT_STATUS: Final = "SELECT pg_xact_status($1::text::xid8)"
_LAST_COMMIT: Final = "SELECT number FROM lane_commits WHERE slot = $1"


def _proving(proof: Proof) -> str:
    """Leave proof of the commit that follows; the slot is made of hexadecimal digits."""
    return (
        f"INSERT INTO lane_commits (slot, number) VALUES ('{proof.slot}', {proof.number})"  # noqa: S608
        " ON CONFLICT (slot) DO UPDATE SET number = excluded.number, at = excluded.at; "
    )


class CommitInDoubtError(Exception):
    """The connection was lost while COMMIT was on its way."""

    def __init__(self, xact_id: str, number: int, results: Sequence[Any]) -> None:
        super().__init__(xact_id)
        self.xact_id = xact_id
        self.number = number
        self.results = results


class Slot:
    """A row of lane_commits and the number that was written to it last."""

    __slots__ = ("name", "number")

    def __init__(self) -> None:
        self.name = secrets.token_hex(12)
        self.number = 0


class Turns:
    """Which worker of a lane may write; none waits for it longer than `TURN_S_MAX`."""

    def __init__(self) -> None:
        self._writing: Worker | None = None
        self._since = 0.0
        self._ended: asyncio.Event = asyncio.Event()

    async def wait(self) -> None:
        """Wait until nobody writes, or whoever does is held up."""
        while self._writing is not None:
            left = self._since + TURN_S_MAX - monotonic()
            if left <= 0:
                return
            self._ended.clear()
            # Not wait_for: Python 3.11's forgets a cancellation that comes with the answer.
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._ended.wait()

    def begin(self, worker: Worker) -> None:
        """Take the turn."""
        self._writing = worker
        self._since = monotonic()

    def end(self, worker: Worker) -> None:
        """Give it back, if it is still this worker's."""
        if self._writing is worker:
            self._writing = None
            self._ended.set()


class Worker:
    """One connection of a lane and the loop that uses it."""

    def __init__(self, lane: Lane, connection: OwnConnection, number: int) -> None:
        self._lane = lane
        self._connection = connection
        self._number = number
        self._slot = lane.borrow_slot()
        self._batches = 0
        self._planned_at = monotonic()
        self._begun = False

    async def work(self) -> None:
        """Take batches for ever."""
        try:
            while True:
                batch = await self._lane.take(self)
                started = monotonic()
                try:
                    await self._do(batch)
                finally:
                    self._lane.end_turn(self)
                self._note(len(batch), monotonic() - started)
                await self._forget_old_plans()
        finally:
            self.close()

    async def rest(self) -> None:
        """Leave the transaction that was begun ahead: nobody knows when there will be work."""
        if self._begun:
            await self._roll_back()

    def close(self) -> None:
        """Leave the connection, whatever it is doing."""
        self._connection.terminate()
        self._lane.return_slot(self._slot)

    async def _forget_old_plans(self) -> None:
        """Have the server plan again each time the batches have doubled, and now and then.

        For an empty table all plans cost the same, also one that reads a whole index; it would
        stay until the server happens to analyse the table. So no plan is kept for a table that
        has grown to more than twice of what it was made for.
        """
        self._batches += 1
        now = monotonic()
        doubled = not self._batches & (self._batches - 1)
        if not doubled and now - self._planned_at < REPLAN_EVERY_S:
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

    async def _do(self, batch: list[Ticket], *, skip_locked: bool = False) -> None:
        """Do a batch to its end: committed, refused by halves, or left by its callers."""
        conflicts = 0
        while batch:
            try:
                results = await self._transact(batch, skip_locked=skip_locked)
            except CommitInDoubtError as doubt:
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
    def _nothing_in_doubt(batch: list[Ticket]) -> None:
        """While the server is away an unsent COMMIT means: certainly not written."""
        for ticket in batch:
            ticket.stage = Stage.WAITING

    def _back_to_waiting(self, batch: list[Ticket]) -> list[Ticket]:
        for ticket in batch:
            ticket.stage = Stage.IN_BATCH
        return self._lane.still_wanted(batch)

    async def _transact(self, batch: list[Ticket], *, skip_locked: bool) -> Sequence[Any]:
        connection = self._connection
        self._slot.number += 1
        proof = Proof(self._slot.name, self._slot.number)
        try:
            if not self._begun:
                await connection.execute("BEGIN")
            self._begun = False
            writes = [ticket.write for ticket in batch]
            done = await self._program.run(connection, writes, skip_locked=skip_locked, proof=proof)
            xact_id = done.xact_id or await connection.fetchval(_XACT_ID) or ""
            self._lane.note_refusals(self._number, done, batch)
        except BaseException:
            await self._roll_back()
            raise
        for ticket in batch:
            ticket.stage = Stage.COMMITTING
        if not done.ending:
            # Else the server writes on: what comes meanwhile gathers into the next batch.
            self._lane.end_turn(self)
        # Without an id nothing was written, and there is nothing to prove.
        proving = _proving(proof) if xact_id and not done.proved else ""
        # Who has more to do begins anew on the way: that saves a round trip.
        begins = self._lane.has_waiting(self._number)
        try:
            commit = _COMMIT_AND_BEGIN if begins else _COMMIT
            await connection.execute(f"{done.ending}{proving}{commit}")
        except Exception as error:
            if self._lost(error):
                raise CommitInDoubtError(xact_id, proof.number, done.results) from error
            await self._roll_back()
            raise
        except BaseException:
            connection.terminate()
            raise
        self._begun = begins
        return done.results

    @property
    def _program(self) -> Program:
        return self._lane.program

    async def _roll_back(self) -> None:
        self._begun = False
        if self._connection.is_closed():
            return
        try:
            await self._connection.execute("ROLLBACK")
        except Exception:  # noqa: BLE001 (the connection is thrown away instead)
            self._connection.terminate()

    async def _reconnect(self) -> None:
        """Get a new connection; until then nothing of the batch is in doubt."""
        self._begun = False
        self._connection.terminate()
        self._connection = await self._lane.reopen()
        self._program.connection_lost()

    async def _was_committed(self, doubt: CommitInDoubtError) -> bool:
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

    async def _bisect(self, batch: list[Ticket], error: Exception, *, skip_locked: bool) -> None:
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

    async def try_alone(self, ticket: Ticket) -> bool:
        """Do one set-aside write, waiting for its locks; False when they are still taken."""
        try:
            results = await self._transact([ticket], skip_locked=False)
        except (LockNotAvailable, DeadlockDetected, SerializationFailure):
            return False
        except CommitInDoubtError as doubt:
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
