"""``gerbang sandbox``: the clock of testing, and suppliers that invent everything."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gerbang.cli.context import AsJson, DataDir, actor, in_database, show_one
from gerbang.dialects.names import credential_forms
from gerbang.postgres.pool import Connection
from gerbang.sandbox.move_clock import move_clock, show_clock
from gerbang.secrets_box import SecretBox

app = typer.Typer(no_args_is_help=True, help="The sandbox clock, and fake suppliers.")
clock = typer.Typer(
    no_args_is_help=True,
    help=(
        "The clock of testing orders and sandboxed resellers, which a demo's operator moves.\n\n"
        "Inquiries, tickets, retries and pending orders follow it; request timestamps, logins, "
        "claims, seals and the ledger's days never do."
    ),
)
app.add_typer(clock, name="clock")


@clock.command()
def advance(
    seconds: Annotated[int, typer.Argument(help="How far forward; it never goes back.", min=0)],
    data_dir: DataDir = None,
) -> None:
    """Move the sandbox clock; gateways know within a second.

    Example: gerbang sandbox clock advance 301
    """

    async def work(connection: Connection, _box: SecretBox) -> int:
        return await move_clock(connection, seconds, actor=actor())

    offset_s = in_database(data_dir, work)
    typer.echo(f"The sandbox clock stands {offset_s} s ahead of real time.")


@clock.command("show")
def show_(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Show where the sandbox clock stands."""

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        return await show_clock(connection)

    found = in_database(data_dir, work)
    show_one({"offset_seconds": found["offset_s"], "movable": found["demo"]}, as_json=as_json)


def _known_dialect(name: str) -> str:
    if name not in credential_forms():
        raise typer.BadParameter(f"one of {', '.join(credential_forms())}")
    return name


def _credential_members() -> str:
    """Say what the buyer's credential is made of, in every dialect."""
    members = {
        name: [form.key_name, *(secret for secret, _ in form.secrets)]
        for name, form in credential_forms().items()
    }
    return ", ".join(f"{{{', '.join(names)}}} for {name}" for name, names in members.items())


@app.command()
def supplier(
    *,
    dialect: Annotated[
        str, typer.Option(help=f"One of {', '.join(credential_forms())}.", callback=_known_dialect)
    ],
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one and prints it.")],
    journal: Annotated[Path, typer.Option(help="File that keeps every order over restarts.")],
    credential: Annotated[
        str,
        typer.Option(
            envvar="GERBANG_SANDBOX_CREDENTIAL",
            help=f"JSON: {_credential_members()}.",
        ),
    ],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    callback_url: Annotated[
        str, typer.Option(help="Where callbacks go; without it there are none.")
    ] = "",
    prices: Annotated[
        Path | None, typer.Option(help="JSON file {code: rupiah}; other codes cost Rp5,000.")
    ] = None,
    bills: Annotated[
        Path | None,
        typer.Option(help='JSON file {code: {"service", "fee", "net"}} of bills to sell.'),
    ] = None,
    orders_max: Annotated[
        int, typer.Option(min=1, help="Orders it keeps, in memory too; it refuses further ones.")
    ] = 1_000_000,
    tls: Annotated[
        bool, typer.Option(help="HTTPS, with a certificate of its own beside the journal.")
    ] = False,
    faults: Annotated[
        str,
        typer.Option(
            help=(
                "What goes wrong, as shares of 1: seed=42,drop_after=0.05,... Replies: delay, "
                "drop_before, drop_after, garbage, half_body, trickle. Callbacks: duplicate, "
                "contradict, before_reply, lost, wrong_signature. Others: price_change, "
                "tls_failure. Also delay_ms and trickle_ms."
            ),
        ),
    ] = "",
) -> None:
    """Serve a fake supplier, which decides by the last four digits of the destination.

    Example: gerbang sandbox supplier --dialect socx --port 8101 --journal var/fake.jsonl
    """
    from gerbang.sandbox.supplier import OptionsRefusedError, SupplierOptions, run_supplier

    options = SupplierOptions(
        dialect=dialect,
        host=host,
        port=port,
        journal=journal,
        callback_url=callback_url,
        credential=credential,
        prices=prices,
        bills=bills,
        orders_max=orders_max,
        tls=tls,
        faults=faults,
    )
    try:
        run_supplier(options)
    except OptionsRefusedError as error:
        raise typer.BadParameter(str(error)) from None
