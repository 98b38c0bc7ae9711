"""The hot endpoints by dictionary, before the router and its wrappers are asked."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from gerbang.web.asgi import Endpoint


class FastPaths:
    """Answer exact paths of raw endpoints directly; everything else goes to the application.

    The dictionary is made at the first request, after the lifespan has added the routes.
    """

    def __init__(self, app: Starlette) -> None:
        """Wrap an application."""
        self._app = app
        self._endpoints: dict[tuple[str, str], ASGIApp] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            if self._endpoints is None:
                self._endpoints = self._collect()
            endpoint = self._endpoints.get((scope["method"], scope["path"]))
            if endpoint is not None:
                await endpoint(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _collect(self) -> dict[tuple[str, str], ASGIApp]:
        endpoints: dict[tuple[str, str], ASGIApp] = {}
        for route in self._app.router.routes:
            if not isinstance(route, Route) or "{" in route.path:
                continue
            if isinstance(route.endpoint, Endpoint):
                for method in route.methods or ():
                    endpoints.setdefault((method, route.path), route.endpoint)
        return endpoints
