"""Questions: status, products and balance."""

from __future__ import annotations

from typing import Any

import pytest

from dialects.isikuota.shop import ORDER, credential, open_shop, order, post, signed_body
from dialects.stand_in import DEMO_PRODUCTS, StandInGateway, make_product, make_reseller

# --- status -------------------------------------------------------------------------------------


async def test_status_tells_what_the_order_reply_would_tell() -> None:
    gateway = open_shop()
    bought = await order(gateway, ORDER)
    asked = await order(gateway, {"cmd": "status", "ref_id": "TRX12345"})
    assert (asked.status, asked.body) == (bought.status, bought.body)
    assert len(gateway.placed) == 1


async def test_status_of_an_unknown_ref_id_says_so() -> None:
    reply = await order(open_shop(), {"cmd": "status", "ref_id": "NONE"})
    assert (reply.status, reply.code, reply.data) == (422, "ORDER_NOT_FOUND", None)


async def test_another_resellers_order_is_not_found() -> None:
    gateway = open_shop()
    await order(gateway, ORDER)
    gateway.credentials = {
        key: credential(reseller=make_reseller(id=8)) for key in gateway.credentials
    }
    reply = await order(gateway, {"cmd": "status", "ref_id": "TRX12345"})
    assert reply.code == "ORDER_NOT_FOUND"


async def test_tests_are_asked_about_with_the_flag() -> None:
    gateway = open_shop()
    await order(gateway, {**ORDER, "testing": True})
    question = {"cmd": "status", "ref_id": "TRX12345"}
    assert (await order(gateway, question)).code == "ORDER_NOT_FOUND"
    assert (await order(gateway, {**question, "testing": True})).code == "ORDER_SUCCESS"


@pytest.mark.parametrize("ref_id", [None, "", 5])
async def test_status_needs_a_ref_id(ref_id: object) -> None:
    reply = await order(open_shop(), {"cmd": "status", "ref_id": ref_id})
    assert (reply.code, list(reply.errors)) == ("VALIDATION_ERROR", ["ref_id"])


# --- products -----------------------------------------------------------------------------------


async def test_products_are_filtered() -> None:
    gateway = open_shop()
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({}, sorted(one.code for one in DEMO_PRODUCTS)),
        ({"code": "X10"}, ["X10"]),
        ({"category": "Game"}, ["GP", "ML86"]),
        ({"brand": "XL"}, ["X10"]),
        ({"kind": "open"}, ["GP", "OVO"]),
        ({"code": "", "kind": None}, sorted(one.code for one in DEMO_PRODUCTS)),
    ]
    for wanted, codes in cases:
        reply = await order(gateway, {"cmd": "products", **wanted})
        assert [line["code"] for line in reply.data] == codes


async def test_a_postpaid_product_has_a_fee_and_the_others_a_price() -> None:
    reply = await order(open_shop(), {"cmd": "products"})
    lines = {line["code"]: line for line in reply.data}
    assert (lines["MPBPJS"]["admin"], "price" in lines["MPBPJS"]) == (2_700, False)
    assert (lines["X10"]["price"], "admin" in lines["X10"]) == (10_500, False)


async def test_products_come_in_pages() -> None:
    products = [make_product(f"P{number:02}") for number in range(5)]
    gateway = StandInGateway(credentials=[credential()], products=products)
    seen: list[str] = []
    after = None
    for _ in range(3):
        reply = await order(gateway, {"cmd": "products", "limit": 2, "after": after})
        seen += [line["code"] for line in reply.data]
        assert reply.body["meta"]["count"] == len(reply.data)
        after = reply.body["meta"]["next"]
    assert (seen, after) == (["P00", "P01", "P02", "P03", "P04"], None)


@pytest.mark.parametrize(
    ("field", "value"),
    [("kind", "pulsa"), ("kind", 5), ("limit", 0), ("limit", 1001), ("limit", "5"), ("code", 5)],
)
async def test_a_wrong_product_filter_is_named(field: str, value: object) -> None:
    reply = await order(open_shop(), {"cmd": "products", field: value})
    assert (reply.code, list(reply.errors)) == ("VALIDATION_ERROR", [field])


async def test_balance_ignores_members_it_does_not_know() -> None:
    reply = await post(open_shop(), signed_body({"note": "x", "testing": True}), path="/v1/balance")
    assert (reply.code, reply.data["currency"]) == ("SUCCESS", "IDR")
