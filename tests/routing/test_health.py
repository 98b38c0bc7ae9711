"""A circuit opens, waits, asks, probes and closes; and explains itself at every step."""

from __future__ import annotations

from datetime import timedelta
from string import Formatter
from typing import Final

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from gerbang.routing.health import (
    BUCKETS,
    CIRCUIT_STEPS,
    FRESH,
    Circuit,
    CircuitState,
    HealthSettings,
    Signal,
    judge,
    may_be_asked,
    note_answer,
    note_outcome,
    note_probe,
    note_silence,
)
from gerbang.routing.standing import TROUBLE_TEXTS, Trouble
from routing.cases import NOON

SETTINGS: Final = HealthSettings(
    window_s=60,
    outcomes_min=10,
    bad_percent_max=50,
    bad_in_row_max=4,
    slow_ms=1_000,
    slow_percent_max=80,
    wait_s=30,
    wait_s_max=240,
    probes_at_once_max=2,
    probes_to_close=3,
    probe_lost_after_s=100,
)


class Story:
    """A circuit, and a clock that is moved by hand."""

    def __init__(self, circuit: Circuit = FRESH) -> None:
        self.circuit = circuit
        self.at = NOON
        self.attempts = 0

    def wait(self, seconds: float) -> Story:
        self.at += timedelta(seconds=seconds)
        return self

    def see(self, *signals: Signal, latency_ms: int | None = 10) -> Story:
        for signal in signals:
            self.attempts += 1
            self.end(self.attempts, signal, latency_ms=latency_ms)
        return self

    def end(self, attempt_id: int, signal: Signal, *, latency_ms: int | None = 10) -> Story:
        self.circuit = note_outcome(
            self.circuit,
            signal,
            attempt_id=attempt_id,
            latency_ms=latency_ms,
            at=self.at,
            settings=SETTINGS,
        )
        return self

    def send(self, attempt_id: int) -> Story:
        self.circuit = note_probe(self.circuit, attempt_id, self.at, settings=SETTINGS)
        return self

    def answer(self) -> Story:
        self.circuit = note_answer(self.circuit, self.at, settings=SETTINGS)
        return self

    def silence(self) -> Story:
        self.circuit = note_silence(self.circuit, self.at, settings=SETTINGS)
        return self

    @property
    def usable(self) -> bool:
        return judge(self.circuit, self.at, settings=SETTINGS).usable

    def allows(self) -> bool:
        """Ask again: `usable` changes with every call of a method."""
        return self.usable

    def said(self, language: str = "en") -> str:
        standing = judge(self.circuit, self.at, settings=SETTINGS)
        return standing.sentence("id" if language == "id" else "en")


def tripped() -> Story:
    return Story().see(*[Signal.BAD] * 4)


def half_open() -> Story:
    return tripped().wait(30).answer()


# --- opening -------------------------------------------------------------------------------------


def test_failures_in_a_row_open_the_circuit_and_it_says_since_when() -> None:
    story = Story().see(*[Signal.BAD] * 3)
    assert story.allows()
    story.see(Signal.BAD)
    assert not story.allows()
    assert story.said() == (
        "supplier: 4 orders in a row failed (since 12:00:00 WIB); "
        "to be tried again from 12:00:30 WIB"
    )
    assert story.said("id") == (
        "supplier: 4 transaksi gagal berturut-turut (sejak 12:00:00 WIB); "
        "dicoba lagi mulai 12:00:30 WIB"
    )


def test_a_success_between_failures_begins_the_row_again() -> None:
    story = Story().see(*[Signal.BAD] * 3, Signal.GOOD, *[Signal.BAD] * 3)
    assert story.usable


def test_what_says_nothing_does_not_break_a_row_of_failures() -> None:
    story = Story().see(*[Signal.BAD] * 3, Signal.NOTHING, Signal.WAITING, Signal.BAD)
    assert not story.usable


def test_more_than_half_failing_opens_the_circuit_once_there_are_enough_outcomes() -> None:
    mixed = [Signal.BAD, Signal.BAD, Signal.GOOD] * 3
    story = Story().see(*mixed)
    assert story.usable
    story.see(Signal.GOOD)
    assert story.usable, "six of ten are only judged when a failure comes"
    story.see(Signal.BAD)
    assert "7 of 11 orders failed within 60 s" in story.said()


def test_exactly_half_failing_is_borne() -> None:
    assert Story().see(*[Signal.GOOD, Signal.BAD] * 30).usable


def test_failures_that_left_the_window_count_no_more() -> None:
    story = Story().see(*[Signal.BAD, Signal.BAD, Signal.GOOD] * 3).wait(61)
    assert story.see(*[Signal.GOOD] * 5, Signal.BAD).usable


def test_slow_answers_open_the_circuit_although_they_are_good() -> None:
    story = Story().see(*[Signal.GOOD] * 2).see(*[Signal.GOOD] * 8, latency_ms=1_001)
    assert story.usable
    story.see(Signal.WAITING, latency_ms=1_001)
    assert "9 of 11 answers took more than 1.000 ms" in story.said()


def test_a_callback_has_no_latency_and_is_not_slow() -> None:
    story = Story().see(*[Signal.GOOD] * 9, latency_ms=5_000)
    assert story.see(*[Signal.GOOD] * 50, latency_ms=None).usable


def test_the_window_keeps_few_buckets_however_long_it_runs() -> None:
    story = Story()
    for _ in range(500):
        story.see(Signal.GOOD).wait(3)
    assert len(story.circuit.buckets) <= BUCKETS


# --- waiting and asking ---------------------------------------------------------------------------


def test_time_alone_never_lets_an_order_through() -> None:
    assert not tripped().wait(1_000_000).usable


def test_an_answer_before_the_waiting_is_over_changes_nothing() -> None:
    assert not tripped().wait(29).answer().usable
    assert tripped().wait(30).answer().usable


def test_an_unanswered_question_doubles_the_waiting_up_to_its_limit() -> None:
    story = tripped()
    waits = []
    for _ in range(6):
        assert story.circuit.retry_at is not None
        story.at = story.circuit.retry_at
        story.silence()
        waits.append((story.circuit.retry_at - story.at).total_seconds())
    assert waits == [60, 120, 240, 240, 240, 240]
    assert "questions in a row without an answer: 6" in story.said()


def test_late_results_of_earlier_orders_do_not_close_an_open_circuit() -> None:
    assert not tripped().see(*[Signal.GOOD] * 100).usable


# --- probing -------------------------------------------------------------------------------------


def test_only_so_many_probes_go_at_a_time() -> None:
    story = half_open().send(901)
    assert story.allows()
    story.send(902)
    assert not story.allows()
    assert story.said().endswith("a probe order is on its way")
    assert story.said("id").endswith("transaksi percobaan sedang berjalan")
    assert story.end(901, Signal.GOOD).usable


def test_enough_good_probes_close_the_circuit_and_it_says_why() -> None:
    story = half_open()
    for attempt in (901, 902, 903):
        assert story.circuit.state is CircuitState.HALF_OPEN
        story.send(attempt).end(attempt, Signal.WAITING).end(attempt, Signal.GOOD)
    assert story.circuit.state is CircuitState.CLOSED
    assert story.circuit.trouble is Trouble.RECOVERED
    assert story.circuit.facts == {"good": 3}


def test_one_bad_probe_opens_the_circuit_again_for_twice_as_long() -> None:
    story = half_open().send(901).end(901, Signal.BAD)
    assert not story.usable
    assert "a probe order failed" in story.said()
    assert story.circuit.retry_at == story.at + timedelta(seconds=60)


def test_outcomes_of_orders_that_are_no_probes_decide_nothing() -> None:
    story = half_open().send(901)
    story.see(*[Signal.GOOD] * 50, *[Signal.BAD] * 50)
    assert story.circuit.state is CircuitState.HALF_OPEN


def test_a_probe_that_failed_for_the_orders_own_fault_is_followed_by_another() -> None:
    story = half_open().send(901).send(902).end(901, Signal.NOTHING)
    assert story.usable
    assert story.circuit.probes_good == 0


def test_a_probe_that_never_ends_does_not_block_for_ever() -> None:
    story = half_open().send(901).send(902)
    assert not story.wait(99).usable
    assert story.wait(1).usable


def test_a_circuit_that_was_closed_for_long_begins_with_the_short_waiting_again() -> None:
    def reopened_after(seconds: float) -> float:
        story = half_open()
        for attempt in (901, 902, 903):
            story.send(attempt).end(attempt, Signal.GOOD)
        story.wait(seconds).see(*[Signal.BAD] * 4)
        assert story.circuit.retry_at is not None
        return (story.circuit.retry_at - story.at).total_seconds()

    assert reopened_after(1) == 60
    assert reopened_after(240) == 30


def test_every_trouble_has_words_in_both_languages() -> None:
    assert set(TROUBLE_TEXTS) == set(Trouble)
    for english, indonesian in TROUBLE_TEXTS.values():
        names = [{n for _, n, _, _ in Formatter().parse(t) if n} for t in (english, indonesian)]
        assert names[0] == names[1]


# --- laws ----------------------------------------------------------------------------------------


class CircuitMachine(RuleBasedStateMachine):
    """Anything may happen in any order; the promises hold all the same."""

    def __init__(self) -> None:
        super().__init__()
        self.story = Story()
        self.answered_since_opening = False
        self.next_attempt = 1_000
        self.last_orders: list[int] = []

    @initialize(bad=st.integers(0, 6))
    def begin(self, bad: int) -> None:
        self.story.see(*[Signal.BAD] * bad)

    def step(self, before: Circuit) -> None:
        after = self.story.circuit
        if after.state is not before.state:
            assert (before.state, after.state) in CIRCUIT_STEPS
            assert after.trouble is not Trouble.NONE
        if after.state is CircuitState.OPEN:
            self.answered_since_opening = False

    @rule(seconds=st.sampled_from([0, 1, 10, 29, 30, 60, 100, 240, 5_000]))
    def wait(self, seconds: int) -> None:
        usable_before = self.story.usable
        waiting = self.story.circuit.state is CircuitState.OPEN
        self.story.wait(seconds)
        if waiting:
            assert not usable_before
            assert not self.story.usable

    @rule(signal=st.sampled_from(Signal), latency_ms=st.sampled_from([None, 5, 1_000, 1_001]))
    def see_something_older(self, signal: Signal, latency_ms: int | None) -> None:
        before = self.story.circuit
        self.story.see(signal, latency_ms=latency_ms)
        self.step(before)
        if before.state is not CircuitState.CLOSED:
            assert self.story.circuit == before

    @precondition(lambda self: self.story.usable)
    @rule()
    def send(self) -> None:
        before = self.story.circuit
        self.next_attempt += 1
        self.last_orders = [*self.last_orders[-5:], self.next_attempt]
        self.story.send(self.next_attempt)
        self.step(before)

    @precondition(lambda self: self.last_orders)
    @rule(
        which=st.integers(0, 5), signal=st.sampled_from(Signal), latency=st.sampled_from([5, 9_999])
    )
    def end(self, which: int, signal: Signal, latency: int) -> None:
        before = self.story.circuit
        attempt = self.last_orders[which % len(self.last_orders)]
        self.story.end(attempt, signal, latency_ms=latency)
        self.step(before)
        if signal is not Signal.WAITING:
            self.last_orders.remove(attempt)

    @rule()
    def answer(self) -> None:
        before, due = self.story.circuit, may_be_asked(self.story.circuit, self.story.at)
        self.story.answer()
        self.step(before)
        assert (self.story.circuit.state is not before.state) == due
        self.answered_since_opening |= due

    @rule()
    def silence(self) -> None:
        before = self.story.circuit
        self.story.silence()
        self.step(before)
        assert self.story.circuit.state is before.state

    @invariant()
    def orders_pass_a_tripped_circuit_only_after_an_answer_and_only_as_few_probes(self) -> None:
        circuit = self.story.circuit
        assert self.story.usable == (
            circuit.state is CircuitState.CLOSED
            or (circuit.state is CircuitState.HALF_OPEN and self._live_probes() < 2)
        )
        if circuit.state is CircuitState.HALF_OPEN:
            assert self.answered_since_opening
        assert self._live_probes() <= SETTINGS.probes_at_once_max

    def _live_probes(self) -> int:
        lost = timedelta(seconds=SETTINGS.probe_lost_after_s)
        return sum(self.story.at - p.sent_at < lost for p in self.story.circuit.probes)

    @invariant()
    def it_always_has_a_way_back_and_words_for_why(self) -> None:
        circuit = self.story.circuit
        if circuit.state is CircuitState.OPEN:
            assert circuit.retry_at is not None
            latest = self.story.at + timedelta(seconds=SETTINGS.wait_s_max)
            assert circuit.retry_at <= latest
        assert len(circuit.buckets) <= BUCKETS
        for language in ("en", "id"):
            assert self.story.said(language).startswith("supplier: ")


CircuitMachine.TestCase.settings = hypothesis_settings(max_examples=60, stateful_step_count=40)
TestCircuit = CircuitMachine.TestCase
