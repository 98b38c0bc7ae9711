"""Create, change and show products, categories, operator prefixes and prices."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec
from msgspec import UNSET, UnsetType

from gerbang.audit import write_audit
from gerbang.errors import BadInputError, ConflictError, NotFoundError, database_errors_told
from gerbang.money import RUPIAH_MAX
from gerbang.postgres.pool import Connection, Pool
from gerbang.postgres.sql import load_queries

SQL = load_queries("gerbang.catalog", "admin.sql")

Kind = Literal["prepaid", "game", "open", "postpaid"]
ServiceName = Literal[
    "",
    "pln_postpaid",
    "pln_prepaid",
    "pln_non_taglis",
    "pdam",
    "bpjs_kesehatan",
    "bpjs_ketenagakerjaan",
    "internet",
    "mobile_postpaid",
    "multifinance",
    "gas",
    "tv",
    "pbb",
    "ewallet",
]
"""`bills.bill.Service`, or none; a test keeps the two equal."""
Status = Literal["open", "closed", "disturbed"]
SameDayRule = Literal["off", "on", "reseller"]

PATTERN_CHARS_MAX: Final = 200
BASIS_POINTS_MAX: Final = 1_000_000
_CODE: Final = re.compile(r"[A-Z0-9_/-]{1,32}")
_LOWER_CODE: Final = re.compile(r"[A-Za-z0-9_-]{1,32}")
_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_MONEY: Final = ("base_price", "cost", "admin_fee", "amount_min", "amount_max", "amount_step")


class ProductChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What to change; what is not set stays. Rupiah; cut-off times are WIB ``HH:MM``.

    `base_price` of an open denomination is what is added to the amount.
    """

    name: str | UnsetType = UNSET
    category: str | UnsetType = UNSET
    brand: str | UnsetType = UNSET
    operator: str | UnsetType = UNSET
    kind: Kind | UnsetType = UNSET
    status: Status | UnsetType = UNSET
    status_reason: str | UnsetType = UNSET
    base_price: int | UnsetType | None = UNSET
    cost: int | UnsetType | None = UNSET
    admin_fee: int | UnsetType = UNSET
    amount_min: int | UnsetType | None = UNSET
    amount_max: int | UnsetType | None = UNSET
    amount_step: int | UnsetType = UNSET
    cut_off_start: str | UnsetType | None = UNSET
    cut_off_end: str | UnsetType | None = UNSET
    same_day_rule: SameDayRule | UnsetType = UNSET
    description: str | UnsetType = UNSET
    service: ServiceName | UnsetType = UNSET
    biller: str | UnsetType = UNSET


# --- categories and prefixes ----------------------------------------------------------------------


async def save_category(
    connection: Connection,
    code: str,
    name: str,
    *,
    actor: str,
    destination_pattern: str = "^[0-9]{4,20}$",
    destination_hint: str = "digits only, 4 to 20",
    uses_operator_prefix: bool = False,
) -> None:
    """Create or change a category."""
    if not _LOWER_CODE.fullmatch(code):
        raise BadInputError("the category's code: letters, digits, _ and -", {"code": code})
    _check_pattern(destination_pattern)
    before = await connection.fetchrow(SQL.category_by_code, code)
    values = (code, name, destination_pattern, destination_hint, uses_operator_prefix)
    with database_errors_told():
        await connection.execute(SQL.upsert_category, *values)
    after = await connection.fetchrow(SQL.category_by_code, code)
    await write_audit(
        connection,
        actor=actor,
        action="category.saved",
        subject=f"category:{code}",
        before=dict(before) if before else None,
        after=dict(after) if after else None,
    )


async def list_categories(connection: Connection | Pool) -> list[dict[str, Any]]:
    """List all categories."""
    return [dict(row) for row in await connection.fetch(SQL.list_categories)]


async def save_prefixes(connection: Connection, prefixes: Mapping[str, str], *, actor: str) -> None:
    """Say which operator numbers belong to, by their first three to six digits."""
    with database_errors_told():
        await connection.execute(SQL.upsert_prefixes, list(prefixes), list(prefixes.values()))
    await write_audit(
        connection,
        actor=actor,
        action="prefixes.saved",
        subject="operator_prefixes",
        after=dict(prefixes),
    )


async def list_prefixes(connection: Connection | Pool) -> dict[str, str]:
    """Give all prefixes with their operators."""
    rows = await connection.fetch(SQL.list_prefixes)
    return {row["prefix"]: row["operator"] for row in rows}


# --- products -------------------------------------------------------------------------------------


async def create_product(
    connection: Connection, code: str, change: ProductChange, *, actor: str
) -> dict[str, Any]:
    """Create a product; `name` and `category` are needed."""
    if not _CODE.fullmatch(code):
        problem = "capitals, digits, _ / and -; 1 to 32 of them"
        raise BadInputError("the code is not acceptable", {"code": problem})
    values = _checked(change)
    _check_amounts(values)
    missing = [name for name in ("name", "category") if not values.get(name)]
    if missing:
        raise BadInputError("members are missing", dict.fromkeys(missing, "is needed"))
    if await connection.fetchrow(SQL.lock_product, code) is not None:
        raise ConflictError(f"product {code} is already there")
    with database_errors_told():
        await connection.execute(SQL.insert_product, {**values, "code": code})
    await write_audit(
        connection, actor=actor, action="product.created", subject=f"product:{code}", after=values
    )
    return await show_product(connection, code)


async def change_product(
    connection: Connection, code: str, change: ProductChange, *, actor: str
) -> dict[str, Any]:
    """Change what is set; gives the product as `show_product` does."""
    locked = await connection.fetchrow(SQL.lock_product, code)
    if locked is None:
        raise NotFoundError(f"no product {code}")
    values = _checked(change)
    if values.get("status") == "open":
        values.setdefault("status_reason", "")
    before = dict(locked["row"])
    with database_errors_told():
        after = dict(await connection.fetchval(SQL.update_product, locked["id"], values))
    _check_amounts(after)
    before["updated_at"] = after["updated_at"]
    await write_audit(
        connection,
        actor=actor,
        action="product.changed",
        subject=f"product:{code}",
        before=before,
        after=after,
    )
    return await show_product(connection, code)


async def show_product(connection: Connection | Pool, code: str) -> dict[str, Any]:
    """Show one product with its fixed prices."""
    row = await connection.fetchrow(SQL.list_products, "", None, None, None, None, code, 1)
    if row is None:
        raise NotFoundError(f"no product {code}")
    prices = await connection.fetch(SQL.prices_of_product, row["id"])
    return {**dict(row), "prices": {p["price_list"]: p["price"] for p in prices}}


async def list_products(
    connection: Connection | Pool,
    *,
    after: str = "",
    limit: int = 100,
    category: str | None = None,
    status: str | None = None,
    kind: str | None = None,
    search: str | None = None,
) -> dict[str, Any]:
    """List products by code; `after` is the `next` of the page before."""
    rows = await connection.fetch(
        SQL.list_products, after, category, status, kind, search, None, limit
    )
    items = [dict(row) for row in rows]
    return {"items": items, "next": items[-1]["code"] if len(items) == limit else None}


# --- prices ---------------------------------------------------------------------------------------


async def save_price_list(
    connection: Connection, code: str, name: str, *, actor: str
) -> dict[str, Any]:
    """Create a price list, or rename it."""
    if not _LOWER_CODE.fullmatch(code):
        raise BadInputError("a price list's code: letters, digits, _ and -", {"code": code})
    with database_errors_told():
        await connection.execute(SQL.upsert_price_list, code, name)
    await write_audit(
        connection,
        actor=actor,
        action="price_list.saved",
        subject=f"price_list:{code}",
        after={"name": name},
    )
    return (await list_price_lists(connection, code=code))[0]


async def list_price_lists(
    connection: Connection | Pool, *, code: str | None = None
) -> list[dict[str, Any]]:
    """List price lists with their margins."""
    rows = [dict(row) for row in await connection.fetch(SQL.list_price_lists, code)]
    if code is not None and not rows:
        raise NotFoundError(f"no price list {code}")
    return rows


async def set_margin(
    connection: Connection,
    price_list: str,
    *,
    actor: str,
    category: str | None = None,
    amount: int = 0,
    basis_points: int = 0,
) -> None:
    """Set what a list adds to base prices: rupiah and basis points, rounded up.

    A category's margin takes the place of the whole list's (`category` None).
    """
    for name, value, most in (
        ("amount", amount, RUPIAH_MAX),
        ("basis_points", basis_points, BASIS_POINTS_MAX),
    ):
        if abs(value) > most:
            raise BadInputError(f"{name} is too large", {name: f"at most {most}"})
    list_id = await _price_list_id(connection, price_list)
    before = await connection.fetchrow(SQL.margin_before, list_id, category)
    with database_errors_told():
        await connection.execute(SQL.upsert_margin, list_id, category, amount, basis_points)
    await write_audit(
        connection,
        actor=actor,
        action="margin.set",
        subject=f"price_list:{price_list}:{category or '*'}",
        before=dict(before) if before else None,
        after={"amount": amount, "basis_points": basis_points},
    )


async def set_price(
    connection: Connection, price_list: str, product: str, price: int | None, *, actor: str
) -> None:
    """Fix one product's price in one list; None takes the margin rule again."""
    if price is not None and not 0 <= price <= RUPIAH_MAX:
        raise BadInputError("a price is not negative", {"price": f"0 to {RUPIAH_MAX}"})
    list_id = await _price_list_id(connection, price_list)
    row = await connection.fetchrow(SQL.lock_product, product)
    if row is None:
        raise NotFoundError(f"no product {product}")
    before = await connection.fetchval(SQL.price_before, list_id, row["id"])
    await connection.execute(SQL.upsert_price, list_id, row["id"], price)
    await write_audit(
        connection,
        actor=actor,
        action="price.set",
        subject=f"price_list:{price_list}:{product}",
        before={"price": before},
        after={"price": price},
    )


async def _price_list_id(connection: Connection, code: str) -> int:
    row = await connection.fetchrow(SQL.lock_price_list, code)
    if row is None:
        raise NotFoundError(f"no price list {code}")
    found: int = row["id"]
    return found


# --- what is acceptable ---------------------------------------------------------------------------


def _checked(change: ProductChange) -> dict[str, Any]:
    values: dict[str, Any] = msgspec.to_builtins(change)
    problems: dict[str, str] = {}
    for name in _MONEY:
        value = values.get(name)
        if value is not None and not 0 <= value <= RUPIAH_MAX:
            problems[name] = f"0 to {RUPIAH_MAX}"
    for name in ("cut_off_start", "cut_off_end"):
        value = values.get(name)
        if value is not None and not _TIME.fullmatch(value):
            problems[name] = "a WIB time of day like 23:30"
    if "name" in values and not values["name"].strip():
        problems["name"] = "is needed"
    if problems:
        named = ", ".join(f"{name}: {problem}" for name, problem in problems.items())
        raise BadInputError(named, problems)
    return values


def _check_amounts(values: Mapping[str, Any]) -> None:
    least, most = values.get("amount_min"), values.get("amount_max")
    if values.get("kind") == "open" and not (least and most and most >= least):
        problem = "an open denomination needs amount_min and amount_max"
        raise BadInputError(problem, {"amount_min": problem})


def _check_pattern(pattern: str) -> None:
    """Accept what Python understands; an operator writes it, so its cost is his own affair."""
    try:
        re.compile(pattern, re.ASCII)
    except re.error as error:
        problem = f"not a regular expression: {error}"
        raise BadInputError(problem, {"destination_pattern": problem}) from error
    if len(pattern) > PATTERN_CHARS_MAX:
        raise BadInputError("too long", {"destination_pattern": f"at most {PATTERN_CHARS_MAX}"})
