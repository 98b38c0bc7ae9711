"""No receiver starves the others, and nothing waits in memory without bound."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from callbacks.samples import due
from gerbang.callbacks.message import DueCallback, host_of
from gerbang.callbacks.queue import CallbackQueue, QueueLimits

A = "https://a.example/cb"
B = "https://b.example/cb"


def taken(queue: CallbackQueue, now: float = 0) -> list[int]:
    ids = []
    while (found := queue.take(now=now)) is not None:
        ids.append(found.id)
    return ids


def test_a_receiver_gets_no_more_at_a_time_than_its_limit() -> None:
    queue = CallbackQueue(QueueLimits(callback_host_concurrency_max=3))
    for number in range(10):
        queue.offer(due(number, url=A), now=0)
    assert taken(queue) == [0, 1, 2]
    queue.finish(due(1, url=A), answered=True)
    assert taken(queue) == [3]


def test_receivers_take_turns() -> None:
    queue = CallbackQueue(QueueLimits(callback_host_concurrency_max=3))
    for number in range(3):
        queue.offer(due(number, url=A), now=0)
    for number in range(10, 13):
        queue.offer(due(number, url=B), now=0)
    assert taken(queue) == [0, 10, 1, 11, 2, 12]


def test_a_silent_receiver_is_sent_one_at_a_time_until_it_answers() -> None:
    queue = CallbackQueue(QueueLimits(callback_host_concurrency_max=4))
    for number in range(20):
        queue.offer(due(number, url=A), now=0)
    for number in taken(queue):
        queue.finish(due(number, url=A), answered=False)
    assert taken(queue) == [4]
    queue.finish(due(4, url=A), answered=True)
    assert taken(queue) == [5, 6]


def test_what_is_here_already_is_not_taken_twice() -> None:
    queue = CallbackQueue(QueueLimits())
    assert queue.offer(due(1), now=0)
    assert not queue.offer(due(1), now=0)
    assert taken(queue) == [1]
    assert not queue.offer(due(1), now=0), "nor while it is being sent"
    queue.finish(due(1), answered=True)
    assert queue.offer(due(1), now=0)


def test_limits_refuse_what_has_no_room() -> None:
    queue = CallbackQueue(QueueLimits(callback_host_backlog_max=2, callback_backlog_max=3))
    assert [queue.offer(due(number, url=A), now=0) for number in range(3)] == [True, True, False]
    assert queue.offer(due(10, url=B), now=0)
    assert not queue.offer(due(11, url=B), now=0)
    assert (len(queue), queue.room) == (3, 0)


def test_what_waited_too_long_is_let_go_because_its_claim_runs_out() -> None:
    queue = CallbackQueue(QueueLimits(callback_wait_ms_max=30_000))
    queue.offer(due(1), now=0)
    queue.offer(due(2), now=20)
    assert taken(queue, now=31) == [2]
    assert len(queue) == 1


def test_the_next_of_an_order_takes_over_the_place_at_the_same_receiver() -> None:
    queue = CallbackQueue(QueueLimits())
    queue.offer(due(1, url=A), now=0)
    assert taken(queue) == [1]
    assert not queue.follow(due(1, url=A), due(2, url=B))
    assert queue.follow(due(1, url=A), due(2, url=A))
    assert not queue.offer(due(2, url=A), now=0)
    queue.finish(due(2, url=A), answered=True)
    assert (len(queue), queue.active) == (0, 0)


@given(
    st.lists(
        st.tuples(st.sampled_from(["offer", "take", "finish", "fail"]), st.integers(0, 30)),
        max_size=80,
    )
)
def test_counts_and_limits_hold_whatever_happens(steps: list[tuple[str, int]]) -> None:
    limits = QueueLimits(
        callback_host_concurrency_max=2, callback_backlog_max=8, callback_host_backlog_max=4
    )
    queue = CallbackQueue(limits)
    waiting: set[int] = set()
    active: dict[int, DueCallback] = {}
    for step, number in steps:
        made = due(number, url=f"https://h{number % 3}.example/")
        if step == "offer" and queue.offer(made, now=0):
            waiting.add(number)
        elif step == "take" and (found := queue.take(now=0)) is not None:
            waiting.remove(found.id)
            active[found.id] = found
        elif step in {"finish", "fail"} and active:
            queue.finish(active.popitem()[1], answered=step == "finish")
        hosts = [host_of(callback.message.url) for callback in active.values()]
        assert all(hosts.count(host) <= 2 for host in hosts)
        assert (len(queue), queue.active) == (len(waiting) + len(active), len(active))
        assert len(queue) <= 8
    for callback in list(active.values()):
        queue.finish(callback, answered=True)
    left = []
    while (found := queue.take(now=0)) is not None:
        left.append(found.id)
        queue.finish(found, answered=True)
    assert set(left) == waiting, "nothing is forgotten"


def test_receivers_are_told_apart_by_host_and_port() -> None:
    assert host_of("https://User:pw@A.example:8443/x?y") == "a.example:8443"
    assert host_of("nonsense") == host_of("http://[bad") == ""
