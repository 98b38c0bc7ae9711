"""What a node knows of its suppliers from one moment to the next; in memory, nothing is waited for.

Dispatch tells it what it sends and what comes back; the planner asks it before it chooses.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime

from gerbang.clock import business_day
from gerbang.orders.outcome import NotFound, Outcome, StatusOutcome
from gerbang.routing.standing import Standing
from gerbang.routing.watch import HealthChange, Watch


class SupplierPulse:
    """Satisfies `planner.Pulse`."""

    def __init__(self, watch: Watch) -> None:
        """Begin with nothing in flight; `seed` takes over what was sent earlier today."""
        self.watch = watch
        self._in_flight: Counter[int] = Counter()
        self._day: date | None = None
        self._today: Counter[int] = Counter()
        self.nodes = 1
        """How many processes send to suppliers; they share what is allowed."""
        self.on_changes: Callable[[list[HealthChange]], None] | None = None
        """Hears of the changes that a choice caused."""

    # --- what the planner asks -----------------------------------------------------------------

    def in_flight(self, supplier_id: int) -> int:
        """Count the orders on the wire to a supplier, and those that wait for their turn."""
        return self._in_flight[supplier_id]

    def share(self, limit: int) -> int:
        """Give this node's part of what a supplier allows at one time."""
        return max(1, limit // self.nodes) if limit else 0

    def orders_today(self, supplier_id: int, at: datetime) -> int:
        """Count the orders that were sent to a supplier on this WIB day."""
        return self._today[supplier_id] if self._day == business_day(at) else 0

    def standing(
        self, supplier_id: int, product_id: int, at: datetime, *, has_place: bool = False
    ) -> Standing:
        """Say whether supplier and product are trusted now."""
        return self.watch.standing(supplier_id, product_id, at, has_place=has_place)

    def note_choice(self, supplier_id: int, product_id: int, at: datetime) -> None:
        """Keep a place for an order that was chosen as a probe."""
        changes = self.watch.note_choice(supplier_id=supplier_id, product_id=product_id, at=at)
        if changes and self.on_changes is not None:
            self.on_changes(changes)

    # --- what dispatch tells -------------------------------------------------------------------

    def seed(self, day: date, orders: Mapping[int, int]) -> None:
        """Take over what all nodes sent today, by supplier; a count never falls within a day."""
        self._turn_to(day)
        if day == self._day:
            self._today |= Counter(orders)

    @contextmanager
    def on_the_wire(self, supplier_id: int) -> Iterator[None]:
        """Count an order as in flight, however it ends."""
        self._in_flight[supplier_id] += 1
        try:
            yield
        finally:
            self._in_flight[supplier_id] -= 1

    def note_sent(
        self, *, supplier_id: int, product_id: int, attempt_id: int, at: datetime
    ) -> list[HealthChange]:
        """Hear that an attempt was claimed and is about to be sent, once for each attempt."""
        self._turn_to(business_day(at))
        self._today[supplier_id] += 1
        return self.watch.note_sent(
            supplier_id=supplier_id, product_id=product_id, attempt_id=attempt_id, at=at
        )

    def withdraw(
        self, *, supplier_id: int, product_id: int, attempt_id: int, at: datetime
    ) -> list[HealthChange]:
        """Hear that somebody else sends the attempt: it is not ours to count."""
        if self._day == business_day(at):
            self._today[supplier_id] -= 1
        return self.note_outcome(
            NotFound(),
            supplier_id=supplier_id,
            product_id=product_id,
            attempt_id=attempt_id,
            latency_ms=None,
            at=at,
        )

    def note_outcome(
        self,
        outcome: Outcome | StatusOutcome,
        *,
        supplier_id: int,
        product_id: int,
        attempt_id: int,
        latency_ms: int | None,
        at: datetime,
    ) -> list[HealthChange]:
        """Hear what became of an attempt; `latency_ms` is None for news by callback."""
        return self.watch.note_outcome(
            outcome,
            supplier_id=supplier_id,
            product_id=product_id,
            attempt_id=attempt_id,
            latency_ms=latency_ms,
            at=at,
        )

    def _turn_to(self, day: date) -> None:
        if self._day is None or day > self._day:
            self._day = day
            self._today.clear()
