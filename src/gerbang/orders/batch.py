"""The program of the write lane: one batch of order writes as set-based SQL.

What the batch needs is locked and loaded (batch_load.py), planned in plain Python over the locked
rows (place.py, record.py), and written, each table by one statement (batch_write.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from gerbang.clock import Clock
from gerbang.dialects.contract import Refusal
from gerbang.ledger.account import HouseAccount
from gerbang.ledger.move import Moved, MoveMoney, plan_move
from gerbang.orders.batch_load import lock_and_load
from gerbang.orders.batch_state import BatchState
from gerbang.orders.batch_write import write_batch
from gerbang.orders.directory import Directory
from gerbang.orders.endings import Endings
from gerbang.orders.numbers import FreeNumbers
from gerbang.orders.place import place_order
from gerbang.orders.reasons import Reason
from gerbang.orders.record import record_outcome
from gerbang.orders.writes import PlaceOrder, RecordOutcome
from gerbang.postgres.lane_program import NO_PROOF, SET_ASIDE, Done, Proof
from gerbang.postgres.pool import Connection


class OrderProgram:
    """What the write lane runs. One object for all workers of a process."""

    def __init__(
        self,
        *,
        clock: Clock,
        directory: Directory,
        house: Mapping[HouseAccount, int],
        untracked_ids: Callable[[], frozenset[int]],
        installation_tag: str,
        node: str,
        claims_callbacks: bool = True,
    ) -> None:
        """Prepare. `untracked_ids` answers which accounts carry no running balance."""
        self.clock = clock
        self.directory = directory
        self.house = house
        self.untracked_ids = untracked_ids
        self.installation_tag = installation_tag
        self.node = node
        self.claims_callbacks = claims_callbacks
        self.endings = Endings()
        self._numbers = FreeNumbers()

    async def run(
        self,
        connection: Connection,
        writes: Sequence[Any],
        *,
        skip_locked: bool,
        proof: Proof = NO_PROOF,
    ) -> Done:
        """Do all writes of a batch; see postgres/lane.py."""
        numbers = self._numbers.borrow()
        state = BatchState(self, now=self.clock.now(), numbers=numbers, writes=writes, proof=proof)
        await numbers.reserve(connection, len(writes))
        await lock_and_load(connection, state, skip_locked=skip_locked)
        _plan(state)
        await write_batch(connection, state)
        self._numbers.give_back(numbers)
        return Done(
            state.results,
            state.xact_id,
            _refused_accounts(state),
            proved=state.proved,
            ending=state.ending,
        )

    def connection_lost(self) -> None:
        """Forget the reserved ids: a server that crashed may give them out again."""
        self._numbers.forget()


def _refused_accounts(state: BatchState) -> frozenset[int]:
    """Accounts for which nothing was placed, because their balance was too low."""
    refused: set[int] = set()
    served: set[int] = set()
    for index, write in state.of.get(PlaceOrder, ()):
        result = state.results[index]
        poor = isinstance(result, Refusal) and result.reason is Reason.INSUFFICIENT_BALANCE
        (refused if poor else served).add(write.account_id)
    return frozenset(refused - served)


def _plan(state: BatchState) -> None:
    for kind, plan in PLANS.items():
        for index, write in state.of.get(kind, ()):
            if state.results[index] is not SET_ASIDE:
                state.results[index] = plan(state, write)


def _move_money(state: BatchState, w: MoveMoney) -> Moved | Exception:
    result = plan_move(w, state.book, state.by_key)
    if isinstance(result, Moved):
        state.by_key[w.key] = result.transfer
    return result


PLANS: Final[Mapping[type, Callable[[BatchState, Any], Any]]] = {
    PlaceOrder: place_order,
    RecordOutcome: record_outcome,
    MoveMoney: _move_money,
}
"""In this order, whatever the order in which the writes came."""
