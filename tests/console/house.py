"""A small house for the console's tests: something to sell, somebody who buys it."""

from __future__ import annotations

from typing import Any

from gerbang.app import Node
from gerbang.catalog.admin import ProductChange, create_product, save_category, save_price_list
from gerbang.deposits.admin import create_bank
from gerbang.ledger.credit import credit_reseller
from gerbang.resellers.admin import ResellerChange, create_reseller
from gerbang.resellers.credentials import NewCredential, issue_credential
from gerbang.suppliers.admin import create_route, create_supplier

ACTOR = "test"


async def furnish(node: Node) -> dict[str, Any]:
    """Make a category, a product, a supplier with a route, and a funded reseller."""
    async with node.pool.acquire() as connection, connection.transaction():
        await save_category(connection, "pulsa", "Pulsa", actor=ACTOR)
        await save_price_list(connection, "default", "Default", actor=ACTOR)
        change = ProductChange(name="Lima", category="pulsa", base_price=5_400, cost=5_050)
        await create_product(connection, "S5", change, actor=ACTOR)
        await create_supplier(
            connection, "maju", name="Maju", dialect="socx", base_url="http://127.0.0.1:9/v1",
            actor=ACTOR, box=node.box,
        )  # fmt: skip
        await create_route(
            connection, product="S5", supplier="maju", supplier_product_code="S5", cost=5_050,
            actor=ACTOR,
        )  # fmt: skip
        await create_reseller(
            connection, "TOKO", "Toko Satu", actor=ACTOR, box=node.box,
            change=ResellerChange(dialects=["socx"]),
        )  # fmt: skip
        issued = await issue_credential(
            connection, "TOKO", NewCredential(dialect="socx"), box=node.box, actor=ACTOR
        )
        await create_bank(
            connection, bank_name="BCA", account_no="1234567890", beneficiary_name="PT",
            actor=ACTOR,
        )  # fmt: skip
    await node.loader.refresh_now()
    await credit_reseller(node.pool, node.lane, "TOKO", 100_000, key="k", note="", actor=ACTOR)
    return {"credential_id": issued.id, "token": issued.secrets["token"]}
