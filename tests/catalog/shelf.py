"""Rows for tests of catalogue, resellers and suppliers, written straight into the database."""

from __future__ import annotations

from typing import Any

from gerbang.secrets_box import SecretBox

BOX = SecretBox(b"k" * 32)


async def add_account(c: Any, code: str, kind: str = "house", side: str = "credit") -> int:
    account_id: int = await c.fetchval(
        "INSERT INTO accounts (code, kind, normal_side, tracked)"
        " VALUES ($1, $2::text::account_kind, $3::text::account_side, $4) RETURNING id",
        code,
        kind,
        side,
        kind in {"reseller", "receivable"},
    )
    return account_id


async def add_category(c: Any, code: str = "pulsa", pattern: str = "^0[0-9]{8,13}$") -> None:
    await c.execute(
        "INSERT INTO categories (code, name, destination_pattern, uses_operator_prefix)"
        " VALUES ($1, initcap($1), $2, $1 = 'pulsa')",
        code,
        pattern,
    )


async def add_product(c: Any, code: str = "HSA5", base_price: int | None = 5_000) -> int:
    product_id: int = await c.fetchval(
        "INSERT INTO products (code, name, category, base_price)"
        " VALUES ($1, 'Halo', 'pulsa', $2) RETURNING id",
        code,
        base_price,
    )
    return product_id


async def add_price_list(c: Any, code: str = "default") -> int:
    list_id: int = await c.fetchval(
        "INSERT INTO price_lists (code, name) VALUES ($1, $1)"
        " ON CONFLICT (code) DO UPDATE SET name = excluded.name RETURNING id",
        code,
    )
    return list_id


async def add_reseller(c: Any, price_list_id: int, code: str = "DEMO") -> int:
    reseller_id: int = await c.fetchval(
        "INSERT INTO resellers (code, name, account_id, receivable_account_id, price_list_id)"
        " VALUES ($1, 'Demo', $2, $3, $4) RETURNING id",
        code,
        await add_account(c, f"reseller:{code}", "reseller"),
        await add_account(c, f"receivable:{code}", "receivable", "debit"),
        price_list_id,
    )
    return reseller_id


async def add_credential(c: Any, reseller_id: int, key: str, **secrets: str) -> int:
    credential_id: int = await c.fetchval(
        "INSERT INTO credentials (reseller_id, dialect, key, sealed)"
        " VALUES ($1, 'isikuota', $2, $3) RETURNING id",
        reseller_id,
        key,
        BOX.seal(secrets),
    )
    return credential_id


async def add_supplier(c: Any, code: str = "s1", **secrets: str) -> int:
    supplier_id: int = await c.fetchval(
        "INSERT INTO suppliers (code, name, dialect, base_url, sealed, float_account_id)"
        " VALUES ($1, 'S', 'socx', 'http://x', $2, $3) RETURNING id",
        code,
        BOX.seal(secrets),
        await add_account(c, f"float:{code}", "supplier_float", "debit"),
    )
    return supplier_id


async def add_route(c: Any, product_id: int, supplier_id: int, **rules: Any) -> int:
    route_id: int = await c.fetchval(
        "INSERT INTO routes (product_id, supplier_id, supplier_product_code, cost, rules)"
        " VALUES ($1, $2, 'S5', 4900, $3) RETURNING id",
        product_id,
        supplier_id,
        rules,
    )
    return route_id
