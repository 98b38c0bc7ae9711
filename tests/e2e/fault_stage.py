"""What every fault run begins with: three suppliers, one for each dialect, and one buyer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from e2e.served import Ear, ServedGateway, SupplierProcess, add_reseller, add_route, add_supplier
from gerbang.outbound.addresses import AddressPolicy
from gerbang.postgres.pool import Connection

NAMES: Final = ("socx", "isikuota", "otomax")
BUYER: Final = "BUYER"
HOUSE: Final = AddressPolicy(allow_private=True)


def supplier_processes(gateway: ServedGateway, folder: Path) -> list[SupplierProcess]:
    """Make one supplier for each dialect, which tells its news to the gateway."""
    return [
        SupplierProcess(f"s-{name}", name, folder, f"{gateway.base_url}/callbacks/s-{name}")
        for name in NAMES
    ]


async def add_trade(
    connection: Connection,
    gateway: ServedGateway,
    suppliers: Iterable[SupplierProcess],
    ear: Ear,
    *,
    products: Sequence[str],
    cost: int,
    health: dict[str, Any],
    decide_after_s: int,
) -> None:
    """Add the buyer, the suppliers and their routes; each is the first choice of one product."""
    await add_reseller(connection, gateway.box, BUYER, list(NAMES), callback_url=ear.url("R"))
    for i, supplier in enumerate(suppliers):
        await add_supplier(
            connection,
            gateway.box,
            supplier.name,
            supplier.dialect,
            base_url=supplier.base_url,
            buyer="GERBANG",
            ask_again_after_ms=[300, 600, 1_000],
            settings={"health.supplier": health, "health.product": health},
            timeout_ms=4_000,
            concurrency_max=400,
            decide_after_s=decide_after_s,
        )
        for p, product in enumerate(products):
            await add_route(
                connection,
                product,
                supplier.name,
                code=product,
                cost=cost,
                priority=10 * (1 + (i - p) % len(NAMES)),
            )
