"""The hot endpoints by dictionary, before the router and its wrappers are asked."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from gerbang.web.asgi import Endpoint


class FastPaths:
    """Answer paths of raw endpoints directly; everything else goes to the application.

    An exact path goes before one with a name at its end.

    The dictionary is made at the first request, after the lifespan has added the routes.
    """

    def __init__(self, app: Starlette) -> None:
        """Wrap an application."""
        self._app = app
        self._endpoints: dict[tuple[str, str], ASGIApp] | None = None
        self._folders: dict[tuple[str, str], ASGIApp] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            if self._endpoints is None:
                self._endpoints = self._collect()
            method, path = scope["method"], scope["path"]
            endpoint = self._endpoints.get((method, path))
            if endpoint is None:
                folder, _, last = path.rpartition("/")
                endpoint = self._folders.get((method, folder)) if last else None
            if endpoint is not None:
                await endpoint(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _collect(self) -> dict[tuple[str, str], ASGIApp]:
        endpoints: dict[tuple[str, str], ASGIApp] = {}
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
