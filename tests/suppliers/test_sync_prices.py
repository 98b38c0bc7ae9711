from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gerbang.dialects.isikuota import DIALECT as ISIKUOTA
from gerbang.dialects.socx import DIALECT as SOCX
from gerbang.errors import BadInputError, ConflictError
from gerbang.outbound.addresses import AddressPolicy
from gerbang.outbound.message import Answered, HttpRequest
from gerbang.suppliers.fetch_prices import PriceSource, fetch_prices
from gerbang.suppliers.price_list import PriceRule
from gerbang.suppliers.sync_prices import SyncReport, read_price_list, sync_prices
from orders.house import House, open_house


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[House]:
    async with open_house(database_url, balance=0) as house:
        yield house


async def sync(house: House, text: str, **more: Any) -> SyncReport:
    row = await house.connection.fetchrow("SELECT settings FROM suppliers")
    price_list = read_price_list(text.encode(), row["settings"], partial=more.pop("partial", False))
    async with house.connection.transaction():
        return await sync_prices(
            house.connection, "s1", price_list, actor="test", **{"apply": True, **more}
        )


async def set_up(house: House, **settings: Any) -> None:
    named = {name.replace("__", "."): value for name, value in settings.items()}
    await house.connection.execute("UPDATE suppliers SET settings = $1", named)


async def route(house: House) -> Any:
    return await house.connection.fetchrow("SELECT cost, enabled, disabled_reason FROM routes")


async def test_a_list_in_the_suppliers_own_words_becomes_costs_and_prices_follow(
    house: House,
) -> None:
    await set_up(
        house,
        catalog__columns={"code": "Kode Produk", "cost": "Harga", "status": "Ket"},
        catalog__base_price={"amount": 100, "basis_points": 150, "round_up_to": 25},
    )
    report = await sync(house, "Kode Produk;Harga;Ket\nS5;Rp. 5.250;buka\nS10;10.250,00;buka\n")
    assert (report.counts["cost_changed"], report.counts["new"]) == (1, 1)
    assert (await route(house))["cost"] == 5_250
    product = await house.connection.fetchrow("SELECT cost, base_price FROM products")
    wanted = PriceRule(amount=100, basis_points=150, round_up_to=25).price(5_250)
    assert (product["cost"], product["base_price"]) == (5_250, wanted)
    assert await house.connection.fetchval("SELECT count(*) FROM audit_log") == 2


async def test_a_dry_run_says_all_and_writes_nothing(house: House) -> None:
    report = await sync(house, "code,cost\nS5,5100\n", apply=False)
    assert (report.applied, report.differences[0].after) == (False, 5_100)
    assert (await route(house))["cost"] == 5_000
    assert await house.connection.fetchval("SELECT count(*) FROM audit_log") == 0


async def test_a_jump_waits_in_quarantine_until_a_person_accepts_it(house: House) -> None:
    report = await sync(house, "code,cost\nS5,500\n")
    assert (report.quarantined, (await route(house))["cost"]) == (1, 5_000)
    await sync(house, "code,cost\nS5,500\n", accepted=("S5",))
    assert (await route(house))["cost"] == 500


async def test_the_threshold_is_the_suppliers_own(house: House) -> None:
    await set_up(house, catalog__jump_basis_points_max=100)
    assert (await sync(house, "code,cost\nS5,5051\n")).quarantined == 1
    assert (await sync(house, "code,cost\nS5,5050\n")).quarantined == 0


async def test_what_is_closed_or_gone_there_is_closed_here_and_comes_back(house: House) -> None:
    await sync(house, "code,cost,status\nS5,5000,gangguan\n")
    assert tuple(await route(house)) == (5_000, False, "price list: closed")
    await sync(house, "code,cost,status\nS5,5000,open\n")
    assert tuple(await route(house)) == (5_000, True, "")
    await sync(house, "code,cost\nOTHER,1\n", partial=True)
    assert (await route(house))["enabled"]
    await sync(house, "code,cost\nOTHER,1\n")
    assert tuple(await route(house)) == (5_000, False, "price list: gone")


async def test_products_sold_below_cost_are_named(house: House) -> None:
    report = await sync(house, "code,cost\nS5,5500\n")
    assert [(p["code"], p["cost"], p["base_price"]) for p in report.below_cost] == [
        ("HSA5", 5_500, 5_400)
    ]


async def test_a_list_with_a_bad_line_is_not_complete(house: House) -> None:
    report = await sync(house, "code,cost\nOTHER,much\n,5\nA,1\nA,2\nB,-3\n")
    assert [line.line for line in report.bad] == [2, 3, 5, 6]
    assert (report.complete, report.counts["gone"]) == (False, 0)


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        (b"kode,modal\nS5,1\n", {}),
        (b"", {}),
        (b"code,cost\n\xff\xfe,1\n", {}),
        (b"code,cost\nS5,1\n", {"catalog.columns": {"colour": "x"}}),
        (b"code,cost\nS5,1\n", {"catalog.columns": ["code"]}),
        (b"code,cost\nS5,1\n", {"catalog.open_words": "open"}),
    ],
)
def test_a_file_that_cannot_be_understood_is_refused(text: bytes, settings: dict[str, Any]) -> None:
    with pytest.raises(BadInputError):
        read_price_list(text, settings)


def test_a_file_on_disk_is_read_as_well(tmp_path: Path) -> None:
    file = tmp_path / "prices.csv"
    file.write_text("\ufeffcode\tcost\tname\nS5\t5,250\tHalo\n")
    (line,) = read_price_list(file, {}).lines
    assert (line.code, line.cost, line.name) == ("S5", 5_250, "Halo")


# --- from the supplier itself ---------------------------------------------------------------------


class Pages:
    """Answers questions for pages, each by its `after`."""

    def __init__(self, *pages: bytes) -> None:
        self.pages = list(pages)

    async def send(self, request: HttpRequest, **_: Any) -> Answered:
        return Answered(status=200, body=self.pages.pop(0))


def page(code: str, *, following: str | None) -> bytes:
    line = {"code": code, "name": "x", "kind": "prepaid", "price": 5_100, "status": "open"}
    reply = {"success": True, "code": "00", "message": "ok", "data": [line]}
    return json.dumps({**reply, "meta": {"next": following}}).encode()


async def fetch(pages: Pages, dialect: str = "isikuota") -> Any:
    secrets = {"api_id": "a", "api_key": "b", "secret_key": "c"}
    view = SimpleNamespace(
        code="s1", dialect=dialect, base_url="http://x", secrets=secrets, settings={}
    )
    return await fetch_prices(
        cast("Any", SimpleNamespace(view=view, timeout_ms=1_000)),
        dialects={"isikuota": ISIKUOTA, "socx": SOCX},
        outbound=cast("Any", pages),
        addresses=AddressPolicy(allow_private=True),
        clock=cast("Any", SimpleNamespace(now=lambda: datetime(2026, 1, 1).astimezone())),
    )


async def test_a_supplier_is_asked_page_by_page() -> None:
    price_list = await fetch(Pages(page("A", following="A"), page("B", following=None)))
    assert [(line.code, line.cost) for line in price_list.lines] == [("A", 5_100), ("B", 5_100)]
    assert price_list.complete


async def test_a_list_that_breaks_off_is_not_used() -> None:
    with pytest.raises(ConflictError):
        await fetch(Pages(page("A", following="A"), b"<html>"))


async def test_a_dialect_without_a_price_list_says_so() -> None:
    assert not isinstance(SOCX.client, PriceSource)
    with pytest.raises(ConflictError):
        await fetch(Pages(), "socx")


async def test_the_titles_that_most_files_have_are_understood_without_a_map(house: House) -> None:
    await house.connection.execute("UPDATE suppliers SET settings = '{}'")
    report = await sync(house, "Kode;Nama;Harga\nS5;Lima;5.100\n", partial=True, apply=False)
    assert report.lines == 1
    with pytest.raises(BadInputError, match=r"lacks cost; it has kode, modal\. Name the file's"):
        await sync(house, "kode,modal\nS5,5100\n", partial=True, apply=False)
