"""``gerbang product``: what is sold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from gerbang.catalog.admin import (
    ProductChange,
    change_product,
    list_products,
    set_price,
    show_product,
)
from gerbang.catalog.import_csv import ImportReport, import_products
from gerbang.cli.context import (
    AsJson,
    DataDir,
    Limit,
    actor,
    cell,
    in_database,
    in_node,
    print_json,
    show,
    show_one,
)
from gerbang.errors import converted
from gerbang.money import format_dots
from gerbang.postgres.pool import Connection
from gerbang.secrets_box import SecretBox

if TYPE_CHECKING:
    from gerbang.app import Node
    from gerbang.routing.foresee import Foresight

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "Products and prices.\n\n"
        "  gerbang product import prices.csv --dry-run   see what would change\n\n"
        "  gerbang product disturb TSEL10 'operator is slow'\n\n"
        "  gerbang product price TSEL10 11450 --list gold\n\n"
        "  gerbang product route TSEL10 --reseller TOKO1 --destination 081234567890   who wins now"
    ),
)
Code = Annotated[str, typer.Argument(help="The product's code.")]
SHOWN_MAX = 20


@app.command()
def route(
    code: Code,
    reseller: Annotated[str, typer.Option(help="For whom.")],
    destination: Annotated[str, typer.Option(help="Number or customer; rules look at it.")],
    amount: Annotated[int | None, typer.Option(help="Of an open denomination.")] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Show which supplier an order would go to right now, and why; nothing is bought.

    What a node has on the wire just now only its API (/api/routes/choice) and console see.

    Example: gerbang product route TSEL10 --reseller TOKO1 --destination 081234567890
    """

    async def work(node: Node) -> Foresight:
        return node.memory.foresee(
            product=code, reseller=reseller, destination=destination, quantity=amount
        )

    seen = in_node(data_dir, work)
    if as_json:
        print_json(seen.as_json())
        return
    if seen.refused:
        why = f" ({seen.refused_message})" if seen.refused_message else ""
        typer.echo(f"The order would be refused: {seen.refused}{why}. As for its routes:")
    elif seen.supplier is None:
        typer.echo("Nobody would get it.")
    else:
        gain = f", sold for Rp{format_dots(seen.price)}" if seen.price else ""
        typer.echo(f"{seen.supplier} would get it for Rp{format_dots(seen.cost or 0)}{gain}.")
    rows = [{"supplier": v.supplier, "code": v.code, "why": v.sentence} for v in seen.verdicts]
    show(rows, {"supplier": "supplier", "code": "code", "why": "why"})


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A CSV file.", exists=True, dir_okay=False)],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave out wrong lines instead of refusing all.")
    ] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Import products from a CSV file; 100,000 rows take seconds.

    The first line names the columns: code and any of name, category, brand, operator, kind,
    status, status_reason, base_price (or price), cost, admin_fee, amount_min, amount_max,
    amount_step, cut_off_start, cut_off_end, same_day_rule, description, service, biller, supplier,
    supplier_code.
    An empty cell keeps what is there. Exit code 1 when a line is wrong and nothing was written.

    Example: gerbang product import products.csv --dry-run
    """
    data = file.read_bytes()
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console
    ) as bar:
        task = bar.add_task("reading", total=None)

        def tell(step: str, done: int, total: int) -> None:
            bar.update(task, description=step, completed=done, total=total or None)

        async def work(connection: Connection, _box: SecretBox) -> ImportReport:
            return await import_products(
                connection, data, actor=actor(), dry_run=dry_run, skip_bad=skip_bad, progress=tell
            )

        report = in_database(data_dir, work)
    _tell_report(report, as_json=as_json)
    if report.errors_count and not (dry_run or report.applied):
        raise typer.Exit(1)


def _tell_report(report: ImportReport, *, as_json: bool) -> None:
    if as_json:
        print_json(report)
        return
    typer.echo(
        f"{report.new} new, {report.changed} changed, {report.unchanged} unchanged,"
        f" {report.errors_count} wrong, {report.new_categories} new categories"
    )
    for change in report.changes[:SHOWN_MAX]:
        words = (f"{k} {cell(change.before[k])} → {cell(v)}" for k, v in change.after.items())
        typer.echo(f"  line {change.line} {change.code}: {', '.join(words)}")
    if report.changed > SHOWN_MAX:
        typer.echo(f"  … and {report.changed - SHOWN_MAX} more (--json has them)")
    for error in report.errors[:SHOWN_MAX]:
        typer.echo(f"  line {error.line} {error.code}: {error.problem}", err=True)
    if report.errors_count > SHOWN_MAX:
        typer.echo(f"  … and {report.errors_count - SHOWN_MAX} more (--json has them)", err=True)
    typer.echo("Written." if report.applied else "Nothing was written.")


@app.command("list")
def list_(
    search: Annotated[str | None, typer.Argument(help="Part of code, name or brand.")] = None,
    category: Annotated[str | None, typer.Option(help="Only this category.")] = None,
    status: Annotated[str | None, typer.Option(help="open, closed or disturbed.")] = None,
    after: Annotated[str, typer.Option(help="Go on after this code.")] = "",
    limit: Limit = 100,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """List products.

    Example: gerbang product list telkomsel --status disturbed
    """

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        return await list_products(
            connection, after=after, limit=limit, category=category, status=status, search=search
        )

    columns = {
        "code": "code",
        "name": "name",
        "category": "category",
        "status": "status",
        "base_price": "price",
        "cost": "cost",
        "routes_enabled": "routes",
        "status_reason": "reason",
    }
    show(in_database(data_dir, work)["items"], columns, as_json=as_json)


@app.command("show")
def show_(code: Code, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Show one product with its fixed prices.

    Example: gerbang product show HSA5
    """

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        return await show_product(connection, code)

    show_one(in_database(data_dir, work), as_json=as_json)


@app.command("open")
def open_(code: Code, data_dir: DataDir = None) -> None:
    """Sell it again.

    Example: gerbang product open HSA5
    """
    _change(data_dir, code, status="open")


@app.command()
def close(
    code: Code,
    reason: Annotated[str, typer.Argument(help="What resellers are told.")] = "",
    data_dir: DataDir = None,
) -> None:
    """Stop selling it.

    Example: gerbang product close HSA5 "no supplier left"
    """
    _change(data_dir, code, status="closed", status_reason=reason)


@app.command()
def disturb(
    code: Code,
    reason: Annotated[str, typer.Argument(help="What resellers are told.")] = "",
    data_dir: DataDir = None,
) -> None:
    """Say that it has trouble: orders are refused as *disturbed* until it is opened.

    Example: gerbang product disturb HSA5 "operator down since 10:15"
    """
    _change(data_dir, code, status="disturbed", status_reason=reason)


@app.command()
def price(
    code: Code,
    amount: Annotated[int, typer.Argument(help="Rupiah.", min=0)],
    price_list: Annotated[
        str | None, typer.Option("--list", help="Fix it in this price list only.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Set the base price, or a fixed price of one list.

    Example: gerbang product price TSEL10 11500 --list gold
    """
    if price_list is None:
        _change(data_dir, code, base_price=amount)
        return

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        await set_price(connection, price_list, code, amount, actor=actor())
        return await show_product(connection, code)

    show_one(in_database(data_dir, work))


def _change(data_dir: Path | None, code: str, **values: Any) -> None:
    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        change = converted(values, ProductChange)
        return await change_product(connection, code, change, actor=actor())

    show_one(in_database(data_dir, work))
