"""The planner gathers what a node knows into candidates, and turns a choice into an attempt."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from gerbang.catalog.product import PriceList, Product
from gerbang.catalog.snapshot import Snapshot
from gerbang.clock import FixedClock
from gerbang.dialects.contract import OrderState, ProductKind, Refusal, ResellerView
from gerbang.dialects.supplier_contract import LearnRules, SupplierView
from gerbang.orders.admit import Admission
from gerbang.orders.order import Attempt, Order
from gerbang.orders.reasons import Reason
from gerbang.orders.transitions import AttemptState
from gerbang.orders.writes import PlannedAttempt
from gerbang.resellers.reseller import Reseller
from gerbang.routing.explain import explain_text
from gerbang.routing.planner import Planner
from gerbang.routing.route import RouteRules
from gerbang.routing.standing import HEALTHY, Standing
from gerbang.suppliers.supplier import Supplier
from routing.cases import NOON, OPEN_CIRCUIT, make_route


def make_supplier(number: int, **changes: Any) -> Supplier:
    members: dict[str, Any] = {
        "view": SupplierView(
            id=number,
            code=f"supplier-{number}",
            dialect="socx",
            base_url="http://supplier.test",
            secrets={},
            settings={},
        ),
        "name": f"Supplier {number}",
        "status": "active",
        "float_account_id": 100 + number,
        "timeout_ms": 1_000,
        "concurrency_max": 10,
        "orders_per_day_max": 0,
        "float_min": 0,
        "float_reported": None,
        "decide_after_s": 60,
        "learn": LearnRules(resend_same_reference_safe=True),
    }
    return Supplier(**(members | changes))


def make_reseller() -> Reseller:
    return Reseller(
        view=ResellerView(
            id=7,
            code="DEMO",
            name="Demo",
            status="active",
            account_id=70,
            settings={},
            pending_reply_wait_ms={},
        ),
        receivable_account_id=71,
        price_list_id=1,
        networks=(),
        dialects=frozenset({"socx"}),
        callback_url="",
        callback_format="auto",
        callback_secret="",
        live=True,
        late_success_paid_by="us",
        requests_per_second_max=0,
        concurrent_requests_max=0,
        orders_per_day_max=0,
        settings={},
    )


def make_product(kind: ProductKind = ProductKind.PREPAID) -> Product:
    return Product(
        id=1,
        code="X10",
        name="X 10.000",
        category="pulsa",
        brand="",
        operator="",
        kind=kind,
        status="open",
        status_reason="",
        base_price=10_500,
        cost=None,
        admin_fee=0,
        amount_min=None,
        amount_max=None,
        amount_step=1,
        cut_off_start=None,
        cut_off_end=None,
        same_day_rule="off",
        description="",
    )


def make_admission(**changes: Any) -> Admission:
    members: dict[str, Any] = {
        "product": make_product(),
        "destination": "081234567890",
        "quantity": 1,
        "counter": 1,
        "price": 12_000,
        "same_day": False,
    }
    return Admission(**(members | changes))


def make_order(**changes: Any) -> Order:
    members: dict[str, Any] = dict.fromkeys(Order.__struct_fields__)
    members |= {
        "id": 1,
        "reseller_id": 7,
        "kind": "prepaid",
        "product_id": 1,
        "destination": "081234567890",
        "quantity": 1,
        "price": 12_000,
        "state": OrderState.PENDING,
        "created_at": NOON,
    }
    return Order(**(members | changes))


def make_attempt(supplier_id: int) -> Attempt:
    members: dict[str, Any] = dict.fromkeys(Attempt.__struct_fields__)
    return Attempt(**(members | {"supplier_id": supplier_id, "state": AttemptState.REJECTED}))


class StandInPulse:
    """Says what a test wants."""

    def share(self, limit: int) -> int:
        return limit

    def __init__(self) -> None:
        self.flying: dict[int, int] = {}
        self.today: dict[int, int] = {}
        self.standings: dict[int, Standing] = {}
        self.probes: list[tuple[int, int]] = []

    def in_flight(self, supplier_id: int) -> int:
        return self.flying.get(supplier_id, 0)

    def orders_today(self, supplier_id: int, at: datetime) -> int:
        return self.today.get(supplier_id, 0)

    def standing(self, supplier_id: int, product_id: int, at: datetime) -> Standing:
        return self.standings.get(supplier_id, HEALTHY)

    def note_choice(self, supplier_id: int, product_id: int, at: datetime) -> None:
        self.probes.append((supplier_id, product_id))


class House:
    """A snapshot with two suppliers of one product, and a planner over it."""

    def __init__(self, **settings: Any) -> None:
        self.snapshot = Snapshot()
        self.snapshot.price_lists[1] = PriceList(id=1, code="GOLD")
        self.snapshot.take_reseller(make_reseller())
        for number in (1, 2):
            self.snapshot.take_supplier(make_supplier(number))
            self.snapshot.take_route(make_route(number, cost=10_000 + number))
        self.clock = FixedClock(NOON)
        self.pulse = StandInPulse()
        members: dict[str, Any] = {"order_attempts_max": 5, "roll": lambda: 0.0}
        self.planner = Planner(
            self.snapshot, clock=self.clock, pulse=self.pulse, **(members | settings)
        )

    def first(self, **admission: Any) -> PlannedAttempt | Refusal:
        return self.planner.plan_first(make_reseller(), make_admission(**admission))

    def first_supplier(self, **admission: Any) -> int | Reason:
        planned = self.first(**admission)
        return planned.reason if isinstance(planned, Refusal) else planned.supplier_id

    def change_supplier(self, number: int, **changes: Any) -> None:
        self.snapshot.take_supplier(
            msgspec.structs.replace(self.snapshot.suppliers[number], **changes)
        )


def test_the_first_attempt_carries_its_route_cost_and_explanation() -> None:
    planned = House().first()
    assert isinstance(planned, PlannedAttempt)
    assert (planned.supplier_id, planned.route_id) == (1, 1)
    assert (planned.supplier_product_code, planned.cost) == ("CODE1", 10_001)
    assert explain_text(planned.explanation).splitlines() == [
        "supplier-1: chosen: priority 100, cost 10.001",
        "supplier-2: passed over: cost 10.002 above the chosen one's 10.001",
    ]


def test_an_open_denomination_costs_its_amount_too() -> None:
    open_kind = {"product": make_product(ProductKind.OPEN), "quantity": 50_000, "price": 61_000}
    planned = House().first(**open_kind)
    assert isinstance(planned, PlannedAttempt)
    assert planned.cost == 60_001


def test_the_next_attempt_passes_over_every_supplier_that_was_tried() -> None:
    house = House()
    planned = house.planner.plan_next(make_order(), [make_attempt(1)])
    assert planned is not None
    assert planned.supplier_id == 2
    assert "supplier-1: passed over: already tried" in explain_text(planned.explanation)
    assert house.planner.plan_next(make_order(), [make_attempt(1), make_attempt(2)]) is None


def test_an_order_is_tried_no_more_often_than_its_limit() -> None:
    house = House(order_attempts_max=1)
    assert house.planner.plan_next(make_order(), [make_attempt(1)]) is None


def test_an_order_is_tried_nowhere_else_after_its_deadline() -> None:
    house = House(order_deadline_s=60)
    house.clock.advance(timedelta(seconds=59))
    assert house.planner.plan_next(make_order(), [make_attempt(1)]) is not None
    house.clock.advance(timedelta(seconds=1))
    assert house.planner.plan_next(make_order(), [make_attempt(1)]) is None


@pytest.mark.parametrize(
    ("rules", "supplier"),
    [
        (RouteRules(reseller_groups=("SILVER",)), 2),
        (RouteRules(reseller_groups=("GOLD",)), 1),
        (RouteRules(reseller_codes=("OTHER",)), 2),
        (RouteRules(areas=("JABAR",)), 1),
        (RouteRules(areas=("BALI",)), 2),
    ],
)
def test_rules_see_the_resellers_group_and_the_destinations_area(
    rules: RouteRules, supplier: int
) -> None:
    house = House(areas={"0812": "JABAR"})
    house.snapshot.take_route(make_route(1, rules=rules))
    assert house.first_supplier() == supplier


def test_a_supplier_that_is_not_trusted_is_passed_over() -> None:
    house = House()
    house.pulse.standings[1] = OPEN_CIRCUIT
    assert house.first_supplier() == 2
    house.pulse.standings[2] = OPEN_CIRCUIT
    assert house.first_supplier() is Reason.PRODUCT_DISTURBED


def test_a_busy_supplier_is_passed_over_while_another_is_free() -> None:
    house = House()
    house.pulse.flying[1] = 10
    assert house.first_supplier() == 2
    house.pulse.flying[2] = 10
    assert house.first_supplier() == 1


def test_daily_limit_and_float_of_a_supplier_are_kept() -> None:
    house = House()
    house.change_supplier(1, orders_per_day_max=5)
    house.pulse.today[1] = 5
    assert house.first_supplier() == 2
    house.change_supplier(2, float_min=50_000, float_reported=60_001)
    assert house.first_supplier() is Reason.PRODUCT_DISTURBED
    house.change_supplier(2, float_reported=60_002)
    assert house.first_supplier() == 2


def test_no_route_at_all_and_no_route_just_now_are_told_apart() -> None:
    house = House()
    assert house.first_supplier(price=9_999) is Reason.NO_ROUTE
    house.snapshot.routes.clear()
    assert house.first_supplier() is Reason.NO_ROUTE


def test_a_planner_without_a_pulse_trusts_everybody() -> None:
    house = House()
    planner = Planner(house.snapshot, clock=house.clock, order_attempts_max=5, roll=lambda: 0.0)
    planned = planner.plan_first(make_reseller(), make_admission())
    assert isinstance(planned, PlannedAttempt)


def test_explaining_buys_nothing_and_says_the_same() -> None:
    house = House()
    choice = house.planner.explain(make_reseller(), make_admission())
    planned = house.first()
    assert isinstance(planned, PlannedAttempt)
    assert choice.explanation() == planned.explanation


def test_an_order_that_is_to_be_a_probe_keeps_its_place_and_an_explanation_keeps_none() -> None:
    house = House()
    house.pulse.standings[1] = Standing(usable=True, probing=True)
    house.planner.explain(make_reseller(), make_admission())
    assert house.pulse.probes == []
    assert house.first_supplier() == 1
    assert house.pulse.probes == [(1, 1)]
    house.planner.plan_next(make_order(), [make_attempt(1)])
    assert house.pulse.probes == [(1, 1)]
