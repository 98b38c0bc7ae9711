"""Who acts on the command line: with ``--user`` a person who proves it with the own password.

The password is asked for, or read from standard input when that is no terminal; so is the code of
the second factor where there is one.
"""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from gerbang.cli.context import actor, in_database
from gerbang.clock import SystemClock
from gerbang.errors import UserError
from gerbang.people.password import Passwords
from gerbang.people.person import acting_through
from gerbang.people.sign_in import Limits, check_password_of, check_second_factor
from gerbang.people.user import User
from gerbang.postgres.pool import Connection
from gerbang.secrets_box import SecretBox

AsUser = Annotated[
    str | None,
    typer.Option("--user", help="Act as this person of the console; asks for the password."),
]
HERE: Final = "cli"


def acting(data_dir: Path | None, username: str | None) -> str:
    """Give the actor: the person who proved it, or whoever has this shell."""
    if username is None:
        return actor()
    proved = proven(data_dir, username)
    return acting_through(proved.username, actor())


def proven(data_dir: Path | None, username: str) -> User:
    """Ask for password and code until it is sure who it is. Ends the command when it is not."""
    password = _asked(f"Password of {username}: ")

    async def with_password(connection: Connection, _box: SecretBox) -> User | UserError:
        try:
            return await check_password_of(
                connection, username, password, realm="console", ip=HERE,
                passwords=Passwords(), limits=Limits(),
            )  # fmt: skip
        except UserError as error:
            return error  # so that the failure is committed and counts

    user = _told(in_database(data_dir, with_password))
    if user.has_second_factor:
        code = _asked("Code of the second factor: ")

        async def with_code(connection: Connection, box: SecretBox) -> User | UserError:
            try:
                return await check_second_factor(
                    connection, user.id, code, ip=HERE, box=box, at=SystemClock().now(),
                    limits=Limits(),
                )  # fmt: skip
            except UserError as error:
                return error

        user = _told(in_database(data_dir, with_code))
    return user


def _told(outcome: User | UserError) -> User:
    if isinstance(outcome, User):
        return outcome
    typer.echo(f"gerbang: {outcome.message}", err=True)
    raise typer.Exit(1)


def _asked(prompt: str) -> str:
    if sys.stdin.isatty():
        return getpass.getpass(prompt)
    return sys.stdin.readline().rstrip("\n")
