"""The one HTTP client: every request is handed to the network at most once.

aiohttp sends GET, PUT, HEAD and DELETE again when the peer drops a connection without answering,
so a GET purchase would be bought twice. Three locks stand against it: an error that aiohttp would
answer with a second sending never reaches it in that shape, a second sending is refused by the
middleware, and the request class refuses to write twice.
"""

from __future__ import annotations

import asyncio
import re
import select
import socket
import ssl
from functools import lru_cache
from typing import Final, Literal, Self
from weakref import WeakSet

import aiohttp
import msgspec
import yarl
from aiohttp.client_middlewares import ClientHandlerType
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection

from gerbang.outbound.addresses import (
    AddressPolicy,
    PolicyResolver,
    socket_factory,
)
from gerbang.outbound.failures import (
    LostError,
    NothingWrittenError,
    SecondSendRefusedError,
    UnreadableError,
    explain,
)
from gerbang.outbound.message import Answered, HttpRequest, NeverSent, NoAnswer, SendResult

Purpose = Literal["purchase", "question", "callback"]

STALE_CONNECTIONS_MAX: Final = 3
"""How many pooled connections found dead before writing are passed over in one call."""

_BAD_URL: Final = re.compile(r"[^\x21-\x7e]")
_BAD_HEADER: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")


class OutboundSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of the client; `settings.py` fills them."""

    supplier_idle_reuse_ms_max: int = 1_000
    """A purchase reuses a connection idle for less; 0 means always a fresh one."""
    idle_reuse_ms_max: int = 15_000
    """The same for questions and callbacks, where a second sending does no harm."""
    answer_bytes_max: int = 256 * 1024
    answer_headers_max: int = 100
    connections_max: int = 1_000
    dns_threads_max: int = 8
    dns_cache_s: int = 10
    callback_source_ip: str = ""
    ca_file: str = ""
    """More certificate authorities to trust, for suppliers on a private network."""
    user_agent: str = "Gerbang"


class _Ticket:
    """The right to hand one request to the network once; `written` says that it was used."""

    __slots__ = ("handed_over", "used_connections", "written")

    def __init__(self, used_connections: WeakSet[ResponseHandler]) -> None:
        self.handed_over = False
        self.written = False
        self.used_connections = used_connections

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: ClientHandlerType
    ) -> aiohttp.ClientResponse:
        if self.handed_over or not isinstance(request, GuardedRequest):
            raise SecondSendRefusedError
        self.handed_over = True
        request.ticket = self
        for _ in range(STALE_CONNECTIONS_MAX):
            try:
                return await handler(request)
            except NothingWrittenError:
                continue
            except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
                raise LostError(explain(error)) from error
        raise NothingWrittenError


class GuardedRequest(aiohttp.ClientRequest):
    """A request that writes itself once, and only to a connection that is still silent and open."""

    ticket: _Ticket | None = None

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        """Mark the ticket as used, then write."""
        ticket, protocol = self.ticket, conn.protocol
        if ticket is None or ticket.written:
            raise SecondSendRefusedError
        if protocol is None or _is_stale(protocol, used=protocol in ticket.used_connections):
            raise NothingWrittenError
        ticket.used_connections.add(protocol)
        ticket.written = True
        return await super().send(conn)


def _is_stale(protocol: ResponseHandler, *, used: bool) -> bool:
    """Say whether the peer closed, or spoke unasked: its words would pass for our answer."""
    if protocol.should_close or not protocol.is_connected():
        return True
    if not used or protocol.transport is None:
        return False
    sock = protocol.transport.get_extra_info("socket")
    return sock is None or _has_something_to_read(sock.fileno())


def _has_something_to_read(fileno: int) -> bool:
    """Ask the kernel for a close or for bytes that the event loop has not seen yet."""
    poll = select.poll()
    poll.register(fileno, select.POLLIN)
    return bool(poll.poll(0))


class OutboundClient:
    """Sends requests and says what came of them; never raises for what a peer does.

    Everything that was not certainly left unwritten is `NoAnswer`. A cancelled `send` says
    nothing: whoever cancels treats it as `NoAnswer`.
    """

    def __init__(self, settings: OutboundSettings) -> None:
        """Keep the limits; connections are made when they are needed."""
        self.settings = settings
        self._sessions: dict[tuple[Purpose, AddressPolicy], _Line] = {}
        self._tls: ssl.SSLContext | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection."""
        lines = list(self._sessions.values())
        self._sessions.clear()
        for line in lines:
            await line.close()

    async def send(
        self,
        request: HttpRequest,
        *,
        deadline_ms: int,
        purpose: Purpose,
        addresses: AddressPolicy,
    ) -> SendResult:
        """Send once; the whole answer must be here before the deadline."""
        line = self._sessions.get((purpose, addresses))
        if line is None:
            line = self._sessions[purpose, addresses] = self._open(purpose, addresses)
        wrong = _wrong(request)
        if wrong is not None:
            return NeverSent(error=wrong)
        return await line.send(request, deadline_ms)

    def _open(self, purpose: Purpose, addresses: AddressPolicy) -> _Line:
        """Open a pool for a purpose and a policy; policies never share a connection."""
        return _Line(self.settings, purpose, addresses, tls=self.tls_context())

    def tls_context(self) -> ssl.SSLContext:
        """Give the authorities and versions that every connection is held to."""
        if self._tls is None:
            self._tls = _tls(self.settings.ca_file)
        return self._tls


def _tls(ca_file: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.set_alpn_protocols(("http/1.1",))
    if ca_file:
        context.load_verify_locations(ca_file)
    return context


def _wrong(request: HttpRequest) -> str | None:
    """Say why a request cannot be written at all."""
    if _BAD_URL.search(request.url) or not request.url.startswith(("http://", "https://")):
        return "not an http(s) URL"
    for name, value in request.headers:
        if _BAD_HEADER.search(name) or _BAD_HEADER.search(value):
            return f"a control character in header {name!r}"
    return None


class _Line:
    """One session: the connections of one purpose under one address policy."""

    def __init__(
        self,
        settings: OutboundSettings,
        purpose: Purpose,
        addresses: AddressPolicy,
        *,
        tls: ssl.SSLContext,
    ) -> None:
        self._answer_bytes_max = settings.answer_bytes_max
        self._used: WeakSet[ResponseHandler] = WeakSet()
        self._resolver = PolicyResolver(addresses, threads_max=settings.dns_threads_max)
        self._session = aiohttp.ClientSession(
            connector=_connector(settings, purpose, addresses, resolver=self._resolver, tls=tls),
            headers={"User-Agent": settings.user_agent, "Accept-Encoding": "identity"},
            cookie_jar=aiohttp.DummyCookieJar(),
            request_class=GuardedRequest,
            auto_decompress=False,
            trust_env=False,
            max_headers=settings.answer_headers_max,
            read_bufsize=64 * 1024,
        )
        self._loop = asyncio.get_running_loop()

    async def close(self) -> None:
        await self._session.close()
        await self._resolver.close()

    async def send(self, request: HttpRequest, deadline_ms: int) -> SendResult:
        ticket = _Ticket(self._used)
        started = self._loop.time()
        try:
            status, headers, body = await self._exchange(request, ticket, deadline_ms)
        except Exception as error:  # noqa: BLE001 (whatever a peer does is an answer, not a crash)
            elapsed_ms = int((self._loop.time() - started) * 1000)
            if ticket.written:
                return NoAnswer(error=explain(error), elapsed_ms=elapsed_ms)
            return NeverSent(error=explain(error), elapsed_ms=elapsed_ms)
        elapsed_ms = int((self._loop.time() - started) * 1000)
        return Answered(status=status, headers=headers, body=body, elapsed_ms=elapsed_ms)

    async def _exchange(
        self, request: HttpRequest, ticket: _Ticket, deadline_ms: int
    ) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
        response = await self._session.request(
            request.method,
            _url(request.url),
            data=request.body or None,
            headers=request.headers,
            allow_redirects=False,
            timeout=_timeout(deadline_ms),
            middlewares=(ticket,),
        )
        try:
            body = await self._read(response)
        except BaseException:
            response.close()
            raise
        headers = tuple((name.lower(), value) for name, value in response.headers.items())
        return response.status, headers, body

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        if (response.content_length or 0) > self._answer_bytes_max and response.method != "HEAD":
            raise UnreadableError("answer too large")
        content = response.content
        body = await content.readany()
        if content.at_eof() and len(body) <= self._answer_bytes_max:
            return body
        chunks = [body]
        size = len(body)
        while not content.at_eof():
            if size > self._answer_bytes_max:
                raise UnreadableError("answer too large")
            chunks.append(await content.readany())
            size += len(chunks[-1])
        if size > self._answer_bytes_max:
            raise UnreadableError("answer too large")
        return b"".join(chunks)


def _connector(
    settings: OutboundSettings,
    purpose: Purpose,
    addresses: AddressPolicy,
    *,
    resolver: PolicyResolver,
    tls: ssl.SSLContext,
) -> aiohttp.TCPConnector:
    source = settings.callback_source_ip if purpose == "callback" else ""
    idle_ms = settings.idle_reuse_ms_max
    if purpose == "purchase":
        idle_ms = settings.supplier_idle_reuse_ms_max
    return aiohttp.TCPConnector(
        limit=settings.connections_max,
        ssl=tls,
        resolver=resolver,
        ttl_dns_cache=settings.dns_cache_s,
        family=_family(source),
        local_addr=(source, 0) if source else None,
        socket_factory=socket_factory(addresses),
        force_close=idle_ms == 0,
        keepalive_timeout=idle_ms / 1000 if idle_ms else None,
        timeout_ceil_threshold=1e9,
    )


def _family(source: str) -> socket.AddressFamily:
    if not source:
        return socket.AF_UNSPEC
    return socket.AF_INET6 if ":" in source else socket.AF_INET


@lru_cache(maxsize=1024)
def _timeout(deadline_ms: int) -> aiohttp.ClientTimeout:
    """Give an exact total; aiohttp would round what is over five seconds up to a whole one."""
    return aiohttp.ClientTimeout(total=max(deadline_ms, 1) / 1000, ceil_threshold=1e9)


def _url(text: str) -> yarl.URL:
    """Keep the bytes as the dialect wrote them: what was signed is what is sent."""
    return yarl.URL(text, encoded=True)
