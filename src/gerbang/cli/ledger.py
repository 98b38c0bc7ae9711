"""``gerbang ledger``: money by hand, statements, and the whole book recomputed."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from gerbang.cli.acting import AsUser, acting
from gerbang.cli.context import (
    AsJson,
    DataDir,
    Limit,
    actor,
    address,
    cell,
    in_database,
    in_node,
    print_json,
    show,
    show_one,
    told_plainly,
)
from gerbang.ledger.credit import credit_reseller
from gerbang.ledger.read import statement as read_statement
from gerbang.ledger.seal import Seal, seal_days
from gerbang.ledger.verify import Verification
from gerbang.ledger.verify import verify as verify_ledger
from gerbang.postgres.pool import Connection, connect
from gerbang.secrets_box import SecretBox
from gerbang.settings import load_settings

if TYPE_CHECKING:
    from gerbang.app import Node

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "The ledger.\n\n"
        "  gerbang ledger verify                recompute everything\n\n"
        "  gerbang ledger credit TOKO1 1000000 --key bca-0001 --note 'transfer BCA'\n\n"
        "  gerbang ledger statement TOKO1       the account's entries (mutasi)"
    ),
)
Code = Annotated[str, typer.Argument(help="The reseller's code.")]
Amount = Annotated[int, typer.Argument(help="Rupiah.", min=1)]
Key = Annotated[str, typer.Option(help="Makes it happen once, for example the bank's number.")]
Note = Annotated[str, typer.Option(help="Stays with it; the reseller sees it.")]


@app.command()
def verify(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Recompute the whole ledger: exit code 0 when nothing differs, else 1 and every difference.

    Reads one moment's state, so it may run at any time.
    """

    async def work(connection: Connection) -> Verification:
        return await verify_ledger(connection)

    result = _alone(data_dir, work)
    if as_json:
        print_json({**msgspec.to_builtins(result), "clean": result.clean})
    else:
        rows = [
            {"name": c.name, "result": f"{len(c.differences)} differ" if c.differences else "ok"}
            for c in result.checks
        ]
        show(rows, {"name": "check", "result": "result"})
        counts = {"accounts": result.accounts, "transfers": result.transfers}
        counts |= {"entries": result.entries, "orders": result.orders}
        typer.echo(", ".join(f"{cell(n)} {name}" for name, n in counts.items()))
        for check in result.checks:
            for difference in check.differences:
                typer.echo(f"{check.name}: {difference}", err=True)
    if not result.clean:
        raise typer.Exit(1)


@app.command()
def seal(data_dir: DataDir = None) -> None:
    """Seal every finished day that is not sealed yet. A gateway does this by itself."""

    async def work(connection: Connection) -> list[Seal]:
        return await seal_days(connection)

    seals = _alone(data_dir, work)
    for one in seals:
        typer.echo(f"{one.business_day} {one.transfers_count} transfers {one.hash.hex()}")
    if not seals:
        typer.echo("Nothing to seal.")


@app.command()
def statement(
    code: Annotated[str, typer.Argument(help="A reseller's code, or an account like bank:main.")],
    before: Annotated[int | None, typer.Option(help="Go on before this position.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Show an account's entries, newest first, with the balance after each.

    Example: gerbang ledger statement reseller:TOKO1 --limit 20
    """
    account = code if ":" in code else f"reseller:{code}"

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        return await read_statement(connection, account, before=before, limit=limit)

    page = in_database(data_dir, work)
    if as_json:
        print_json(page)
        return
    columns = {
        "created_at": "at (WIB)",
        "event": "event",
        "amount": "amount",
        "balance": "balance",
        "key": "key",
        "reference": "reference",
        "note": "note",
    }
    show(page["items"], columns)


@app.command()
def credit(code: Code, amount: Amount, key: Key, note: Note = "", data_dir: DataDir = None) -> None:
    """Credit a reseller by hand: the bank has the money. What he owes us is paid first.

    The same key never credits twice, so a command may be repeated without fear.

    Example: gerbang ledger credit TOKO1 1000000 --key BANK-78 --note "transfer 12:30"
    """
    _move(data_dir, code, amount, key, note)


@app.command()
def debit(code: Code, amount: Amount, key: Key, note: Note = "", data_dir: DataDir = None) -> None:
    """Debit a reseller by hand: the money goes back to the bank. Never below the credit limit.

    Example: gerbang ledger debit TOKO1 50000 --key FIX-9 --note "credited twice"
    """
    _move(data_dir, code, -amount, key, note)


@app.command()
def correct(
    debit: Annotated[str, typer.Argument(help="Account to debit, as house:corrections.")],
    credit_: Annotated[str, typer.Argument(metavar="CREDIT", help="Account to credit.")],
    amount: Amount,
    key: Key,
    reason: Annotated[str, typer.Option(help="Stays with it.")],
    user: AsUser = None,
    data_dir: DataDir = None,
) -> None:
    """Correct a mistake: move money between two accounts, once per key.

    Example: gerbang ledger correct house:corrections reseller:TOKO1 5000 --key c-12 --reason "…"
    """
    who = acting(data_dir, user)

    async def work(node: Node) -> dict[str, Any]:
        return await node.approvals.correct(
            debit=debit, credit=credit_, amount=amount, key=key, reason=reason, actor=who
        )

    show_one(in_node(data_dir, work))


def _move(data_dir: Path | None, code: str, amount: int, key: str, note: str) -> None:
    async def work(node: Node) -> dict[str, Any]:
        credited = await credit_reseller(
            node.pool, node.lane, code, amount, key=key, note=note, actor=actor()
        )
        return msgspec.structs.asdict(credited)

    show_one(in_node(data_dir, work))


def _alone(data_dir: Path | None, work: Any) -> Any:
    """Do `work` with a connection that is in no transaction and has no time limit."""
    settings = load_settings(overrides={"data_dir": os.fspath(data_dir) if data_dir else None})

    async def run(url: str) -> Any:
        connection = await connect(url, statement_timeout_ms=0, idle_in_transaction_timeout_ms=0)
        try:
            return await work(connection)
        finally:
            await connection.close()

    with told_plainly(), address(settings) as url:
        return asyncio.run(run(url))
