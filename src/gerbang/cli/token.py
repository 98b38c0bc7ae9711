"""``gerbang token``: tokens of the management API."""

from __future__ import annotations

from typing import Annotated

import typer

from gerbang.api.tokens import create_token
from gerbang.cli.context import DataDir, actor, in_database
from gerbang.postgres.pool import Connection
from gerbang.secrets_box import SecretBox

app = typer.Typer(no_args_is_help=True, help="Tokens of the management API.")


@app.callback()
def token() -> None:
    """Keep `create` a command of its own, although it is the only one."""


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Who or what uses it; the audit log names it.")],
    data_dir: DataDir = None,
) -> None:
    """Make a token and print it, once.

    Example: curl -H "Authorization: Bearer $(gerbang token create ops)" $URL/api/resellers
    """

    async def work(connection: Connection, _box: SecretBox) -> str:
        return await create_token(connection, name, actor=actor())

    typer.echo(in_database(data_dir, work))
