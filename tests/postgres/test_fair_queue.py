"""Accounts take turns in the queue of a lane worker."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gerbang.postgres.fair_queue import ACCOUNT_SHARE_MAX, REFUSED_SHARE_MAX, FairQueue

items = st.lists(st.tuples(st.one_of(st.none(), st.integers(0, 4)), st.integers()), max_size=200)


@given(items, st.integers(1, 60))
def test_everything_is_taken_once_and_in_order_within_an_account(
    pushed: list[tuple[int | None, int]], most: int
) -> None:
    queue: FairQueue[tuple[int | None, int]] = FairQueue()
    for item in pushed:
        queue.push(item[0], item)
    taken: list[tuple[int | None, int]] = []
    while len(queue):
        part = queue.take(most)
        assert 0 < len(part) <= most
        taken += part
    for account_id in (None, 0, 1, 2, 3, 4):
        assert [i for i in taken if i[0] == account_id] == [i for i in pushed if i[0] == account_id]


def test_one_account_leaves_room_for_the_others() -> None:
    queue: FairQueue[int] = FairQueue()
    for number in range(1_000):
        queue.push(1, number)
    queue.push(2, -1)
    taken = queue.take(256)
    assert -1 in taken
    assert len(taken) == ACCOUNT_SHARE_MAX + 1


def test_alone_an_account_may_have_the_whole_batch() -> None:
    queue: FairQueue[int] = FairQueue()
    for number in range(1_000):
        queue.push(1, number)
    assert len(queue.take(256)) == 256


def test_who_is_refused_everything_gets_little_until_it_is_served_again() -> None:
    queue: FairQueue[int] = FairQueue()
    for number in range(1_000):
        queue.push(1, number)
    queue.note({1}, {1})
    assert len(queue.take(256)) == REFUSED_SHARE_MAX
    queue.note({1}, set())
    assert len(queue.take(256)) == 256
