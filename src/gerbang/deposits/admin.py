"""Our bank accounts, saved column maps, and the statement services that may push lines."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from gerbang.audit import write_audit
from gerbang.deposits.statement import PRESETS, ColumnMap
from gerbang.deposits.store import SQL
from gerbang.errors import BadInputError, NotFoundError, converted, database_errors_told
from gerbang.ledger.credit import check_text
from gerbang.postgres.pool import Connection, Pool
from gerbang.secrets_box import SecretBox, generate_token

_ACCOUNT: Final = re.compile(r"[0-9]{4,32}")
_NAME: Final = re.compile(r"[a-z0-9_-]{2,32}")


# --- bank accounts --------------------------------------------------------------------------------


async def create_bank(
    connection: Connection, *, bank_name: str, account_no: str, beneficiary_name: str, actor: str
) -> dict[str, Any]:
    """Add an account of ours; new tickets list it from now on."""
    if not _ACCOUNT.fullmatch(account_no):
        raise BadInputError("account_no: 4 to 32 digits", {"account_no": "4 to 32 digits"})
    check_text("bank_name", bank_name, needed=True)
    check_text("beneficiary_name", beneficiary_name, needed=True)
    with database_errors_told():
        await connection.execute(SQL.insert_bank, bank_name, account_no, beneficiary_name)
    await write_audit(
        connection,
        actor=actor,
        action="bank_account.created",
        subject=f"bank_account:{account_no}",
        after={"bank_name": bank_name, "beneficiary_name": beneficiary_name},
    )
    return await show_bank(connection, account_no)


async def change_bank(
    connection: Connection,
    account_no: str,
    *,
    bank_name: str | None = None,
    beneficiary_name: str | None = None,
    active: bool | None = None,
    actor: str,
) -> dict[str, Any]:
    """Change what is given. An inactive account is on no new ticket, but its lines still count."""
    for field, text in (("bank_name", bank_name), ("beneficiary_name", beneficiary_name)):
        if text is not None:
            check_text(field, text, needed=True)
    before = await show_bank(connection, account_no)
    await connection.execute(SQL.update_bank, account_no, bank_name, beneficiary_name, active)
    after = await show_bank(connection, account_no)
    own = ("bank_name", "beneficiary_name", "active")
    await write_audit(
        connection,
        actor=actor,
        action="bank_account.changed",
        subject=f"bank_account:{account_no}",
        before={name: before[name] for name in own},
        after={name: after[name] for name in own},
    )
    return after


async def show_bank(connection: Connection | Pool, account_no: str) -> dict[str, Any]:
    """Show one account."""
    row = await connection.fetchrow(SQL.banks, account_no)
    if row is None:
        raise NotFoundError(f"no bank account {account_no}")
    return dict(row)


async def list_banks(connection: Connection | Pool) -> list[dict[str, Any]]:
    """List our accounts."""
    return [dict(row) for row in await connection.fetch(SQL.banks, None)]


# --- column maps ----------------------------------------------------------------------------------


async def save_format(
    connection: Connection, name: str, columns: dict[str, Any], *, actor: str
) -> ColumnMap:
    """Save a column map; one with a preset's name takes its place."""
    _check_name(name)
    read = converted(columns, ColumnMap)
    if not read.date or not read.description or not (read.amount or (read.credit and read.debit)):
        raise BadInputError("a format needs date, description, and amount or credit and debit")
    kept = msgspec.to_builtins(read)
    await connection.execute(SQL.save_format, name, kept)
    await write_audit(
        connection,
        actor=actor,
        action="bank_line_format.saved",
        subject=f"bank_line_format:{name}",
        after=kept,
    )
    return read


async def find_format(connection: Connection | Pool, name: str) -> ColumnMap:
    """Give a saved column map, else the preset of that name."""
    row = await connection.fetchrow(SQL.formats, name)
    if row is not None:
        return msgspec.convert(row["map"], ColumnMap)
    if name in PRESETS:
        return PRESETS[name]
    known = ", ".join(sorted(PRESETS))
    raise NotFoundError(f"no format {name}; presets are {known}")


async def list_formats(connection: Connection | Pool) -> dict[str, Any]:
    """Give every column map by name, presets first."""
    presets = {name: msgspec.to_builtins(one) for name, one in PRESETS.items()}
    saved = {row["name"]: row["map"] for row in await connection.fetch(SQL.formats, None)}
    return {**presets, **saved}


# --- statement services ---------------------------------------------------------------------------


async def issue_source(
    connection: Connection, name: str, *, box: SecretBox, actor: str
) -> dict[str, str]:
    """Let a service push lines; gives the secret, which is never shown again."""
    _check_name(name)
    secret = generate_token()
    await connection.execute(SQL.save_source, name, box.seal({"secret": secret}))
    await write_audit(
        connection,
        actor=actor,
        action="bank_line_source.issued",
        subject=f"bank_line_source:{name}",
    )
    return {"name": name, "secret": secret, "path": f"/webhooks/bank-lines/{name}"}


async def close_source(connection: Connection, name: str, *, actor: str) -> None:
    """Believe a service no more."""
    if await connection.fetchval(SQL.close_source, name) is None:
        raise NotFoundError(f"no source {name}")
    await write_audit(
        connection,
        actor=actor,
        action="bank_line_source.closed",
        subject=f"bank_line_source:{name}",
    )


async def list_sources(connection: Connection | Pool) -> list[dict[str, Any]]:
    """List services, without secrets."""
    return [dict(row) for row in await connection.fetch(SQL.sources)]


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        problem = "small letters, digits, _ and -; 2 to 32 of them"
        raise BadInputError(f"name: {problem}", {"name": problem})
