"""Run one gateway process: the node, its application and the HTTP server."""

from __future__ import annotations

import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import uvicorn
from starlette.routing import BaseRoute

from gerbang.app import Node
from gerbang.application import create_application
from gerbang.cli.workers import shared_socket
from gerbang.settings import Settings
from gerbang.web.quick_http import QuickHttp

SHUTDOWN_TIMEOUT_S = 20


def run_gateway(
    settings: Settings,
    database_url: str,
    *,
    work: bool = True,
    api: bool = True,
    extra_routes: Sequence[BaseRoute] = (),
    after_start: Callable[[Node], Awaitable[None]] | None = None,
) -> None:
    """Serve HTTP until a signal; returns after a graceful stop."""
    node = Node(settings, database_url=database_url)
    application = create_application(
        node, work=work, api=api, extra_routes=extra_routes, after_start=after_start
    )
    server = uvicorn.Server(server_config(application, settings))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sockets = [shared_socket(settings.host, settings.port)] if settings.port_shared else None
    try:
        server.run(sockets=sockets)
    except KeyboardInterrupt:
        return
    if not server.started:
        sys.exit(1)


def server_config(application: Any, settings: Settings) -> uvicorn.Config:
    """How uvicorn is run: uvloop, our HTTP protocol, no access log (URLs carry secrets)."""
    return uvicorn.Config(
        application,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http=QuickHttp,
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=SHUTDOWN_TIMEOUT_S,
        timeout_keep_alive=75,
        backlog=2048,
    )
