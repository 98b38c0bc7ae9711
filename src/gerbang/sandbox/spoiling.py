"""Spoiling a reply on its way out: late, in pieces, cut in half, or not the dialect's at all."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import Final

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gerbang.sandbox.dropping import ConnectionDroppedError
from gerbang.sandbox.faults import NO_FAULTS, FaultSettings, ReplyFault

GARBAGE: Final = b"<html><head><title>502 Bad Gateway</title></head><body>\x00\xff\xfe nginx</body>"
PIECE_BYTES: Final = 8
LEAVE_S: Final = 0.05
"""How long half a body gets to leave before the connection is closed."""


class _Spoiled(msgspec.Struct):
    """What the gateway decided about the reply to the request of this task."""

    fault: ReplyFault | None = None
    settings: FaultSettings = NO_FAULTS


_current: Final[ContextVar[_Spoiled]] = ContextVar("spoiled")


def spoil_reply(fault: ReplyFault, settings: FaultSettings) -> None:
    """Spoil the reply to the request that is being handled."""
    spoiled = _current.get()
    spoiled.fault, spoiled.settings = fault, settings


def spoil_on_demand(app: ASGIApp) -> ASGIApp:
    """Wrap an application whose replies come in one piece, so that `spoil_reply` works in it."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        spoiled = _Spoiled()
        _current.set(spoiled)
        start: Message = {}

        async def send_spoiled(message: Message) -> None:
            if spoiled.fault is None:
                await send(message)
            elif message["type"] == "http.response.start":
                start.update(message)
            else:
                await _send_spoiled(send, start, message["body"], spoiled)

        await app(scope, receive, send_spoiled)

    return wrapped


async def _send_spoiled(send: Send, start: Message, body: bytes, spoiled: _Spoiled) -> None:
    match spoiled.fault:
        case ReplyFault.DELAY:
            await asyncio.sleep(spoiled.settings.delay_ms / 1000)
            await _send_pieces(send, start, [body])
        case ReplyFault.GARBAGE:
            length = str(len(GARBAGE)).encode()
            headers = [(b"content-type", b"text/html"), (b"content-length", length)]
            await _send_pieces(send, {**start, "headers": headers}, [GARBAGE])
        case ReplyFault.HALF_BODY:
            await send(start)
            half = body[: len(body) // 2]
            await send({"type": "http.response.body", "body": half, "more_body": True})
            await asyncio.sleep(LEAVE_S)
            raise ConnectionDroppedError
        case ReplyFault.TRICKLE:
            pieces = [body[at : at + PIECE_BYTES] for at in range(0, len(body), PIECE_BYTES)]
            pause_s = spoiled.settings.trickle_ms / 1000
            await _send_pieces(send, start, pieces or [b""], pause_s=pause_s)
        case _:
            await _send_pieces(send, start, [body])


async def _send_pieces(
    send: Send, start: Message, pieces: list[bytes], *, pause_s: float = 0.0
) -> None:
    await send(dict(start))
    for piece in pieces[:-1]:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
        await asyncio.sleep(pause_s)
    await send({"type": "http.response.body", "body": pieces[-1]})
