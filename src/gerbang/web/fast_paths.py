"""The hot endpoints by dictionary, before the router and its wrappers are asked."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from gerbang.web.asgi import Endpoint
from gerbang.web.client_address import FOUND, ClientAddress
from gerbang.web.turnstile import Turnstile


class FastPaths:
    """Answer paths of raw endpoints directly; everything else goes to the application.

    An exact path goes before one with a name at its end.

    The dictionary is made at the first request, after the lifespan has added the routes.
    """

    def __init__(self, app: Starlette, *, address: ClientAddress | None = None) -> None:
        """Wrap an application; `address` knows which proxies to trust."""
        self.turnstile = Turnstile()
        self._app = app
        self._address = address or ClientAddress()
        self._endpoints: dict[tuple[str, str], Endpoint] | None = None
        self._folders: dict[tuple[str, str], Endpoint] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            client = scope.get("client")
            peer = client[0] if client else ""
            scope[FOUND] = self.client_ip(peer, scope["headers"])
            endpoint = self.find(scope["method"], scope["path"])
            if endpoint is not None:
                await endpoint(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def find(self, method: str, path: str) -> Endpoint | None:
        """Find the raw endpoint of a path."""
        if self._endpoints is None:
            self._endpoints = self._collect()
        endpoint = self._endpoints.get((method, path))
        if endpoint is None:
            folder, _, last = path.rpartition("/")
            endpoint = self._folders.get((method, folder)) if last else None
        return endpoint

    def client_ip(self, peer: str, headers: Iterable[tuple[bytes, bytes]]) -> str:
        """Give the true address of a request that came from `peer`."""
        return self._address.find(peer, headers)

    def _collect(self) -> dict[tuple[str, str], Endpoint]:
        endpoints: dict[tuple[str, str], Endpoint] = {}
        for route in self._app.router.routes:
            if not isinstance(route, Route) or not isinstance(route.endpoint, Endpoint):
                continue
            folder, _, last = route.path.rpartition("/")
            for method in route.methods or ():
                if "{" not in route.path:
                    endpoints.setdefault((method, route.path), route.endpoint)
                elif "{" not in folder and ":" not in last and last.startswith("{"):
                    # One name at the end, as in /callbacks/{supplier}; handlers read the path.
                    self._folders.setdefault((method, folder), route.endpoint)
        return endpoints
