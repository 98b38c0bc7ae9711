"""The demo's callback receiver: shows what a reseller would have received."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from starlette.routing import BaseRoute

from gerbang.outbound.message import Answered, InboundRequest
from gerbang.sandbox.shop_page import fields_of_return, shop_page
from gerbang.web.asgi import JSON_TYPE, raw_route

CALLBACKS_KEPT_MAX: Final = 200


class Inbox:
    """Keeps the newest callbacks in memory; ``GET /sandbox/inbox/list`` shows them."""

    def __init__(self) -> None:
        self._kept: deque[dict[str, Any]] = deque(maxlen=CALLBACKS_KEPT_MAX)

    def routes(self) -> Sequence[BaseRoute]:
        """Give the receiving and the showing address."""
        return [
            raw_route(path, handler, methods=methods, too_large=_refused, crashed=_refused)
            for path, handler, methods in (
                ("/sandbox/inbox", self.receive, ("GET", "POST")),
                ("/sandbox/inbox/list", self.show, ("GET",)),
            )
        ]

    async def receive(self, request: InboundRequest) -> Answered:
        """Keep a callback and acknowledge it; a buyer's browser is shown what it brought."""
        self._kept.appendleft(
            {
                "method": request.method,
                "query": request.query.decode("utf-8", "replace"),
                "headers": dict(request.headers),
                "body": request.body.decode("utf-8", "replace"),
            }
        )
        returned = fields_of_return(request)
        if returned is not None:
            return shop_page(returned)
        return Answered(status=200, headers=JSON_TYPE, body=b'{"status":"ok"}')

    async def show(self, _request: InboundRequest) -> Answered:
        """Show what came, newest first."""
        body = msgspec.json.encode({"items": list(self._kept)})
        return Answered(status=200, headers=JSON_TYPE, body=body)


def _refused(_request: InboundRequest) -> Answered:
    return Answered(status=413, headers=JSON_TYPE, body=b'{"status":"refused"}')
