"""``gerbang merchant checklist`` and its kin: what is proved of an integration, and by what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from gerbang.cards.checklist import is_passed, sheet
from gerbang.cards.evidence import read_checklist, say
from gerbang.cards.operate import cancel_payment, capture_payment
from gerbang.cli.context import AsJson, DataDir, actor, in_database, in_node, print_json, show_one
from gerbang.postgres.pool import Connection
from gerbang.secrets_box import SecretBox

if TYPE_CHECKING:
    from gerbang.app import Node

Imid = Annotated[str, typer.Argument(help="The iMid.")]
Txid = Annotated[str, typer.Argument(help="The tXid.")]
MARKS = {"green": "[x]", "open": "[ ]", "not_needed": " - "}


def checklist(
    imid: Imid,
    *,
    csv: Annotated[bool, typer.Option(help="The scenario sheet as CSV.")] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Judge a merchant's integration checklist. Exit code 1 while something is open.

    Example: gerbang merchant checklist TOKOKARTU1
    """

    async def work(connection: Connection, _box: SecretBox) -> Any:
        return await read_checklist(connection, imid)

    items = in_database(data_dir, work)
    if csv:
        typer.echo(sheet(items), nl=False)
    elif as_json:
        print_json([msgspec.structs.asdict(item) for item in items])
    else:
        for item in items:
            typer.echo(f"{MARKS[item.state]} {item.key}: {item.title}")
            if more := item.how or item.evidence:
                typer.echo(f"      {more}")
    if not is_passed(items):
        raise typer.Exit(1)


def reviewed(
    imid: Imid,
    item: Annotated[str, typer.Argument(help="logs, errors, sheet_development …")],
    note: Annotated[str, typer.Option(help="What was looked at.")],
    data_dir: DataDir = None,
) -> None:
    """Say that a person looked at something that no gateway can see.

    Example: gerbang merchant reviewed TOKOKARTU1 logs --note "seen by Ani"
    """

    async def work(connection: Connection, _box: SecretBox) -> None:
        await say(connection, imid, item, note=note, actor=actor())

    in_database(data_dir, work)
    typer.echo("noted")


def trial(
    imid: Imid,
    kind: Annotated[str, typer.Argument(help="callback or notification.")],
    data_dir: DataDir = None,
) -> None:
    """Arm the next charge: its notification is held back, or its browser is not returned.

    Example: gerbang merchant trial TOKOKARTU1 notification
    """

    async def work(node: Node) -> dict[str, Any]:
        return await node.card_office.evidence.trials.arm(imid, kind, actor=actor())

    show_one(in_node(data_dir, work))


def doctor(imid: Imid, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Send the newest notification once more, step by step, and say why it fails.

    Example: gerbang merchant doctor TOKOKARTU1
    """

    async def work(node: Node) -> Any:
        return await node.card_office.evidence.examine(
            imid,
            encode=node.callback_formats["nicepay"],
            client=node.outbound,
            addresses=node.callback_addresses,
            actor=actor(),
        )

    findings = in_node(data_dir, work)
    if as_json:
        print_json(findings)
    for finding in () if as_json else findings:
        typer.echo(f"{'ok ' if finding.ok else 'BAD'} {finding.step}: {finding.text}")
        if finding.advice:
            typer.echo(f"    {finding.advice}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def cancel(
    txid: Txid,
    amount: Annotated[int | None, typer.Option(help="A part; empty takes back all.")] = None,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    data_dir: DataDir = None,
) -> None:
    """Take a charge back.

    Example: gerbang merchant cancel TOKOKARTU101202611260827431026 --amount 50000
        --reason "one item returned"
    """

    async def work(node: Node) -> dict[str, Any]:
        return await cancel_payment(
            node.pool, node.cards, txid, amount=amount, reason=reason, actor=actor()
        )

    show_one(in_node(data_dir, work))


def capture(
    txid: Txid,
    amount: Annotated[int, typer.Argument(help="Rupiah, at most the hold.")],
    reference: Annotated[str, typer.Argument(help="A referenceNo of its own.")],
    data_dir: DataDir = None,
) -> None:
    """Capture a hold.

    Example: gerbang merchant capture TOKOKARTU101202611260827431026 150000 CAPTURE-1
    """

    async def work(node: Node) -> dict[str, Any]:
        return await capture_payment(
            node.pool, node.cards, txid, amount=amount, reference=reference, actor=actor()
        )

    show_one(in_node(data_dir, work))


def card(
    code: Annotated[str, typer.Argument(help="The reseller's code.")],
    amount: Annotated[int, typer.Argument(help="Rupiah.")],
    data_dir: DataDir = None,
) -> None:
    """Let a reseller pay into his balance by card: gives the page to pay on.

    Example: gerbang deposit card TOKO1 500000
    """

    async def work(node: Node) -> dict[str, Any]:
        return await node.card_office.deposits.open(code, amount, actor=actor())

    show_one(in_node(data_dir, work))


COMMANDS = (checklist, reviewed, trial, doctor, cancel, capture)
