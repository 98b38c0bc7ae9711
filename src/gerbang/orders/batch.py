"""The program of the write lane: one batch of order writes as set-based SQL.

The order of locks is always accounts by id, then orders by id, then inserts; see docs/ledger.md.
Planning is plain Python over the locked rows; each table is then written by one statement.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import msgspec

from gerbang.clock import Clock
from gerbang.dialects.contract import CallbackEvent, OrderState, OrderView, Refusal
from gerbang.ledger.account import Account, HouseAccount
from gerbang.ledger.book import Book, InsufficientBalanceError
from gerbang.ledger.move import Moved, MoveMoney, plan_move
from gerbang.ledger.transfer import Transfer, TransferEvent
from gerbang.orders.batch_rows import (
    changed_attempt_row,
    changed_order_row,
    columns,
    entry_row,
    new_attempt_row,
    new_order_row,
    transfer_row,
)
from gerbang.orders.directory import Directory
from gerbang.orders.numbers import Numbers
from gerbang.orders.order import Attempt, Order, joined_attempt_from_row, order_from_row
from gerbang.orders.outcome import Outcome as AnyOutcome
from gerbang.orders.outcome import StatusOutcome
from gerbang.orders.reasons import Reason
from gerbang.orders.settle import Case, Situation, apply_outcome
from gerbang.orders.testing import apply_testing_step
from gerbang.orders.transitions import AttemptState
from gerbang.orders.writes import (
    ClaimAttempt,
    DueCallbackRow,
    Known,
    Placed,
    PlaceOrder,
    PlannedAttempt,
    RecordDelivery,
    Recorded,
    RecordOutcome,
    RecordRefusal,
    SettledTesting,
    SettleTesting,
)
from gerbang.postgres.lane import SET_ASIDE, Done
from gerbang.postgres.pool import Connection
from gerbang.postgres.sql import load_queries

SQL = load_queries("gerbang.orders", "batch.sql")

CALLBACK_CLAIM: Final = timedelta(seconds=60)
"""How long the node that wrote a callback may take to deliver it."""


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
        self._free_numbers: list[Numbers] = []

    async def run(
        self, connection: Connection, writes: Sequence[Any], *, skip_locked: bool
    ) -> Done:
        """Do all writes of a batch; see postgres/lane.py."""
        batch = _Batch(self, connection, writes)
        results = await batch.run(skip_locked=skip_locked)
        # Numbers of a batch that failed are not used again: were they reserved in a transaction
        # that a crash of the server undid, it would give them out twice.
        self._free_numbers.append(batch.numbers)
        return Done(results, batch.xact_id)

    def connection_lost(self) -> None:
        """Forget the reserved ids: a server that crashed may give them out again."""
        self._free_numbers.clear()

    def borrow_numbers(self) -> Numbers:
        """Lend id blocks to one batch: two workers never share one at a time."""
        return self._free_numbers.pop() if self._free_numbers else Numbers()


class _Batch:
    """One batch on its way: what it locked, what it planned, what it will write."""

    def __init__(
        self, program: OrderProgram, connection: Connection, writes: Sequence[Any]
    ) -> None:
        self.p = program
        self.c = connection
        self.writes = writes
        self.now = program.clock.now()
        self.numbers = program.borrow_numbers()
        self.results: list[Any] = [None] * len(writes)
        self.of: dict[type, list[tuple[int, Any]]] = defaultdict(list)
        for index, write in enumerate(writes):
            self.of[type(write)].append((index, write))
        self.orders: dict[int, Order] = {}
        self.attempts: dict[int, list[Attempt]] = defaultdict(list)
        self.order_state_before: dict[int, OrderState] = {}
        self.attempt_state_before: dict[int, AttemptState] = {}
        self.tails: dict[int, tuple[int, bool]] = {}
        self.by_reference: dict[tuple[int, bool, str], Order] = {}
        self.by_signature: dict[tuple[int, str], Order] = {}
        self.same_day: dict[tuple[int, int, str], Order] = {}
        self.by_key: dict[str, Transfer] = {}
        self.new_orders: list[Order] = []
        self.new_attempts: list[tuple[Attempt, str | None, PlannedAttempt]] = []
        self.new_callbacks: list[tuple[Any, ...]] = []
        self.new_steps: list[tuple[Any, ...]] = []
        self.new_cases: list[tuple[Order, Attempt | None, Case]] = []
        self.new_messages: list[tuple[Any, ...]] = []
        self.changed_orders: dict[int, Order] = {}
        self.changed_attempts: dict[int, Attempt] = {}
        self.xact_id = ""
        self.known_ids: list[int] = []
        self.book: Book

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
        await self._claim()
        self._plan()
        await self._write()
        await self._write_deliveries()
        return self.results

    def _plan(self) -> None:
        for index, place in self.of.get(PlaceOrder, ()):
            if self.results[index] is not SET_ASIDE:
                self.results[index] = self._place(place)
        for index, record in self.of.get(RecordOutcome, ()):
            if self.results[index] is not SET_ASIDE:
                self.results[index] = self._record(record)
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
        if not ids:
            return
        for row in await self.c.fetch(SQL.lock_orders, sorted(ids)):
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
            for index, write in claims:
                # Of two claims for one attempt in one batch, the first has it.
                self.results[index] = write.attempt_id in granted
                granted.discard(write.attempt_id)

    # --- placing -------------------------------------------------------------------------------

    def _place(self, w: PlaceOrder) -> Any:
        account = self.book.accounts[w.account_id]
        earlier = self._find_earlier(w)
        if earlier is not None:
            return self._answer_known(w, earlier, account)
        refusal = self._same_day_refusal(w, account)
        if refusal is not None:
            return refusal
        return self._write_order(w, account)

    def _find_earlier(self, w: PlaceOrder) -> Order | None:
        if w.signature_key is not None:
            return self.by_signature.get((w.credential_id, w.signature_key))
        return self.by_reference.get((w.reseller_id, w.testing, w.reference))

    def _answer_known(self, w: PlaceOrder, earlier: Order, account: Account) -> Known | Refusal:
        same = (earlier.product_id, earlier.destination, earlier.quantity) == (
            w.product_id,
            w.destination,
            w.quantity,
        )
        if same:
            return Known(order=earlier, balance=account.available)
        return Refusal(
            reason=Reason.REFERENCE_REUSED,
            known_order=earlier.view(balance=account.available, known=True),
            balance=account.available,
        )

    def _same_day_refusal(self, w: PlaceOrder, account: Account) -> Refusal | None:
        if not w.same_day:
            return None
        latest = self.same_day.get((w.reseller_id, w.product_id, w.destination))
        highest = (latest.same_day_counter or 0) if latest is not None else 0
        if w.counter == highest + 1:
            return None
        return Refusal(
            reason=Reason.DUPLICATE_SAME_DAY,
            price=w.price,
            balance=account.available,
            product_name=w.product_name,
            known_order=latest.view(balance=account.available, known=True) if latest else None,
        )

    def _write_order(self, w: PlaceOrder, account: Account) -> Any:
        order = self._new_order(w)
        if not w.testing:
            try:
                hold = self.book.hold(
                    f"order:{order.id}:hold",
                    TransferEvent.SALE_HOLD,
                    debit=w.account_id,
                    credit=self.p.house[HouseAccount.SALES],
                    amount=w.price,
                    order_id=order.id,
                )
            except InsufficientBalanceError:
                return Refusal(
                    reason=Reason.INSUFFICIENT_BALANCE,
                    price=w.price,
                    balance=account.available,
                    product_name=w.product_name,
                )
            order.hold_id = hold.id
        self._remember(w, order)
        attempt = self._new_attempt(order, 1, w.first, w.claimed_by) if w.first else None
        self.new_steps.extend((order.id, s.due_at, s.outcome) for s in w.steps)
        return Placed(order=order, attempt=attempt, balance=account.available)

    def _new_order(self, w: PlaceOrder) -> Order:
        return Order(
            id=self.numbers.orders.next(),
            reseller_id=w.reseller_id,
            credential_id=w.credential_id,
            testing=w.testing,
            dialect=w.dialect,
            kind=w.kind,
            reference=w.reference,
            signature_key=w.signature_key,
            product_id=w.product_id,
            product_code=w.product_code,
            product_name=w.product_name,
            destination=w.destination,
            quantity=w.quantity,
            counter=w.counter,
            same_day_counter=w.counter if w.same_day and not w.testing else None,
            price=w.price,
            hold_id=None,
            state=OrderState.PENDING,
            reason=None,
            sn="",
            message="",
            data=None,
            supplier_id=None,
            cost=None,
            created_at=self.now,
            updated_at=self.now,
            final_at=None,
            needs_decision_at=None,
        )

    def _remember(self, w: PlaceOrder, order: Order) -> None:
        """Let later writes of the same batch find this order."""
        self.new_orders.append(order)
        self.by_reference[w.reseller_id, w.testing, w.reference] = order
        if w.signature_key is not None:
            self.by_signature[w.credential_id, w.signature_key] = order
        if order.same_day_counter is not None:
            self.same_day[w.reseller_id, w.product_id, w.destination] = order

    def _new_attempt(
        self, order: Order, number: int, planned: PlannedAttempt, claimed_by: str | None
    ) -> Attempt:
        attempt_id = self.numbers.attempts.next()
        attempt = Attempt(
            id=attempt_id,
            order_id=order.id,
            number=number,
            supplier_id=planned.supplier_id,
            route_id=planned.route_id,
            supplier_product_code=planned.supplier_product_code,
            reference=f"{self.p.installation_tag}-{attempt_id}",
            state=AttemptState.PREPARED,
            cost_expected=planned.cost,
            cost=None,
            sn="",
            supplier_order_id="",
            reason=None,
            message="",
            due_at=None,
            sends=0,
            asks=0,
            not_found=0,
            not_found_since=None,
            sent_at=None,
            created_at=self.now,
        )
        self.new_attempts.append((attempt, claimed_by, planned))
        return attempt

    # --- outcomes ------------------------------------------------------------------------------

    def _record(self, w: RecordOutcome) -> Recorded | Exception:
        order = self.orders.get(w.order_id)
        attempts = self.attempts.get(w.order_id, [])
        attempt = next((a for a in attempts if a.id == w.attempt_id), None)
        if order is None or attempt is None:
            return LookupError(f"no attempt {w.attempt_id} of order {w.order_id}")
        s = self._situation(w, order, attempt, attempts)
        apply_outcome(s, w.outcome)
        return self._recorded(w, s)

    def _situation(
        self, w: RecordOutcome, order: Order, attempt: Attempt, attempts: Sequence[Attempt]
    ) -> Situation:
        reseller = self.p.directory.reseller_terms(order.reseller_id)
        supplier = self.p.directory.supplier_terms(attempt.supplier_id)
        return Situation(
            order=order,
            attempt=attempt,
            attempts=attempts,
            now=self.now,
            learn=supplier.learn,
            book=self.book,
            account_id=reseller.account_id,
            receivable_id=reseller.receivable_account_id,
            float_id=supplier.float_account_id,
            house=self.p.house,
            late_success_paid_by=reseller.late_success_paid_by,
            choose_next=lambda: self.p.directory.choose_next(order, attempts),
            confirm_first=w.confirm_first,
        )

    def _recorded(self, w: RecordOutcome, s: Situation) -> Recorded:
        transcript = w.transcript
        self.new_messages.append(
            (
                s.attempt.id,
                transcript.kind,
                transcript.request,
                transcript.answer,
                _outcome_text(w.outcome),
                transcript.elapsed_ms,
            )
        )
        next_attempt = None
        if s.changed:
            self.changed_attempts[s.attempt.id] = s.attempt
            self.changed_orders[s.order.id] = s.order
        if s.planned is not None:
            number = max(a.number for a in s.attempts) + 1
            next_attempt = self._new_attempt(s.order, number, s.planned, self.p.node)
            self.attempts[s.order.id].append(next_attempt)
        self.new_cases.extend((s.order, s.attempt, case) for case in s.cases)
        return Recorded(
            order=s.order,
            attempt=s.attempt,
            changed=s.changed,
            final=bool(s.events),
            next_attempt=next_attempt,
            resend=s.resend,
            callbacks=self._enqueue_callbacks(s.order, s.events),
        )

    def _enqueue_callbacks(
        self, order: Order, events: Iterable[CallbackEvent]
    ) -> tuple[DueCallbackRow, ...]:
        """Write the outbox rows; only the first unfinished one of an order is due."""
        due: list[DueCallbackRow] = []
        for event in events:
            name = self.p.directory.callback_format(order, event)
            if name is None:
                continue
            sequence, unfinished = self.tails.get(order.id, (0, False))
            self.tails[order.id] = (sequence + 1, True)
            callback = DueCallbackRow(
                id=self.numbers.callbacks.next(),
                order_id=order.id,
                reseller_id=order.reseller_id,
                event=event.value,
                format=name,
                occurred_at=self.now,
                snapshot=order.view(balance=self._balance_of(order)),
                attempts_count=0,
            )
            claimed = self.p.claims_callbacks and not unfinished
            self._add_callback(callback, sequence + 1, unfinished=unfinished, claimed=claimed)
            if claimed:
                due.append(callback)
        return tuple(due)

    def _balance_of(self, order: Order) -> int | None:
        """The reseller's available balance after this batch's work, where it is locked."""
        terms = self.p.directory.reseller_terms(order.reseller_id)
        account = self.book.accounts.get(terms.account_id)
        return account.available if account is not None else None

    def _add_callback(
        self, callback: DueCallbackRow, sequence: int, *, unfinished: bool, claimed: bool
    ) -> None:
        due_at = None
        if not unfinished:
            due_at = self.now + CALLBACK_CLAIM if claimed else self.now
        self.new_callbacks.append(
            (
                callback.id,
                callback.order_id,
                callback.reseller_id,
                sequence,
                callback.event,
                callback.format,
                callback.occurred_at,
                msgspec.to_builtins(callback.snapshot),
                "waiting" if unfinished else "due",
                due_at,
                self.p.node if claimed else None,
            )
        )

    # --- money by hand -------------------------------------------------------------------------

    def _move(self, w: MoveMoney) -> Moved | Exception:
        result = plan_move(w, self.book, self.by_key)
        if isinstance(result, Moved):
            self.by_key[w.key] = result.transfer
        return result

    # --- writing -------------------------------------------------------------------------------

    async def _write(self) -> None:
        await self._settle_testing()
        await self._write_batch()
        if self.new_steps:
            await self.c.execute(SQL.insert_sandbox_steps, *columns(self.new_steps, 3))
        if self.new_cases:
            cases = [
                (case.kind, case.subject, order.id, attempt.id if attempt else None, case.detail)
                for order, attempt, case in self.new_cases
            ]
            await self.c.execute(SQL.insert_cases, *columns(cases, 5))
        await self._write_refusals()

    async def _write_batch(self) -> None:
        """Write all tables of the hot path in one round trip, and check its row counts."""
        book = self.book
        if not (book.transfers or self.new_orders or self.changed_orders or self.new_messages):
            return
        row = await self.c.fetchrow(
            SQL.write_batch,
            *columns([transfer_row(t) for t in book.transfers], 11),
            *columns([entry_row(e) for e in book.entries], 6),
            *columns([(a.id, a.balance, a.held, a.version) for a in book.changed.values()], 4),
            *columns([new_order_row(o) for o in self.new_orders], 18),
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

    def _changed_order_rows(self) -> list[tuple[Any, ...]]:
        before = self.order_state_before
        return [changed_order_row(o, before[o.id]) for o in self.changed_orders.values()]

    def _changed_attempt_rows(self) -> list[tuple[Any, ...]]:
        before = self.attempt_state_before
        return [changed_attempt_row(a, before[a.id]) for a in self.changed_attempts.values()]

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
                order=order, callbacks=self._enqueue_callbacks(order, told)
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


class StateMovedError(Exception):
    """A row was not in the state that its lock promised: a bug of ours."""


def _due_callback(row: Any) -> DueCallbackRow:
    return DueCallbackRow(
        id=row["id"],
        order_id=row["order_id"],
        reseller_id=row["reseller_id"],
        event=row["event"],
        format=row["format"],
        occurred_at=row["occurred_at"],
        snapshot=msgspec.convert(row["snapshot"], OrderView),
        attempts_count=row["attempts_count"],
    )


def _outcome_text(outcome: AnyOutcome | StatusOutcome) -> str:
    return msgspec.json.encode(outcome).decode()
