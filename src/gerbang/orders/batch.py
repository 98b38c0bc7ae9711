"""The program of the write lane: one batch of order writes as set-based SQL.

The order of locks is always accounts by id, then orders by id, then inserts; see docs/ledger.md.
Planning is plain Python over the locked rows; each table is then written by one statement.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from gerbang.clock import Clock
from gerbang.dialects.contract import OrderState, OrderView, Refusal
from gerbang.ledger.account import Account, HouseAccount
from gerbang.ledger.book import Book
from gerbang.ledger.move import Moved, MoveMoney, plan_move
from gerbang.ledger.transfer import Transfer, TransferEvent
from gerbang.orders.batch_bills import load_bills, write_bills
from gerbang.orders.batch_rows import (
    changed_attempt_row,
    changed_order_row,
    columns,
    entry_row,
    new_attempt_row,
    transfer_row,
)
from gerbang.orders.batch_state import BatchState
from gerbang.orders.directory import Directory
from gerbang.orders.endings import Endings
from gerbang.orders.numbers import Numbers
from gerbang.orders.order import joined_attempt_from_row, order_from_row
from gerbang.orders.place import place_order
from gerbang.orders.reasons import Reason
from gerbang.orders.record import enqueue_callbacks, record_outcome
from gerbang.orders.testing import apply_testing_step
from gerbang.orders.transitions import AttemptState
from gerbang.orders.writes import (
    ClaimAttempt,
    DueCallbackRow,
    PlaceOrder,
    RecordDelivery,
    RecordOutcome,
    RecordRefusal,
    SettledTesting,
    SettleTesting,
)
from gerbang.postgres.errors import SerializationFailure
from gerbang.postgres.lane import LEDGER_LOCK_KEY, NO_PROOF, SET_ASIDE, Done, Proof
from gerbang.postgres.pool import Connection
from gerbang.postgres.sql import load_queries

SQL = load_queries("gerbang.orders", "batch.sql")


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
        self._free_numbers: list[Numbers] = []

    async def run(
        self,
        connection: Connection,
        writes: Sequence[Any],
        *,
        skip_locked: bool,
        proof: Proof = NO_PROOF,
    ) -> Done:
        """Do all writes of a batch; see postgres/lane.py."""
        batch = _Batch(self, connection, writes, proof)
        results = await batch.run(skip_locked=skip_locked)
        # Numbers of a batch that failed are not used again: were they reserved in a transaction
        # that a crash of the server undid, it would give them out twice.
        self._free_numbers.append(batch.numbers)
        return Done(
            results,
            batch.xact_id,
            batch.refused_accounts(),
            proved=batch.proved,
            ending=batch.ending,
        )

    def connection_lost(self) -> None:
        """Forget the reserved ids: a server that crashed may give them out again."""
        self._free_numbers.clear()

    def borrow_numbers(self) -> Numbers:
        """Lend id blocks to one batch: two workers never share one at a time."""
        return self._free_numbers.pop() if self._free_numbers else Numbers()


class _Batch(BatchState):
    """One batch on its way: locks, loads, has everything planned, and writes."""

    def __init__(
        self, program: OrderProgram, connection: Connection, writes: Sequence[Any], proof: Proof
    ) -> None:
        super().__init__(
            program, now=program.clock.now(), numbers=program.borrow_numbers(), writes=writes
        )
        self.p = program
        self.c = connection
        self.proof = proof
        self.proved = False
        self.ending = ""
        self.xact_id = ""
        self.known_ids: list[int] = []

    # --- the whole -----------------------------------------------------------------------------

    async def run(self, *, skip_locked: bool) -> Sequence[Any]:
        """Lock, load, plan, write."""
        await self.numbers.reserve(self.c, len(self.writes))
        accounts = await self._lock_accounts(skip_locked=skip_locked)
        self.book = Book(
            accounts,
            untracked_ids=self.p.untracked_ids(),
            next_id=self.numbers.transfers.next,
        )
        await self._lock_orders()
        await self._load_known()
        await load_bills(self.c, self)
        await self._claim()
        self._plan()
        await self._write()
        await self._write_deliveries()
        return self.results

    def refused_accounts(self) -> frozenset[int]:
        """Accounts for which nothing was placed, because their balance was too low."""
        refused: set[int] = set()
        served: set[int] = set()
        for index, write in self.of.get(PlaceOrder, ()):
            result = self.results[index]
            poor = isinstance(result, Refusal) and result.reason is Reason.INSUFFICIENT_BALANCE
            (refused if poor else served).add(write.account_id)
        return frozenset(refused - served)

    def _plan(self) -> None:
        for index, place in self.of.get(PlaceOrder, ()):
            if self.results[index] is not SET_ASIDE:
                self.results[index] = place_order(self, place)
        for index, record in self.of.get(RecordOutcome, ()):
            if self.results[index] is not SET_ASIDE:
                self.results[index] = record_outcome(self, record)
        for index, move in self.of.get(MoveMoney, ()):
            if self.results[index] is not SET_ASIDE:
                self.results[index] = self._move(move)

    # --- locks and loads -----------------------------------------------------------------------

    def _needed_accounts(self) -> set[int]:
        needed = {write.account_id for _, write in self.of.get(PlaceOrder, ())}
        for _, write in self.of.get(RecordOutcome, ()):
            needed.update(write.account_ids)
        for _, write in self.of.get(MoveMoney, ()):
            needed.update((write.debit_account_id, write.credit_account_id))
        return needed

    async def _lock_accounts(self, *, skip_locked: bool) -> dict[int, Account]:
        needed = self._needed_accounts()
        if not needed:
            return {}
        places = [write for _, write in self.of.get(PlaceOrder, ())]
        rows = await self.c.fetch(
            SQL.lock_accounts_skip_locked if skip_locked else SQL.lock_accounts,
            sorted(needed),
            [w.reseller_id for w in places],
            [w.testing for w in places],
            [w.reference for w in places],
            LEDGER_LOCK_KEY,
        )
        accounts = {row[0]: Account(*row[:6]) for row in rows}
        if rows:
            self.xact_id = rows[0]["xact_id"]
            self.known_ids = rows[0]["known_ids"] or []
        if skip_locked:
            self._set_aside(needed - accounts.keys() - self.p.untracked_ids())
        return accounts

    def _set_aside(self, missing: set[int]) -> None:
        """Leave out the writes whose accounts somebody else keeps locked."""
        if not missing:
            return
        for index, place in self.of.get(PlaceOrder, ()):
            if place.account_id in missing:
                self.results[index] = SET_ASIDE
        for index, record in self.of.get(RecordOutcome, ()):
            if missing.intersection(record.account_ids):
                self.results[index] = SET_ASIDE
        for index, move in self.of.get(MoveMoney, ()):
            if missing.intersection((move.debit_account_id, move.credit_account_id)):
                self.results[index] = SET_ASIDE

    async def _lock_orders(self) -> None:
        ids = {write.order_id for _, write in self.of.get(RecordOutcome, ())}
        ids.update(write.order_id for _, write in self.of.get(SettleTesting, ()))
        ended = [w for _, w in self.of.get(RecordDelivery, ()) if w.delivered or w.exhausted]
        told = {write.order_id for write in ended}
        if told:
            # Else a callback written beside the end of the one before it would wait for ever.
            await self.c.execute(SQL.lock_told_orders, sorted(ids | told))
        if not ids:
            return
        for row in await self.c.fetch(SQL.lock_orders, sorted(ids)):
            self.told_at = row["told_at"]
            if row["id"] not in self.orders:
                order = order_from_row(row)
                self.orders[order.id] = order
                self.order_state_before[order.id] = order.state
            if row["a_id"] is not None:
                attempt = joined_attempt_from_row(row)
                self.attempts[attempt.order_id].append(attempt)
                self.attempt_state_before[attempt.id] = attempt.state
        finals = [o.id for o in self.orders.values() if o.state is not OrderState.PENDING]
        if finals:
            for row in await self.c.fetch(SQL.callback_tails, finals):
                self.tails[row[0]] = (row[1], row[2])

    async def _load_known(self) -> None:
        places: list[PlaceOrder] = [write for _, write in self.of.get(PlaceOrder, ())]
        if self.known_ids:
            for row in await self.c.fetch(SQL.orders_by_id, self.known_ids):
                order = order_from_row(row)
                self.by_reference[order.reseller_id, order.testing, order.reference] = order
        await self._load_signatures([w for w in places if w.signature_key is not None])
        await self._load_same_day([w for w in places if w.same_day])
        keys = [write.key for _, write in self.of.get(MoveMoney, ())]
        if keys:
            for row in await self.c.fetch(SQL.known_transfer_keys, keys):
                self.by_key[row["key"]] = Transfer(*row)

    async def _load_signatures(self, places: Sequence[PlaceOrder]) -> None:
        if not places:
            return
        rows = await self.c.fetch(
            SQL.known_signatures,
            [w.credential_id for w in places],
            [w.signature_key for w in places],
        )
        for row in rows:
            order = order_from_row(row)
            self.by_signature[order.credential_id, order.signature_key or ""] = order

    async def _load_same_day(self, places: Sequence[PlaceOrder]) -> None:
        if not places:
            return
        rows = await self.c.fetch(
            SQL.same_day_orders,
            [w.reseller_id for w in places],
            [w.product_id for w in places],
            [w.destination for w in places],
        )
        for row in rows:
            order = order_from_row(row)
            self.same_day[order.reseller_id, order.product_id, order.destination] = order

    async def _claim(self) -> None:
        """Hand out one-way claims for sending."""
        for resend, sql in ((False, SQL.claim_attempts), (True, SQL.claim_resends)):
            claims = [(i, w) for i, w in self.of.get(ClaimAttempt, ()) if w.resend is resend]
            if not claims:
                continue
            rows = await self.c.fetch(
                sql,
                [w.attempt_id for _, w in claims],
                [w.claimed_by for _, w in claims],
                [w.claim_ms for _, w in claims],
            )
            granted = {row[0] for row in rows}
            if not resend:
                self._note_sending(granted)
            for index, write in claims:
                # Of two claims for one attempt in one batch, the first has it.
                self.results[index] = write.attempt_id in granted
                granted.discard(write.attempt_id)

    def _note_sending(self, claimed: set[int]) -> None:
        """An attempt that goes out in this batch is no longer prepared for whoever plans in it."""
        for attempts in self.attempts.values():
            for attempt in attempts:
                if attempt.id in claimed:
                    attempt.state = AttemptState.SENDING
                    attempt.sends = 1
                    self.attempt_state_before[attempt.id] = AttemptState.SENDING

    # --- money by hand -------------------------------------------------------------------------

    def _move(self, w: MoveMoney) -> Moved | Exception:
        result = plan_move(w, self.book, self.by_key)
        if isinstance(result, Moved):
            self.by_key[w.key] = result.transfer
        return result

    # --- writing -------------------------------------------------------------------------------

    async def _write(self) -> None:
        await self._settle_testing()
        await self._write_placed()
        await self._write_batch()
        await write_bills(self.c, self)
        if self.new_steps:
            await self.c.execute(SQL.insert_sandbox_steps, *columns(self.new_steps, 3))
        if self.new_cases:
            cases = [
                (case.kind, case.subject, order.id, attempt.id if attempt else None, case.detail)
                for order, attempt, case in self.new_cases
            ]
            await self.c.execute(SQL.insert_cases, *columns(cases, 5))
        await self._write_refusals()

    async def _write_placed(self) -> None:
        """Write new orders with holds and first attempts; the accounts too, if that is all.

        If nothing follows, it is left to be sent together with COMMIT.
        """
        if not self.placed:
            return
        changed = () if self._more_to_write() else tuple(self.book.changed.values())
        slot, number = self.proof
        arguments = (
            self.placed,
            [
                {"id": a.id, "held": a.held, "balance": a.balance, "version": a.version}
                for a in changed
            ],
            TransferEvent.SALE_HOLD.value,
            self.p.house[HouseAccount.SALES],
            slot,
            number,
            len(changed),
            self.now,
            self.explanations.all,
        )
        if self.xact_id and not self._more_to_write() and not self._more_follows():
            self.ending = await self.p.endings.write_placed(self.c, arguments)
        else:
            await self.c.execute(SQL.write_placed, *arguments)
        self.proved = bool(slot)

    def _more_to_write(self) -> bool:
        """Tell whether there is anything beside what was placed."""
        return bool(
            self._other_transfers()
            or self.changed_orders
            or self.new_messages
            or self.new_attempts
            or self.new_callbacks
        )

    def _more_follows(self) -> bool:
        """Tell whether something is written after the orders, which it may name."""
        return bool(
            self.new_steps
            or self.new_cases
            or self.new_bill_payments
            or self.new_bill_guards
            or RecordRefusal in self.of
            or RecordDelivery in self.of
        )

    def _other_transfers(self) -> list[Transfer]:
        """All transfers that are not the hold of an order placed here."""
        transfers = self.book.transfers
        holds = {row.hold_id for row in self.placed}
        return [t for t in transfers if t.id not in holds]

    async def _write_batch(self) -> None:
        """Write what is not placed here in one round trip, and check its row counts."""
        if not self._more_to_write():
            return
        book = self.book
        row = await self.c.fetchrow(
            SQL.write_batch,
            *columns([transfer_row(t) for t in self._other_transfers()], 11),
            *columns([entry_row(e) for e in book.entries], 6),
            *columns([(a.id, a.balance, a.held, a.version) for a in book.changed.values()], 4),
            *columns(
                [
                    changed_order_row(o, self.order_state_before[o.id])
                    for o in self.changed_orders.values()
                ],
                13,
            ),
            *columns([new_attempt_row(*new) for new in self.new_attempts], 11),
            *columns(
                [
                    changed_attempt_row(a, self.attempt_state_before[a.id])
                    for a in self.changed_attempts.values()
                ],
                11,
            ),
            *columns(self.new_messages, 6),
            *columns(self.new_callbacks, 11),
        )
        found = (row["accounts"], row["orders"], row["attempts"]) if row else ()
        expected = (len(book.changed), len(self.changed_orders), len(self.changed_attempts))
        if found != expected:
            raise StateMovedError(f"expected {expected}, found {found}")

    async def _write_refusals(self) -> None:
        refusals = [
            (
                w.reseller_id,
                w.dialect,
                w.testing,
                w.reference[:128],
                w.product_code[:64],
                w.destination[:64],
                w.reason,
                w.message[:500],
            )
            for _, w in self.of.get(RecordRefusal, ())
        ]
        if refusals:
            await self.c.execute(SQL.insert_refusals, *columns(refusals, 8))

    async def _settle_testing(self) -> None:
        """Apply sandbox steps, each once."""
        writes = self.of.get(SettleTesting, ())
        if not writes:
            return
        rows = await self.c.fetch(SQL.finish_sandbox_steps, [w.step_id for _, w in writes])
        fresh = {row[0] for row in rows}
        for index, w in writes:
            order = self.orders.get(w.order_id)
            if w.step_id not in fresh or order is None or not order.testing:
                continue
            event = apply_testing_step(order, w.outcome, now=self.now)
            if event is None:
                continue
            self.changed_orders[order.id] = order
            told = (event,) if w.outcome.get("callback", True) else ()
            self.results[index] = SettledTesting(
                order=order, callbacks=enqueue_callbacks(self, order, told)
            )

    # --- callback deliveries ---------------------------------------------------------------------

    async def _write_deliveries(self) -> None:
        writes: list[tuple[int, RecordDelivery]] = self.of.get(RecordDelivery, [])
        if not writes:
            return
        log = [
            (w.callback_id, w.status, w.error[:500], w.request, w.answer, w.duration_ms)
            for _, w in writes
        ]
        await self.c.execute(SQL.insert_deliveries, *columns(log, 6))
        states = [
            (
                w.callback_id,
                "delivered" if w.delivered else "exhausted" if w.exhausted else "due",
                None if w.delivered or w.exhausted else w.next_attempt_at,
                w.status,
                w.error[:500],
            )
            for _, w in writes
        ]
        await self.c.execute(SQL.update_callbacks, *columns(states, 5))
        await self._wake_next_callbacks([(i, w) for i, w in writes if w.delivered or w.exhausted])

    async def _wake_next_callbacks(self, ended: list[tuple[int, RecordDelivery]]) -> None:
        if not ended:
            return
        rows = await self.c.fetch(
            SQL.next_callbacks,
            [w.order_id for _, w in ended],
            [w.claimed_by for _, w in ended],
        )
        by_order = {row["order_id"]: _due_callback(row) for row in rows}
        for index, w in ended:
            self.results[index] = by_order.get(w.order_id)


class StateMovedError(SerializationFailure):
    """A row was not in the state that was read: another node claimed a sending in that moment.

    The batch is done anew on what stands there now.
    """


def _due_callback(row: Any) -> DueCallbackRow:
    return DueCallbackRow(
        id=row["id"],
        order_id=row["order_id"],
        reseller_id=row["reseller_id"],
        merchant_id=row["merchant_id"],
        event=row["event"],
        format=row["format"],
        occurred_at=row["occurred_at"],
        snapshot=row["snapshot"]
        if row["merchant_id"] is not None
        else msgspec.convert(row["snapshot"], OrderView),
        attempts_count=row["attempts_count"],
    )
