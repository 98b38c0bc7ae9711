"""What a write lane and the programs it runs say to each other, and a caller's place in it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from enum import Enum, auto
from typing import Any, Final, NamedTuple, Protocol

from gerbang.postgres.pool import Connection

LEDGER_LOCK_KEY: Final = 0x6765726261  # "gerba": writers share it, seal and checkpoint own it


class NotWrittenError(Exception):
    """The write was certainly not committed: the caller may say *maintenance*."""


class LaneFullError(NotWrittenError):
    """Too many writes are waiting."""


class OutcomeUnknownError(Exception):
    """The caller's deadline passed while it was not known whether the write was committed."""


class Proof(NamedTuple):
    """What a commit leaves in `lane_commits`, so that a commit in doubt can be found."""

    slot: str
    number: int


NO_PROOF: Final = Proof("", 0)


class SetAside:
    """A program's result for a write whose rows somebody else keeps locked."""


SET_ASIDE: Final = SetAside()


class Done:
    """What a program gives back: one result for each write, and its transaction's id.

    Without an id the lane asks for it; only a transaction that wrote something has one. `proved`
    says that the program has written the proof on its way; else the lane does. `ending` is what is
    still to be written: the lane sends it in one message with COMMIT, so that locks are not held
    while this process is busy with other things.
    """

    __slots__ = ("ending", "proved", "refused_account_ids", "results", "xact_id")

    def __init__(
        self,
        results: Sequence[Any],
        xact_id: str = "",
        refused_account_ids: frozenset[int] = frozenset(),
        *,
        proved: bool = False,
        ending: str = "",
    ) -> None:
        self.ending = ending
        self.proved = proved
        self.results = results
        self.xact_id = xact_id
        self.refused_account_ids = refused_account_ids


class Program(Protocol):
    """What a batch does, inside the lane's transaction."""

    async def run(
        self,
        connection: Connection,
        writes: Sequence[Any],
        *,
        skip_locked: bool,
        proof: Proof = NO_PROOF,
    ) -> Done:
        """Do all writes and give one result each; an Exception as a result goes to its caller.

        A program that moves money takes the ledger's shared lock before it locks an account.
        """
        ...

    def connection_lost(self) -> None:
        """Forget what a server that crashed may give out again, such as reserved ids."""
        ...


class Stage(Enum):
    """How far a write is, which decides what its caller may be told."""

    WAITING = auto()
    IN_BATCH = auto()
    COMMITTING = auto()
    DONE = auto()


class Ticket:
    """One caller's write on its way through the lane."""

    __slots__ = ("deadline", "future", "raced", "stage", "write")

    def __init__(self, write: Any, future: asyncio.Future[Any], deadline: float) -> None:
        self.write = write
        self.future = future
        self.deadline = deadline
        self.raced = False
        self.stage = Stage.WAITING

    def resolve(self, result: Any) -> None:
        """Answer the caller, if it is still there."""
        self.stage = Stage.DONE
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
        if self.stage is Stage.WAITING:
            self.future.set_exception(NotWrittenError("not written before the deadline"))
        else:
            self.future.set_exception(OutcomeUnknownError("commit not confirmed in time"))


def account_of(write: Any) -> int | None:
    """The account that a write locks, if it says one."""
    account_id: int | None = getattr(write, "account_id", None)
    return account_id


def locked_account_of(write: Any) -> int | None:
    """The account whose lock a write would wait for: the first that it says."""
    account_ids: Sequence[int] = getattr(write, "account_ids", ())
    return account_ids[0] if account_ids else account_of(write)
