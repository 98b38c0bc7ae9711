"""Permanent proof: whatever the method and the connection, a request is sent at most once."""

from __future__ import annotations

import asyncio
from weakref import WeakSet

import aiohttp
import pytest

from gerbang.outbound.addresses import AddressPolicy
from gerbang.outbound.client import (
    GuardedRequest,
    OutboundClient,
    OutboundSettings,
    Purpose,
    _Ticket,
)
from gerbang.outbound.failures import SecondSendRefusedError
from gerbang.outbound.message import Answered, HttpRequest, NoAnswer, SendResult
from outbound.peer import EMPTY_OK, Peer, drops, peer

LOCAL = AddressPolicy(allow_private=True)
METHODS = ("GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH")
PURPOSES: tuple[Purpose, ...] = ("purchase", "question", "callback")


async def send(
    client: OutboundClient,
    url: str,
    *,
    method: str = "GET",
    purpose: Purpose = "purchase",
    deadline_ms: int = 3_000,
) -> SendResult:
    body = b"buy=1" if method in {"POST", "PUT", "PATCH"} else b""
    request = HttpRequest(method=method, url=url, body=body)
    return await client.send(request, deadline_ms=deadline_ms, purpose=purpose, addresses=LOCAL)


def asked(seen: Peer, path: bytes) -> int:
    return sum(path in request.split(b"\r\n", 1)[0] for request in seen.requests)


@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize("abort", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize("method", METHODS)
async def test_a_drop_after_reading_on_a_fresh_connection_is_no_answer_and_seen_once(
    client: OutboundClient, *, method: str, abort: bool, purpose: Purpose
) -> None:
    async with peer(drops(abort=abort)) as seen:
        result = await send(client, f"{seen.url}/buy", method=method, purpose=purpose)
        await asyncio.sleep(0.02)
        assert isinstance(result, NoAnswer)
        assert asked(seen, b"/buy") == 1


@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize("abort", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize("method", METHODS)
async def test_a_drop_after_reading_on_a_pooled_connection_is_no_answer_and_seen_once(
    client: OutboundClient, *, method: str, abort: bool, purpose: Purpose
) -> None:
    async with peer(drops(from_request=2, abort=abort)) as seen:
        first = await send(client, f"{seen.url}/warm", method=method, purpose=purpose)
        result = await send(client, f"{seen.url}/buy", method=method, purpose=purpose)
        await asyncio.sleep(0.02)
        assert isinstance(first, Answered)
        assert isinstance(result, NoAnswer)
        assert seen.connections == 1, "the second request must have used the pooled connection"
        assert asked(seen, b"/buy") == 1


@pytest.mark.parametrize("method", METHODS)
async def test_without_the_guard_aiohttp_would_have_sent_it_twice(method: str) -> None:
    """If this fails, aiohttp has changed and the guard may be simplified; never before."""
    async with peer(drops()) as seen, aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientError):
            await session.request(method, f"{seen.url}/buy")
        await asyncio.sleep(0.02)
        assert asked(seen, b"/buy") == (1 if method in {"POST", "PATCH"} else 2)


async def test_the_second_lock_alone_refuses_a_second_sending() -> None:
    """The middleware does not rely on the errors it has already turned into its own."""

    class Leaky(_Ticket):
        async def __call__(self, request, handler):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN204
            if self.handed_over:
                raise SecondSendRefusedError
            self.handed_over = True
            request.ticket = self
            return await handler(request)

    async with (
        peer(drops()) as seen,
        aiohttp.ClientSession(request_class=GuardedRequest) as session,
    ):
        with pytest.raises(SecondSendRefusedError):
            await session.get(f"{seen.url}/buy", middlewares=(Leaky(WeakSet()),))
        assert asked(seen, b"/buy") == 1


async def test_the_third_lock_alone_refuses_a_second_writing() -> None:
    """Even a request that reaches the wire twice with one ticket writes once."""
    ticket = _Ticket(WeakSet())

    async def careless(request, handler):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
        request.ticket = ticket
        return await handler(request)

    async with (
        peer(drops()) as seen,
        aiohttp.ClientSession(request_class=GuardedRequest) as session,
    ):
        with pytest.raises(SecondSendRefusedError):
            await session.get(f"{seen.url}/buy", middlewares=(careless,))
        assert asked(seen, b"/buy") == 1


async def test_a_guarded_request_without_a_ticket_is_not_sent() -> None:
    async with (
        peer(drops()) as seen,
        aiohttp.ClientSession(request_class=GuardedRequest) as session,
    ):
        with pytest.raises(SecondSendRefusedError):
            await session.get(f"{seen.url}/buy")
        assert seen.requests == []


async def test_a_pooled_connection_the_peer_closed_is_replaced_before_writing(
    client: OutboundClient,
) -> None:
    """The close is in the kernel but the event loop has not run yet: nothing may be lost by it."""

    async def close_later(
        _: asyncio.StreamReader, writer: asyncio.StreamWriter, count: int
    ) -> None:
        writer.write(EMPTY_OK)
        if count == 1:
            writer.close()

    async with peer(close_later) as seen:
        for _ in range(2):
            assert isinstance(await send(client, f"{seen.url}/buy"), Answered)
        assert (len(seen.requests), seen.connections) == (2, 2)


async def test_words_the_peer_said_unasked_are_never_taken_for_an_answer(
    client: OutboundClient,
) -> None:
    """A second answer on an idle connection would otherwise answer somebody else's purchase."""

    async def chatty(_: asyncio.StreamReader, writer: asyncio.StreamWriter, count: int) -> None:
        own = f"answer {count}".encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n" + own)
        await writer.drain()
        await asyncio.sleep(0.02)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nunasked!")
        await writer.drain()

    async with peer(chatty) as seen:
        for count in (1, 2):
            result = await send(client, f"{seen.url}/buy")
            assert isinstance(result, Answered)
            assert result.text() == f"answer {count}"
            await asyncio.sleep(0.05)
        assert seen.connections == 2


async def test_a_purchase_does_not_reuse_a_connection_idle_for_too_long() -> None:
    settings = OutboundSettings(supplier_idle_reuse_ms_max=50)
    async with peer(drops(from_request=99)) as seen, OutboundClient(settings) as client:
        await send(client, seen.url)
        await send(client, seen.url)
        assert seen.connections == 1
        await asyncio.sleep(0.08)
        await send(client, seen.url)
        assert seen.connections == 2
        await send(client, seen.url, purpose="question")
        await asyncio.sleep(0.08)
        await send(client, seen.url, purpose="question")
        assert seen.connections == 3, "a question may use a connection idle for longer"


async def test_zero_idle_time_means_a_fresh_connection_for_every_purchase() -> None:
    settings = OutboundSettings(supplier_idle_reuse_ms_max=0)
    async with peer(drops(from_request=99)) as seen, OutboundClient(settings) as client:
        await send(client, seen.url)
        await send(client, seen.url)
        assert (len(seen.requests), seen.connections) == (2, 2)
