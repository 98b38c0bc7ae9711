"""The load generator against the callback receiver, which is a whole if trivial server."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from gerbang_bench.loadgen import Job, Result, phone, post_template, run
from gerbang_bench.receiver import Received, Receiver, _end_of_request

BODY = '{"code":"BENCH5","request_id":"r{id}","msisdn":"{to}"}'


async def _load(received: Received, **changes: Any) -> Result:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Receiver(received), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        template = post_template("/x", {"Authorization": "Bearer t"}, BODY)
        defaults: dict[str, Any] = {
            "connections": 4, "seconds": 0.2, "warmup_s": 0.0, "templates": (template,),
        }  # fmt: skip
        job = Job(port=port, requests_max=20_000, **(defaults | changes))
        return await run(job)


async def test_closed_loop_counts_every_answer_once() -> None:
    received = Received()
    result = await _load(received, marker_after='"status":"', keep_bodies=1)
    assert result.sent == result.answered == received.posts == len(received.references) > 0
    assert result.statuses == {"200": result.answered}
    assert result.markers == {"ok": result.answered}
    assert result.bodies == ('{"status":"ok"}',)
    assert result.unanswered == result.lost_connections == 0
    assert 0 < result.p50_ms <= result.p99_ms <= result.max_ms


async def test_open_loop_keeps_its_rate() -> None:
    result = await _load(Received(), rate=500.0, seconds=0.4)
    assert result.sent == result.answered
    assert 150 <= result.sent <= 200


async def test_says_when_it_ran_out_of_requests() -> None:
    result = await _load(Received(), seconds=1.0, rate=100_000.0)
    assert result.exhausted


async def test_given_requests_are_sent_once_each_and_end_the_job() -> None:
    received = Received()
    body = "tXid=T{}&amt=1"
    requests = tuple(
        f"POST /x HTTP/1.1\r\nContent-Length: {len(body.format(n))}\r\n\r\n{body.format(n)}"
        for n in range(50)
    )
    result = await _load(
        received, templates=(), requests=requests, until_exhausted=True, seconds=60
    )
    assert (result.sent, result.answered, len(received.references)) == (50, 50, 50)
    assert result.exhausted


def test_templates_name_the_length_that_is_sent() -> None:
    template = post_template("/x", {}, BODY)
    request = template.replace("{id}", "000000001").replace("{to}", phone(1)).encode()
    assert _end_of_request(request) == len(request)


def test_callbacks_count_once_per_reference() -> None:
    received = Received()
    for reference in ("a", "b", "a"):
        received.note(b'POST / HTTP/1.1\r\n\r\n{"request_id":"%b"}' % reference.encode())
    assert (received.posts, sum(received.seconds.values())) == (3, 2)
    assert msgspec.json.decode(received.stats().partition(b"\r\n\r\n")[2])["distinct"] == 2


@pytest.mark.parametrize("number", [1, 4_999, 5_000, 1_231, 12_345_678, 999_999_999])
def test_phones_never_mean_anything_to_a_fake_supplier(number: int) -> None:
    assert len(phone(number)) == 12
    assert phone(number)[-4:] >= "5000"
