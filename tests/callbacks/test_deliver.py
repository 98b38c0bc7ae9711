"""Delivery to real receivers on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest

from callbacks.samples import FORMATS, NOON, ListStore, due
from gerbang.callbacks.deliver import Deliverer, DeliverySettings
from gerbang.clock import FixedClock
from gerbang.outbound.addresses import PUBLIC_ONLY, AddressPolicy
from gerbang.outbound.client import OutboundClient, OutboundSettings
from outbound.peer import OK, Peer, drops, peer, says

LOCAL = AddressPolicy(allow_private=True)


@contextlib.asynccontextmanager
async def delivering(
    store: ListStore, *, addresses: AddressPolicy = LOCAL, **limits: int
) -> AsyncIterator[Deliverer]:
    settings = DeliverySettings(**({"callback_poll_ms": 20, "callback_timeout_ms": 500} | limits))
    async with OutboundClient(OutboundSettings()) as client:
        deliverer = Deliverer(
            store,
            client,
            formats=FORMATS,
            addresses=addresses,
            clock=FixedClock(NOON),
            settings=settings,
            jitter=lambda: 0.0,
        )
        deliverer.start()
        try:
            yield deliverer
        finally:
            await deliverer.stop()


async def until(condition: Callable[[], bool], *, within_s: float = 60) -> None:
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 (the store under test has no event to wait for)
            await asyncio.sleep(0.005)


def ids(seen: Peer) -> list[int]:
    return [int(re.findall(rb"[?&]id=(\d+)", request)[0]) for request in seen.requests]


async def test_a_due_callback_is_found_delivered_and_recorded() -> None:
    store = ListStore()
    async with peer(says(OK)) as seen, delivering(store):
        store.add(due(1, url=seen.url))
        await until(lambda: len(store.results) == 1)
    result = store.results[0]
    assert (result.callback_id, result.delivered, result.status) == (1, True, 200)
    assert (result.error, result.next_attempt_at) == ("", None)
    assert "token=•••" in result.request_text
    assert "hush" not in result.request_text + result.answer_text
    assert result.answer_text.endswith("\nok")


async def test_a_submitted_callback_goes_at_once_without_waiting_for_the_poll() -> None:
    store = ListStore()
    async with peer(says(OK)) as seen, delivering(store, callback_poll_ms=60_000) as deliverer:
        await asyncio.sleep(0.02)
        callback = due(1, url=seen.url)
        store.add(callback)
        store.claimed.add(1)
        deliverer.submit(callback)
        assert deliverer.backlog == 1
        await until(lambda: len(store.results) == 1)
        await until(lambda: deliverer.backlog == 0)
        assert ids(seen) == [1]


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_any_success_acknowledges(status: int) -> None:
    store = ListStore()
    answer = f"HTTP/1.1 {status} x\r\n" + ("" if status == 204 else "Content-Length: 0\r\n")
    async with peer(says(f"{answer}\r\n".encode())) as seen, delivering(store):
        store.add(due(1, url=seen.url))
        await until(lambda: len(store.results) == 1)
    assert store.results[0].delivered


@pytest.mark.parametrize("status", [302, 400, 404, 410, 500, 503])
async def test_any_other_answer_is_tried_again_after_its_wait(status: int) -> None:
    store = ListStore()
    answer = f"HTTP/1.1 {status} x\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"
    async with peer(says(answer.encode())) as seen, delivering(store):
        store.add(due(1, url=seen.url, attempt_number=3))
        await until(lambda: len(store.results) >= 1)
    result = store.results[0]
    assert (result.delivered, result.status, result.attempt_number) == (False, status, 3)
    assert str(status) in result.error
    assert result.next_attempt_at == NOON + timedelta(seconds=75.625)


async def test_the_last_attempt_leaves_it_exhausted() -> None:
    store = ListStore()
    async with delivering(store):
        store.add(due(1, url="http://127.0.0.1:1/", attempt_number=12))
        await until(lambda: len(store.results) == 1)
    assert store.results[0].next_attempt_at is None
    assert not store.results[0].delivered


async def test_callbacks_of_one_order_go_strictly_in_sequence() -> None:
    """The second waits until the first is acknowledged, on its second attempt."""
    store = ListStore()

    async def fail_first(_: object, writer: asyncio.StreamWriter, count: int) -> None:
        status = 500 if count == 1 else 200
        writer.write(f"HTTP/1.1 {status} x\r\nContent-Length: 0\r\n\r\n".encode())

    async with peer(fail_first) as seen, delivering(store):
        store.add(*(due(number, order_id=9, url=seen.url) for number in (1, 2, 3)))
        await until(lambda: len(store.results) == 4)
        assert ids(seen) == [1, 1, 2, 3]


async def test_the_next_of_an_order_may_go_to_another_receiver() -> None:
    store = ListStore()
    async with peer(says(OK)) as one, peer(says(OK)) as other, delivering(store) as deliverer:
        store.add(due(1, order_id=9, url=one.url), due(2, order_id=9, url=other.url))
        await until(lambda: len(store.results) == 2)
        assert (ids(one), ids(other)) == ([1], [2])
        await until(lambda: deliverer.backlog == 0)


async def test_a_receiver_gets_no_more_at_a_time_than_its_limit() -> None:
    store = ListStore()
    now = [0, 0]

    async def slow(_: object, writer: asyncio.StreamWriter, __: int) -> None:
        now[0] += 1
        now[1] = max(now)
        await asyncio.sleep(0.02)
        now[0] -= 1
        writer.write(OK)

    async with peer(slow) as seen, delivering(store, callback_host_concurrency_max=3):
        store.add(*(due(number, url=seen.url) for number in range(1, 21)))
        await until(lambda: len(store.results) == 20)
    assert now[1] == 3


async def test_a_silent_receiver_does_not_hold_up_another() -> None:
    store = ListStore()

    async def silent(*_: object) -> None:
        await asyncio.sleep(30)

    async with (
        peer(silent) as dead,
        peer(says(OK)) as alive,
        delivering(
            store, callback_concurrency_max=12, callback_timeout_ms=60_000, callback_stop_ms=50
        ),
    ):
        store.add(*(due(number, url=dead.url) for number in range(1, 101)))
        store.add(*(due(number, url=alive.url) for number in range(101, 201)))
        await until(lambda: len(alive.requests) == 100)


async def test_a_drop_without_an_answer_is_sent_once_in_an_attempt() -> None:
    store = ListStore()
    async with peer(drops()) as seen, delivering(store, callback_attempts_max=1):
        store.add(due(1, url=seen.url))
        await until(lambda: len(store.results) == 1)
        assert ids(seen) == [1]
    assert store.results[0].answer_text.startswith("no answer: ")


async def test_a_receiver_on_a_private_address_is_refused_unless_allowed() -> None:
    store = ListStore()
    async with (
        peer(says(OK)) as seen,
        delivering(store, addresses=PUBLIC_ONLY, callback_attempts_max=1),
    ):
        store.add(due(1, url=seen.url))
        await until(lambda: len(store.results) == 1)
        assert seen.connections == 0
    assert "address refused: 127.0.0.1 (loopback)" in store.results[0].error


@pytest.mark.parametrize("name", ["crashing", "no-such-format"])
async def test_what_cannot_be_encoded_is_recorded_and_tried_again(name: str) -> None:
    store = ListStore()
    async with peer(says(OK)) as seen, delivering(store):
        store.add(due(1, url=seen.url, format_name=name), due(2, url=seen.url))
        await until(lambda: any(result.delivered for result in store.results))
        assert ids(seen) == [2]
    failed = next(result for result in store.results if result.callback_id == 1)
    assert f"not encoded as {name!r}" in failed.error
    assert failed.next_attempt_at is not None


async def test_a_reseller_without_a_callback_url_gets_a_clear_error() -> None:
    store = ListStore()
    async with delivering(store, callback_attempts_max=1):
        store.add(due(1, url=""))
        await until(lambda: len(store.results) == 1)
    assert store.results[0].error == "no callback URL is set"


async def test_an_error_of_the_store_never_ends_the_loop() -> None:
    store = ListStore()
    store.claims_fail = 2
    store.records_fail = 2
    async with peer(says(OK)) as seen, delivering(store) as deliverer:
        store.add(due(1, url=seen.url))
        await until(lambda: len(store.results) == 1)
        await until(lambda: deliverer.backlog == 0)
        assert ids(seen) == [1, 1, 1], "what was not recorded is sent again, with the same id"


async def test_more_than_one_claim_is_taken_without_waiting_between() -> None:
    store = ListStore()
    async with peer(says(OK)) as seen:
        store.add(*(due(number, url=seen.url) for number in range(1, 96)))
        async with delivering(store, callback_claim_max=10, callback_poll_ms=60_000):
            await until(lambda: len(store.results) == 95)


async def test_a_stop_finishes_what_is_being_sent_and_starts_nothing_new() -> None:
    store = ListStore()

    async def slow(_: object, writer: asyncio.StreamWriter, __: int) -> None:
        await asyncio.sleep(0.1)
        writer.write(OK)

    async with peer(slow) as seen:
        async with delivering(store, callback_host_concurrency_max=2):
            store.add(*(due(number, url=seen.url) for number in range(1, 10)))
            await until(lambda: len(seen.requests) == 2)
        assert [result.delivered for result in store.results] == [True, True]
        assert len(seen.requests) == 2


async def test_a_stop_does_not_wait_longer_than_its_limit() -> None:
    store = ListStore()

    async def silent(*_: object) -> None:
        await asyncio.sleep(30)

    async with (
        peer(silent) as seen,
        asyncio.timeout(15),
        delivering(store, callback_stop_ms=50, callback_timeout_ms=20_000),
    ):
        store.add(due(1, url=seen.url))
        await until(lambda: len(seen.requests) == 1)
    assert store.results == []
