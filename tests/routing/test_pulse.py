"""What is in flight and what was sent today, as the planner sees it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gerbang.clock import business_day
from gerbang.orders.outcome import Delivered, Unknown
from gerbang.routing.health import HealthSettings
from gerbang.routing.pulse import SupplierPulse
from gerbang.routing.standing import HEALTHY
from gerbang.routing.watch import Watch
from routing.cases import NOON

ALFA, BETA = 1, 2


def make_pulse() -> SupplierPulse:
    return SupplierPulse(Watch(HealthSettings(bad_in_row_max=1), HealthSettings()))


def send(pulse: SupplierPulse, attempt_id: int, at: datetime = NOON) -> None:
    pulse.note_sent(supplier_id=ALFA, product_id=10, attempt_id=attempt_id, at=at)


def test_an_order_is_in_flight_until_its_answer_even_when_sending_it_fails() -> None:
    pulse = make_pulse()
    with pulse.on_the_wire(ALFA), pulse.on_the_wire(ALFA):
        assert (pulse.in_flight(ALFA), pulse.in_flight(BETA)) == (2, 0)
    with pytest.raises(ConnectionError), pulse.on_the_wire(ALFA):
        raise ConnectionError
    assert pulse.in_flight(ALFA) == 0


def test_orders_are_counted_by_the_wib_day() -> None:
    pulse = make_pulse()
    before_midnight = datetime(2026, 5, 31, 16, 59, tzinfo=UTC)
    after_midnight = before_midnight + timedelta(minutes=1)
    send(pulse, 1, before_midnight)
    send(pulse, 2, before_midnight)
    assert pulse.orders_today(ALFA, before_midnight) == 2
    assert pulse.orders_today(ALFA, after_midnight) == 0
    send(pulse, 3, after_midnight)
    assert pulse.orders_today(ALFA, after_midnight) == 1


def test_what_other_nodes_sent_is_taken_over_and_never_lowers_a_count() -> None:
    pulse = make_pulse()
    today = business_day(NOON)
    send(pulse, 1)
    pulse.seed(today, {ALFA: 7, BETA: 3})
    pulse.seed(today, {ALFA: 5})
    pulse.seed(today - timedelta(days=1), {ALFA: 99})
    assert (pulse.orders_today(ALFA, NOON), pulse.orders_today(BETA, NOON)) == (7, 3)


def test_outcomes_reach_the_circuits() -> None:
    pulse = make_pulse()
    assert pulse.standing(ALFA, 10, NOON) is HEALTHY
    (opened,) = pulse.note_outcome(
        Unknown(), supplier_id=ALFA, product_id=10, attempt_id=1, latency_ms=20, at=NOON
    )
    assert opened.sentence() == "1 orders in a row failed"
    assert not pulse.standing(ALFA, 10, NOON).usable
    assert not pulse.note_outcome(
        Delivered(), supplier_id=BETA, product_id=10, attempt_id=2, latency_ms=20, at=NOON
    )
