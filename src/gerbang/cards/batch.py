"""The program of the card lane: one batch of payment writes as set-based SQL.

What the batch needs is locked and loaded (batch_load.py), planned in plain Python over the locked
rows (batch_plan.py, with plan.py and apply.py), and written (batch_write.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gerbang.cards.apply import CardAccounts
from gerbang.cards.batch_load import lock_and_load
from gerbang.cards.batch_plan import plan_batch
from gerbang.cards.batch_state import CardBatch
from gerbang.cards.batch_write import write_batch
from gerbang.cards.tokens import CardKeys
from gerbang.clock import Clock
from gerbang.orders.numbers import FreeNumbers
from gerbang.postgres.lane_program import NO_PROOF, Done, Proof
from gerbang.postgres.pool import Connection


class CardProgram:
    """What the card lane runs. One object for all workers of a process."""

    def __init__(
        self,
        *,
        clock: Clock,
        keys: CardKeys,
        accounts: CardAccounts,
        untracked_ids: Callable[[], frozenset[int]],
        node: str,
        claims_callbacks: bool = True,
    ) -> None:
        """Prepare. `untracked_ids` answers which accounts carry no running balance."""
        self.clock = clock
        self.keys = keys
        self.accounts = accounts
        self.untracked_ids = untracked_ids
        self.node = node
        self.claims_callbacks = claims_callbacks
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
        batch = CardBatch(self, now=self.clock.now(), numbers=numbers, writes=writes, proof=proof)
        await numbers.reserve(connection, len(writes))
        await lock_and_load(connection, batch, skip_locked=skip_locked)
        plan_batch(batch)
        await write_batch(connection, batch)
        self._numbers.give_back(numbers)
        return Done(batch.results, xact_id=batch.xact_id, proved=bool(batch.xact_id))

    def connection_lost(self) -> None:
        """Forget the reserved ids: a server that crashed may give them out again."""
        self._numbers.forget()
