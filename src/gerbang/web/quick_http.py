"""HTTP for the hot endpoints: uvicorn's protocol, without a scope and messages for each request.

A raw endpoint (see asgi.py) wants the whole body and gives a whole answer, so nothing is gained by
passing messages: the request goes straight to its handler, and the answer leaves in one write.
Everything else (pages, the management API, ``Expect: 100-continue``, upgrades, HEAD, odd targets)
takes uvicorn's own way. Both ways share a connection, its pipeline and its timeouts.

uvicorn waits for a request as long as its sender likes and keeps as many headers as he sends. Here
a head has a size, and a request that comes slower than a modem would send it is given up.
"""

from __future__ import annotations

import asyncio
from functools import lru_cache
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import (
    HEADER_RE,
    HEADER_VALUE_RE,
    STATUS_LINE,
    HttpToolsProtocol,
)

from gerbang.outbound.message import Answered, InboundRequest
from gerbang.web.asgi import Endpoint
from gerbang.web.fast_paths import FastPaths

BUSY: Final = -1.0
"""Stands for the time since when a connection is idle, while it is not."""
NOTHING: Final = -1.0
"""Stands for the time since when a request is being read, while none is."""
HEAD_BYTES_MAX: Final = 64 * 1024
"""Of a request line and its headers, beside what came with their first piece."""
READ_S_MAX: Final = 30.0
"""A request that is not whole after so long must have come at `READ_BYTES_PER_S_MIN`."""
READ_BYTES_PER_S_MIN: Final = 1_024
PACE_LOOK_EVERY_S: Final = 10.0


class _NoEvent:
    """What uvicorn sets when something happened to a request; nobody waits for ours."""

    def set(self) -> None:
        pass


_NO_EVENT: Final = _NoEvent()


class QuickCycle:
    """One request of a raw endpoint with what uvicorn's protocol asks of a cycle."""

    __slots__ = (
        "_client_ip",
        "_headers",
        "_method",
        "_path",
        "_query",
        "_size",
        "chunks",
        "disconnected",
        "endpoint",
        "is_turn",
        "is_whole",
        "keep_alive",
        "response_complete",
        "task",
        "too_large",
    )

    message_event: Final = _NO_EVENT

    def __init__(
        self,
        endpoint: Endpoint,
        head: tuple[str, str, bytes],
        headers: list[tuple[bytes, bytes]],
        *,
        client_ip: str,
        keep_alive: bool,
    ) -> None:
        self.endpoint = endpoint
        self._method, self._path, self._query = head
        self._headers = headers
        self._client_ip = client_ip
        self.keep_alive = keep_alive
        self.chunks: list[bytes] = []
        self._size = 0
        self.is_turn = False
        self.is_whole = False
        self.too_large = False
        self.disconnected = False
        self.response_complete = False
        self.task: asyncio.Task[None] | None = None

    def feed(self, chunk: bytes) -> None:
        """Take a part of the body; one part too many ends it."""
        if self.too_large or self.response_complete:
            return
        self._size += len(chunk)
        if self._size > self.endpoint.body_bytes_max:
            self.too_large = self.is_whole = True
            self.chunks = []
        else:
            self.chunks.append(chunk)

    def request(self) -> InboundRequest:
        """Give the neutral request."""
        chunks = self.chunks
        return InboundRequest(
            method=self._method,
            path=self._path,
            query=self._query,
            headers=tuple(
                [(name.decode("latin-1"), value.decode("latin-1")) for name, value in self._headers]
            ),
            body=chunks[0] if len(chunks) == 1 else b"".join(chunks),
            client_ip=self._client_ip,
        )


class QuickHttp(HttpToolsProtocol):
    """uvicorn's protocol with a short way for raw endpoints."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Find the endpoints in the application."""
        super().__init__(*args, **kwargs)
        app: Any = self.app
        self._paths: FastPaths | None = app if isinstance(app, FastPaths) else None
        self._quick: QuickCycle | None = None
        self._idle_since = BUSY
        self._read_since = NOTHING
        self._read_bytes = 0
        self._head_open = False
        self._pace: asyncio.TimerHandle | None = None

    # --- what the parser finds -----------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Begin a request; its scope is made only when somebody wants one."""
        self.url = b""
        self.expect_100_continue = False
        self.headers = []
        self._head_open = True
        self._read_since = self.loop.time()
        self._read_bytes = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; one that comes behind the body nobody reads."""
        if not self._head_open:
            return
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Take the short way where there is one."""
        self._head_open = False
        quick = self._quick = self._find_quick()
        if quick is None:
            self._begin_scope()
            super().on_headers_complete()
            return
        earlier: Any = self.cycle
        self.cycle = quick  # type: ignore[assignment] # it has what the protocol asks of one
        if earlier is None or earlier.response_complete:
            quick.is_turn = True
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((quick, self.app))  # type: ignore[arg-type]

    def _begin_scope(self) -> None:
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url = url
        self.headers.extend(headers)
        self.expect_100_continue = expects

    def _find_quick(self) -> QuickCycle | None:
        paths, parser, url = self._paths, self.parser, self.url
        if paths is None or self.expect_100_continue or parser.should_upgrade():
            return None
        raw_path, _, query = url.partition(b"?")
        if url[:1] != b"/" or url[:2] == b"//" or b"%" in raw_path or b"#" in url:
            return None
        if not raw_path.isascii():
            return None
        method, path = parser.get_method().decode("ascii"), raw_path.decode("ascii")
        endpoint = paths.find(method, path)
        if endpoint is None or method == "HEAD" or self.limit_concurrency is not None:
            return None
        peer = self.client[0] if self.client else ""
        return QuickCycle(
            endpoint,
            (method, path, query),
            self.headers,
            client_ip=paths.client_ip(peer, self.headers),
            keep_alive=parser.get_http_version() != "1.0" and parser.should_keep_alive(),
        )

    def on_body(self, body: bytes) -> None:
        """Collect the body."""
        quick = self._quick
        if quick is None:
            super().on_body(body)
            return
        quick.feed(body)
        if quick.too_large:
            self._start_if_ready(quick)

    def on_message_complete(self) -> None:
        """Answer, when it is this request's turn."""
        self._read_since = NOTHING
        quick = self._quick
        if quick is None:
            super().on_message_complete()
            return
        quick.is_whole = True
        self._start_if_ready(quick)

    # --- answering -----------------------------------------------------------------------------

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        """Begin with a request that waited behind another one."""
        if isinstance(cycle, QuickCycle):
            cycle.is_turn = True
            self._start_if_ready(cycle)
        else:
            super()._start_asgi_task(cycle, app)

    def _start_if_ready(self, quick: QuickCycle) -> None:
        if quick.is_turn and quick.is_whole:
            quick.is_turn = False
            if self._paths is not None:
                self._paths.turnstile.enter(self.loop, self._begin, quick)

    def _begin(self, quick: QuickCycle) -> None:
        quick.task = self.loop.create_task(self._answer(quick))
        self.tasks.add(quick.task)

    async def _answer(self, quick: QuickCycle) -> None:
        try:
            if quick.too_large:
                answer = quick.endpoint.refuse_large(quick.request())
            else:
                answer = await quick.endpoint.answer(quick.request())
            if self.flow.write_paused and not quick.disconnected:
                await self.flow.drain()
            if not quick.disconnected:
                self._write(quick, answer)
        except Exception:
            self.logger.exception("Exception in a raw endpoint")
            self.transport.close()
        finally:
            if quick.task is not None:
                self.tasks.discard(quick.task)

    def _write(self, quick: QuickCycle, answer: Answered) -> None:
        """Write head and body at once, and go on with the connection."""
        body, more = answer.body, self.server_state.default_headers
        head = _head(answer.status, answer.headers, close=not quick.keep_alive)
        if more:
            head += b"".join([b"%b: %b\r\n" % pair for pair in more])
        self.transport.write(b"%bcontent-length: %d\r\n\r\n%b" % (head, len(body), body))
        quick.response_complete = True
        if not quick.keep_alive:
            self.transport.close()
        self.on_response_complete()

    # --- the connection ------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin; who connects has something to say."""
        super().connection_made(transport)
        self._read_since = self.loop.time()
        self._pace = self.loop.call_later(PACE_LOOK_EVERY_S, self._look_at_pace)

    def data_received(self, data: bytes) -> None:
        """Read, while the head is no larger than a head may be."""
        goes_on = self._head_open
        super().data_received(data)
        self._read_bytes += len(data)
        too_large = goes_on and self._head_open and self._read_bytes > HEAD_BYTES_MAX
        if too_large and not self.transport.is_closing():
            self.send_400_response("The head of the request is too large.")

    def _look_at_pace(self) -> None:
        """Give up a request that comes too slowly; that we do not read on is no fault of his."""
        since, now = self._read_since, self.loop.time()
        if since != NOTHING and self.flow.read_paused:
            self._read_since, self._read_bytes = now, 0
        elif since != NOTHING and now - since > max(
            READ_S_MAX, self._read_bytes / READ_BYTES_PER_S_MIN
        ):
            self.transport.close()
            return
        self._pace = self.loop.call_later(PACE_LOOK_EVERY_S, self._look_at_pace)

    def on_response_complete(self) -> None:
        """Go on with what is pipelined, or wait for the next request."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
            return
        # One timer for the whole connection: setting one for each request costs more than it.
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection if it was idle all the time; else look again later."""
        self.timeout_keep_alive_task = None
        if self._idle_since == BUSY:
            return  # its answer sets the timer anew
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self.timeout_keep_alive_task = self.loop.call_later(
                left, self.timeout_keep_alive_handler
            )
            return
        super().timeout_keep_alive_handler()

    def _unset_keepalive_if_required(self) -> None:
        """Note that the connection is in use; the timer finds out by itself."""
        self._idle_since = BUSY

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave no timer behind."""
        super().connection_lost(exc)
        if self._pace is not None:
            self._pace.cancel()
            self._pace = None
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None


@lru_cache(maxsize=256)
def _head(status: int, headers: tuple[tuple[str, str], ...], *, close: bool) -> bytes:
    """Write the status line and the headers before ``Content-Length``."""
    lines = [STATUS_LINE[status]]
    for name, value in headers:
        key, text = name.lower().encode("latin-1"), value.encode("latin-1")
        if HEADER_RE.search(key) or HEADER_VALUE_RE.search(text):
            msg = "an answer has an invalid header"
            raise ValueError(msg)
        lines.append(b"%b: %b\r\n" % (key, text))
    if close:
        lines.append(b"connection: close\r\n")
    return b"".join(lines)
