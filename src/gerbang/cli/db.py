"""``gerbang db``: the database, for people."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from gerbang.logs import configure_logs
from gerbang.postgres.binaries import NoBinariesError, find_binaries
from gerbang.postgres.cluster import DATABASE, ClusterRefusedError, ProgramFailedError
from gerbang.postgres.embedded import ClusterInUseError, EmbeddedPostgres, ServerFailedError
from gerbang.postgres.migrate import MigrationFailedError, MigrationRefusedError
from gerbang.postgres.migrate import migrate as run_migrations
from gerbang.postgres.schema import dump_schema, throwaway_server
from gerbang.settings import Settings, load_settings

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "Look after the database.\n\n"
        "Gerbang brings its own PostgreSQL, kept in DATA_DIR/postgres, and starts it by itself: "
        "these commands are for the times between. With GERBANG_DATABASE_URL set, `migrate`, "
        "`url`, `shell` and `backup` work on that database instead."
    ),
)

_EXPECTED: Final = (
    ClusterInUseError,
    ClusterRefusedError,
    MigrationFailedError,
    MigrationRefusedError,
    NoBinariesError,
    PermissionError,
    ProgramFailedError,
    ServerFailedError,
)

DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        help="Folder of this gateway's data (GERBANG_DATA_DIR).",
        show_default="./var",
    ),
]


@app.callback()
def configure() -> None:
    """Send logs to standard error: standard output is for the answer."""
    settings = load_settings()
    configure_logs(level=settings.log_level, style=settings.log_format)


@app.command()
def start(data_dir: DataDir = None) -> None:
    """Start the embedded database, bring its schema up to date, and leave it running.

    A gateway started later finds it running and uses it. Stop it with `gerbang db stop`.
    Prints the address to connect to.
    """
    with _told_plainly():
        server = _embedded(_settings(data_dir))
        dsn = server.start()
        asyncio.run(run_migrations(dsn))
        server.detach()
    typer.echo(dsn)


@app.command()
def stop(data_dir: DataDir = None) -> None:
    """Stop an embedded database that `gerbang db start` or a killed gateway left running.

    Connections are closed and everything is written to disk. A running gateway stops its database
    by itself, so this command refuses to take it away.
    """
    with _told_plainly():
        server = _embedded(_settings(data_dir))
        pid = server.pid
        server.stop()
    typer.echo("The database was not running." if pid is None else "Stopped.")


@app.command()
def migrate(data_dir: DataDir = None) -> None:
    """Bring the schema up to this version of Gerbang.

    Every start does this by itself; run it beforehand to see the database change before the
    gateways do. Safe to run twice, and on several machines at once: one does the work.
    """
    with _told_plainly(), _address(_settings(data_dir)) as dsn:
        applied = asyncio.run(run_migrations(dsn))
    typer.echo("\n".join(applied) or "Nothing to do: the schema is up to date.")


@app.command()
def url(data_dir: DataDir = None) -> None:
    """Print the address of the database, for psql and other tools.

    The address of the embedded database holds no password: the operating system says who you are.
    Example: psql "$(gerbang db url)" -c 'SELECT count(*) FROM orders'
    """
    settings = _settings(data_dir)
    with _told_plainly():
        typer.echo(settings.database_url or _embedded(settings).dsn)


@app.command()
def shell(data_dir: DataDir = None) -> None:
    """Open psql on the database; it must be running.

    Money moves only through the ledger: look here, change nothing.
    """
    settings = _settings(data_dir)
    with _told_plainly():
        psql = _tool("psql")
        dsn = settings.database_url or _embedded(settings).dsn
    os.execv(psql, ["psql", dsn])  # noqa: S606 - becomes psql, so that it owns the terminal


@app.command()
def backup(
    file: Annotated[
        Path | None,
        typer.Argument(help="File to write.", show_default="gerbang-DATE.dump"),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Write the whole database into one file with pg_dump, while the gateway works on.

    The copy is one consistent moment. Only you can read the file; it also needs the secret key in
    DATA_DIR/secret.key to be of use, which is not inside. Read it back into an empty database
    with: pg_restore --no-owner --dbname "$(gerbang db url)" FILE

    Example: gerbang db backup gerbang.dump
    """
    target = file or Path(f"gerbang-{datetime.now(UTC):%Y%m%d-%H%M%S}.dump")
    settings = _settings(data_dir)
    with _told_plainly(), _address(settings) as dsn:
        _dump(_tool("pg_dump"), dsn, target)
    typer.echo(f"{target} ({target.stat().st_size:,} bytes)")


@app.command()
def schema() -> None:
    """Print the whole schema as SQL, made by the migrations in a database of the moment.

    For developers: `make schema` keeps src/gerbang/postgres/schema.sql up to date with it.
    """
    server, folder = throwaway_server()
    with _told_plainly():
        try:
            asyncio.run(run_migrations(server.start()))
            typer.echo(dump_schema(server, DATABASE), nl=False)
        finally:
            server.stop()
            shutil.rmtree(folder)


def _settings(data_dir: Path | None) -> Settings:
    return load_settings(overrides={"data_dir": os.fspath(data_dir) if data_dir else None})


def _embedded(settings: Settings) -> EmbeddedPostgres:
    return EmbeddedPostgres.of(Path(settings.data_dir))


@contextmanager
def _address(settings: Settings) -> Iterator[str]:
    """Give the database's address, starting the embedded one for the moment if it is not up."""
    if settings.database_url:
        yield settings.database_url
        return
    server = _embedded(settings)
    if server.pid is not None:
        yield server.dsn
        return
    try:
        yield server.start()
    finally:
        server.stop()


@contextmanager
def _told_plainly() -> Iterator[None]:
    """Say expected errors in one line, without a traceback."""
    try:
        yield
    except _EXPECTED as error:
        typer.echo(f"gerbang db: {error}", err=True)
        raise typer.Exit(1) from None


def _tool(name: str) -> str:
    """Find a client program beside the server's, or in PATH."""
    with suppress(NoBinariesError):
        beside = find_binaries().tool(name)
        if beside.exists():
            return os.fspath(beside)
    if found := shutil.which(name):
        return found
    raise NoBinariesError(f"{name} is not installed; on Debian: apt install postgresql-client")


def _dump(pg_dump: str, dsn: str, target: Path) -> None:
    """Write beside the target and rename, so that a broken copy never looks like a good one."""
    partial = target.with_name(f".{target.name}.partial")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as output:
        done = subprocess.run(
            [pg_dump, "--format=custom", dsn], stdout=output, stderr=subprocess.PIPE, check=False
        )
        os.fsync(output.fileno())
    if done.returncode != 0:
        partial.unlink()
        raise ProgramFailedError("pg_dump", done.stderr.decode(errors="replace"))
    partial.replace(target)
