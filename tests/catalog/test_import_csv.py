from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gerbang.catalog.admin import show_product
from gerbang.catalog.import_csv import ImportReport, import_products
from gerbang.errors import BadInputError
from gerbang.postgres.pool import connect
from gerbang.secrets_box import SecretBox
from gerbang.suppliers.admin import create_supplier, list_routes


@pytest.fixture
async def c(database_url: str) -> AsyncIterator[Any]:
    connection = await connect(database_url)
    yield connection
    await connection.close()


async def load(c: Any, text: str, **more: Any) -> ImportReport:
    async with c.transaction():
        return await import_products(c, text.encode(), actor="test", **more)


FIRST = "code,name,category,price\nS5,Simpati 5,pulsa,5400\nS10,Simpati 10,pulsa,10400\n"


async def test_new_products_and_their_categories_are_made(c: Any) -> None:
    report = await load(c, FIRST)
    assert (report.new, report.new_categories, report.applied) == (2, 1, True)
    assert (await show_product(c, "S10"))["base_price"] == 10_400


async def test_a_second_import_changes_only_what_differs(c: Any) -> None:
    await load(c, FIRST)
    before = await c.fetchval("SELECT changed_xid::text FROM products WHERE code = 'S5'")
    report = await load(c, "code;base_price;status\nS5;5400;\nS10;10500;closed\n")
    assert (report.new, report.changed, report.unchanged) == (0, 1, 1)
    assert report.changes[0].before == {"base_price": 10_400, "status": "open"}
    assert report.changes[0].after == {"base_price": 10_500, "status": "closed"}
    assert before == await c.fetchval("SELECT changed_xid::text FROM products WHERE code = 'S5'")
    assert (await show_product(c, "S10"))["name"] == "Simpati 10"


async def test_a_dry_run_reports_and_writes_nothing(c: Any) -> None:
    report = await load(c, FIRST, dry_run=True)
    assert (report.new, report.applied) == (2, False)
    assert await c.fetchval("SELECT count(*) FROM products") == 0
    assert await c.fetchval("SELECT count(*) FROM categories") == 0


BAD = (
    "code,name,category,price,kind,cut_off_start,supplier\n"
    "S5,Simpati 5,pulsa,5400,,,\n"
    "lower,x,pulsa,1,,,\n"
    "S6,x,pulsa,1.5,,,\n"
    "S7,x,pulsa,1,fax,,\n"
    "S5,again,pulsa,1,,,\n"
    "S8,,pulsa,1,,,\n"
    "S9,x,pulsa,1,open,,\n"
    "S11,x,pulsa,1,,23:30,\n"
    "S12,x,pulsa,1,,,nobody\n"
    "S13,x,pulsa,1,,,,,,\n"
)


async def test_every_wrong_line_is_named_and_nothing_is_written(c: Any) -> None:
    report = await load(c, BAD)
    assert [error.line for error in report.errors] == [3, 4, 5, 6, 7, 8, 9, 10, 11]
    assert report.applied is False
    assert await c.fetchval("SELECT count(*) FROM products") == 0


async def test_wrong_lines_can_be_left_out(c: Any) -> None:
    report = await load(c, BAD, skip_bad=True)
    assert (report.new, report.errors_count, report.applied) == (1, 9, True)
    assert [row[0] for row in await c.fetch("SELECT code FROM products")] == ["S5"]


async def test_routes_come_with_the_products(c: Any) -> None:
    await create_supplier(
        c,
        "maju",
        name="Maju",
        dialect="socx",
        base_url="http://127.0.0.1:1",
        actor="test",
        box=SecretBox(bytes(32)),
    )
    text = "code,name,category,price,cost,supplier,supplier_code\nS5,S,pulsa,5400,{},maju,M5\n"
    for cost in (5_000, 5_100):
        await load(c, text.format(cost))
    routes = (await list_routes(c))["items"]
    assert [(r["product"], r["supplier_product_code"], r["cost"]) for r in routes] == [
        ("S5", "M5", 5_100)
    ]


@pytest.mark.parametrize("text", ["", "name\nx\n", "code,colour\nS5,red\n", "code,code\n"])
async def test_a_file_without_proper_columns_is_refused(c: Any, text: str) -> None:
    with pytest.raises(BadInputError):
        await load(c, text)


async def test_a_file_that_is_not_text_is_refused(c: Any) -> None:
    with pytest.raises(BadInputError):
        await import_products(c, b"\xff\xfe\x00", actor="test")


async def test_twenty_thousand_rows_take_a_few_seconds(c: Any) -> None:
    lines = [f"P{n},Product {n},cat{n % 20},{n}" for n in range(20_000)]
    steps: list[str] = []
    began = time.monotonic()
    report = await load(
        c,
        "\n".join(["code,name,category,price", *lines]),
        progress=lambda step, _done, _total: steps.append(step),
    )
    assert (report.new, report.new_categories) == (20_000, 20)
    assert time.monotonic() - began < 60  # however busy the machine is
    assert steps[-1] == "done"
