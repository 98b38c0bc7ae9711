"""``gerbang user``: who may sign in to the console and the portal."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated, Any

import typer

from gerbang.cli.context import AsJson, DataDir, actor, in_database, show
from gerbang.errors import BadInputError
from gerbang.people.admin import (
    allow_everywhere,
    change_user,
    create_user,
    remove_second_factor,
    set_password,
)
from gerbang.people.password import Passwords
from gerbang.people.read import list_users
from gerbang.people.role import CONSOLE_ROLES, Role
from gerbang.postgres.pool import Connection
from gerbang.secrets_box import SecretBox, load_secret_key
from gerbang.settings import load_settings

app = typer.Typer(
    no_args_is_help=True,
    help="People who sign in: to the console (owner, finance, support, viewer) or to the portal.",
)
Username = Annotated[str, typer.Argument(help="The name to sign in with.")]
_COLUMNS = {
    "username": "USER",
    "name": "NAME",
    "role": "ROLE",
    "active": "ACTIVE",
    "has_second_factor": "SECOND FACTOR",
    "seen_at": "SEEN",
}


@app.command()
def create(
    username: Username,
    name: Annotated[str, typer.Argument(help="The person's name.")],
    role: Annotated[
        str, typer.Option(help="owner, finance, support or viewer; reseller with --reseller.")
    ] = "viewer",
    reseller: Annotated[
        str | None, typer.Option(help="Code of the reseller, for a user of the portal.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Make a user and print a password, once; another is asked for at the first sign-in.

    Example: gerbang user create ani "Ani Lestari" --role owner
    """
    password = _new_password()
    wanted = Role.RESELLER if reseller else _role(role)

    async def work(connection: Connection, _box: SecretBox) -> None:
        await create_user(
            connection,
            username,
            name=name,
            role=wanted,
            reseller=reseller,
            password=password,
            passwords=Passwords(),
            actor=actor(),
            temporary=True,
        )

    in_database(data_dir, work)
    typer.echo(password)


@app.command("list")
def list_(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """List the users of the console."""

    async def work(connection: Connection, _box: SecretBox) -> list[dict[str, Any]]:
        return await list_users(connection)

    show(in_database(data_dir, work), _COLUMNS, as_json=as_json)


@app.command()
def role(
    username: Username,
    role: Annotated[str, typer.Argument(help="owner, finance, support or viewer.")],
    data_dir: DataDir = None,
) -> None:
    """Give a user another role; the user's sessions end.

    Example: gerbang user role ani finance
    """
    wanted = _role(role)

    async def work(connection: Connection, _box: SecretBox) -> None:
        await change_user(connection, username, actor=actor(), role=wanted)

    in_database(data_dir, work)


@app.command()
def stop(username: Username, data_dir: DataDir = None) -> None:
    """Let a user sign in no more; sessions end at once.

    Example: gerbang user stop ani
    """

    async def work(connection: Connection, _box: SecretBox) -> None:
        await change_user(connection, username, actor=actor(), active=False)

    in_database(data_dir, work)


@app.command()
def password(username: Username, data_dir: DataDir = None) -> None:
    """Make a new password and print it, once.

    Example: gerbang user password ani
    """
    new = _new_password()

    async def work(connection: Connection, _box: SecretBox) -> None:
        await set_password(
            connection, username, new, passwords=Passwords(), actor=actor(), temporary=True
        )

    in_database(data_dir, work)
    typer.echo(new)


@app.command("drop-second-factor")
def drop_second_factor(username: Username, data_dir: DataDir = None) -> None:
    """Take the second factor away from who lost it.

    Example: gerbang user drop-second-factor ani
    """

    async def work(connection: Connection, _box: SecretBox) -> None:
        await remove_second_factor(connection, username, actor=actor())

    in_database(data_dir, work)


@app.command("allow-everywhere")
def allow_everywhere_(data_dir: DataDir = None) -> None:
    """Empty the console's address list, for who locked everybody out."""

    async def work(connection: Connection, _box: SecretBox) -> None:
        await allow_everywhere(connection, actor=actor())

    in_database(data_dir, work)


@app.command("setup-code")
def setup_code(data_dir: DataDir = None) -> None:
    """Print the code that the console's first page asks for, before there is an owner."""
    settings = load_settings(overrides={"data_dir": str(data_dir) if data_dir else None})
    key = load_secret_key(Path(settings.data_dir), given=settings.secret_key)
    typer.echo(SecretBox(key).code("first owner"))


def _role(text: str) -> Role:
    if text not in CONSOLE_ROLES:
        raise BadInputError(f"no role {text}; there are {', '.join(CONSOLE_ROLES)}")
    return Role(text)


def _new_password() -> str:
    return secrets.token_urlsafe(12)
