"""``gerbang supplier sync``: a supplier's price list into the costs of our routes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gerbang.cli.context import AsJson, DataDir, actor, cell, in_node, print_json, show
from gerbang.dialects.registry import DIALECTS
from gerbang.errors import NotFoundError
from gerbang.outbound.addresses import AddressPolicy
from gerbang.suppliers.fetch_prices import fetch_prices
from gerbang.suppliers.sync_prices import (
    PriceList,
    SyncReport,
    read_price_list,
    settings_of,
    sync_prices,
)

if TYPE_CHECKING:
    from gerbang.app import Node

SHOWN_MAX = 40


def sync(
    code: Annotated[str, typer.Argument(help="The supplier's code.")],
    csv: Annotated[
        Path | None,
        typer.Option(help="A CSV file; without one the supplier is asked.", exists=True),
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Write; else only say.")] = False,
    partial: Annotated[
        bool, typer.Option("--partial", help="The file does not list everything.")
    ] = False,
    accept: Annotated[
        list[str] | None, typer.Option(help="Take this code out of quarantine; repeat.")
    ] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Compare a supplier's price list with our routes; --apply takes the costs over.

    Example: gerbang supplier sync maju --csv prices.csv --apply
    """

    async def work(node: Node) -> SyncReport:
        price_list = await _price_list(node, code, csv, partial=partial)
        async with node.pool.acquire() as connection, connection.transaction():
            return await sync_prices(
                connection, code, price_list, actor=actor(), apply=apply, accepted=accept or ()
            )

    report = in_node(data_dir, work)
    if as_json:
        print_json(report)
        return
    _tell(report)


async def _price_list(node: Node, code: str, csv: Path | None, *, partial: bool) -> PriceList:
    if csv is not None:
        _, settings = await settings_of(node.pool, code)
        return read_price_list(csv, settings, partial=partial)
    supplier = node.snapshot.supplier_by_code(code)
    if supplier is None:
        raise NotFoundError(f"no supplier {code}")
    return await fetch_prices(
        supplier,
        dialects=DIALECTS,
        outbound=node.outbound,
        addresses=AddressPolicy(allow_private=node.settings.supplier_private_addresses_allowed),
        clock=node.clock,
    )


def _tell(report: SyncReport) -> None:
    counts = ", ".join(f"{count} {kind}" for kind, count in report.counts.items())
    typer.echo(f"{report.lines} lines: {counts}; {report.quarantined} in quarantine")
    columns = {
        "kind": "what",
        "code": "its code",
        "product": "product",
        "before": "cost",
        "after": "new cost",
        "quarantined": "in quarantine",
    }
    rows = [{name: getattr(d, name) for name in columns} for d in report.differences[:SHOWN_MAX]]
    if rows:
        show(rows, columns)
    for product in report.below_cost[:SHOWN_MAX]:
        price = cell(product["base_price"])
        typer.echo(f"  {product['code']}: base price {price} below cost {cell(product['cost'])}")
    for line in report.bad[:SHOWN_MAX]:
        typer.echo(f"  line {line.line}: {line.problem}", err=True)
    if not report.complete:
        typer.echo("Not a complete list: nothing counts as gone.")
    typer.echo("Written." if report.applied else "Nothing was written.")
