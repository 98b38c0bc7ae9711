from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from gerbang.errors import BadInputError, ConflictError, NotFoundError
from gerbang.postgres.pool import connect
from gerbang.routing.route import RouteRules
from gerbang.secrets_box import SecretBox
from gerbang.suppliers.admin import (
    RouteChange,
    SupplierChange,
    change_route,
    change_supplier,
    create_route,
    create_supplier,
    list_routes,
    top_up_float,
)
from orders.house import open_house

BOX = SecretBox(bytes(32))


@pytest.fixture
async def c(database_url: str) -> AsyncIterator[Any]:
    connection = await connect(database_url)
    await connection.execute("INSERT INTO categories (code, name) VALUES ('pulsa', 'Pulsa')")
    await connection.execute(
        "INSERT INTO products (code, name, category) VALUES ('HSA5', 'Halo', 'pulsa')"
    )
    yield connection
    await connection.close()


async def make(c: Any, code: str = "maju", **more: Any) -> dict[str, Any]:
    return await create_supplier(
        c,
        code,
        name="Maju",
        dialect="socx",
        base_url="http://127.0.0.1:9001",
        actor="test",
        box=BOX,
        **more,
    )


async def test_a_supplier_has_a_float_and_sealed_secrets(c: Any) -> None:
    shown = await make(c, change=SupplierChange(secrets={"token": "t0p"}, timeout_ms=5_000))
    assert (shown["float"], shown["timeout_ms"]) == (0, 5_000)
    assert BOX.open(await c.fetchval("SELECT sealed FROM suppliers")) == {"token": "t0p"}
    assert "t0p" not in str(await c.fetch("SELECT * FROM audit_log"))


@pytest.mark.parametrize(
    "values",
    [
        {"timeout_ms": 5},
        {"base_url": "ftp://x"},
        {"callback_ips": ["here"]},
        {"concurrency_max": 2**40},
    ],
)
async def test_values_that_make_no_sense_are_refused(c: Any, values: dict[str, Any]) -> None:
    await make(c)
    with pytest.raises(BadInputError):
        await change_supplier(c, "maju", SupplierChange(**values), actor="test", box=BOX)


async def test_a_code_is_taken_once(c: Any) -> None:
    await make(c)
    with pytest.raises(ConflictError):
        await make(c)


async def route(c: Any, **more: Any) -> dict[str, Any]:
    values = {"product": "HSA5", "supplier": "maju", "supplier_product_code": "S5", "cost": 5_000}
    return await create_route(c, **{**values, **more}, actor="test")


async def test_a_route_is_added_and_changed(c: Any) -> None:
    await make(c)
    shown = await route(c, change=RouteChange(priority=5))
    assert (shown["priority"], shown["enabled"]) == (5, True)
    shown = await change_route(
        c,
        shown["id"],
        RouteChange(enabled=False, disabled_reason="slow", rules=RouteRules(open_from="06:00")),
        actor="test",
    )
    assert (shown["enabled"], shown["rules"]["open_from"]) == (False, "06:00")
    shown = await change_route(c, shown["id"], RouteChange(enabled=True), actor="test")
    assert shown["disabled_reason"] == ""
    assert len((await list_routes(c, product="HSA5"))["items"]) == 1
    with pytest.raises(ConflictError):
        await route(c)


async def test_a_route_needs_a_product_and_a_supplier(c: Any) -> None:
    await make(c)
    with pytest.raises(NotFoundError):
        await route(c, product="NONE")
    with pytest.raises(NotFoundError):
        await route(c, supplier="none")


async def test_a_top_up_moves_bank_money_into_the_float_once(database_url: str) -> None:
    async with open_house(database_url) as house:
        for _ in range(2):
            await top_up_float(
                house.connection, house.lane, "s1", amount=1_000, key="t1", actor="test"
            )
        assert await house.balance_of(house.float_id) == -1_000
        assert (await house.verify()).clean
