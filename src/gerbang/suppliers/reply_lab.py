"""The reply lab: what each rule reads in a supplier's reply, and replies kept as regression cases.

A change of a supplier's rules that reads a kept reply otherwise is refused. Only dialects whose
replies are plain text have rules; the others have a result code, and nothing to try.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from gerbang.audit import write_audit
from gerbang.dialects.otomax.lab import Case, check_rules, explain, make_case
from gerbang.dialects.otomax.rules import check_rule_settings, load_rules
from gerbang.errors import BadInputError, ConflictError, NotFoundError
from gerbang.ledger.credit import check_text
from gerbang.postgres.pool import Connection, Pool
from gerbang.postgres.sql import load_queries

SQL = load_queries("gerbang.suppliers", "reply_lab.sql")

DIALECT_WITH_RULES: Final = "otomax"
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
    supplier = await _supplier(connection, code)
    settings = supplier["settings"]
    if rules is not None:
        _check(rules)
        settings = {**settings, "reply_rules": rules}
    compiled = load_rules(settings)
    report = explain(text, compiled, status=status)
    differences = check_rules(compiled, await _cases(connection, supplier["id"]))
    shown: dict[str, Any] = msgspec.to_builtins(report)
    shown["matches"] = [match for match in shown["matches"] if match["matched"]]
    return {
        "text": shown["text"],
        "reading": shown["reading"],
        "matches": shown["matches"],
        "rules": len(compiled),
        "differences": msgspec.to_builtins(differences),
    }


async def keep_reply(
    connection: Connection, code: str, name: str, text: str, *, actor: str
) -> dict[str, Any]:
    """Keep a reply as it is read today: whoever changes the rules must read it the same."""
    check_text("name", name, needed=True)
    if not 0 < len(text) <= TEXT_CHARS_MAX or "\x00" in text:
        raise BadInputError("a reply is needed", {"text": f"1 to {TEXT_CHARS_MAX} letters"})
    supplier = await _supplier(connection, code)
    if len(await _cases(connection, supplier["id"])) >= CASES_MAX:
        raise ConflictError(f"at most {CASES_MAX} kept replies")
    kept: dict[str, Any] = msgspec.to_builtins(
        make_case(name, text, load_rules(supplier["settings"]))
    )
    if not await connection.fetchval(SQL.keep_case, supplier["id"], name, kept, actor):
        raise ConflictError(f"a reply called {name} is kept already")
    await _audited(connection, code, "kept", name, actor)
    return kept


async def list_replies(connection: Connection | Pool, code: str) -> list[dict[str, Any]]:
    """List the kept replies of a supplier and what they must be read as."""
    supplier = await _supplier(connection, code)
    return [dict(row) for row in await connection.fetch(SQL.cases, supplier["id"])]


async def drop_reply(connection: Connection, code: str, name: str, *, actor: str) -> None:
    """Keep a reply no longer: it was wrong, or never comes any more."""
    supplier = await _supplier(connection, code)
    if not await connection.fetchval(SQL.drop_case, supplier["id"], name):
        raise NotFoundError(f"no kept reply {name}")
    await _audited(connection, code, "dropped", name, actor)


async def refuse_broken_rules(
    connection: Connection, supplier_id: int, before: Mapping[str, Any], after: Mapping[str, Any]
) -> None:
    """Raise ConflictError where changed rules read a kept reply otherwise."""
    if before.get("reply_rules") == after.get("reply_rules"):
        return
    found = check_rules(load_rules(after), await _cases(connection, supplier_id))
    if found:
        said = "; ".join(
            f"{one.case}: {one.what} {one.expected!r} would be {one.got!r}"
            for one in found[:DIFFERENCES_SHOWN_MAX]
        )
        raise ConflictError(f"these rules read kept replies otherwise: {said}")


async def _supplier(connection: Connection | Pool, code: str) -> Any:
    row = await connection.fetchrow(SQL.supplier, code)
    if row is None:
        raise NotFoundError(f"no supplier {code}")
    if row["dialect"] != DIALECT_WITH_RULES:
        raise ConflictError(f"{row['dialect']} answers with codes: there are no rules to try")
    return row


async def _cases(connection: Connection | Pool, supplier_id: int) -> list[Case]:
    rows = await connection.fetch(SQL.cases, supplier_id)
    return [msgspec.convert(row["kept"], Case) for row in rows]


def _check(rules: list[Any]) -> None:
    problems = check_rule_settings(rules)
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
