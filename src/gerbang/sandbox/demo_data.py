"""The demo's data: written once, completed on every start, never in a real installation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from gerbang.catalog.admin import (
    ProductChange,
    create_product,
    save_category,
    save_prefixes,
    save_price_list,
)
from gerbang.deposits.admin import create_bank, list_banks
from gerbang.errors import ConflictError
from gerbang.postgres.pool import Connection
from gerbang.resellers.admin import CallbackChange, ResellerChange, create_reseller
from gerbang.resellers.credentials import NewCredential, issue_credential
from gerbang.sandbox.demo_cards import furnish_cards
from gerbang.sandbox.demo_catalog import CATEGORIES, PREFIXES, demo_products
from gerbang.sandbox.demo_product import DemoProduct
from gerbang.secrets_box import SecretBox, generate_token
from gerbang.suppliers.admin import (
    RouteChange,
    SupplierChange,
    change_supplier,
    create_route,
    create_supplier,
)

ACTOR: Final = "demo"
RESELLER: Final = "DEMO"
LOOPBACK: Final = ["127.0.0.0/8", "::1/128"]
FUNDS: Final = 100_000_000
"""Rupiah that the demo reseller starts with."""
FLOAT: Final = 1_000_000_000_000
"""Rupiah that we keep at each fake supplier: what its book begins with."""
BANKS: Final = {"BCA": "1234567890", "Mandiri": "0987654321"}
"""The accounts of the SocX document's ticket."""
ISIKUOTA: Final = {"api_key": "demo_api_key", "secret_key": "demo_secret_key"}
OTOMAX: Final = {"pin": "1144", "password": "abcd"}


class DemoSupplier(msgspec.Struct, frozen=True, kw_only=True):
    """One fake supplier: lower priority numbers are asked first."""

    code: str
    dialect: str
    path: str
    priority: int
    secrets: Mapping[str, str]
    settings: Mapping[str, Any]
    fake_credential: Mapping[str, str]
    """The same secrets as the fake supplier's own command wants them."""


SUPPLIERS: Final = (
    DemoSupplier(
        code="demo-socx",
        dialect="socx",
        path="/reseller/api/v1",
        priority=10,
        secrets={"token": "demo-supplier-token"},
        settings={"ask_again_after_ms": [1_000, 2_000, 5_000, 30_000]},
        fake_credential={"token": "demo-supplier-token"},
    ),
    DemoSupplier(
        code="demo-isikuota",
        dialect="isikuota",
        path="/v1",
        priority=20,
        secrets={"api_id": "gerbang", "api_key": "supplier-key", "secret_key": "supplier-secret"},
        settings={"status_by": "cmd_status", "ask_again_after_ms": [1_000, 2_000, 5_000, 30_000]},
        fake_credential={
            "api_id": "gerbang",
            "api_key": "supplier-key",
            "secret_key": "supplier-secret",
        },
    ),
    DemoSupplier(
        code="demo-otomax",
        dialect="otomax",
        path="",
        priority=30,
        secrets={"pin": "4321", "password": "supplier"},
        settings={
            "member_id": "GERBANG",
            "resend_same_reference": "safe",
            "ask_again_after_ms": [1_000, 2_000, 5_000, 30_000],
        },
        fake_credential={"memberID": "GERBANG", "pin": "4321", "password": "supplier"},
    ),
)


_IN_USE: Final = """
SELECT NOT demo AND (EXISTS (SELECT 1 FROM resellers) OR EXISTS (SELECT 1 FROM suppliers)
                     OR EXISTS (SELECT 1 FROM users) OR EXISTS (SELECT 1 FROM orders))
  FROM installation
"""


async def furnish(
    connection: Connection, *, box: SecretBox, base_urls: Mapping[str, str], inbox_url: str
) -> str | None:
    """Write what is missing; give the SocX token when the reseller was made just now.

    `base_urls` are the fake suppliers' addresses of this start, by supplier code. Raises
    ConflictError where somebody works here already: a demo's secrets are known to everybody.
    """
    if await connection.fetchval(_IN_USE):
        raise ConflictError(
            "somebody works with this installation and it is no demo: give the demo a --data-dir"
            " (or a database) of its own"
        )
    await connection.execute("UPDATE installation SET demo = true")
    known = await connection.fetchval("SELECT count(*) FROM resellers WHERE code = $1", RESELLER)
    token = None
    if not known:
        await _furnish_catalog(connection)
        token = await _furnish_reseller(connection, box, inbox_url)
        await _furnish_suppliers(connection, box, base_urls)
    for bank_name, account_no in BANKS.items():
        if account_no not in {bank["account_no"] for bank in await list_banks(connection)}:
            await create_bank(
                connection,
                bank_name=bank_name,
                account_no=account_no,
                beneficiary_name="Name",
                actor=ACTOR,
            )
    await furnish_cards(connection, box, reseller=RESELLER)
    for code, url in base_urls.items():
        await change_supplier(connection, code, SupplierChange(base_url=url), actor=ACTOR, box=box)
    return token


async def _furnish_catalog(connection: Connection) -> None:
    for category in CATEGORIES:
        await save_category(
            connection,
            category.code,
            category.name,
            actor=ACTOR,
            destination_pattern=category.pattern,
            destination_hint=category.hint,
        )
    await save_prefixes(connection, PREFIXES, actor=ACTOR)
    await save_price_list(connection, "default", "Default", actor=ACTOR)
    for product in demo_products():
        await create_product(connection, product.code, _product_change(product), actor=ACTOR)


def _product_change(product: DemoProduct) -> ProductChange:
    values = {
        "name": product.name,
        "category": product.category,
        "brand": product.brand,
        "operator": product.operator,
        "kind": product.kind,
        "base_price": product.price,
        "cost": product.cost,
        "admin_fee": product.admin_fee,
        "service": product.service,
        "biller": product.biller,
    }
    if product.amount_max is not None:
        values["amount_min"] = product.amount_min or 1
        values["amount_max"] = product.amount_max
        values["amount_step"] = product.amount_step
    return msgspec.convert(values, ProductChange)


async def _furnish_reseller(connection: Connection, box: SecretBox, inbox_url: str) -> str:
    await create_reseller(
        connection,
        RESELLER,
        "Demo Reseller",
        actor=ACTOR,
        box=box,
        change=ResellerChange(
            allowed_ips=list(LOOPBACK),
            dialects=["isikuota", "socx", "otomax"],
            callback=CallbackChange(url=inbox_url),
            settings={"otomax.slug": "demo", "socx.weak_token": True},
        ),
    )
    await issue_credential(
        connection,
        RESELLER,
        NewCredential(dialect="isikuota", key="demo_api_id", secrets=dict(ISIKUOTA)),
        box=box,
        actor=ACTOR,
    )
    await issue_credential(
        connection,
        RESELLER,
        NewCredential(dialect="otomax", key="YUSUF", secrets=dict(OTOMAX)),
        box=box,
        actor=ACTOR,
    )
    return await issue_socx_token(connection, box)


async def issue_socx_token(connection: Connection, box: SecretBox) -> str:
    """Issue a SocX token to the demo reseller; also when demo.json was lost."""
    token = generate_token()
    new = NewCredential(dialect="socx", secrets={"token": token})
    await issue_credential(connection, RESELLER, new, box=box, actor=ACTOR)
    return token


async def _furnish_suppliers(
    connection: Connection, box: SecretBox, base_urls: Mapping[str, str]
) -> None:
    sold = demo_products()
    for supplier in SUPPLIERS:
        await create_supplier(
            connection,
            supplier.code,
            name=f"Fake supplier ({supplier.dialect})",
            dialect=supplier.dialect,
            base_url=base_urls[supplier.code],
            actor=ACTOR,
            box=box,
            change=SupplierChange(
                secrets=dict(supplier.secrets),
                settings=dict(supplier.settings),
                callback_ips=list(LOOPBACK),
                timeout_ms=15_000,
            ),
        )
        for product in sold:
            await create_route(
                connection,
                product=product.code,
                supplier=supplier.code,
                supplier_product_code=product.code,
                cost=product.cost,
                actor=ACTOR,
                change=RouteChange(priority=supplier.priority),
            )
