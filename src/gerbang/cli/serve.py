"""``gerbang serve``: run the gateway."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
import uvicorn
from starlette.routing import BaseRoute

from gerbang.app import Node
from gerbang.application import create_application
from gerbang.cli.workers import run_workers, shared_socket
from gerbang.logs import configure_logs
from gerbang.postgres.embedded import EmbeddedPostgres
from gerbang.postgres.migrate import migrate
from gerbang.settings import Settings, load_settings
from gerbang.web.quick_http import QuickHttp

SHUTDOWN_TIMEOUT_S = 20
ROLES = frozenset({"api", "work"})


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    data_dir: Annotated[
        str | None, typer.Option(help="Folder of the embedded database and the secret key.")
    ] = None,
    role: Annotated[
        str, typer.Option(help="api, work or api,work: what this process does.")
    ] = "api,work",
    config: Annotated[Path | None, typer.Option(help="A gerbang.toml to read.")] = None,
    workers: Annotated[
        int, typer.Option(min=1, max=64, help="How many processes share the port.")
    ] = 1,
) -> None:
    """Run the gateway until it is told to stop (SIGINT, SIGTERM).

    Without GERBANG_DATABASE_URL it starts the embedded PostgreSQL in DATA_DIR. Migrations are
    applied first; several processes may start at once.

    Example: gerbang serve --host 0.0.0.0 --port 8080
    """
    roles = read_roles(role)
    settings = load_settings(config, overrides={"host": host, "port": port, "data_dir": data_dir})
    configure_logs(level=settings.log_level, style=settings.log_format)
    embedded = None
    url = settings.database_url
    if not url:
        embedded = EmbeddedPostgres.of(Path(settings.data_dir))
        url = embedded.start()
    try:
        asyncio.run(migrate(url))
        if workers > 1:
            run_workers(workers, _worker_arguments(config, role), _worker_environ(settings, url))
        else:
            run_gateway(settings, url, work="work" in roles, api="api" in roles)
    finally:
        if embedded is not None:
            embedded.stop()


def read_roles(text: str) -> frozenset[str]:
    """Read what a process does; a node with only ``work`` answers health and metrics."""
    roles = frozenset(part.strip() for part in text.split(","))
    if not roles or roles - ROLES:
        raise typer.BadParameter("api, work or api,work", param_hint="--role")
    return roles


def _worker_arguments(config: Path | None, role: str) -> list[str]:
    arguments = ["--role", role]
    return [*arguments, "--config", str(config)] if config is not None else arguments


def _worker_environ(settings: Settings, url: str) -> dict[str, str]:
    return {
        "GERBANG_DATABASE_URL": url,
        "GERBANG_HOST": settings.host,
        "GERBANG_PORT": str(settings.port),
        "GERBANG_DATA_DIR": settings.data_dir,
        "GERBANG_PORT_SHARED": "true",
    }


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
