"""Plans attempts from this node's memory: gathers candidates and lets `choose` decide."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

import msgspec

from gerbang.catalog.snapshot import Snapshot
from gerbang.clock import Clock
from gerbang.dialects.contract import ProductKind, Refusal
from gerbang.orders.admit import Admission
from gerbang.orders.order import Attempt, Order
from gerbang.orders.reasons import Reason
from gerbang.orders.writes import PlannedAttempt
from gerbang.resellers.reseller import Reseller
from gerbang.routing.candidate import Candidate, Wish
from gerbang.routing.choose import Choice, choose
from gerbang.routing.explain import Code
from gerbang.routing.route import Route
from gerbang.routing.rules import area_of
from gerbang.routing.standing import Standing
from gerbang.suppliers.supplier import Supplier

ASKING_IS_FREE: Final = 10**12
"""The price where nothing is sold, so that no cost is above it."""

UNFIT_MEANS_DISTURBED: Final = frozenset(
    {Code.CIRCUIT_OPEN, Code.FLOAT_LOW, Code.FLOAT_SHORT, Code.DAILY_LIMIT}
)


class Pulse(Protocol):
    """What is known of suppliers from one moment to the next."""

    def in_flight(self, supplier_id: int) -> int:
        """Count the orders that this node has on the wire to a supplier."""
        ...

    def share(self, limit: int) -> int:
        """Give this node's part of what a supplier allows at one time."""
        ...

    def orders_today(self, supplier_id: int, at: datetime) -> int:
        """Count the orders that were sent to a supplier on this WIB day."""
        ...

    def standing(self, supplier_id: int, product_id: int, at: datetime) -> Standing:
        """Say whether supplier and product are trusted now."""
        ...

    def note_choice(self, supplier_id: int, product_id: int, at: datetime) -> None:
        """Hear that an order goes there as a probe."""
        ...


class Planner:
    """Chooses routes for first and further attempts."""

    def __init__(
        self,
        snapshot: Snapshot,
        *,
        clock: Clock,
        order_attempts_max: int,
        order_deadline_s: int = 0,
        areas: Mapping[str, str] | None = None,
        pulse: Pulse | None = None,
        roll: Callable[[], float] = random.random,
    ) -> None:
        """Read from `snapshot`; `roll` decides between routes of equal rank.

        After `order_deadline_s` (0: never) an order is tried nowhere else. `areas` names the area
        of number prefixes.
        """
        self._snapshot = snapshot
        self._clock = clock
        self._order_attempts_max = order_attempts_max
        self._order_deadline_s = order_deadline_s
        self._areas = areas if areas is not None else {}
        self._pulse = pulse
        self._roll = roll

    def plan_first(self, reseller: Reseller, admission: Admission) -> PlannedAttempt | Refusal:
        """Choose the first route of a new order."""
        choice = self.explain(reseller, admission)
        planned = self._take(choice)
        if planned is not None:
            return planned
        disturbed = any(verdict.code in UNFIT_MEANS_DISTURBED for verdict in choice.verdicts)
        return Refusal(
            reason=Reason.PRODUCT_DISTURBED if disturbed else Reason.NO_ROUTE,
            product_name=admission.product.name,
            price=admission.price,
        )

    def plan_next(self, order: Order, attempts: Sequence[Attempt]) -> PlannedAttempt | None:
        """Choose the next route after attempts that certainly did not deliver."""
        reseller = self._snapshot.resellers[order.reseller_id]
        is_open = order.kind == ProductKind.OPEN
        wish = self._wish(
            reseller,
            destination=order.destination,
            price=order.price,
            amount=order.quantity if is_open else 0,
            attempts=attempts,
            deadline=self._deadline(order),
        )
        return self._take(self._choose(order.product_id, wish))

    def plan_bill(
        self,
        reseller: Reseller,
        product_id: int,
        *,
        customer_no: str,
        net: int | None,
        tried: frozenset[int] = frozenset(),
    ) -> PlannedAttempt | None:
        """Choose whom to ask about a bill; its `cost` is the route's own, per sheet.

        `net` is what we keep per sheet; None where nothing will be paid.
        """
        return _planned(
            self.explain_bill(reseller, product_id, customer_no=customer_no, net=net, tried=tried)
        )

    def explain_bill(
        self,
        reseller: Reseller,
        product_id: int,
        *,
        customer_no: str,
        net: int | None = None,
        tried: frozenset[int] = frozenset(),
    ) -> Choice:
        """Say who would be asked about a bill right now, and why."""
        wish = self._wish(reseller, destination=customer_no, price=net or 0, amount=0)
        wish = msgspec.structs.replace(
            wish,
            tried_supplier_ids=tried,
            price=ASKING_IS_FREE if net is None else net,
        )
        return self._choose(product_id, wish)

    def explain(self, reseller: Reseller, admission: Admission) -> Choice:
        """Say who would win right now, and why, without buying."""
        is_open = admission.product.kind is ProductKind.OPEN
        wish = self._wish(
            reseller,
            destination=admission.destination,
            price=admission.price,
            amount=admission.quantity if is_open else 0,
        )
        return self._choose(admission.product.id, wish)

    def _wish(
        self,
        reseller: Reseller,
        *,
        destination: str,
        price: int,
        amount: int,
        attempts: Sequence[Attempt] = (),
        deadline: datetime | None = None,
    ) -> Wish:
        price_list = self._snapshot.price_lists.get(reseller.price_list_id)
        return Wish(
            destination=destination,
            reseller_code=reseller.view.code,
            reseller_group=price_list.code if price_list is not None else "",
            price=price,
            amount=amount,
            at=self._clock.now(),
            area=area_of(destination, self._areas),
            tried_supplier_ids=frozenset(a.supplier_id for a in attempts),
            attempts_left=self._order_attempts_max - len(attempts),
            deadline=deadline,
        )

    def _deadline(self, order: Order) -> datetime | None:
        if not self._order_deadline_s:
            return None
        return order.created_at + timedelta(seconds=self._order_deadline_s)

    def _choose(self, product_id: int, wish: Wish) -> Choice:
        candidates = []
        for route in self._snapshot.routes_of(product_id):
            supplier = self._snapshot.suppliers.get(route.supplier_id)
            if supplier is not None:
                candidates.append(self._candidate(route, supplier, wish.at))
        return choose(candidates, wish, roll=self._roll)

    def _take(self, choice: Choice) -> PlannedAttempt | None:
        """Plan what was chosen; a supplier that is being tried keeps a place for it."""
        best = choice.best
        if best is not None and best.health is not None and best.health.probing and self._pulse:
            route = best.route
            self._pulse.note_choice(route.supplier_id, route.product_id, choice.wish.at)
        return _planned(choice)

    def _candidate(self, route: Route, supplier: Supplier, at: datetime) -> Candidate:
        pulse, supplier_id = self._pulse, route.supplier_id
        if pulse is None:
            return Candidate(
                route=route,
                supplier_code=supplier.view.code,
                supplier_status=supplier.status,
                float_left=supplier.float_reported,
                float_min=supplier.float_min,
            )
        return Candidate(
            route=route,
            supplier_code=supplier.view.code,
            supplier_status=supplier.status,
            float_left=supplier.float_reported,
            float_min=supplier.float_min,
            in_flight=pulse.in_flight(supplier_id),
            concurrency_max=pulse.share(supplier.concurrency_max),
            orders_today=pulse.orders_today(supplier_id, at) if supplier.orders_per_day_max else 0,
            orders_per_day_max=supplier.orders_per_day_max,
            health=pulse.standing(supplier_id, route.product_id, at),
        )


def _planned(choice: Choice) -> PlannedAttempt | None:
    route = choice.route
    if route is None:
        return None
    return PlannedAttempt(
        supplier_id=route.supplier_id,
        route_id=route.id,
        supplier_product_code=route.supplier_product_code,
        cost=route.cost + choice.wish.amount,
        explanation=choice.explanation(),
    )
