"""``gerbang area``: where numbers are, for routes that serve some areas only."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from gerbang.cli.context import AsJson, DataDir, Limit, actor, in_database, show, show_one
from gerbang.postgres.pool import Connection
from gerbang.routing.areas import area_names, find_area, list_areas, read_areas, save_areas
from gerbang.secrets_box import SecretBox

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "Areas of destinations: a route's rule `areas` serves only numbers of these.\n\n"
        "  gerbang area import areas.csv        columns prefix, area\n\n"
        "  gerbang area of 081234567890"
    ),
)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV: prefix, area.", exists=True, dir_okay=False)],
    whole: Annotated[
        bool, typer.Option("--whole", help="Take away the prefixes that it does not name.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Take a table of prefixes; nothing is taken when a line is wrong.

    Example: gerbang area import areas.csv --whole
    """

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        areas = read_areas(file)
        report = await save_areas(connection, areas, whole=whole, actor=actor())
        return msgspec.structs.asdict(report)

    show_one(in_database(data_dir, work))


@app.command("list")
def list_(
    area: Annotated[str | None, typer.Option(help="Only this area's prefixes.")] = None,
    names: Annotated[bool, typer.Option("--names", help="Only the areas there are.")] = False,
    limit: Limit = 1_000,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """List prefixes with their areas.

    Example: gerbang area list --area JABO
    """

    async def work(connection: Connection, _box: SecretBox) -> list[dict[str, Any]]:
        if names:
            return await area_names(connection)
        found: list[dict[str, Any]] = (await list_areas(connection, area=area, limit=limit))[
            "items"
        ]
        return found

    columns = {"area": "area", "prefixes": "prefixes"} if names else {"prefix": "prefix"}
    show(in_database(data_dir, work), {**columns, "area": "area"}, as_json=as_json)


@app.command()
def of(
    destination: Annotated[str, typer.Argument(help="A number.")], data_dir: DataDir = None
) -> None:
    """Say where a number is: its longest known prefix decides.

    Example: gerbang area of 081234567890
    """

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        return await find_area(connection, destination)

    show_one(in_database(data_dir, work))
