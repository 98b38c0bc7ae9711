"""Bytes in, bytes out: dialect endpoints as thin ASGI applications.

A handler sees one `InboundRequest` with the raw body (signatures need it) and gives one
`Answered`. Nothing is parsed on the way.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from gerbang.ids import new_error_id
from gerbang.outbound.message import Answered, InboundRequest
from gerbang.web.client_address import client_ip_of

log = structlog.get_logger()

BODY_BYTES_MAX: Final = 64 * 1024
QUERY_BYTES_MAX: Final = 16 * 1024

Handler = Callable[[InboundRequest], Awaitable[Answered]]
ErrorAnswer = Callable[[InboundRequest], Answered]

JSON_TYPE: Final = (("content-type", "application/json"),)
TEXT_TYPE: Final = (("content-type", "text/plain; charset=utf-8"),)
XML_TYPE: Final = (("content-type", "text/xml; charset=utf-8"),)


class BodyTooLargeError(Exception):
    """The request body is larger than its limit."""


class ClientGoneError(Exception):
    """The client hung up before its whole request was read."""


def raw_route(
    path: str,
    handler: Handler,
    *,
    methods: Sequence[str],
    too_large: ErrorAnswer,
    crashed: ErrorAnswer,
    body_bytes_max: int = BODY_BYTES_MAX,
) -> Route:
    """Route a path to a handler; `too_large` and `crashed` answer in the dialect's own form.

    `crashed` must not say *failed* where an order may have been created.
    """
    endpoint = Endpoint(handler, too_large, crashed, body_bytes_max)
    return Route(path, endpoint, methods=list(methods))


class Endpoint:
    """One handler as an ASGI application."""

    def __init__(
        self, handler: Handler, too_large: ErrorAnswer, crashed: ErrorAnswer, body_bytes_max: int
    ) -> None:
        self._handler = handler
        self._too_large = too_large
        self._crashed = crashed
        self.body_bytes_max = body_bytes_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            body = await read_body(receive, self.body_bytes_max)
        except BodyTooLargeError:
            await send_answer(send, self.refuse_large(inbound_request(scope, b"")))
            return
        except ClientGoneError:
            return
        await send_answer(send, await self.answer(inbound_request(scope, body)))

    def refuse_large(self, request: InboundRequest) -> Answered:
        """Answer a request whose body is too large to be read."""
        return self._too_large(request)

    async def answer(self, request: InboundRequest) -> Answered:
        """Answer one request that was read whole."""
        if len(request.query) > QUERY_BYTES_MAX:
            return self._too_large(request)
        try:
            return await self._handler(request)
        except Exception:
            error_id = new_error_id()
            log.exception("request.crashed", error_id=error_id, path=request.path)
            return self._crashed(request)


async def read_body(receive: Receive, bytes_max: int) -> bytes:
    """Read the whole body, or raise BodyTooLargeError or ClientGoneError."""
    message = await receive()
    body: bytes = message.get("body", b"")
    if message["type"] == "http.disconnect":
        raise ClientGoneError
    if not message.get("more_body"):
        if len(body) > bytes_max:
            raise BodyTooLargeError
        return body
    chunks = [body]
    size = len(body)
    while message.get("more_body"):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > bytes_max:
            raise BodyTooLargeError
    return b"".join(chunks)


def inbound_request(scope: Scope, body: bytes) -> InboundRequest:
    """Make the neutral request of an ASGI scope."""
    return InboundRequest(
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"],
        headers=tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in scope["headers"]),
        body=body,
        client_ip=client_ip_of(scope),
    )


async def send_answer(send: Send, answer: Answered) -> None:
    """Send a whole answer."""
    headers = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in answer.headers]
    headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
