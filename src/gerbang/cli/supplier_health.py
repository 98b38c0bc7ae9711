"""``gerbang supplier health``: who is not trusted with orders now, and why."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gerbang.cli.context import AsJson, DataDir, actor, in_database, print_json, show
from gerbang.errors import BadInputError
from gerbang.postgres.pool import Connection
from gerbang.routing.read import show_health, trust_again
from gerbang.secrets_box import SecretBox


def health(
    code: Annotated[str | None, typer.Argument(help="Only this supplier.")] = None,
    every: Annotated[bool, typer.Option("--all", help="What was distrusted lately, too.")] = False,
    trust: Annotated[
        bool, typer.Option("--trust", help="Send it orders again at once; needs --reason.")
    ] = False,
    product: Annotated[str | None, typer.Option(help="With --trust: only this product.")] = None,
    reason: Annotated[str, typer.Option(help="With --trust: why.")] = "",
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Show which suppliers and products are not trusted with orders now, and why.

    Example: gerbang supplier health maju --trust --reason "they called: mended"
    """

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        if not trust:
            return await show_health(connection, code, every=every)
        if code is None:
            raise BadInputError("--trust needs the supplier's code")
        return await trust_again(connection, code, product=product, reason=reason, actor=actor())

    found = in_database(data_dir, work)
    if as_json:
        print_json(found)
        return
    names = ("supplier", "product", "state", "reason", "since", "retry_at", "openings", "node")
    show(found["circuits"], {name: name.replace("_", " ") for name in names})
    if found["closed_products"]:
        show(found["closed_products"], {"code": "closed product", "health_reason": "why"})
    elif not found["circuits"]:
        typer.echo("Everybody is trusted.")
