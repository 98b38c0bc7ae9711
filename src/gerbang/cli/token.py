"""``gerbang token``: tokens of the management API."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gerbang.api.tokens import create_token, list_tokens, revoke_token
from gerbang.cli.acting import AsUser, acting
from gerbang.cli.context import AsJson, DataDir, actor, in_database, show
from gerbang.postgres.pool import Connection
from gerbang.secrets_box import SecretBox

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "Tokens of the management API.\n\n"
        "A person's token (--user) may what that person may. A program's may everything, but "
        "counts as nobody where two persons are needed."
    ),
)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Who or what uses it; the audit log names it.")],
    user: AsUser = None,
    data_dir: DataDir = None,
) -> None:
    """Make a token and print it, once; with --user it is that person's, who gives the password.

    Example: curl -H "Authorization: Bearer $(gerbang token create ops)" $URL/api/resellers
    """
    who = acting(data_dir, user)
    owner = user.strip().lower() if user else None

    async def work(connection: Connection, _box: SecretBox) -> str:
        return await create_token(connection, name, user=owner, actor=who)

    typer.echo(in_database(data_dir, work))


@app.command("list")
def list_(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """List the tokens that hold."""

    async def work(connection: Connection, _box: SecretBox) -> list[dict[str, Any]]:
        return await list_tokens(connection)

    columns = {"id": "ID", "name": "NAME", "username": "USER", "created_at": "MADE"}
    show(in_database(data_dir, work), columns, as_json=as_json)


@app.command()
def revoke(
    token_id: Annotated[int, typer.Argument(help="See `gerbang token list`.", min=1)],
    data_dir: DataDir = None,
) -> None:
    """Let a token hold no more, at once.

    Example: gerbang token revoke 2
    """

    async def work(connection: Connection, _box: SecretBox) -> None:
        await revoke_token(connection, token_id, actor=actor())

    in_database(data_dir, work)
