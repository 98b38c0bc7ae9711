"""``gerbang recon``: suppliers' statements against our attempts."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from gerbang.cli.context import (
    AsJson,
    DataDir,
    Limit,
    actor,
    in_database,
    in_node,
    print_json,
    show,
    show_one,
)
from gerbang.postgres.pool import Connection
from gerbang.recon.correct import close_difference, correct_difference, open_case
from gerbang.recon.read import list_ages, list_differences
from gerbang.recon.run import RunReport, run_reconciliation
from gerbang.secrets_box import SecretBox

if TYPE_CHECKING:
    from gerbang.app import Node

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "Suppliers' statements against our attempts.\n\n"
        "  gerbang recon run maju november.csv --from 2026-11-01 --to 2026-11-30\n\n"
        "  gerbang recon show maju\n\n"
        "  gerbang recon correct 12 --note 'their invoice 77'"
    ),
)
Difference = Annotated[int, typer.Argument(help="See `gerbang recon show`.", min=1)]
SHOWN_MAX = 20


@app.command()
def run(
    code: Annotated[str, typer.Argument(help="The supplier's code.")],
    file: Annotated[Path, typer.Argument(help="Its statement, CSV.", exists=True, dir_okay=False)],
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First WIB day.")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last WIB day.")],
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave out wrong lines instead of refusing all.")
    ] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Compare a statement with our attempts of some days; a million lines take a minute or two.

    Exit code 1 when a line is wrong and nothing was kept.

    Example: gerbang recon run maju statement.csv --from 2026-08-01 --to 2026-08-31
    """
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    ) as bar:
        task = bar.add_task("reading", total=None)

        def tell(step: str, done: int, total: int) -> None:
            bar.update(
                task, description=f"{step} {done or ''}", completed=done, total=total or None
            )

        async def work(connection: Connection, _box: SecretBox) -> RunReport:
            await connection.execute("SET LOCAL statement_timeout = 0")
            return await run_reconciliation(
                connection,
                code,
                file,
                first_day=first.date(),
                last_day=last.date(),
                actor=actor(),
                file_name=file.name,
                skip_bad=skip_bad,
                progress=tell,
            )

        report = in_database(data_dir, work)
    _tell(report, as_json=as_json)
    if report.id is None:
        raise typer.Exit(1)


def _tell(report: RunReport, *, as_json: bool) -> None:
    if as_json:
        print_json(report)
        return
    typer.echo(f"{report.lines} lines, {report.skipped} skipped, {report.bad_count} wrong")
    for line in report.bad[:SHOWN_MAX]:
        typer.echo(f"  line {line.line}: {line.problem}", err=True)
    if report.id is None:
        typer.echo("Nothing was kept.")
        return
    counts = ", ".join(f"{count} {kind}" for kind, count in report.differences.items())
    typer.echo(f"Run {report.id}: {report.matched} matched, {counts}")


@app.command("show")
def show_(
    code: Annotated[str | None, typer.Argument(help="Only this supplier.")] = None,
    kind: Annotated[
        str | None,
        typer.Option(help="missing_there, missing_here, amount_differs or serial_differs."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    limit: Limit = 100,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Show differences and how old they are.

    Example: gerbang recon show maju --kind amount_differs
    """

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        page = await list_differences(
            connection, supplier=code, kind=kind, open_only=not every, limit=limit
        )
        return page | {"ages": await list_ages(connection, code)}

    found = in_database(data_dir, work)
    if as_json:
        print_json(found)
        return
    names = ("supplier", "kind", "open", "amount", "days_0_1", "days_2_7", "days_8_30", "days_31")
    show(found["ages"], {name: name.replace("_", " ") for name in names})
    columns = {
        "id": "id",
        "supplier": "supplier",
        "reference": "reference",
        "kind": "what",
        "ours_amount": "ours",
        "theirs_amount": "theirs",
        "attempt_state": "attempt",
        "age_days": "days",
        "case_id": "case",
        "resolution": "resolution",
    }
    show([{**item, "id": str(item["id"])} for item in found["items"]], columns)


@app.command()
def case(difference_id: Difference, data_dir: DataDir = None) -> None:
    """Open a case about a difference, once.

    Example: gerbang recon case 12
    """

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        return await open_case(connection, difference_id, actor=actor())

    show_one(in_database(data_dir, work))


@app.command()
def close(
    difference_id: Difference,
    reason: Annotated[str, typer.Option(help="Stays with it.")],
    data_dir: DataDir = None,
) -> None:
    """Close a difference without a correction; it opens again when a statement changes it.

    Example: gerbang recon close 12 --reason "repaid in September"
    """

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        return await close_difference(connection, difference_id, reason=reason, actor=actor())

    show_one(in_database(data_dir, work))


@app.command()
def correct(
    difference_id: Difference,
    note: Annotated[str, typer.Option(help="Stays with the transfer.")],
    data_dir: DataDir = None,
) -> None:
    """Book what the supplier says, once: our float there against our corrections.

    Example: gerbang recon correct 12 --note "as their statement of August says"
    """

    async def work(node: Node) -> dict[str, Any]:
        return await correct_difference(
            node.pool, node.lane, difference_id, note=note, actor=actor()
        )

    show_one(in_node(data_dir, work))
