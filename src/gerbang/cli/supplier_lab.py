"""``gerbang supplier lab``: what each rule reads in a supplier's reply."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import msgspec
import typer

from gerbang.cli.context import AsJson, DataDir, actor, in_database, print_json, show, show_one
from gerbang.errors import BadInputError
from gerbang.postgres.pool import Connection
from gerbang.secrets_box import SecretBox
from gerbang.suppliers.reply_lab import drop_reply, keep_reply, list_replies, try_reply


def lab(
    code: Annotated[str, typer.Argument(help="The supplier's code.")],
    text: Annotated[str, typer.Argument(help="A reply of it; - reads it from the input.")] = "",
    keep: Annotated[str, typer.Option(help="Keep it as a regression case of this name.")] = "",
    drop: Annotated[str, typer.Option(help="Forget the kept reply of this name.")] = "",
    rules: Annotated[str, typer.Option(help="JSON: try these rules, and change nothing.")] = "",
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Show what each rule reads in a reply, and keep replies as regression cases.

    Without a reply it lists what is kept. Rules that read a kept reply otherwise are refused.

    Example: gerbang supplier lab maju 'R#12 SUKSES. SN: 0411. Saldo 1.000' --keep 'success'
    """
    reply = sys.stdin.read() if text == "-" else text

    async def work(connection: Connection, _box: SecretBox) -> Any:
        if drop:
            await drop_reply(connection, code, drop, actor=actor())
        elif keep:
            return await keep_reply(connection, code, keep, reply, actor=actor())
        elif reply:
            return await try_reply(connection, code, reply, rules=_rules(rules))
        return await list_replies(connection, code)

    found = in_database(data_dir, work)
    if as_json:
        print_json(found)
    elif isinstance(found, list):
        show(found, {"name": "name", "kept": "must be read as", "actor": "kept by"})
    else:
        show_one(found)


def _rules(text: str) -> list[Any] | None:
    if not text:
        return None
    try:
        return msgspec.json.decode(text, type=list[Any])
    except msgspec.MsgspecError as error:
        raise BadInputError(f"--rules: {error}") from error
