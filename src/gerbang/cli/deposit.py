"""``gerbang deposit``: tickets, the bank's lines, and the queue."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from gerbang.cli.acting import AsUser, acting
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
from gerbang.clock import business_day
from gerbang.deposits import admin, decide, read
from gerbang.deposits.open import cancel_ticket, ticket_refused
from gerbang.deposits.statement import StatementError, read_statement
from gerbang.deposits.store import SQL
from gerbang.dialects.contract import Refusal, TicketRequest
from gerbang.errors import BadInputError, NotFoundError
from gerbang.postgres.pool import Connection
from gerbang.secrets_box import SecretBox

if TYPE_CHECKING:
    from gerbang.app import Node

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "Deposit tickets, the bank's lines, and the queue of those that a person must see.\n\n"
        "  gerbang deposit bank add BCA 1234567890 'PT Contoh'\n\n"
        "  gerbang deposit ticket TOKO 1000000\n\n"
        "  gerbang deposit lines mutasi.csv --format bca --account 1234567890\n\n"
        "  gerbang deposit queue"
    ),
)
bank = typer.Typer(no_args_is_help=True, help="Our bank accounts that deposits may come to.")
source = typer.Typer(no_args_is_help=True, help="Statement services that push lines to us.")
app.add_typer(bank, name="bank")
app.add_typer(source, name="source")

LineId = Annotated[int, typer.Argument(help="The line's id, see `gerbang deposit queue`.", min=1)]
ProposalId = Annotated[int, typer.Argument(help="The proposal's id.", min=1)]
State = Annotated[str | None, typer.Option(help="Only those in this state.")]
_TICKET: Final = {
    "id": "id", "reseller": "reseller", "testing": "test", "state": "state",
    "simulated": "as if", "amount": "amount", "unique": "unique",
    "fee": "fee", "grand_total": "total", "valid_before": "valid before (WIB)",
    "bank_line_id": "line",
}  # fmt: skip
_LINE: Final = {
    "id": "id", "at": "at (WIB)", "account_no": "account", "direction": "way", "amount": "amount",
    "state": "state", "verdict": "verdict", "reseller": "reseller", "description": "description",
}  # fmt: skip


# --- tickets --------------------------------------------------------------------------------------


@app.command()
def ticket(
    reseller: Annotated[str, typer.Argument(help="The reseller's code.")],
    amount: Annotated[int, typer.Argument(help="Rupiah.", min=1)],
    testing: Annotated[bool, typer.Option(help="A test: never paid.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Open a ticket for a reseller, or show the open one for the same amount.

    Example: gerbang deposit ticket TOKO1 1000000
    """

    async def work(node: Node) -> dict[str, Any]:
        found = await node.pool.fetchrow(SQL.reseller_by_code, reseller)
        if found is None:
            raise NotFoundError(f"no reseller {reseller}")
        asked = TicketRequest(dialect="cli", amount=amount, testing=testing)
        result = await node.deposits.open_ticket(found["id"], asked)
        if isinstance(result, Refusal):
            raise ticket_refused(result)
        return await read.show_ticket(node.pool, result.id)

    show_one(in_node(data_dir, work))


@app.command()
def tickets(
    reseller: Annotated[str | None, typer.Option(help="Only of this reseller.")] = None,
    state: State = None,
    limit: Limit = 100,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """List tickets, newest first.

    Example: gerbang deposit tickets --reseller TOKO1 --state open
    """

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        return await read.list_tickets(connection, reseller=reseller, state=state, limit=limit)

    show(in_database(data_dir, work)["items"], _TICKET, as_json=as_json)


@app.command()
def cancel(
    ticket_id: Annotated[int, typer.Argument(help="The ticket's id.", min=1)],
    data_dir: DataDir = None,
) -> None:
    """Close an open ticket; its total stays reserved for seven days.

    Example: gerbang deposit cancel 7
    """

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        return await cancel_ticket(connection, ticket_id, actor=actor())

    show_one(in_database(data_dir, work))


# --- lines ----------------------------------------------------------------------------------------


@app.command()
def lines(
    file: Annotated[Path | None, typer.Argument(help="A CSV statement; none lists.")] = None,
    account: Annotated[str, typer.Option(help="Our account number, where the file has none.")] = "",
    columns: Annotated[
        str, typer.Option("--format", help="bca, mandiri, bri, bni, or a saved map.")
    ] = "bca",
    state: State = None,
    limit: Limit = 100,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Take the lines of a CSV statement and credit what is exact; without a file, list lines.

    Example: gerbang deposit lines mutasi.csv --format bca --account 1234567890
    """

    async def take(node: Node) -> dict[str, Any]:
        found = await admin.find_format(node.pool, columns)
        today = business_day(node.clock.now())
        try:
            read_lines = read_statement(data, found, account_no=account, today=today)
        except StatementError as error:
            raise BadInputError(str(error)) from error
        return await node.deposits.take_lines(read_lines, source=f"csv:{columns}")

    async def list_(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        return await read.list_lines(
            connection, state=state, account_no=account or None, limit=limit
        )

    if file is None:
        show(in_database(data_dir, list_)["items"], _LINE, as_json=as_json)
        return
    data = file.read_bytes()
    taken = in_node(data_dir, take)
    if as_json:
        print_json(taken)
        return
    problems = [item for item in taken["items"] if item.get("state") != "credited"]
    show(problems, {"index": "line", "status": "status", "verdict": "verdict", "why": "why"})
    show_one({name: taken[name] for name in ("new", "known", "refused")})


@app.command("match")
def match_(data_dir: DataDir = None) -> None:
    """Judge lines that wait and carry out credits now; a running gateway does it every second."""

    async def work(node: Node) -> dict[str, Any]:
        return {"credited": await node.deposits.credit()}

    show_one(in_node(data_dir, work))


@app.command()
def queue(limit: Limit = 100, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """List the lines that a person must see, why, and what is proposed."""

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        return await read.list_lines(connection, state="queued", limit=limit)

    items = in_database(data_dir, work)["items"]
    for item in items:
        item["why"] = item["explanation"].get("why", "")
        waiting = item["proposal"] or {}
        item["proposed"] = f"{waiting['id']} by {waiting['maker']}" if waiting else None
    columns = {**_LINE, "why": "why", "proposed": "proposal"}
    for name in ("state", "direction", "reseller"):
        del columns[name]
    show(items, columns, as_json=as_json)


# --- two persons ----------------------------------------------------------------------------------


@app.command()
def propose(
    line_id: LineId,
    note: Annotated[str, typer.Option(help="Why; it stays with the credit.")],
    ticket_id: Annotated[int | None, typer.Option("--ticket", help="Pay this ticket.")] = None,
    reseller: Annotated[str | None, typer.Option(help="Credit without a ticket.")] = None,
    set_aside: Annotated[bool, typer.Option("--set-aside", help="It is no deposit.")] = False,
    user: AsUser = None,
    data_dir: DataDir = None,
) -> None:
    """Say what a queued line is; another person approves.

    Example: gerbang deposit propose 12 --ticket 7 --note "came late" --user ani
    """
    who = acting(data_dir, user)

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        if set_aside:
            return await decide.propose_set_aside(connection, line_id, note=note, actor=who)
        return await decide.propose_credit(
            connection, line_id, reseller=reseller, ticket_id=ticket_id, note=note, actor=who
        )

    show_one(in_database(data_dir, work))


@app.command()
def approve(proposal_id: ProposalId, user: AsUser = None, data_dir: DataDir = None) -> None:
    """Agree with another person's proposal; a credit is booked at once.

    Example: gerbang deposit approve 3 --user budi
    """
    who = acting(data_dir, user)

    async def work(node: Node) -> dict[str, Any]:
        async with node.pool.acquire() as connection, connection.transaction():
            shown = await decide.approve(connection, proposal_id, actor=who)
        await node.deposits.credit()
        return shown

    show_one(in_node(data_dir, work))


@app.command()
def reject(proposal_id: ProposalId, user: AsUser = None, data_dir: DataDir = None) -> None:
    """Disagree with a proposal, or take it back; the line stays in the queue.

    Example: gerbang deposit reject 3 --user budi
    """
    who = acting(data_dir, user)

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        return await decide.reject(connection, proposal_id, actor=who)

    show_one(in_database(data_dir, work))


# --- accounts, formats, sources -------------------------------------------------------------------


@bank.command("add")
def add_bank(
    bank_name: Annotated[str, typer.Argument(help="Its short name, like BCA.")],
    account_no: Annotated[str, typer.Argument(help="Digits.")],
    beneficiary_name: Annotated[str, typer.Argument(help="Whose it is.")],
    data_dir: DataDir = None,
) -> None:
    """Add an account; new tickets list it.

    Example: gerbang deposit bank add BCA 1234567890 'PT Contoh'
    """

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        return await admin.create_bank(
            connection,
            bank_name=bank_name,
            account_no=account_no,
            beneficiary_name=beneficiary_name,
            actor=actor(),
        )

    show_one(in_database(data_dir, work))


@bank.command("list")
def list_banks(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """List our accounts."""

    async def work(connection: Connection, _box: SecretBox) -> list[dict[str, Any]]:
        return await admin.list_banks(connection)

    names = ("id", "bank_name", "account_no", "beneficiary_name", "active")
    show(in_database(data_dir, work), {name: name for name in names}, as_json=as_json)


@bank.command("set")
def set_bank(
    account_no: Annotated[str, typer.Argument(help="Its number.")],
    active: Annotated[bool | None, typer.Option("--active/--inactive", help="List it?")] = None,
    beneficiary_name: Annotated[str | None, typer.Option(help="Whose it is.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Change an account; an inactive one is on no new ticket.

    Example: gerbang deposit bank set 1234567890 --inactive
    """

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        return await admin.change_bank(
            connection,
            account_no,
            active=active,
            beneficiary_name=beneficiary_name,
            actor=actor(),
        )

    show_one(in_database(data_dir, work))


@app.command("formats")
def formats(
    save: Annotated[str | None, typer.Option(help="Save a map under this name.")] = None,
    file: Annotated[Path | None, typer.Option(help="JSON with the map to save.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Show the column maps of CSV statements, or save one.

    Example: gerbang deposit formats --save bca --file own.json
    """
    import msgspec

    async def work(connection: Connection, _box: SecretBox) -> dict[str, Any]:
        if save is not None and file is not None:
            try:
                columns = msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise BadInputError(f"{file} is no JSON object: {error}") from error
            await admin.save_format(connection, save, columns, actor=actor())
        elif save is not None:
            raise BadInputError("--save needs --file")
        return await admin.list_formats(connection)

    print_json(in_database(data_dir, work))


@source.command("issue")
def issue_source(
    name: Annotated[str, typer.Argument(help="Small letters and digits.")],
    data_dir: DataDir = None,
) -> None:
    """Let a service push lines; prints its secret, which is never shown again.

    Example: gerbang deposit source issue mutasiku
    """

    async def work(connection: Connection, box: SecretBox) -> dict[str, str]:
        return await admin.issue_source(connection, name, box=box, actor=actor())

    show_one(in_database(data_dir, work))


@source.command("list")
def list_sources(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """List the services."""

    async def work(connection: Connection, _box: SecretBox) -> list[dict[str, Any]]:
        return await admin.list_sources(connection)

    columns = {"name": "name", "active": "active", "created_at": "since"}
    show(in_database(data_dir, work), columns, as_json=as_json)


@source.command("close")
def close_source(
    name: Annotated[str, typer.Argument(help="Its name.")], data_dir: DataDir = None
) -> None:
    """Believe a service no more.

    Example: gerbang deposit source close mutasiku
    """

    async def work(connection: Connection, _box: SecretBox) -> None:
        await admin.close_source(connection, name, actor=actor())

    in_database(data_dir, work)
