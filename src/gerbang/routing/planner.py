"""Plans attempts from this node's memory: gathers candidates and lets `choose` decide."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from gerbang.catalog.snapshot import Snapshot
from gerbang.clock import Clock
from gerbang.dialects.contract import ProductKind, Refusal
from gerbang.orders.admit import Admission
from gerbang.orders.order import Attempt, Order
from gerbang.orders.reasons import Reason
from gerbang.orders.writes import PlannedAttempt
from gerbang.resellers.reseller import Reseller
from gerbang.routing.choose import Candidate, Choice, Wish, choose

UNFIT_MEANS_DISTURBED = frozenset({"circuit_open", "busy", "float_low", "daily_limit"})


class Planner:
    """Chooses routes for first and further attempts."""

    def __init__(
        self,
        snapshot: Snapshot,
        *,
        clock: Clock,
        order_attempts_max: int,
        roll: Callable[[], float] = random.random,
    ) -> None:
        """Read from `snapshot`; `roll` decides between routes of equal rank."""
        self._snapshot = snapshot
        self._clock = clock
        self._order_attempts_max = order_attempts_max
        self._roll = roll

    def plan_first(self, reseller: Reseller, admission: Admission) -> PlannedAttempt | Refusal:
        """Choose the first route of a new order."""
        is_open = admission.product.kind is ProductKind.OPEN
        wish = Wish(
            destination=admission.destination,
            reseller_code=reseller.view.code,
            price=admission.price,
            amount=admission.quantity if is_open else 0,
            at=self._clock.now(),
            attempts_left=self._order_attempts_max,
        )
        choice = choose(self._candidates(admission.product.id), wish, roll=self._roll)
        planned = _planned(choice, wish)
        if planned is not None:
            return planned
        codes = {verdict.code for verdict in choice.verdicts}
        disturbed = bool(codes & UNFIT_MEANS_DISTURBED)
        return Refusal(
            reason=Reason.PRODUCT_DISTURBED if disturbed else Reason.NO_ROUTE,
            product_name=admission.product.name,
            price=admission.price,
        )

    def plan_next(self, order: Order, attempts: Sequence[Attempt]) -> PlannedAttempt | None:
        """Choose the next route after attempts that certainly did not deliver."""
        reseller = self._snapshot.resellers[order.reseller_id]
        is_open = order.kind == ProductKind.OPEN
        wish = Wish(
            destination=order.destination,
            reseller_code=reseller.view.code,
            price=order.price,
            amount=order.quantity if is_open else 0,
            at=self._clock.now(),
            tried_supplier_ids=frozenset(a.supplier_id for a in attempts),
            attempts_left=self._order_attempts_max - len(attempts),
        )
        choice = choose(self._candidates(order.product_id), wish, roll=self._roll)
        return _planned(choice, wish)

    def explain(self, reseller: Reseller, admission: Admission) -> Choice:
        """Say who would win right now, and why, without buying."""
        wish = Wish(
            destination=admission.destination,
            reseller_code=reseller.view.code,
            price=admission.price,
            at=self._clock.now(),
            attempts_left=self._order_attempts_max,
        )
        return choose(self._candidates(admission.product.id), wish, roll=self._roll)

    def _candidates(self, product_id: int) -> list[Candidate]:
        candidates = []
        for route in self._snapshot.routes_of(product_id):
            supplier = self._snapshot.suppliers.get(route.supplier_id)
            if supplier is None:
                continue
            candidates.append(
                Candidate(
                    route=route,
                    supplier_code=supplier.view.code,
                    supplier_status=supplier.status,
                    float_left=supplier.float_reported,
                    float_min=supplier.float_min,
                )
            )
        return candidates


def _planned(choice: Choice, wish: Wish) -> PlannedAttempt | None:
    route = choice.route
    if route is None:
        return None
    return PlannedAttempt(
        supplier_id=route.supplier_id,
        route_id=route.id,
        supplier_product_code=route.supplier_product_code,
        cost=route.cost + wish.amount,
        explanation=choice.explanation(),
    )
