"""Twelve attempts over about a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gerbang.callbacks.backoff import Backoff

NOW = datetime(2026, 5, 31, tzinfo=UTC)
JITTERS = st.floats(0, 1, exclude_max=True)


def waits(backoff: Backoff, jitter: float) -> list[timedelta]:
    made = [backoff.wait_after(number, jitter=jitter) for number in range(1, 100)]
    return [wait for wait in made if wait is not None]


def test_twelve_attempts_take_about_a_day() -> None:
    assert len(waits(Backoff(), 0)) == 11
    for jitter in (0.0, 0.99):
        total = sum(waits(Backoff(), jitter), timedelta())
        assert timedelta(hours=22) < total < timedelta(hours=27)


def test_the_schedule_is_the_one_the_documentation_shows() -> None:
    seconds = [round(wait.total_seconds()) for wait in waits(Backoff(), 0)]
    assert seconds == [10, 28, 76, 208, 572, 1573, 4325, 11894, 21600, 21600, 21600]


@given(JITTERS)
def test_waits_grow_until_they_stay_at_the_cap(jitter: float) -> None:
    made = waits(Backoff(), jitter)
    assert made == sorted(made)
    assert made[0] >= timedelta(seconds=10)
    assert made[-1] <= timedelta(hours=6) * 1.1


@given(
    backoff=st.builds(
        Backoff,
        attempts_max=st.integers(0, 60),
        first_s=st.integers(1, 600),
        growth_percent=st.integers(100, 1000),
        wait_s_max=st.integers(1, 100_000),
        jitter_percent_max=st.integers(0, 100),
    ),
    number=st.integers(1, 10_000),
    jitter=JITTERS,
)
def test_every_attempt_has_a_bounded_wait_or_is_the_last(
    backoff: Backoff, number: int, jitter: float
) -> None:
    at = backoff.next_attempt_at(number, now=NOW, jitter=jitter)
    assert (at is None) == (number >= backoff.attempts_max)
    if at is not None:
        assert NOW < at <= NOW + 2 * timedelta(seconds=backoff.wait_s_max)


@given(JITTERS, JITTERS)
def test_jitter_only_ever_adds(one: float, other: float) -> None:
    plain = Backoff().wait_after(3, jitter=0)
    assert plain is not None
    for jitter in (one, other):
        wait = Backoff().wait_after(3, jitter=jitter)
        assert wait is not None
        assert plain <= wait <= plain * 1.1
