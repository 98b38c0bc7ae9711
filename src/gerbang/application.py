"""The HTTP application of a node: every path it answers."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route

from gerbang.api.application import create_api
from gerbang.api.services import Services
from gerbang.app import Node
from gerbang.console.site import create_console
from gerbang.deposits.webhook import BankLineWebhook
from gerbang.dialects.registry import DIALECTS
from gerbang.documentation.pages import DocumentationSite
from gerbang.outbound.message import Answered, InboundRequest
from gerbang.portal.site import create_portal
from gerbang.web.asgi import JSON_TYPE, raw_route
from gerbang.web.client_address import ClientAddress
from gerbang.web.fast_paths import FastPaths
from gerbang.web.front_door import with_front_door

GC_ALLOCATIONS = 20_000


def create_application(
    node: Node,
    *,
    work: bool = True,
    api: bool = True,
    extra_routes: Sequence[BaseRoute] = (),
    after_start: Callable[[Node], Awaitable[None]] | None = None,
) -> Any:
    """Make the ASGI application; the node starts and stops in its lifespan.

    `after_start` runs before the node says that it is ready.
    """

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        await node.start(work=work)
        own = [*extra_routes, *all_routes(node)] if api else signs_of_life(node)
        app.router.routes.extend(own)
        if after_start is not None:
            await after_start(node)
        _collect_seldom()
        node.ready = True
        try:
            yield
        finally:
            await node.stop()

    address = ClientAddress(node.settings.trusted_proxies)
    return FastPaths(Starlette(lifespan=lifespan), address=address)


def all_routes(node: Node) -> list[BaseRoute]:
    """Give what a node with the role ``api`` answers."""
    routes = signs_of_life(node)
    for dialect in DIALECTS.values():
        routes.extend(with_front_door(dialect.routes(node.gateway)))
    routes.extend(node.card_office.routes())
    routes.extend(node.news.routes())
    webhook = BankLineWebhook(desk=node.deposits, pool=node.pool, box=node.box, clock=node.clock)
    routes.extend(webhook.routes())
    routes.append(_api(node))
    routes.extend(DocumentationSite().routes())
    routes.append(node.pages.assets.route())
    routes.extend(create_console(node.pages).routes())
    routes.extend(create_portal(node.pages).routes())
    return routes


def _api(node: Node) -> Mount:
    """Mount the management API; a line end in a path is its to refuse, in its own words."""
    mount = Mount("/api", create_api(Services(node=node)))
    mount.path_regex = re.compile(mount.path_regex.pattern, re.DOTALL)
    return mount


def signs_of_life(node: Node) -> list[BaseRoute]:
    """Give what every node answers."""
    readiness = _Readiness(node)
    return [
        _plain("/healthz", _health),
        _plain("/readyz", readiness.answer),
        _plain("/metrics", node.metrics.show),
    ]


async def _health(_request: InboundRequest) -> Answered:
    return _json(200, {"status": "ok"})


class _Readiness:
    def __init__(self, node: Node) -> None:
        self._node = node

    async def answer(self, _request: InboundRequest) -> Answered:
        if not self._node.ready:
            return _json(503, {"status": "starting"})
        try:
            await asyncio.wait_for(self._node.pool.fetchval("SELECT 1"), 2)
        except Exception:  # noqa: BLE001 (whatever it is, we are not ready)
            return _json(503, {"status": "database away"})
        return _json(200, {"status": "ready"})


def _collect_seldom() -> None:
    """Look for garbage in cycles less often, and never again among what was made at the start.

    Requests leave next to none; each look costs time while callers wait.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_ALLOCATIONS, *gc.get_threshold()[1:])


def _plain(path: str, handler: Any) -> Route:
    return raw_route(path, handler, methods=("GET", "HEAD"), too_large=_refused, crashed=_refused)


def _refused(_request: InboundRequest) -> Answered:
    return _json(500, {"status": "error"})


def _json(status: int, value: Any) -> Answered:
    return Answered(status=status, headers=JSON_TYPE, body=msgspec.json.encode(value))
