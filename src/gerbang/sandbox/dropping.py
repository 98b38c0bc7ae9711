"""Hanging up without a word: what uvicorn would turn into an answer 500 becomes a closed socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

ABORT: Final = "gerbang.abort"
DISCONNECT_WAIT_S: Final = 5.0


class ConnectionDroppedError(BaseException):
    """Hang up now. Not an Exception, so that no handler's own answer for crashes comes between."""


class AbortableProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol, which lets the application close its connection."""

    def on_message_begin(self) -> None:
        """Begin a request whose scope can hang up."""
        super().on_message_begin()
        abort: Callable[[], None] = self.transport.abort
        self.scope["extensions"] = {ABORT: {"abort": abort}}


def drop_on_demand(app: ASGIApp) -> ASGIApp:
    """Wrap an application: ConnectionDroppedError hangs up, and nothing is answered."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, receive, send)
        except ConnectionDroppedError:
            scope["extensions"][ABORT]["abort"]()
            # uvicorn answers nothing once it has seen the connection go.
            async with asyncio.timeout(DISCONNECT_WAIT_S):
                while (await receive())["type"] != "http.disconnect":
                    pass

    return wrapped
