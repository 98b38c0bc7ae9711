"""Who calls the management API, and how its routers reach the node."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import Depends, Path, Query, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gerbang.api.permissions import permission_for
from gerbang.api.services import Services
from gerbang.api.tokens import Token, find_token
from gerbang.postgres.pool import Connection

if TYPE_CHECKING:
    from gerbang.app import Node

BODY_BYTES_MAX: Final = 1024 * 1024
IMPORT_BYTES_MAX: Final = 64 * 1024 * 1024
FILE_PATHS: Final = ("/products/import", "/areas/import", "/price-sync", "/reconciliation")
"""What takes whole files."""
ID_MAX: Final = 2**63 - 1

_bearer = HTTPBearer(auto_error=False, description="A token made with `gerbang token create`.")


class Caller:
    """The holder of a token, for the length of one request."""

    def __init__(self, services: Services, token: Token) -> None:
        """Keep who it is."""
        self._services = services
        self.actor = token.actor

    @property
    def node(self) -> Node:
        """The running node."""
        return self._services.node

    @asynccontextmanager
    async def changing(self) -> AsyncIterator[Connection]:
        """Give a connection in a transaction; what it changed is in this node's memory after."""
        async with self.node.pool.acquire() as connection, connection.transaction():
            yield connection
        await self.node.loader.refresh_now()


async def authorize(
    request: Request,
    token: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
) -> Caller:
    """Let the holder of a token in."""
    services: Services = request.app.state.services
    found = await find_token(services.node.pool, token.credentials) if token else None
    if found is None:
        raise HTTPException(401, "a bearer token is needed: Authorization: Bearer …")
    needed = permission_for(request.method, request.scope["route"].path)
    if not found.may(needed):
        raise HTTPException(403, f"the role of this token's person does not allow {needed.value}")
    return Caller(services, found)


Authorized = Annotated[Caller, Depends(authorize)]
Limit = Annotated[int, Query(ge=1, le=1000, description="How many items at most.")]
AfterCode = Annotated[
    str, Query(max_length=64, description="`next` of the page before: the list goes on there.")
]
AfterId = Annotated[
    int | None,
    Query(ge=0, le=ID_MAX, description="`next` of the page before: the list goes on there."),
]
Id = Annotated[int, Path(ge=1, le=ID_MAX)]
Code = Annotated[str, Path(max_length=64)]
Rupiah = Annotated[int, Field(strict=True, ge=-ID_MAX, le=ID_MAX)]


class BodyLimit:
    """Refuses bodies that are too large, before they are read and while they come."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap the application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what the application reads."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = IMPORT_BYTES_MAX if scope["path"].endswith(FILE_PATHS) else BODY_BYTES_MAX
        size = 0

        async def counted() -> Message:
            nonlocal size
            message: Any = await receive()
            size += len(message.get("body", b""))
            if size > most:
                raise HTTPException(413, f"at most {most} bytes")
            return message  # type: ignore[no-any-return]

        await self._app(scope, counted, send)
