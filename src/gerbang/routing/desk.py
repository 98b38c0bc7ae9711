"""The health desk of a node: hears what suppliers do, shares circuits, asks, and closes products.

What a node concludes is written to `circuits` and read by all nodes every second. Two nodes that
conclude at the same time are told apart by the row's version: the first wins, the other takes over.
Only one node asks a tripped supplier, and one at a time judges which products must close.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, Protocol

import structlog

from gerbang.audit import write_audit
from gerbang.clock import WIB, Clock, business_day
from gerbang.orders.order import Attempt, Order
from gerbang.orders.outcome import Delivered, Outcome, Rejected, StatusOutcome
from gerbang.postgres.pool import Connection, Pool
from gerbang.postgres.sql import load_queries
from gerbang.repeated import Repeated
from gerbang.routing.health import Circuit, CircuitState
from gerbang.routing.pulse import SupplierPulse
from gerbang.routing.standing import Trouble
from gerbang.routing.terms import DEFAULT_TERMS, SUPPLIER_HEALTH, HealthTerms
from gerbang.routing.watch import HealthChange, Key, Watch
from gerbang.suppliers.supplier import Supplier

log = structlog.get_logger()
SQL = load_queries("gerbang.routing", "health.sql")

LOOK_EVERY_S: Final = 1.0
COUNT_EVERY_ROUNDS: Final = 15
"""So many rounds lie between two counts of nodes and of today's orders."""
PUBLIC_REASON: Final = "Sedang gangguan, dibuka lagi otomatis"
"""What a reseller reads; which supplier is to blame is not his business."""


class Suppliers(Protocol):
    """Suppliers, from memory."""

    @property
    def suppliers(self) -> Mapping[int, Supplier]:
        """By id."""
        ...


class HealthDesk:
    """One node's desk; see the module."""

    def __init__(
        self,
        *,
        pool: Pool,
        directory: Suppliers,
        clock: Clock,
        node: str,
        observe: Callable[[Mapping[str, int], int], None] | None = None,
    ) -> None:
        """Wire it; `observe` hears of untrusted circuits by supplier and of closed products."""
        self._pool = pool
        self._directory = directory
        self._clock = clock
        self._node = node
        self._observe = observe
        self.pulse = SupplierPulse(Watch(terms_of=self._terms))
        self.ask: Callable[[int], Awaitable[bool]] | None = None
        """Asks a supplier something; gives whether it answered. Set by the composition root."""
        self._works = False
        self._dirty: set[Key] = set()
        self._versions: dict[Key, int] = {}
        self._rounds = 0
        self._looks = Repeated(
            self.look, every_s=LOOK_EVERY_S, complaint="health.not_looked", at_once=False
        )
        self._questions: set[asyncio.Task[None]] = set()
        self.pulse.on_changes = self._note

    def _terms(self, supplier_id: int) -> HealthTerms:
        supplier = self._directory.suppliers.get(supplier_id)
        return supplier.health if supplier is not None else DEFAULT_TERMS

    # --- life ----------------------------------------------------------------------------------

    async def start(self, *, work: bool) -> None:
        """Take over what others know, and go on; `work` False only reads."""
        self._works = work
        await self.look()
        self._looks.start()

    async def stop(self) -> None:
        """End; what was concluded in the last moment is shared first."""
        await self._looks.stop()
        for task in tuple(self._questions):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        if self._dirty:
            try:
                await self._share()
            except Exception as error:  # noqa: BLE001 (the database may be away)
                log.warning("health.not_shared", error=repr(error))

    async def look(self) -> None:
        """Share, take over, ask, judge, count: one round."""
        await self._share()
        await self._take_over()
        if self._rounds % COUNT_EVERY_ROUNDS == 0:
            await self._count()
        self._rounds += 1
        if self._works:
            await self._ask_tripped()
            await self.judge_products()
        self._show()

    # --- what dispatch tells ---------------------------------------------------------------------

    def begin(self, order: Order, attempt: Attempt, supplier: Supplier) -> str:
        """Count an attempt that is about to be sent, or say why it must not be."""
        at = self._clock.now()
        supplier_id = attempt.supplier_id
        standing = self.pulse.standing(supplier_id, order.product_id, at, has_place=True)
        if not standing.usable:
            return standing.sentence()
        most = supplier.orders_per_day_max
        if most and self.pulse.orders_today(supplier_id, at) >= most:
            return f"{most} orders of {most} were sent today"
        changes = self.pulse.note_sent(
            supplier_id=supplier_id, product_id=order.product_id, attempt_id=attempt.id, at=at
        )
        self._note(changes)
        return ""

    def withdraw(self, order: Order, attempt: Attempt) -> None:
        """Somebody else has the attempt: it was counted for nothing."""
        changes = self.pulse.withdraw(
            supplier_id=attempt.supplier_id,
            product_id=order.product_id,
            attempt_id=attempt.id,
            at=self._clock.now(),
        )
        self._note(changes)

    @contextmanager
    def on_the_wire(self, supplier_id: int) -> Iterator[None]:
        """Count an order as in flight."""
        with self.pulse.on_the_wire(supplier_id):
            yield

    def heard(
        self,
        order: Order,
        attempt: Attempt,
        outcome: Outcome | StatusOutcome,
        *,
        latency_ms: int | None = None,
        final_only: bool = False,
    ) -> None:
        """Judge an outcome; questions and callbacks count only with a final word."""
        if final_only and not isinstance(outcome, Delivered | Rejected):
            return
        changes = self.pulse.note_outcome(
            outcome,
            supplier_id=attempt.supplier_id,
            product_id=order.product_id,
            attempt_id=attempt.id,
            latency_ms=latency_ms,
            at=self._clock.now(),
        )
        self._note(changes)

    def _note(self, changes: list[HealthChange]) -> None:
        for change in changes:
            self._dirty.add((change.supplier_id, change.product_id or 0))
        if changes:
            self._looks.hurry()

    # --- sharing ---------------------------------------------------------------------------------

    async def _share(self) -> None:
        while self._dirty:
            key = self._dirty.pop()
            try:
                async with self._pool.acquire() as connection, connection.transaction():
                    await self._write(connection, key, self.pulse.watch.circuit(key))
            except BaseException:
                self._dirty.add(key)
                raise

    async def _write(self, connection: Connection, key: Key, circuit: Circuit) -> None:
        supplier = self._directory.suppliers.get(key[0])
        if supplier is None:
            return
        code = supplier.view.code
        change = HealthChange(
            supplier_id=key[0],
            product_id=key[1] or None,
            before=circuit.state,
            after=circuit.state,
            circuit=circuit,
        )
        reason = change.sentence()
        opened = circuit.state is CircuitState.OPEN and not key[1]
        since = circuit.since or self._clock.now()
        subject = f"circuit:{key[0]}:{since:%Y%m%dT%H%M%S.%f}" if opened else ""
        alarm_before = await connection.fetchval(SQL.alarm_of, *key) or ""
        row = await connection.fetchrow(
            SQL.write_circuit,
            *key,
            circuit.state.value,
            circuit.trouble.value,
            dict(circuit.facts),
            reason,
            circuit.since,
            circuit.retry_at,
            circuit.openings,
            circuit.questions_failed,
            self._node,
            self._versions.get(key, 0),
            subject,
        )
        if row is None:
            return  # another node was first; what it concluded is read next
        self._versions[key] = row["version"]
        detail = {
            "supplier": code,
            "product_id": key[1] or None,
            "state": circuit.state.value,
            "why": reason,
        }
        closed = circuit.state is CircuitState.CLOSED
        tell = log.info if closed else log.warning
        tell("supplier.circuit_closed" if closed else "supplier.circuit_tripped", **detail)
        if row["alarm"] and not alarm_before:
            await connection.execute(SQL.open_case, "supplier_unhealthy", row["alarm"], detail)
        if closed and alarm_before:
            await connection.execute(SQL.close_case, alarm_before, reason)

    async def _take_over(self) -> None:
        rows = await self._pool.fetch(SQL.circuits)
        seen = set()
        for row in rows:
            key = (row["supplier_id"], row["product_id"])
            seen.add(key)
            if row["version"] <= self._versions.get(key, 0) or key in self._dirty:
                continue
            self._versions[key] = row["version"]
            self.pulse.watch.adopt(key, _circuit(row))
        for key in self._versions.keys() - seen:
            del self._versions[key]

    async def _count(self) -> None:
        """Count what all nodes sent today, where that is limited, and the nodes."""
        self.pulse.nodes = max(1, await self._pool.fetchval(SQL.nodes) or 1)
        if self._works:
            await self._pool.execute(SQL.forget_circuits, SUPPLIER_HEALTH.wait_s_max)
        limited = [i for i, s in self._directory.suppliers.items() if s.orders_per_day_max]
        if not limited:
            return
        day = business_day(self._clock.now())
        begin = datetime(day.year, day.month, day.day, tzinfo=WIB)
        rows = await self._pool.fetch(SQL.orders_today, begin, limited)
        self.pulse.seed(day, {row[0]: row[1] for row in rows})

    # --- asking ----------------------------------------------------------------------------------

    async def _ask_tripped(self) -> None:
        if self.ask is None or not any(not key[1] for key in self.pulse.watch.tripped()):
            return
        for row in await self._pool.fetch(SQL.claim_questions):
            task = asyncio.create_task(self._question(row["supplier_id"], self.ask))
            self._questions.add(task)
            task.add_done_callback(self._questions.discard)

    async def _question(self, supplier_id: int, ask: Callable[[int], Awaitable[bool]]) -> None:
        try:
            answered = await ask(supplier_id)
        except Exception as error:  # noqa: BLE001 (whatever it is, it is no answer)
            log.warning("supplier.question_failed", supplier_id=supplier_id, error=repr(error))
            answered = False
        key = (supplier_id, 0)
        retry_at = self.pulse.watch.circuit(key).retry_at
        # The database's clock said that it is time; ours may be a little behind.
        at = max(self._clock.now(), retry_at) if retry_at else self._clock.now()
        self.pulse.watch.note_question(supplier_id, at, answered=answered)
        self._dirty.add(key)
        self._looks.hurry()

    # --- products --------------------------------------------------------------------------------

    async def judge_products(self) -> list[tuple[str, bool, str]]:
        """Close and open products; gives (code, closed or opened, why)."""
        if not await self._pool.fetchval(SQL.judging_needed):
            return []
        async with self._pool.acquire() as connection, connection.transaction():
            if not await connection.fetchval(SQL.judging_lock):
                return []
            rows = await connection.fetch(SQL.judge_products, PUBLIC_REASON)
            for row in rows:
                what = "closed_by_health" if row["closed"] else "opened_by_health"
                await write_audit(
                    connection,
                    actor="gerbang",
                    action=f"product.{what}",
                    subject=f"product:{row['code']}",
                    after={"why": row["why"]},
                )
                log.warning("product.judged", product=row["code"], what=what, why=row["why"])
        return [(row["code"], row["closed"], row["why"]) for row in rows]

    # --- showing ---------------------------------------------------------------------------------

    def _show(self) -> None:
        if self._observe is None:
            return
        now = self._clock.now()
        counts = dict.fromkeys((s.view.code for s in self._directory.suppliers.values()), 0)
        products = 0
        for supplier_id, product_id, standing in self.pulse.watch.open_circuits(now):
            supplier = self._directory.suppliers.get(supplier_id)
            if supplier is None or standing.usable:
                continue
            products += product_id is not None
            if product_id is None:
                counts[supplier.view.code] = 1
        self._observe(counts, products)


def _circuit(row: Any) -> Circuit:
    return Circuit(
        state=CircuitState(row["state"]),
        since=row["since"],
        trouble=Trouble(row["trouble"]),
        facts=row["facts"],
        openings=row["openings"],
        questions_failed=row["questions_failed"],
        retry_at=row["retry_at"],
    )
