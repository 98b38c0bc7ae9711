from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gerbang.deposits.match import (
    CLOCK_SKEW,
    LATE_MAX,
    NEAR_RUPIAH_MAX,
    Candidate,
    Line,
    Match,
    Verdict,
    match_line,
)
from gerbang.deposits.ticket import TicketState
from gerbang.web.pages.catalogue import load_catalogue

NOON = datetime(2026, 5, 31, 5, 0, tzinfo=UTC)
TOTAL = 1_000_101


def line(amount: int = TOTAL, **more: Any) -> Line:
    members = {"direction": "in", "description": "TRSF E-BANKING", "at": NOON, "at_is_day": False}
    return Line(amount=amount, **{**members, **more})


def ticket(number: int = 1, **more: Any) -> Candidate:
    members: dict[str, Any] = {
        "ticket_id": number,
        "reseller_id": number,
        "reseller_code": f"MEMBER{number}",
        "amount": 1_000_000,
        "fee": 0,
        "grand_total": TOTAL,
        "state": TicketState.OPEN,
        "created_at": NOON - timedelta(hours=1),
        "closed_at": None,
    }
    return Candidate(**(members | more))


def closed(number: int = 1, **more: Any) -> Candidate:
    ending = {"state": TicketState.EXPIRED, "closed_at": NOON - timedelta(hours=2)}
    return ticket(number, **(ending | more))


@pytest.mark.parametrize(
    ("said", "tickets", "verdict"),
    [
        (line(), [ticket()], Verdict.EXACT),
        (line(), [ticket(), ticket(2, grand_total=TOTAL + 1)], Verdict.EXACT),
        (line(), [closed()], Verdict.LATE),
        (line(), [closed(state=TicketState.PAID)], Verdict.LATE),
        (line(), [closed(state=TicketState.CANCELLED)], Verdict.LATE),
        (line(), [ticket(), closed(2)], Verdict.TWO_CANDIDATES),
        (line(), [ticket(), ticket(2)], Verdict.TWO_CANDIDATES),
        (line(), [ticket(created_at=NOON + timedelta(hours=1))], Verdict.BEFORE_TICKET),
        (line(1_000_000), [ticket()], Verdict.NEAR_MISS),
        (line(TOTAL + NEAR_RUPIAH_MAX), [ticket()], Verdict.NEAR_MISS),
        (line(TOTAL + NEAR_RUPIAH_MAX + 1), [ticket()], Verdict.NO_CANDIDATE),
        (line(5_000, description="dari MEMBER1"), [ticket()], Verdict.WRONG_AMOUNT),
        (line(5_000, description="dari MEMBER12"), [ticket()], Verdict.NO_CANDIDATE),
        (line(1_000_000), [closed()], Verdict.NO_CANDIDATE),
        (line(), [], Verdict.NO_CANDIDATE),
        (line(direction="out"), [ticket()], Verdict.OUTGOING),
    ],
)
def test_every_kind_of_line_has_its_verdict(
    said: Line, tickets: list[Candidate], verdict: Verdict
) -> None:
    assert match_line(said, tickets).verdict is verdict


def test_a_near_miss_says_that_the_unique_digits_were_forgotten() -> None:
    match = match_line(line(1_000_000), [ticket()])
    assert "without its unique digits" in match.suggestions[0].why


def test_a_ticket_that_closed_long_before_the_money_came_has_no_claim() -> None:
    old = closed(2, closed_at=NOON - LATE_MAX - timedelta(seconds=1))
    assert match_line(line(), [ticket(), old]).verdict is Verdict.EXACT
    just = closed(2, closed_at=NOON - LATE_MAX)
    assert match_line(line(), [ticket(), just]).verdict is Verdict.TWO_CANDIDATES


def test_a_line_with_only_a_day_may_have_come_at_any_hour_of_it() -> None:
    day = line(at=NOON - timedelta(hours=12), at_is_day=True)
    assert match_line(day, [ticket()]).verdict is Verdict.EXACT
    later = ticket(created_at=NOON + timedelta(days=1))
    assert match_line(day, [later]).verdict is Verdict.BEFORE_TICKET


def test_a_bank_clock_may_be_a_little_slow() -> None:
    just = ticket(created_at=NOON + CLOCK_SKEW)
    assert match_line(line(), [just]).verdict is Verdict.EXACT
    more = ticket(created_at=NOON + CLOCK_SKEW + timedelta(seconds=1))
    assert match_line(line(), [more]).verdict is Verdict.BEFORE_TICKET


# --- laws -----------------------------------------------------------------------------------------

moments = st.integers(-14 * 24 * 60, 14 * 24 * 60).map(lambda m: NOON + timedelta(minutes=m))
amounts = st.sampled_from([TOTAL, TOTAL + 1, TOTAL - 101, TOTAL + 5_000, 20_000])


@st.composite
def candidates(draw: st.DrawFn) -> Candidate:
    state = draw(st.sampled_from(TicketState))
    opened = draw(moments)
    return ticket(
        draw(st.integers(1, 6)),
        grand_total=draw(amounts),
        state=state,
        created_at=opened,
        closed_at=None
        if state is TicketState.OPEN
        else opened + timedelta(minutes=draw(st.integers(0, 20_000))),
    )


lines = st.builds(
    line,
    amounts,
    at=moments,
    at_is_day=st.booleans(),
    direction=st.sampled_from(["in", "out"]),
    description=st.sampled_from(["", "TRSF", "member1", "MEMBER2 MEMBER3", ".*("]),
)
shelves = st.lists(candidates(), max_size=6, unique_by=lambda one: one.ticket_id)


@given(lines, shelves)
def test_only_an_open_ticket_of_exactly_this_total_is_credited_by_itself(
    said: Line, shelf: list[Candidate]
) -> None:
    match = match_line(said, shelf)
    assert (match.ticket is not None) == (match.verdict is Verdict.EXACT)
    if match.ticket is None:
        return
    assert said.direction == "in"
    assert match.ticket.state is TicketState.OPEN
    assert match.ticket.grand_total == said.amount
    others = [one for one in shelf if one.grand_total == said.amount and one != match.ticket]
    assert all(one.closed_at and one.closed_at + LATE_MAX < said.at for one in others)


@given(lines, shelves, st.randoms())
def test_the_order_of_the_tickets_does_not_matter(
    said: Line, shelf: list[Candidate], random: Any
) -> None:
    mixed = list(shelf)
    random.shuffle(mixed)
    assert match_line(said, shelf) == match_line(said, mixed)


@given(lines, shelves, candidates())
def test_one_ticket_more_never_moves_money_to_another_ticket(
    said: Line, shelf: list[Candidate], more: Candidate
) -> None:
    before: Match = match_line(said, shelf)
    if before.ticket is None or any(one.ticket_id == more.ticket_id for one in shelf):
        return
    after = match_line(said, [*shelf, more])
    assert after.ticket in (before.ticket, None)


@given(lines, shelves)
def test_every_verdict_explains_itself(said: Line, shelf: list[Candidate]) -> None:
    match = match_line(said, shelf)
    assert match.why
    assert all(one.why and one.ticket_id for one in match.suggestions)


def test_every_suggestion_names_its_reason_for_pages_of_every_language() -> None:
    cases = [
        (line(), [ticket()], "exact"),
        (line(), [closed()], "closed"),
        (line(1_000_000), [ticket()], "digits"),
        (line(TOTAL + 5), [ticket()], "more"),
        (line(TOTAL - 5), [ticket()], "less"),
    ]
    texts = load_catalogue(["gerbang.web.pages"])
    for said, tickets, because in cases:
        (found,) = match_line(said, tickets).suggestions
        assert found.because == because
        assert all(f"match_why.{because}" in words for words in texts.values())
    for verdict in Verdict:
        assert all(f"match_verdict.{verdict.value}" in words for words in texts.values())
