"""Outcomes are blamed on the right one, and a node's circuits act on suppliers and products."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from gerbang.orders.outcome import (
    Accepted,
    Delivered,
    NotFound,
    Outcome,
    Rejected,
    StatusOutcome,
    Unavailable,
    Unknown,
)
from gerbang.orders.reasons import Reason
from gerbang.routing import watch as watch_module
from gerbang.routing.health import (
    RESERVED_S,
    CircuitState,
    HealthSettings,
    Signal,
    may_be_asked,
)
from gerbang.routing.standing import HEALTHY
from gerbang.routing.watch import (
    Blame,
    HealthChange,
    Watch,
    blame_of,
    signals_of,
)
from routing.cases import NOON

ALFA, BETA = 1, 2
PULSA, TOKEN = 10, 20


def rejected(reason: Reason) -> Rejected:
    return Rejected(reason=reason, reroutable=True)


class Node:
    """A watch with a clock."""

    def __init__(self) -> None:
        self.watch = Watch(
            HealthSettings(bad_in_row_max=3, wait_s=30, probes_to_close=1),
            HealthSettings(bad_in_row_max=2, wait_s=60, probes_to_close=1),
        )
        self.at: datetime = NOON
        self.attempt = 0

    def see(
        self, outcome: Outcome | StatusOutcome, *, supplier: int = ALFA, product: int = PULSA
    ) -> list[HealthChange]:
        self.attempt += 1
        sent = self.watch.note_sent(
            supplier_id=supplier, product_id=product, attempt_id=self.attempt, at=self.at
        )
        ended = self.watch.note_outcome(
            outcome,
            supplier_id=supplier,
            product_id=product,
            attempt_id=self.attempt,
            latency_ms=20,
            at=self.at,
        )
        return sent + ended

    def wait(self, seconds: int) -> None:
        self.at += timedelta(seconds=seconds)

    def to_ask(self, at: datetime) -> list[int]:
        """Suppliers whose circuits say that a question is due, which is what nodes claim by."""
        tripped = [(key[0], self.watch.circuit(key)) for key in self.watch.tripped() if not key[1]]
        return [supplier for supplier, circuit in tripped if may_be_asked(circuit, at)]

    def usable(self, supplier: int = ALFA, product: int = PULSA) -> bool:
        return self.watch.standing(supplier, product, self.at).usable


# --- blame ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "signals"),
    [
        (Delivered(), (Signal.GOOD, Signal.GOOD)),
        (Accepted(), (Signal.WAITING, Signal.WAITING)),
        (Unavailable(), (Signal.BAD, Signal.NOTHING)),
        (Unknown(), (Signal.BAD, Signal.NOTHING)),
        (NotFound(), (Signal.NOTHING, Signal.NOTHING)),
        (rejected(Reason.NUMBER_NOT_FOUND), (Signal.GOOD, Signal.NOTHING)),
        (rejected(Reason.PRODUCT_DISTURBED), (Signal.NOTHING, Signal.BAD)),
        (rejected(Reason.OUT_OF_STOCK), (Signal.NOTHING, Signal.BAD)),
        (rejected(Reason.SUPPLIER_REFUSED_US), (Signal.BAD, Signal.NOTHING)),
        (rejected(Reason.MAINTENANCE), (Signal.BAD, Signal.NOTHING)),
    ],
)
def test_each_outcome_is_blamed_on_the_one_whose_doing_it_is(
    outcome: Outcome | StatusOutcome, signals: tuple[Signal, Signal]
) -> None:
    assert signals_of(outcome) == signals


def test_what_is_wrong_with_a_number_or_a_bill_is_never_the_suppliers_fault() -> None:
    innocent = {reason for reason in Reason if blame_of(reason) is Blame.ORDER}
    assert {
        Reason.INVALID_DESTINATION,
        Reason.NUMBER_BLOCKED,
        Reason.OUT_OF_AREA,
        Reason.BILL_ALREADY_PAID,
        Reason.METER_WRONG,
        Reason.DUPLICATE_SAME_DAY,
    } <= innocent


# --- suppliers -----------------------------------------------------------------------------------


def test_a_silent_supplier_loses_all_its_products_and_no_other_supplier_suffers() -> None:
    node = Node()
    assert [node.see(Unknown()) for _ in range(2)] == [[], []]
    (change,) = node.see(Unavailable())
    assert (change.supplier_id, change.product_id) == (ALFA, None)
    assert (change.before, change.after) == (CircuitState.CLOSED, CircuitState.OPEN)
    assert change.sentence() == "3 orders in a row failed"
    assert change.sentence("id") == "3 transaksi gagal berturut-turut"
    assert not node.usable(ALFA, PULSA)
    assert not node.usable(ALFA, TOKEN)
    assert node.usable(BETA, PULSA)


def test_a_tripped_supplier_gets_probes_only_after_its_question_was_answered() -> None:
    node = Node()
    for _ in range(3):
        node.see(Unknown())
    assert node.to_ask(node.at) == []
    node.wait(30)
    assert node.to_ask(node.at) == [ALFA]
    assert not node.usable()
    assert node.watch.note_question(ALFA, node.at, answered=False) == []
    assert node.to_ask(node.at) == []
    node.wait(60)
    (change,) = node.watch.note_question(ALFA, node.at, answered=True)
    assert change.after is CircuitState.HALF_OPEN
    assert node.watch.standing(ALFA, PULSA, node.at).probing
    (closed,) = node.see(Delivered())
    assert closed.after is CircuitState.CLOSED
    assert closed.sentence() == "probe orders that succeeded: 1"
    assert node.watch.standing(ALFA, PULSA, node.at) is HEALTHY
    assert node.watch.open_circuits(node.at) == []


def test_of_a_burst_one_order_is_taken_as_the_probe_and_the_others_are_not_even_chosen() -> None:
    node = Node()
    for _ in range(3):
        node.see(Unknown())
    node.wait(30)
    node.watch.note_question(ALFA, node.at, answered=True)
    assert node.usable()
    node.watch.note_choice(supplier_id=ALFA, product_id=PULSA, at=node.at)
    refused = node.watch.standing(ALFA, PULSA, node.at)
    assert not refused.usable
    assert refused.sentence().endswith("a probe order is on its way")
    assert node.watch.standing(ALFA, PULSA, node.at, has_place=True).usable
    node.watch.note_sent(supplier_id=ALFA, product_id=PULSA, attempt_id=99, at=node.at)
    assert not node.watch.standing(ALFA, PULSA, node.at, has_place=True).usable
    node.wait(5)
    assert not node.usable()


def test_a_place_that_no_order_took_is_free_again_soon() -> None:
    node = Node()
    for _ in range(3):
        node.see(Unknown())
    node.wait(30)
    node.watch.note_question(ALFA, node.at, answered=True)
    node.watch.note_choice(supplier_id=ALFA, product_id=PULSA, at=node.at)
    node.wait(RESERVED_S)
    assert node.usable()


def test_a_supplier_with_many_bad_numbers_is_healthy() -> None:
    node = Node()
    for _ in range(50):
        assert node.see(rejected(Reason.NUMBER_NOT_FOUND)) == []
    assert node.usable()


# --- products ------------------------------------------------------------------------------------


def test_a_disturbed_product_closes_at_one_supplier_and_reopens_by_itself() -> None:
    node = Node()
    node.see(rejected(Reason.PRODUCT_DISTURBED))
    (closed,) = node.see(rejected(Reason.BILLER_FAILED))
    assert (closed.supplier_id, closed.product_id) == (ALFA, PULSA)
    assert closed.sentence() == "2 orders in a row failed"
    assert not node.usable(ALFA, PULSA)
    assert node.usable(ALFA, TOKEN)
    assert node.usable(BETA, PULSA)
    said = node.watch.standing(ALFA, PULSA, node.at).sentence()
    assert said.startswith("product at this supplier: 2 orders in a row failed")
    assert node.to_ask(node.at + timedelta(days=1)) == []

    node.wait(60)
    assert node.watch.standing(ALFA, PULSA, node.at).probing
    tried, reopened = node.see(Delivered())
    assert tried.after is CircuitState.HALF_OPEN
    assert (reopened.before, reopened.after) == (CircuitState.HALF_OPEN, CircuitState.CLOSED)
    assert node.usable(ALFA, PULSA)


def test_a_product_probe_that_fails_closes_the_product_for_longer() -> None:
    node = Node()
    for _ in range(2):
        node.see(rejected(Reason.OUT_OF_STOCK))
    node.wait(60)
    changes = node.see(rejected(Reason.OUT_OF_STOCK))
    assert [change.after for change in changes] == [CircuitState.HALF_OPEN, CircuitState.OPEN]
    node.wait(119)
    assert not node.usable()
    node.wait(1)
    assert node.usable()


def test_what_is_not_trusted_is_listed_with_its_reason() -> None:
    node = Node()
    for _ in range(2):
        node.see(rejected(Reason.OUT_OF_STOCK), supplier=BETA, product=TOKEN)
    for _ in range(3):
        node.see(Unknown())
    listed = node.watch.open_circuits(node.at)
    assert [(supplier, product) for supplier, product, _ in listed] == [(ALFA, None), (BETA, TOKEN)]
    assert all(not standing.usable for _, _, standing in listed)


def test_the_number_of_circuits_is_bounded_and_open_ones_are_never_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watch_module, "CIRCUITS_MAX", 10)
    node = Node()
    for _ in range(3):
        node.see(Unknown())
    for product in range(100):
        node.see(Delivered(), supplier=BETA, product=product + 1)
    assert len(node.watch._circuits) <= 11
    assert not node.usable(ALFA)
