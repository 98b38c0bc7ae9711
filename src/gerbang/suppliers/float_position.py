"""Our float at a supplier: what it said, what our ledger can explain, and when to raise an alarm.

Pure. The supplier takes its price some time between our sending and its answer, so our ledger
explains a range: all that was posted, with or without what is still on its way.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """What a supplier may say without contradicting our ledger, in rupiah."""

    low: int
    high: int

    def difference(self, reported: int) -> int:
        """Give how far above (below: negative) the range it is; 0 inside."""
        if reported > self.high:
            return reported - self.high
        return min(reported - self.low, 0)


def explained(*, ledger: int, in_flight: int) -> Explained:
    """Give the range at one moment: attempts in flight may or may not be taken off already."""
    return Explained(low=ledger - in_flight, high=ledger)


def spanning(before: Explained, after: Explained) -> Explained:
    """Give the range for a question that was answered between two moments."""
    return Explained(low=min(before.low, after.low), high=max(before.high, after.high))


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What a supplier said of our float; `difference` is known where it was asked."""

    supplier: str
    reported: int
    difference: int | None
    low: bool


class FloatLimits(msgspec.Struct, frozen=True, kw_only=True):
    """When to raise an alarm."""

    alarm_below: int
    tolerance: int
    readings_min: int
    """So many questions in a row must differ before it is a case."""


def float_limits(
    settings: Mapping[str, Any], *, float_min: int, tolerance: int, readings_min: int
) -> FloatLimits:
    """Read a supplier's ``float.alarm_below`` and ``float.tolerance``; else the defaults."""
    return FloatLimits(
        alarm_below=_rupiah(settings.get("float.alarm_below"), float_min),
        tolerance=_rupiah(settings.get("float.tolerance"), tolerance),
        readings_min=readings_min,
    )


def _rupiah(value: object, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else default


class FloatState(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered between readings."""

    differing_readings: int = 0
    differs_case: str = ""
    low_case: str = ""


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """A case to open, or to close where `over`."""

    kind: str
    subject: str
    over: bool


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What a reading came to."""

    state: FloatState
    alarms: tuple[Alarm, ...] = ()


def judge(
    state: FloatState,
    code: str,
    *,
    reported: int,
    difference: int | None,
    limits: FloatLimits,
    now: datetime,
) -> Judged:
    """Judge a reading; `difference` None where it cannot be compared (it came with an answer)."""
    alarms: list[Alarm] = []
    low = reported < limits.alarm_below
    if low and not state.low_case:
        state = replace(state, low_case=_subject(code, "float_low", now))
        alarms.append(Alarm(kind="float_low", subject=state.low_case, over=False))
    elif not low and state.low_case:
        alarms.append(Alarm(kind="float_low", subject=state.low_case, over=True))
        state = replace(state, low_case="")
    if difference is not None:
        state, more = _judge_difference(state, code, difference, limits, now)
        alarms.extend(more)
    return Judged(state=state, alarms=tuple(alarms))


def _judge_difference(
    state: FloatState, code: str, difference: int, limits: FloatLimits, now: datetime
) -> tuple[FloatState, list[Alarm]]:
    if abs(difference) <= limits.tolerance:
        over = [Alarm(kind="float_differs", subject=state.differs_case, over=True)]
        state_after = replace(state, differing_readings=0, differs_case="")
        return state_after, over if state.differs_case else []
    state = replace(state, differing_readings=state.differing_readings + 1)
    if state.differs_case or state.differing_readings < limits.readings_min:
        return state, []
    state = replace(state, differs_case=_subject(code, "float_differs", now))
    return state, [Alarm(kind="float_differs", subject=state.differs_case, over=False)]


def _subject(code: str, kind: str, now: datetime) -> str:
    """Name an episode: a float that falls low again is another case."""
    return f"supplier:{code}:{kind}:{now:%Y%m%dT%H%M%S.%f}"
