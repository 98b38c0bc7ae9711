"""Take a supplier's price list, from the supplier or a CSV file, into the costs of our routes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from gerbang.audit import write_audit
from gerbang.errors import BadInputError, NotFoundError
from gerbang.postgres.pool import Connection, Pool
from gerbang.postgres.sql import load_queries
from gerbang.suppliers.csv_lines import BadCellError, column_map, plain, read_lines, rupiah, words
from gerbang.suppliers.price_list import (
    GONE_BASIS_POINTS_DEFAULT,
    JUMP_BASIS_POINTS_DEFAULT,
    OURS,
    DifferenceKind,
    KnownRoute,
    PriceDifference,
    PriceLine,
    PriceRule,
    SyncRules,
    compare_prices,
)

SQL = load_queries("gerbang.suppliers", "prices.sql")

COLUMNS: Final = ("code", "name", "cost", "status")
OPEN_WORDS: Final = (
    "",
    "open",
    "buka",
    "aktif",
    "active",
    "available",
    "normal",
    "1",
    "ya",
    "true",
)
LINES_MAX: Final = 500_000
REPORTED_MAX: Final = 1_000
"""So many differences are listed; all are counted."""


class BadLine(msgspec.Struct, frozen=True):
    """A line that cannot be read."""

    line: int
    problem: str


class PriceList(msgspec.Struct, frozen=True, kw_only=True):
    """What a supplier sells; only a `complete` list says that something is gone."""

    lines: Sequence[PriceLine]
    complete: bool
    bad: Sequence[BadLine] = ()


class SyncReport(msgspec.Struct, frozen=True, kw_only=True):
    """How a list differs from our routes, and what was done about it."""

    supplier: str
    lines: int
    complete: bool
    applied: bool
    counts: Mapping[str, int]
    quarantined: int
    differences: Sequence[PriceDifference]
    prices_changed: Sequence[Mapping[str, Any]]
    below_cost: Sequence[Mapping[str, Any]]
    """Products that are sold below the cheapest cost."""
    bad: Sequence[BadLine]


def read_price_list(
    source: bytes | Path, settings: Mapping[str, Any], *, partial: bool = False
) -> PriceList:
    """Read a CSV file by the supplier's ``catalog.columns`` and ``catalog.open_words``.

    A line that cannot be read is left out and listed, and the list then counts as incomplete.
    """
    columns = column_map(settings, "catalog.columns", COLUMNS)
    open_words = words(settings, "catalog.open_words", OPEN_WORDS)
    lines: dict[str, PriceLine] = {}
    bad: list[BadLine] = []
    for number, cells in read_lines(source, columns, needed=("code", "cost")):
        try:
            line = _line(cells, open_words)
            if line.code in lines:
                raise BadCellError(f"code: {line.code!r} stands there twice")  # noqa: TRY301
            lines[line.code] = line
        except BadCellError as error:
            bad.append(BadLine(number, str(error)))
        if len(lines) > LINES_MAX:
            raise BadInputError(f"at most {LINES_MAX} lines")
    return PriceList(lines=list(lines.values()), complete=not (bad or partial), bad=bad)


def _line(cells: Mapping[str, str], open_words: Collection[str]) -> PriceLine:
    code = plain("code", cells["code"], chars_max=64)
    if not code:
        raise BadCellError("code: empty")
    cost = rupiah("cost", cells["cost"]) if cells["cost"] else None
    if cost is not None and cost < 0:
        raise BadCellError("cost: below nothing")
    return PriceLine(
        code=code,
        name=plain("name", cells.get("name", "")),
        cost=cost,
        open=cells.get("status", "").lower() in open_words,
    )


def sync_rules(settings: Mapping[str, Any]) -> SyncRules:
    """Read a supplier's ``catalog.…_basis_points_max``."""
    return SyncRules(
        jump_basis_points_max=_points(
            settings, "catalog.jump_basis_points_max", JUMP_BASIS_POINTS_DEFAULT
        ),
        gone_basis_points_max=_points(
            settings, "catalog.gone_basis_points_max", GONE_BASIS_POINTS_DEFAULT
        ),
    )


def price_rule(settings: Mapping[str, Any]) -> PriceRule | None:
    """Read a supplier's ``catalog.base_price``; None leaves base prices alone."""
    given = settings.get("catalog.base_price")
    if given is None:
        return None
    try:
        rule = msgspec.convert(given, PriceRule)
    except msgspec.ValidationError as error:
        raise BadInputError(f"catalog.base_price: {error}") from error
    fine = abs(rule.amount) <= 10**9 and 0 <= rule.basis_points <= 10**6
    if not fine or not 1 <= rule.round_up_to <= 10**6:
        raise BadInputError("catalog.base_price: amount, basis_points and round_up_to in reason")
    return rule


def _points(settings: Mapping[str, Any], name: str, default: int) -> int:
    value = settings.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise BadInputError(f"{name}: hundredths of a percent", {name: "0 or more"})
    return value


async def settings_of(connection: Connection | Pool, code: str) -> tuple[int, Mapping[str, Any]]:
    """Give a supplier's id and settings."""
    row = await connection.fetchrow(SQL.supplier_settings, code)
    if row is None:
        raise NotFoundError(f"no supplier {code}")
    return row["id"], row["settings"]


async def sync_prices(
    connection: Connection,
    code: str,
    price_list: PriceList,
    *,
    actor: str,
    apply: bool = False,
    accepted: Collection[str] = (),
) -> SyncReport:
    """Compare a price list with our routes in the caller's transaction; `apply` what is sound."""
    supplier_id, settings = await settings_of(connection, code)
    rows = await connection.fetch(SQL.routes_of_supplier, supplier_id)
    differences = compare_prices(
        [KnownRoute(**row) for row in rows],
        price_list.lines,
        sync_rules(settings),
        complete=price_list.complete,
        accepted=accepted,
    )
    counts = _counted(differences)
    changed: list[dict[str, Any]] = []
    rule = price_rule(settings)
    if apply:
        changed = await _apply(connection, differences, rule, actor)
        await _noted(connection, actor, code, counts)
    below = await connection.fetch(SQL.sold_below_cost, supplier_id, REPORTED_MAX)
    return SyncReport(
        supplier=code,
        lines=len(price_list.lines),
        complete=price_list.complete,
        applied=apply,
        counts=counts,
        quarantined=sum(bool(difference.quarantined) for difference in differences),
        differences=differences[:REPORTED_MAX],
        prices_changed=changed[:REPORTED_MAX],
        below_cost=[dict(row) for row in below],
        bad=price_list.bad[:REPORTED_MAX],
    )


def _counted(differences: Sequence[PriceDifference]) -> dict[str, int]:
    found = Counter(difference.kind for difference in differences)
    return {kind.value: found[kind] for kind in DifferenceKind}


async def _noted(connection: Connection, actor: str, code: str, counts: Mapping[str, int]) -> None:
    await write_audit(
        connection, actor=actor, action="prices.synced", subject=f"supplier:{code}", after=counts
    )


async def _apply(
    connection: Connection,
    differences: Sequence[PriceDifference],
    rule: PriceRule | None,
    actor: str,
) -> list[dict[str, Any]]:
    """Write costs, close and open, and let products follow."""
    taken = [d for d in differences if d.route_id is not None and not d.quarantined]
    costs = [d for d in taken if d.kind is DifferenceKind.COST_CHANGED]
    others = [d for d in taken if d.kind is not DifferenceKind.COST_CHANGED]
    await connection.execute(SQL.apply_costs, [d.route_id for d in costs], [d.after for d in costs])
    opened = [d.kind is DifferenceKind.REOPENED for d in others]
    reasons = ["" if d.kind is DifferenceKind.REOPENED else OURS + d.kind.value for d in others]
    await connection.execute(SQL.apply_enabled, [d.route_id for d in others], opened, reasons)
    before, after = _audited(costs, others, opened)
    ids = [d.route_id for d in (*costs, *others)]
    await connection.execute(SQL.audit_routes, actor, ids, before, after)
    rows = await connection.fetch(
        SQL.follow_costs,
        ids,
        rule is not None,
        rule.amount if rule else 0,
        rule.basis_points if rule else 0,
        rule.round_up_to if rule else 1,
    )
    return [dict(row) for row in rows]


def _audited(
    costs: Sequence[PriceDifference], others: Sequence[PriceDifference], opened: Sequence[bool]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Give what the audit log says was before and is after, for each change."""
    before = [{"cost": d.before} for d in costs] + [{"enabled": not each} for each in opened]
    after = [{"cost": d.after} for d in costs] + [
        {"enabled": each, "why": d.kind.value} for each, d in zip(opened, others, strict=True)
    ]
    return before, after
