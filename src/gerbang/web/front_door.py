"""Who opens the bare address in a browser is led to the console; machines get what a dialect says.

OtomaX takes orders at ``/``: only a visit without any question, by something that wants a page, is
somebody who looks for us.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from starlette.routing import BaseRoute, Route

from gerbang.outbound.message import Answered, InboundRequest
from gerbang.web.asgi import Endpoint

HOME: Final = "/console"


class FrontDoor(Endpoint):
    """The endpoint of ``/`` with a door for people in it."""

    def __init__(self, inner: Endpoint) -> None:
        """Stand before a dialect's endpoint."""
        self._inner = inner
        self.body_bytes_max = inner.body_bytes_max

    def refuse_large(self, request: InboundRequest) -> Answered:
        """Refuse as the dialect does."""
        return self._inner.refuse_large(request)

    async def answer(self, request: InboundRequest) -> Answered:
        """Lead a visitor in, and leave everything else to the dialect."""
        if is_visit(request):
            return Answered(status=303, headers=(("location", HOME),), body=b"")
        return await self._inner.answer(request)


def is_visit(request: InboundRequest) -> bool:
    """Tell whether somebody opened the bare address in a browser."""
    wants = request.header("accept")
    return request.method == "GET" and not request.query and "text/html" in wants


def with_front_door(routes: Iterable[BaseRoute]) -> Iterator[BaseRoute]:
    """Put the door into the route of ``/``."""
    for route in routes:
        if isinstance(route, Route) and route.path == "/" and isinstance(route.endpoint, Endpoint):
            yield Route("/", FrontDoor(route.endpoint), methods=list(route.methods or ()))
        else:
            yield route
