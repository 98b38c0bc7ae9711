"""``gerbang serve``: run the gateway."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from gerbang.logs import configure_logs
from gerbang.postgres.embedded import EmbeddedPostgres
from gerbang.postgres.migrate import migrate
from gerbang.settings import Settings, load_settings

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
            from gerbang.cli.workers import run_workers

            run_workers(workers, _worker_arguments(config, role), _worker_environ(settings, url))
        else:
            from gerbang.cli.run_gateway import run_gateway

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
