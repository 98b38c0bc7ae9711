"""Create, change and show suppliers and the routes to them, and top up our money there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec
from msgspec import UNSET, UnsetType

from gerbang.audit import write_audit
from gerbang.dialects.names import dialect_names
from gerbang.errors import BadInputError, ConflictError, NotFoundError, database_errors_told
from gerbang.ledger.account import HouseAccount
from gerbang.ledger.credit import check_key, check_text, move_told
from gerbang.ledger.move import Moved, MoveMoney
from gerbang.ledger.read import house_account_ids
from gerbang.ledger.transfer import TransferEvent
from gerbang.money import RUPIAH_MAX
from gerbang.postgres.lane import Lane
from gerbang.postgres.pool import Connection, Pool
from gerbang.postgres.sql import load_queries
from gerbang.resellers.admin import check_networks, check_url, merged
from gerbang.routing.route import RouteRules
from gerbang.secrets_box import SecretBox
from gerbang.suppliers.reply_lab import refuse_broken_rules

SQL = load_queries("gerbang.suppliers", "admin.sql")

_CODE: Final = re.compile(r"[a-z0-9_-]{2,32}")
_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
INTEGER_MAX: Final = 2_000_000_000
_RANGES: Final[Mapping[str, tuple[int, int]]] = {
    "timeout_ms": (100, 300_000),
    "concurrency_max": (1, 100_000),
    "orders_per_day_max": (0, INTEGER_MAX),
    "float_min": (0, RUPIAH_MAX),
    "decide_after_s": (1, INTEGER_MAX),
    "cost": (0, RUPIAH_MAX),
    "priority": (0, INTEGER_MAX),
    "weight": (1, 1_000_000),
}


class SupplierChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What to change; what is not set stays. In `settings` null removes.

    `secrets` replaces all of them.
    """

    name: str | UnsetType = UNSET
    base_url: str | UnsetType = UNSET
    secrets: dict[str, str] | UnsetType = UNSET
    status: Literal["active", "paused", "closed"] | UnsetType = UNSET
    callback_ips: list[str] | UnsetType = UNSET
    timeout_ms: int | UnsetType = UNSET
    concurrency_max: int | UnsetType = UNSET
    orders_per_day_max: int | UnsetType = UNSET
    float_min: int | UnsetType = UNSET
    decide_after_s: int | UnsetType = UNSET
    settings: dict[str, Any] | UnsetType = UNSET


class RouteChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What to change; what is not set stays. Rupiah; the lowest `priority` number goes first."""

    supplier_product_code: str | UnsetType = UNSET
    cost: int | UnsetType = UNSET
    priority: int | UnsetType = UNSET
    weight: int | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    disabled_reason: str | UnsetType = UNSET
    rules: RouteRules | UnsetType = UNSET


# --- suppliers ------------------------------------------------------------------------------------


async def create_supplier(
    connection: Connection,
    code: str,
    *,
    name: str,
    dialect: str,
    base_url: str,
    actor: str,
    box: SecretBox,
    change: SupplierChange | None = None,
) -> dict[str, Any]:
    """Create a supplier with its float account, and apply `change` to it."""
    if not _CODE.fullmatch(code):
        problem = "small letters, digits, _ and -; 2 to 32 of them"
        raise BadInputError("the code is not acceptable", {"code": problem})
    if dialect not in dialect_names():
        problem = f"one of {', '.join(dialect_names())}"
        raise BadInputError(f"no dialect {dialect!r}", {"dialect": problem})
    if await connection.fetchrow(SQL.supplier_by_code, code) is not None:
        raise ConflictError(f"supplier {code} is already there")
    url = check_url("base_url", base_url)
    with database_errors_told():
        account = await connection.fetchval(SQL.insert_float_account, f"float:{code}")
        await connection.execute(
            SQL.insert_supplier, code, name, dialect, url, box.seal({}), account
        )
    await write_audit(
        connection,
        actor=actor,
        action="supplier.created",
        subject=f"supplier:{code}",
        after={"name": name, "dialect": dialect, "base_url": url},
    )
    if change is not None:
        return await change_supplier(connection, code, change, actor=actor, box=box)
    return await show_supplier(connection, code)


async def change_supplier(
    connection: Connection, code: str, change: SupplierChange, *, actor: str, box: SecretBox
) -> dict[str, Any]:
    """Change what is set; gives the supplier as `show_supplier` does."""
    locked = await connection.fetchrow(SQL.lock_supplier, code)
    if locked is None:
        raise NotFoundError(f"no supplier {code}")
    before = dict(locked["row"])
    values: dict[str, Any] = msgspec.to_builtins(change)
    secrets = values.pop("secrets", None)
    _check_ranges(values)
    if "base_url" in values:
        values["base_url"] = check_url("base_url", values["base_url"])
    if "callback_ips" in values:
        values["callback_ips"] = check_networks("callback_ips", values["callback_ips"])
    if "settings" in values:
        values["settings"] = merged(before["settings"], values["settings"])
        await refuse_broken_rules(
            connection, locked["id"], before["dialect"], before["settings"], values["settings"]
        )
    with database_errors_told():
        after = dict(await connection.fetchval(SQL.update_supplier, locked["id"], values))
        if secrets is not None:
            await connection.execute(SQL.update_secrets, locked["id"], box.seal(secrets))
            before["secrets"], after["secrets"] = "", f"changed: {', '.join(sorted(secrets))}"
    before["updated_at"] = after["updated_at"]
    await write_audit(
        connection,
        actor=actor,
        action="supplier.changed",
        subject=f"supplier:{code}",
        before=before,
        after=after,
    )
    return await show_supplier(connection, code)


async def show_supplier(connection: Connection | Pool, code: str) -> dict[str, Any]:
    """Show one supplier, without secrets; `float` is our money there as the ledger has it."""
    row = await connection.fetchrow(SQL.list_suppliers, "", code, 1)
    if row is None:
        raise NotFoundError(f"no supplier {code}")
    return dict(row)


async def list_suppliers(
    connection: Connection | Pool, *, after: str = "", limit: int = 100
) -> dict[str, Any]:
    """List suppliers by code; `after` is the `next` of the page before."""
    items = [dict(row) for row in await connection.fetch(SQL.list_suppliers, after, None, limit)]
    return {"items": items, "next": items[-1]["code"] if len(items) == limit else None}


# --- routes ---------------------------------------------------------------------------------------


async def create_route(
    connection: Connection,
    *,
    product: str,
    supplier: str,
    supplier_product_code: str,
    cost: int,
    actor: str,
    change: RouteChange | None = None,
) -> dict[str, Any]:
    """Add a way to buy a product from a supplier, and apply `change` to it."""
    _check_ranges({"cost": cost})
    product_id = await connection.fetchval(SQL.product_id, product)
    if product_id is None:
        raise NotFoundError(f"no product {product}")
    supplier_row = await connection.fetchrow(SQL.supplier_by_code, supplier)
    if supplier_row is None:
        raise NotFoundError(f"no supplier {supplier}")
    with database_errors_told():
        route_id: int = await connection.fetchval(
            SQL.insert_route, product_id, supplier_row["id"], supplier_product_code, cost
        )
    await write_audit(
        connection,
        actor=actor,
        action="route.created",
        subject=f"route:{route_id}",
        after={"product": product, "supplier": supplier, "cost": cost},
    )
    if change is not None:
        return await change_route(connection, route_id, change, actor=actor)
    return await show_route(connection, route_id)


async def change_route(
    connection: Connection, route_id: int, change: RouteChange, *, actor: str
) -> dict[str, Any]:
    """Change what is set; gives the route as `show_route` does."""
    before = await connection.fetchval(SQL.lock_route, route_id)
    if before is None:
        raise NotFoundError(f"no route {route_id}")
    values: dict[str, Any] = msgspec.to_builtins(change)
    _check_ranges(values)
    if change.rules is not UNSET:
        _check_rules(change.rules)
    if values.get("enabled"):
        values.setdefault("disabled_reason", "")
    with database_errors_told():
        after = dict(await connection.fetchval(SQL.update_route, route_id, values))
    await write_audit(
        connection,
        actor=actor,
        action="route.changed",
        subject=f"route:{route_id}",
        before={**before, "updated_at": after["updated_at"]},
        after=after,
    )
    return await show_route(connection, route_id)


async def show_route(connection: Connection | Pool, route_id: int) -> dict[str, Any]:
    """Show one route."""
    row = await connection.fetchrow(SQL.list_routes, 0, None, None, route_id, 1)
    if row is None:
        raise NotFoundError(f"no route {route_id}")
    return dict(row)


async def list_routes(
    connection: Connection | Pool,
    *,
    product: str | None = None,
    supplier: str | None = None,
    after: int = 0,
    limit: int = 100,
) -> dict[str, Any]:
    """List routes by id; `after` is the `next` of the page before."""
    rows = await connection.fetch(SQL.list_routes, after, product, supplier, None, limit)
    items = [dict(row) for row in rows]
    return {"items": items, "next": items[-1]["id"] if len(items) == limit else None}


# --- our money there ------------------------------------------------------------------------------


async def top_up_float(
    pool: Connection | Pool,
    lane: Lane,
    code: str,
    *,
    amount: int,
    key: str,
    actor: str,
    note: str = "",
) -> Moved:
    """Book money sent to a supplier: from the bank into our float there, once per key."""
    if not 0 < amount <= RUPIAH_MAX:
        raise BadInputError("an amount in rupiah is needed", {"amount": f"1 to {RUPIAH_MAX}"})
    check_key(key)
    check_text("note", note)
    supplier = await pool.fetchrow(SQL.supplier_by_code, code)
    if supplier is None:
        raise NotFoundError(f"no supplier {code}")
    house = await house_account_ids(pool)
    return await move_told(
        lane,
        MoveMoney(
            key=key,
            event=TransferEvent.FLOAT_TOP_UP,
            debit_account_id=supplier["float_account_id"],
            credit_account_id=house[HouseAccount.BANK],
            amount=amount,
            actor=actor,
            note=note,
        ),
    )


# --- what is acceptable ---------------------------------------------------------------------------


def _check_ranges(values: Mapping[str, Any]) -> None:
    problems = {
        name: f"{least} to {most}"
        for name, (least, most) in _RANGES.items()
        if name in values and not least <= values[name] <= most
    }
    if problems:
        named = ", ".join(f"{name}: {problem}" for name, problem in problems.items())
        raise BadInputError(named, problems)


def _check_rules(rules: RouteRules) -> None:
    for name in ("open_from", "open_until"):
        value = getattr(rules, name)
        if value and not _TIME.fullmatch(value):
            problem = "a WIB time of day like 23:30"
            raise BadInputError(f"{name}: {problem}", {f"rules.{name}": problem})
    if any(not prefix.isdecimal() for prefix in rules.prefixes):
        raise BadInputError("prefixes are digits", {"rules.prefixes": "digits only"})
