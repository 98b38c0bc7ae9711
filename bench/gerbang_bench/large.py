"""A database with years of orders in it, bulk-loaded by COPY under all laws of the schema."""

from __future__ import annotations

from collections.abc import Callable

ORDERS = 10_000_000


async def load_orders(dsn: str, orders: int, *, say: Callable[[str], None]) -> None:
    """Load."""
    raise NotImplementedError(f"{dsn} {orders} {say}")
