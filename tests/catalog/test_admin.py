from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from gerbang.catalog.admin import (
    ProductChange,
    change_product,
    create_product,
    list_price_lists,
    list_products,
    save_category,
    save_prefixes,
    save_price_list,
    set_margin,
    set_price,
    show_product,
)
from gerbang.errors import BadInputError, ConflictError, NotFoundError
from gerbang.postgres.pool import connect


@pytest.fixture
async def c(database_url: str) -> AsyncIterator[Any]:
    connection = await connect(database_url)
    await save_category(connection, "pulsa", "Pulsa", actor="test")
    yield connection
    await connection.close()


async def make(c: Any, code: str = "HSA5", **values: Any) -> dict[str, Any]:
    values = {"name": "Halo 5.000", "category": "pulsa", "base_price": 5_400, **values}
    return await create_product(c, code, ProductChange(**values), actor="test")


async def change(c: Any, **values: Any) -> dict[str, Any]:
    return await change_product(c, "HSA5", ProductChange(**values), actor="test")


async def test_a_product_is_created_with_what_is_given(c: Any) -> None:
    shown = await make(c, cut_off_start="23:30", cut_off_end="00:30", cost=5_050)
    assert (shown["base_price"], shown["cost"], shown["status"]) == (5_400, 5_050, "open")
    assert (shown["cut_off_start"], shown["cut_off_end"]) == ("23:30", "00:30")


async def test_a_product_is_disturbed_with_a_reason_and_opening_forgets_it(c: Any) -> None:
    await make(c)
    shown = await change(c, status="disturbed", status_reason="operator down")
    assert shown["status_reason"] == "operator down"
    shown = await change(c, status="open")
    assert (shown["status"], shown["status_reason"]) == ("open", "")
    rows = await c.fetch("SELECT before, after FROM audit_log WHERE action = 'product.changed'")
    assert rows[0]["before"] == {"status": "open", "status_reason": ""}
    assert rows[1]["after"] == {"status": "open", "status_reason": ""}


async def test_null_takes_a_price_away(c: Any) -> None:
    await make(c)
    assert (await change(c, base_price=None))["base_price"] is None


@pytest.mark.parametrize(
    "values",
    [
        {"category": "nothing"},
        {"kind": "open"},
        {"base_price": -1},
        {"base_price": 2**63},
        {"cut_off_start": "23:30"},
        {"cut_off_start": "24:00", "cut_off_end": "25:00"},
        {"name": " "},
        {"description": "a\x00b"},
    ],
)
async def test_values_that_make_no_sense_are_refused(c: Any, values: dict[str, Any]) -> None:
    await make(c)
    with pytest.raises(BadInputError):
        await change(c, **values)


async def test_a_code_is_taken_once(c: Any) -> None:
    await make(c)
    with pytest.raises(ConflictError):
        await make(c)


async def test_an_unknown_product_is_not_found(c: Any) -> None:
    with pytest.raises(NotFoundError):
        await show_product(c, "NONE")


async def test_products_are_listed_in_pages_and_found_by_words(c: Any) -> None:
    for code in ("A1", "A2", "B1"):
        await make(c, code, brand="Halo" if code == "B1" else "", name=code)
    page = await list_products(c, limit=2)
    rest = await list_products(c, limit=2, after=page["next"])
    assert [p["code"] for p in page["items"] + rest["items"]] == ["A1", "A2", "B1"]
    found = await list_products(c, search="halo")
    assert [p["code"] for p in found["items"]] == ["B1"]


async def test_price_lists_have_margins_and_fixed_prices(c: Any) -> None:
    await make(c)
    await save_price_list(c, "gold", "Gold", actor="test")
    await set_margin(c, "gold", amount=100, actor="test")
    await set_margin(c, "gold", amount=200, actor="test")
    await set_margin(c, "gold", category="pulsa", basis_points=50, actor="test")
    await set_price(c, "gold", "HSA5", 5_300, actor="test")
    shown = (await list_price_lists(c, code="gold"))[0]
    assert [(m["category"], m["amount"]) for m in shown["margins"]] == [(None, 200), ("pulsa", 0)]
    assert (await show_product(c, "HSA5"))["prices"] == {"gold": 5_300}
    await set_price(c, "gold", "HSA5", None, actor="test")
    assert (await show_product(c, "HSA5"))["prices"] == {}


async def test_a_pattern_must_be_a_regular_expression(c: Any) -> None:
    with pytest.raises(BadInputError):
        await save_category(c, "x", "X", destination_pattern="([", actor="test")


async def test_prefixes_are_three_to_six_digits(c: Any) -> None:
    await save_prefixes(c, {"0812": "TELKOMSEL"}, actor="test")
    with pytest.raises(BadInputError):
        await save_prefixes(c, {"08": "X"}, actor="test")
