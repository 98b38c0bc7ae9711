"""What the commands share: the database, the node, tables and JSON."""

from __future__ import annotations

import asyncio
import getpass
import os
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import msgspec
import typer

from gerbang.cli.db import DataDir
from gerbang.clock import WIB
from gerbang.errors import BadInputError, UserError
from gerbang.ledger.read import AccountNotFoundError
from gerbang.logs import configure_logs
from gerbang.orders.decide import CannotDecideError
from gerbang.orders.read import OrderNotFoundError
from gerbang.postgres.embedded import ClusterInUseError, EmbeddedPostgres, ServerFailedError
from gerbang.postgres.errors import InterfaceError, PostgresError
from gerbang.postgres.lane import NotWrittenError, OutcomeUnknownError
from gerbang.postgres.migrate import migrate
from gerbang.postgres.pool import Connection, connect
from gerbang.secrets_box import SecretBox, SecretKeyError, load_secret_key
from gerbang.settings import Settings, load_settings

if TYPE_CHECKING:
    from gerbang.app import Node

__all__ = ["AsJson", "DataDir", "Limit", "actor", "in_database", "in_node", "members", "show"]

T = TypeVar("T")
TABLE_WIDTH: Final = 2_000
"""Wider than any row: a terminal breaks long lines better than a table its cells."""
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of a table, for programs.")]
Limit = Annotated[int, typer.Option(help="How many at most.", min=1, max=10_000)]

_EXPECTED: Final = (
    AccountNotFoundError,
    CannotDecideError,
    ClusterInUseError,
    ConnectionError,
    NotWrittenError,
    OrderNotFoundError,
    OutcomeUnknownError,
    PermissionError,
    SecretKeyError,
    ServerFailedError,
    UnicodeEncodeError,
    UserError,
    InterfaceError,
    PostgresError,
)


def actor() -> str:
    """Say who works here, for the audit log."""
    name = "?"
    with suppress(OSError, KeyError):
        name = getpass.getuser()
    return f"cli:{name}"


def in_database(data_dir: Path | None, work: Callable[[Connection, SecretBox], Awaitable[T]]) -> T:
    """Do `work` in one transaction; a node that runs sees the change within a second."""
    settings = load_settings(overrides={"data_dir": os.fspath(data_dir) if data_dir else None})
    configure_logs(level="warning", style=settings.log_format)

    async def run(url: str) -> T:
        box = SecretBox(load_secret_key(Path(settings.data_dir), given=settings.secret_key))
        connection = await connect(url, application_name="gerbang cli")
        try:
            async with connection.transaction():
                return await work(connection, box)
        finally:
            await connection.close()

    with told_plainly(), address(settings) as url:
        return asyncio.run(run(url))


def in_node(data_dir: Path | None, work: Callable[[Node], Awaitable[T]]) -> T:
    """Do `work` with a node of our own that sends nothing: it has the write lane, for money."""
    from gerbang.app import Node

    settings = load_settings(overrides={"data_dir": os.fspath(data_dir) if data_dir else None})
    configure_logs(level="warning", style=settings.log_format)

    async def run(url: str) -> T:
        node = Node(settings, database_url=url)
        await node.start(work=False)
        try:
            return await work(node)
        finally:
            await node.stop()

    with told_plainly(), address(settings) as url:
        return asyncio.run(run(url))


@contextmanager
def told_plainly() -> Iterator[None]:
    """Say expected errors in one line, without a traceback."""
    try:
        yield
    except _EXPECTED as error:
        text = error.message if isinstance(error, UserError) else str(error)
        typer.echo(f"gerbang: {text or type(error).__name__}", err=True)
        for field, problem in getattr(error, "fields", {}).items():
            if problem not in text:
                typer.echo(f"  {field}: {problem}", err=True)
        raise typer.Exit(1) from None


@contextmanager
def address(settings: Settings) -> Iterator[str]:
    """Give your own database, the embedded one that runs, or start that for the moment."""
    if settings.database_url:
        yield settings.database_url
        return
    server = EmbeddedPostgres.of(Path(settings.data_dir))
    if server.pid is not None:
        yield server.dsn
        return
    try:
        url = server.start()
        asyncio.run(migrate(url))
        yield url
    finally:
        server.stop()


def members(pairs: Sequence[str], option: str) -> dict[str, Any]:
    """Read ``name=value`` pairs; a value may be JSON, null removes."""
    values: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name:
            raise BadInputError(f"{option} {pair!r}: write name=value")
        try:
            values[name] = msgspec.json.decode(text)
        except msgspec.DecodeError:
            values[name] = text
    return values


def texts(pairs: Sequence[str], option: str) -> dict[str, str]:
    """Read ``name=value`` pairs of plain text."""
    for pair in pairs:
        if "=" not in pair:
            raise BadInputError(f"{option}: write name=value")
    return {pair.partition("=")[0]: pair.partition("=")[2] for pair in pairs}


def chosen(**options: Any) -> dict[str, Any]:
    """Keep the options that were given."""
    return {name: value for name, value in options.items() if value not in (None, [], {})}


def show(
    rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], *, as_json: bool = False
) -> None:
    """Print rows as a table with the columns named, or all of them as JSON."""
    if as_json:
        print_json(list(rows))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in columns.values():
        table.add_column(title, no_wrap=True)
    for row in rows:
        table.add_row(*(cell(row.get(name)) for name in columns))
    Console(width=TABLE_WIDTH, highlight=False, markup=False).print(table)


def print_json(value: Any) -> None:
    """Print JSON for people and programs."""
    typer.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def show_one(item: Mapping[str, Any], *, as_json: bool = False) -> None:
    """Print one thing, a line for each member."""
    if as_json:
        print_json(item)
        return
    width = max(map(len, item), default=0)
    for name, value in item.items():
        typer.echo(f"{name:<{width}}  {cell(value)}")


def cell(value: Any) -> str:
    """Write a value for a person: grouped numbers, WIB times."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}".replace(",", ".")
    if isinstance(value, datetime):
        return value.astimezone(WIB).strftime("%Y-%m-%d %H:%M:%S")
    return _long_cell(value) if isinstance(value, list | dict) else str(value)


def _long_cell(value: list[Any] | dict[str, Any]) -> str:
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return ",".join(value)
    return msgspec.json.encode(value).decode()
