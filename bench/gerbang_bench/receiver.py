"""The callback receiver of resellers and merchants, and what loadgen itself is measured against.

Answers every request with 200. ``GET /stats`` says how many POSTs came, of how many different
references, and how many per second of the wall clock.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from typing import cast

import msgspec
import uvloop

_ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    b'Content-Length: 15\r\n\r\n{"status":"ok"}'
)
_REFERENCES = ((b'"request_id":"', b'"'), (b"tXid=", b"&"))
"""Before and after the reference: in a reseller's JSON, in a card merchant's form."""
_LENGTH = b"content-length: "


class Stats(msgspec.Struct, kw_only=True):
    """What came so far; `per_second` is keyed by the second since the epoch."""

    posts: int = 0
    distinct: int = 0
    per_second: dict[str, int] = {}


class Received:
    """What all connections count together."""

    def __init__(self) -> None:
        self.posts = 0
        self.references: set[bytes] = set()
        self.seconds: Counter[int] = Counter()

    def note(self, message: bytes) -> None:
        """Count one callback; only the first of a reference counts for the rate."""
        self.posts += 1
        reference = _reference_of(message)
        if reference and reference not in self.references:
            self.references.add(reference)
            self.seconds[int(time.time())] += 1

    def stats(self) -> bytes:
        """Answer ``GET /stats``."""
        stats = Stats(
            posts=self.posts,
            distinct=len(self.references),
            per_second={str(second): count for second, count in self.seconds.items()},
        )
        body = msgspec.json.encode(stats)
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def _reference_of(message: bytes) -> bytes:
    for before, after in _REFERENCES:
        at = message.find(before)
        if at >= 0:
            start = at + len(before)
            end = message.find(after, start)
            return message[start : end if end >= 0 else len(message)]
    return b""


class Receiver(asyncio.Protocol):
    """One connection; requests may come in pieces or several at once."""

    def __init__(self, received: Received) -> None:
        self._received = received
        self._buffer = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way out (uvloop's transports are not of asyncio's classes)."""
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        """Take every whole request."""
        self._buffer += data
        while (end := _end_of_request(self._buffer)) > 0:
            message, self._buffer = self._buffer[:end], self._buffer[end:]
            self._take(message)

    def _take(self, message: bytes) -> None:
        if self._transport is None:
            return
        if message.startswith(b"GET /stats"):
            self._transport.write(self._received.stats())
            return
        self._received.note(message)
        self._transport.write(_ANSWER)


def _end_of_request(data: bytes) -> int:
    """Give where the first request ends; 0 when it is not whole yet."""
    head = data.find(b"\r\n\r\n")
    if head < 0:
        return 0
    lower = data[:head].lower()
    at = lower.find(_LENGTH)
    length = 0
    if at >= 0:
        end = lower.find(b"\r", at)
        length = int(lower[at + len(_LENGTH) : end if end >= 0 else head])
    total = head + 4 + length
    return total if len(data) >= total else 0


async def serve(port: int) -> None:
    """Serve until stopped."""
    received = Received()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Receiver(received), "127.0.0.1", port, backlog=1024)
    async with server:
        await server.serve_forever()


def main() -> None:
    """Serve on the port given as argument."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(int(sys.argv[1])))


if __name__ == "__main__":
    main()
