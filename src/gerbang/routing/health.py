"""A circuit: whether a supplier, or one product of it, is trusted with orders; pure.

    closed ──too many bad──▶ open ──it answers a question──▶ half-open ──probes succeed──▶ closed
                              ▲                                   │
                              └────────────a probe fails──────────┘

Every function takes a circuit and gives the next one; time is an argument.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec
from msgspec.structs import replace

from gerbang.routing.standing import HEALTHY, Standing, Subject, Trouble

BUCKETS: Final = 6
"""The window moves in this many steps."""
_DOUBLINGS_MAX: Final = 20


class HealthSettings(msgspec.Struct, frozen=True, kw_only=True):
    """When a circuit opens, and how it closes again."""

    window_s: int = 300
    outcomes_min: int = 10
    """With fewer outcomes in the window no share is judged."""
    bad_percent_max: int = 50
    bad_in_row_max: int = 6
    slow_ms: int = 60_000
    """An answer that takes longer is slow; suppliers that hold replies need more."""
    slow_percent_max: int = 80
    wait_s: int = 30
    """How long an open circuit waits; doubled with every opening and every failed question."""
    wait_s_max: int = 1_800
    probes_at_once_max: int = 1
    probes_to_close: int = 3
    probe_lost_after_s: int = 300
    """A probe without a final result blocks the next one for no longer than this."""


RESERVED_S: Final = 2
"""How long a place among the probes is kept for an order that is being written."""


class CircuitState(StrEnum):
    """Whether orders pass."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


CIRCUIT_STEPS: Final = frozenset(
    {
        (CircuitState.CLOSED, CircuitState.OPEN),
        (CircuitState.OPEN, CircuitState.HALF_OPEN),
        (CircuitState.HALF_OPEN, CircuitState.OPEN),
        (CircuitState.HALF_OPEN, CircuitState.CLOSED),
    }
)


class Signal(StrEnum):
    """What one outcome says about the subject of a circuit."""

    GOOD = "good"
    BAD = "bad"
    NOTHING = "nothing"
    """It is final, and somebody else's doing."""
    WAITING = "waiting"
    """It is not final."""


class Bucket(msgspec.Struct, frozen=True):
    """What happened in one step of the window."""

    number: int
    good: int = 0
    bad: int = 0
    answers: int = 0
    """How many outcomes came with the time that the answer took."""
    slow: int = 0


class Probe(msgspec.Struct, frozen=True):
    """An order on its way to a supplier that is being tried."""

    attempt_id: int
    sent_at: datetime


class Circuit(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one supplier, or of one product at one supplier."""

    state: CircuitState = CircuitState.CLOSED
    since: datetime | None = None
    trouble: Trouble = Trouble.NONE
    facts: Mapping[str, int] = {}
    buckets: tuple[Bucket, ...] = ()
    bad_in_row: int = 0
    openings: int = 0
    """How often in a row it opened, or failed to answer while it was open."""
    questions_failed: int = 0
    retry_at: datetime | None = None
    """When an open circuit may be asked, or a product's may be tried."""
    probes: tuple[Probe, ...] = ()
    probes_good: int = 0
    reserved: tuple[datetime, ...] = ()
    """When places among the probes were promised to orders that are not written yet."""


FRESH: Final = Circuit()


# --- what happens to a circuit --------------------------------------------------------------------


def note_outcome(
    circuit: Circuit,
    signal: Signal,
    *,
    attempt_id: int,
    latency_ms: int | None,
    at: datetime,
    settings: HealthSettings,
) -> Circuit:
    """Take in what an outcome says; while it is not closed only its own probes count."""
    if circuit.state is CircuitState.CLOSED:
        return _note_while_closed(circuit, signal, latency_ms=latency_ms, at=at, settings=settings)
    if signal is Signal.WAITING or all(p.attempt_id != attempt_id for p in circuit.probes):
        return circuit
    circuit = replace(
        circuit, probes=tuple(p for p in circuit.probes if p.attempt_id != attempt_id)
    )
    match signal:
        case Signal.BAD:
            return _open(circuit, Trouble.PROBE_FAILED, {}, at=at, settings=settings)
        case Signal.GOOD:
            return _note_good_probe(circuit, at, settings)
        case _:
            return circuit


def note_probe(
    circuit: Circuit, attempt_id: int, at: datetime, *, settings: HealthSettings
) -> Circuit:
    """Remember that an order went to a supplier that is being tried."""
    if circuit.state is not CircuitState.HALF_OPEN:
        return circuit
    return replace(
        circuit,
        probes=(*_live_probes(circuit, at, settings), Probe(attempt_id, at)),
        reserved=_live_reserved(circuit, at)[1:],
    )


def note_choice(circuit: Circuit, at: datetime) -> Circuit:
    """Keep a place among the probes for an order that was given this way.

    Else a whole burst would be taken in for the one probe, and all but one of it would fail.
    """
    if circuit.state is not CircuitState.HALF_OPEN:
        return circuit
    return replace(circuit, reserved=(*_live_reserved(circuit, at), at))


def note_answer(circuit: Circuit, at: datetime, *, settings: HealthSettings) -> Circuit:
    """Let probe orders pass: the waiting is over, and a question was answered."""
    if circuit.state is not CircuitState.OPEN or not may_be_asked(circuit, at):
        return circuit
    return replace(
        circuit,
        state=CircuitState.HALF_OPEN,
        since=at,
        trouble=Trouble.ANSWERED,
        facts={"probes": settings.probes_at_once_max},
        questions_failed=0,
        retry_at=None,
        probes=(),
        probes_good=0,
        reserved=(),
    )


def note_silence(circuit: Circuit, at: datetime, *, settings: HealthSettings) -> Circuit:
    """Wait longer: a question was not answered."""
    if circuit.state is not CircuitState.OPEN:
        return circuit
    openings, failed = circuit.openings + 1, circuit.questions_failed + 1
    return replace(
        circuit,
        trouble=Trouble.QUESTION_FAILED,
        facts={"count": failed},
        openings=openings,
        questions_failed=failed,
        retry_at=at + _wait(openings, settings),
    )


def may_be_asked(circuit: Circuit, at: datetime) -> bool:
    """Whether an open circuit has waited long enough."""
    return (
        circuit.state is CircuitState.OPEN
        and circuit.retry_at is not None
        and at >= circuit.retry_at
    )


def judge(
    circuit: Circuit,
    at: datetime,
    *,
    subject: Subject = "supplier",
    settings: HealthSettings,
    has_place: bool = False,
) -> Standing:
    """Say whether an order may pass now, and why; `has_place`: it was chosen before."""
    if circuit.state is CircuitState.CLOSED:
        return HEALTHY
    probing = circuit.state is CircuitState.HALF_OPEN
    promised = 0 if has_place else len(_live_reserved(circuit, at))
    room = len(_live_probes(circuit, at, settings)) + promised < settings.probes_at_once_max
    return Standing(
        usable=probing and room,
        probing=probing,
        subject=subject,
        trouble=circuit.trouble,
        facts=circuit.facts,
        since=circuit.since,
        retry_at=circuit.retry_at,
    )


# --- inside --------------------------------------------------------------------------------


def _note_while_closed(
    circuit: Circuit,
    signal: Signal,
    *,
    latency_ms: int | None,
    at: datetime,
    settings: HealthSettings,
) -> Circuit:
    if signal in _SAYS_NOTHING and latency_ms is None:
        return circuit
    good, bad = signal is Signal.GOOD, signal is Signal.BAD
    slow = latency_ms is not None and latency_ms > settings.slow_ms
    seen = Bucket(0, good, bad, latency_ms is not None, slow)
    circuit = replace(
        circuit,
        buckets=_count(circuit.buckets, seen, at, settings),
        bad_in_row=circuit.bad_in_row + 1 if bad else (0 if good else circuit.bad_in_row),
    )
    found = _trouble(circuit, settings) if bad or slow else None
    return circuit if found is None else _open(circuit, *found, at=at, settings=settings)


_SAYS_NOTHING: Final = frozenset({Signal.NOTHING, Signal.WAITING})


def _count(
    buckets: tuple[Bucket, ...], seen: Bucket, at: datetime, settings: HealthSettings
) -> tuple[Bucket, ...]:
    """Add to the newest bucket, or begin one; those that left the window go."""
    number = int(at.timestamp()) // max(1, settings.window_s // BUCKETS)
    if buckets and buckets[-1].number >= number:
        last = buckets[-1]
        return (*buckets[:-1], _sum(last.number, (last, seen)))
    kept = (b for b in buckets if b.number > number - BUCKETS)
    return (*kept, _sum(number, (seen,)))


def _sum(number: int, buckets: tuple[Bucket, ...]) -> Bucket:
    return Bucket(
        number,
        sum(b.good for b in buckets),
        sum(b.bad for b in buckets),
        sum(b.answers for b in buckets),
        sum(b.slow for b in buckets),
    )


def _trouble(circuit: Circuit, settings: HealthSettings) -> tuple[Trouble, dict[str, int]] | None:
    if circuit.bad_in_row >= settings.bad_in_row_max:
        return Trouble.BAD_IN_ROW, {"bad": circuit.bad_in_row}
    total = _sum(0, circuit.buckets)
    count = total.good + total.bad
    if count >= settings.outcomes_min and total.bad * 100 > count * settings.bad_percent_max:
        facts = {"bad": total.bad, "count": count, "window_s": settings.window_s}
        return Trouble.BAD_SHARE, facts
    answers = total.answers
    if answers >= settings.outcomes_min and total.slow * 100 > answers * settings.slow_percent_max:
        slow = {"slow": total.slow, "count": answers, "slow_ms": settings.slow_ms}
        return Trouble.SLOW_SHARE, slow
    return None


def _open(
    circuit: Circuit,
    trouble: Trouble,
    facts: Mapping[str, int],
    *,
    at: datetime,
    settings: HealthSettings,
) -> Circuit:
    openings = 1 if _was_well_for_long(circuit, at, settings) else circuit.openings + 1
    return Circuit(
        state=CircuitState.OPEN,
        since=at,
        trouble=trouble,
        facts=facts,
        openings=openings,
        retry_at=at + _wait(openings, settings),
    )


def _was_well_for_long(circuit: Circuit, at: datetime, settings: HealthSettings) -> bool:
    """Whether earlier openings are forgotten."""
    if circuit.state is not CircuitState.CLOSED or circuit.since is None:
        return circuit.state is CircuitState.CLOSED
    return at - circuit.since >= timedelta(seconds=settings.wait_s_max)


def _wait(openings: int, settings: HealthSettings) -> timedelta:
    doubled = settings.wait_s * 2 ** min(openings - 1, _DOUBLINGS_MAX)
    return timedelta(seconds=min(doubled, settings.wait_s_max))


def _live_probes(circuit: Circuit, at: datetime, settings: HealthSettings) -> tuple[Probe, ...]:
    lost = timedelta(seconds=settings.probe_lost_after_s)
    return tuple(p for p in circuit.probes if at - p.sent_at < lost)


def _live_reserved(circuit: Circuit, at: datetime) -> tuple[datetime, ...]:
    kept = timedelta(seconds=RESERVED_S)
    return tuple(reserved for reserved in circuit.reserved if at - reserved < kept)


def _note_good_probe(circuit: Circuit, at: datetime, settings: HealthSettings) -> Circuit:
    good = circuit.probes_good + 1
    if good < settings.probes_to_close:
        return replace(circuit, probes_good=good)
    return Circuit(
        since=at, trouble=Trouble.RECOVERED, facts={"good": good}, openings=circuit.openings
    )
