"""``gerbang callback``: what resellers were told, telling it again, and why it fails."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import typer

from gerbang.callbacks.doctor import Finding, diagnose
from gerbang.callbacks.resend import list_callbacks, resend_callback
from gerbang.cli.context import AsJson, DataDir, Limit, actor, in_database, print_json, show
from gerbang.outbound.addresses import AddressPolicy
from gerbang.outbound.client import OutboundClient, OutboundSettings
from gerbang.postgres.pool import Connection
from gerbang.secrets_box import SecretBox
from gerbang.settings import load_settings

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "Callbacks to resellers.\n\n"
        "  gerbang callback list --status exhausted\n\n"
        "  gerbang callback resend 1234\n\n"
        "  gerbang callback doctor https://toko.example/callback"
    ),
)


@app.command("list")
def list_(
    reseller: Annotated[str | None, typer.Option(help="Only of this reseller.")] = None,
    status: Annotated[
        str | None, typer.Option(help="waiting, due, delivered or exhausted.")
    ] = None,
    order: Annotated[int | None, typer.Option(help="Only of this order.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """List callbacks, newest first.

    Example: gerbang callback list --status exhausted
    """

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        return await list_callbacks(
            connection, reseller=reseller, state=status, order_id=order, limit=limit
        )

    columns = {
        "id": "id",
        "occurred_at": "at (WIB)",
        "reseller_code": "reseller",
        "reference": "reference",
        "event": "event",
        "state": "state",
        "attempts_count": "tries",
        "last_status": "status",
        "last_error": "error",
    }
    rows = in_database(data_dir, work)["items"]
    shown = rows if as_json else [{**row, "id": str(row["id"])} for row in rows]
    show(shown, columns, as_json=as_json)


@app.command()
def resend(
    callback_id: Annotated[int, typer.Argument(help="See `gerbang callback list`.", min=1)],
    data_dir: DataDir = None,
) -> None:
    """Deliver a callback once more: the original event, id and time. The gateway sends it.

    Example: gerbang callback resend 12345
    """

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        return await resend_callback(connection, callback_id, actor=actor())

    in_database(data_dir, work)
    typer.echo("It is due: a running gateway sends it now.")


@app.command()
def doctor(
    url: Annotated[str, typer.Argument(help="The receiver's address.")],
    as_json: AsJson = False,
) -> None:
    """Find out why a receiver fails: name, address, connection, TLS, answer. Sends one test.

    For a merchant's notifications of card payments see also `gerbang merchant doctor`, which sends
    the newest one again.

    Exit code 1 when something is wrong.

    Example: gerbang callback doctor https://toko.example/report
    """
    findings = asyncio.run(_diagnose(url))
    if as_json:
        print_json(findings)
    for finding in () if as_json else findings:
        typer.echo(f"{'ok ' if finding.ok else 'BAD'} {finding.step}: {finding.text}")
        if finding.advice:
            typer.echo(f"    {finding.advice}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


async def _diagnose(url: str) -> list[Finding]:
    settings = load_settings()
    client = OutboundClient(
        OutboundSettings(
            supplier_idle_reuse_ms_max=settings.supplier_idle_reuse_ms_max,
            callback_source_ip=settings.callback_source_ip,
        )
    )
    addresses = AddressPolicy(allow_private=settings.callback_private_addresses_allowed)
    try:
        return await diagnose(url, client=client, addresses=addresses)
    finally:
        await client.close()
