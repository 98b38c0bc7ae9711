"""A peer on loopback that reads requests byte by byte and then does what a test tells it to."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter, int], Awaitable[None]]
"""Called after each request has been read; the number counts requests of the whole peer."""

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
EMPTY_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Peer:
    """What the peer saw."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.requests: list[bytes] = []
        self.connections = 0
        self.sources: list[str] = []
        self.port = 0
        self.tasks: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.tasks[task] = writer
        self.connections += 1
        self.sources.append(writer.get_extra_info("peername")[0])
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while not writer.is_closing():
                self.requests.append(await read_request(reader))
                await self.behaviour(reader, writer, len(self.requests))
        await closed(writer)
        del self.tasks[task]


async def closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return head + await reader.readexactly(int(value))
    return head


@contextlib.asynccontextmanager
async def peer(behaviour: Behaviour, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Peer]:
    made = Peer(behaviour)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=tls)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        for task, writer in list(made.tasks.items()):
            writer.transport.abort()
            task.cancel()
        await asyncio.gather(*made.tasks, return_exceptions=True)
        await asyncio.sleep(0)
        await server.wait_closed()


def says(answer: bytes) -> Behaviour:
    """Answer every request with these bytes."""

    async def behave(_: asyncio.StreamReader, writer: asyncio.StreamWriter, __: int) -> None:
        writer.write(answer)
        await writer.drain()

    return behave


def says_and_closes(answer: bytes) -> Behaviour:
    async def behave(_: asyncio.StreamReader, writer: asyncio.StreamWriter, __: int) -> None:
        writer.write(answer)
        await writer.drain()
        writer.close()

    return behave


def drops(*, from_request: int = 1, abort: bool = False, first: bytes = EMPTY_OK) -> Behaviour:
    """Answer until `from_request`, then read and drop the connection without a word."""

    async def behave(_: asyncio.StreamReader, writer: asyncio.StreamWriter, count: int) -> None:
        if count < from_request:
            writer.write(first)
            await writer.drain()
        elif abort:
            writer.transport.abort()
        else:
            writer.close()

    return behave
