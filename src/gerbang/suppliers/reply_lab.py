"""The reply lab: what each rule reads in a supplier's reply, and replies kept as regression cases.

A change of a supplier's rules that reads a kept reply otherwise is refused. Only dialects whose
replies are plain text have rules; the others have a result code, and nothing to try.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from gerbang.audit import write_audit
from gerbang.dialects.extras import ReplyRules
from gerbang.dialects.registry import DIALECTS
from gerbang.errors import BadInputError, ConflictError, NotFoundError
from gerbang.ledger.credit import check_text
from gerbang.postgres.pool import Connection, Pool
from gerbang.postgres.sql import load_queries

SQL = load_queries("gerbang.suppliers", "reply_lab.sql")

TEXT_CHARS_MAX: Final = 10_000
CASES_MAX: Final = 1_000
DIFFERENCES_SHOWN_MAX: Final = 10


async def try_reply(
    connection: Connection | Pool,
    code: str,
    text: str,
    *,
    status: int | None = None,
    rules: list[Any] | None = None,
) -> dict[str, Any]:
    """Say what each rule reads in a reply; `rules` tries other ones than the supplier's own.

    `differences` says which kept replies these rules would read otherwise.
    """
    if len(text) > TEXT_CHARS_MAX:
        raise BadInputError(f"at most {TEXT_CHARS_MAX} letters", {"text": "too long"})
    supplier, reads = await _supplier(connection, code)
    settings = supplier["settings"]
    if rules is not None:
        _check(reads, rules)
        settings = {**settings, "reply_rules": rules}
    report = await asyncio.to_thread(reads.explain, text, settings, status)
    kept = await _cases(connection, supplier["id"])
    return {**report, "differences": await asyncio.to_thread(reads.differences, settings, kept)}


async def keep_reply(
    connection: Connection, code: str, name: str, text: str, *, actor: str
) -> dict[str, Any]:
    """Keep a reply as it is read today: whoever changes the rules must read it the same."""
    check_text("name", name, needed=True)
    if not 0 < len(text) <= TEXT_CHARS_MAX or "\x00" in text:
        raise BadInputError("a reply is needed", {"text": f"1 to {TEXT_CHARS_MAX} letters"})
    supplier, reads = await _supplier(connection, code)
    if len(await _cases(connection, supplier["id"])) >= CASES_MAX:
        raise ConflictError(f"at most {CASES_MAX} kept replies")
    kept = reads.keep(name, text, supplier["settings"])
    if not await connection.fetchval(SQL.keep_case, supplier["id"], name, kept, actor):
        raise ConflictError(f"a reply called {name} is kept already")
    await _audited(connection, code, "kept", name, actor)
    return kept


async def list_replies(connection: Connection | Pool, code: str) -> list[dict[str, Any]]:
    """List the kept replies of a supplier and what they must be read as."""
    supplier, _ = await _supplier(connection, code)
    return [dict(row) for row in await connection.fetch(SQL.cases, supplier["id"])]


async def drop_reply(connection: Connection, code: str, name: str, *, actor: str) -> None:
    """Keep a reply no longer: it was wrong, or never comes any more."""
    supplier, _ = await _supplier(connection, code)
    if not await connection.fetchval(SQL.drop_case, supplier["id"], name):
        raise NotFoundError(f"no kept reply {name}")
    await _audited(connection, code, "dropped", name, actor)


async def refuse_broken_rules(
    connection: Connection,
    supplier_id: int,
    dialect: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    """Raise ConflictError where changed rules read a kept reply otherwise."""
    reads = _reads(dialect)
    if reads is None or before.get("reply_rules") == after.get("reply_rules"):
        return
    found = reads.differences(after, await _cases(connection, supplier_id))
    if found:
        said = "; ".join(
            f"{one['case']}: {one['what']} {one['expected']!r} would be {one['got']!r}"
            for one in found[:DIFFERENCES_SHOWN_MAX]
        )
        raise ConflictError(f"these rules read kept replies otherwise: {said}")


def _reads(dialect: str) -> ReplyRules | None:
    return DIALECTS[dialect].extras.reply_rules if dialect in DIALECTS else None


async def _supplier(connection: Connection | Pool, code: str) -> tuple[Any, ReplyRules]:
    row = await connection.fetchrow(SQL.supplier, code)
    if row is None:
        raise NotFoundError(f"no supplier {code}")
    reads = _reads(row["dialect"])
    if reads is None:
        raise ConflictError(f"{row['dialect']} answers with codes: there are no rules to try")
    return row, reads


async def _cases(connection: Connection | Pool, supplier_id: int) -> list[dict[str, Any]]:
    rows = await connection.fetch(SQL.cases, supplier_id)
    return [row["kept"] for row in rows]


def _check(reads: ReplyRules, rules: list[Any]) -> None:
    problems = reads.problems(rules)
    if problems:
        raise BadInputError("; ".join(problems), {"rules": "; ".join(problems)})


async def _audited(connection: Connection, code: str, what: str, name: str, actor: str) -> None:
    await write_audit(
        connection,
        actor=actor,
        action=f"reply.{what}",
        subject=f"supplier:{code}",
        after={"name": name},
    )
