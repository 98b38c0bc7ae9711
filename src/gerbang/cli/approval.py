"""``gerbang approval``: what waits for a second person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from gerbang.approvals.read import list_proposals
from gerbang.cli.acting import AsUser, acting
from gerbang.cli.context import AsJson, DataDir, Limit, in_database, in_node, show, show_one
from gerbang.postgres.pool import Connection
from gerbang.secrets_box import SecretBox

if TYPE_CHECKING:
    from gerbang.app import Node

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "Decisions and corrections that wait for a second person.\n\n"
        "  gerbang approval list\n\n"
        "  gerbang approval approve 12 --user ani"
    ),
)
Proposal = Annotated[int, typer.Argument(help="See `gerbang approval list`.", min=1)]


@app.command("list")
def list_(
    every: Annotated[bool, typer.Option("--all", help="Decided ones too.")] = False,
    limit: Limit = 100,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """List what waits for a second person."""

    async def work(connection: Connection, _box: SecretBox) -> list[dict[str, Any]]:
        state = None if every else "waiting"
        items: list[dict[str, Any]] = (await list_proposals(connection, state=state, limit=limit))[
            "items"
        ]
        return items

    names = ("id", "kind", "subject", "content", "reason", "maker", "state", "checker", "result")
    show(in_database(data_dir, work), {name: name for name in names}, as_json=as_json)


@app.command()
def approve(proposal_id: Proposal, user: AsUser = None, data_dir: DataDir = None) -> None:
    """Agree with somebody else's proposal: it is carried out.

    Example: gerbang approval approve 12 --user ani
    """
    who = acting(data_dir, user)

    async def work(node: Node) -> dict[str, Any]:
        return await node.approvals.approve(proposal_id, actor=who)

    show_one(in_node(data_dir, work))


@app.command()
def reject(
    proposal_id: Proposal,
    reason: Annotated[str, typer.Option(help="Why not.")],
    user: AsUser = None,
    data_dir: DataDir = None,
) -> None:
    """Disagree: nothing happens.

    Example: gerbang approval reject 3 --reason "wrong account" --user budi
    """
    who = acting(data_dir, user)

    async def work(node: Node) -> dict[str, Any]:
        return await node.approvals.reject(proposal_id, reason=reason, actor=who)

    show_one(in_node(data_dir, work))
