"""``gerbang sandbox``: suppliers that invent everything, for demos and tests."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

app = typer.Typer(no_args_is_help=True, help="Fake suppliers, for demos and tests.")

_DIALECTS: Final = ("socx", "isikuota", "otomax")


@app.callback()
def sandbox() -> None:
    """Keep `supplier` a command of its own, although it is the only one."""


def _known_dialect(name: str) -> str:
    if name not in _DIALECTS:
        raise typer.BadParameter(f"one of {', '.join(_DIALECTS)}")
    return name


@app.command()
def supplier(
    *,
    dialect: Annotated[
        str, typer.Option(help="socx, isikuota or otomax.", callback=_known_dialect)
    ],
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one and prints it.")],
    journal: Annotated[Path, typer.Option(help="File that keeps every order over restarts.")],
    credential: Annotated[
        str,
        typer.Option(
            envvar="GERBANG_SANDBOX_CREDENTIAL",
            help=(
                'JSON: {"token"} for socx, {"api_id", "api_key", "secret_key"} for isikuota, '
                '{"memberID", "pin", "password"} for otomax.'
            ),
        ),
    ],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    callback_url: Annotated[
        str, typer.Option(help="Where callbacks go; without it there are none.")
    ] = "",
    prices: Annotated[
        Path | None, typer.Option(help="JSON file {code: rupiah}; other codes cost Rp5,000.")
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
    """Serve a fake supplier, which decides by the last four digits of the destination."""
    from gerbang.sandbox.supplier import OptionsRefusedError, SupplierOptions, run_supplier

    options = SupplierOptions(
        dialect=dialect,
        host=host,
        port=port,
        journal=journal,
        callback_url=callback_url,
        credential=credential,
        prices=prices,
        orders_max=orders_max,
        tls=tls,
        faults=faults,
    )
    try:
        run_supplier(options)
    except OptionsRefusedError as error:
        raise typer.BadParameter(str(error)) from None
