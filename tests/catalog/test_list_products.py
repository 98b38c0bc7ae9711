"""A reseller's price list, page by page, with its own prices."""

from __future__ import annotations

from typing import Any, cast

import pytest

from gerbang.catalog.product import Category, Margin, PriceList, product_from_row
from gerbang.catalog.snapshot import Snapshot
from gerbang.clock import SystemClock
from gerbang.dialects.contract import ProductKind, ProductQuery, ProductView, ResellerView
from gerbang.memory import Memory
from gerbang.resellers.reseller import Reseller

ROW: dict[str, Any] = {
    "category": "pulsa",
    "brand": "Telkomsel",
    "operator": "",
    "kind": "prepaid",
    "status": "open",
    "status_reason": "",
    "base_price": 1_000,
    "cost": None,
    "admin_fee": 0,
    "amount_min": None,
    "amount_max": None,
    "amount_step": 1,
    "cut_off_start": None,
    "cut_off_end": None,
    "same_day_rule": "reseller",
    "description": "",
    "service": "",
    "biller": "",
}


@pytest.fixture
def memory() -> Memory:
    snapshot = Snapshot()
    snapshot.categories["pulsa"] = Category(
        code="pulsa",
        name="Pulsa",
        destination_pattern="^0[0-9]+$",
        destination_hint="",
        uses_operator_prefix=True,
    )
    margins = {"": Margin(amount=50, basis_points=0)}
    snapshot.price_lists[1] = PriceList(id=1, code="default", margins=margins)
    view = ResellerView(
        id=1,
        code="DEMO",
        name="Demo",
        status="active",
        account_id=1,
        settings={},
        pending_reply_wait_ms={},
    )
    snapshot.take_reseller(
        Reseller(
            view=view,
            receivable_account_id=2,
            price_list_id=1,
            networks=(),
            dialects=frozenset(),
            callback_url="",
            callback_format="auto",
            callback_secret="",
            live=True,
            late_success_paid_by="us",
            requests_per_second_max=0,
            concurrent_requests_max=0,
            orders_per_day_max=0,
            settings={},
        )
    )
    for number, code in enumerate(("C", "A", "B", "E", "D"), 1):
        kind = "game" if code == "D" else "prepaid"
        row = {**ROW, "id": number, "code": code, "name": code, "kind": kind}
        snapshot.take_product(product_from_row(row))
    return Memory(snapshot, {}, cast("Any", None), SystemClock())


def test_pages_follow_each_other_without_gaps_or_repeats(memory: Memory) -> None:
    pages: list[ProductView] = []
    after: str | None = None
    while True:
        page, after = memory.list_products(1, ProductQuery(after=after, limit=2))
        pages += page
        if after is None:
            break
    assert [view.code for view in pages] == ["A", "B", "C", "D", "E"]
    assert {view.price for view in pages} == {1_050}


def test_one_product_is_found_in_any_case_and_shown_with_its_category(memory: Memory) -> None:
    [view], rest = memory.list_products(1, ProductQuery(code="a"))
    assert (view.code, view.category, rest) == ("A", "Pulsa", None)
    assert memory.list_products(1, ProductQuery(code="NONE")) == ([], None)


def test_a_filter_applies_before_the_limit(memory: Memory) -> None:
    views, rest = memory.list_products(1, ProductQuery(kind=ProductKind.GAME, limit=1))
    assert ([view.code for view in views], rest) == (["D"], None)
    assert memory.list_products(1, ProductQuery(brand="telkomsel", limit=1))[1] == "A"
