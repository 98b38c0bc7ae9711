"""Who would win an order right now: API, commands and stored orders give one explanation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from api.running import Running, running

BUYER = "TOKO"
ASKED = {"product": "HSA5", "reseller": BUYER, "destination": "081234561230"}


async def _furnish(here: Running) -> None:
    await here.reseller(BUYER)
    await here.product()
    for code, cost in (("maju", 5_000), ("jaya", 4_900), ("dear", 9_000)):
        supplier = {
            "code": code,
            "name": code,
            "dialect": "socx",
            "base_url": "http://127.0.0.1:9",
            "secrets": {"token": "t"},
        }
        await here.call("POST", "/suppliers", 201, json=supplier)
        route = {
            "product": "HSA5",
            "supplier": code,
            "supplier_product_code": "S5",
            "cost": cost,
            "priority": 1 if code == "maju" else 2,
        }
        await here.call("POST", "/routes", 201, json=route)
    await here.node.loader.refresh_now()


async def _choice(here: Running, **changes: Any) -> Any:
    return await here.call("GET", "/routes/choice", params={**ASKED, **changes})


async def test_it_names_the_winner_and_says_of_every_other_route_what_stands_against_it(
    database_url: str, tmp_path: Path
) -> None:
    async with running(database_url, tmp_path) as here:
        await _furnish(here)
        seen = await _choice(here)
        assert (seen["supplier"], seen["cost"], seen["price"]) == ("maju", 5_000, 5_400)
        codes = [(v["supplier"], v["code"]) for v in seen["verdicts"]]
        assert codes[0] == ("maju", "chosen"), "the winner first"
        assert set(codes[1:]) == {("jaya", "later_priority"), ("dear", "below_cost")}
        await here.call("PATCH", "/suppliers/maju", json={"status": "paused"})
        await here.node.loader.refresh_now()
        seen = await _choice(here)
        assert seen["supplier"] == "jaya"
        (why,) = [v["sentence"] for v in seen["verdicts"] if v["supplier"] == "maju"]
        assert why == "passed over: supplier is paused"
        assert await here.node.pool.fetchval("SELECT count(*) FROM orders") == 0


async def test_it_is_the_explanation_that_an_order_then_keeps(
    database_url: str, tmp_path: Path
) -> None:
    async with running(database_url, tmp_path) as here:
        await _furnish(here)
        seen = await _choice(here)
        issued = await here.credential(BUYER, "socx")
        await here.call(
            "POST", f"/resellers/{BUYER}/credits", 201, json={"amount": 10**6, "key": "k"}
        )
        await here.node.loader.refresh_now()
        bought = await here.client.post(
            "/reseller/api/v1/purchase",
            headers={"authorization": f"Bearer {issued['secrets']['token']}"},
            json={"code": "HSA5", "msisdn": ASKED["destination"], "request_id": "R-1"},
        )
        assert bought.status_code == 200, bought.text
        stored = await here.node.pool.fetchval("SELECT explanation FROM attempts")
        assert stored["verdicts"] == sorted(seen["verdicts"], key=lambda v: v["route_id"])


async def test_what_would_not_be_taken_in_is_said_with_what_its_routes_would_say(
    database_url: str, tmp_path: Path
) -> None:
    async with running(database_url, tmp_path) as here:
        await _furnish(here)
        await here.call(
            "PATCH", "/products/HSA5", json={"status": "disturbed", "status_reason": "slow"}
        )
        await here.node.loader.refresh_now()
        seen = await _choice(here)
        assert (seen["refused"], seen["refused_message"]) == ("product_disturbed", "slow")
        assert (seen["supplier"], seen["cost"]) == (None, None)
        assert len(seen["verdicts"]) == 3
        for wrong in ({"product": "NONE"}, {"reseller": "NOBODY"}):
            await here.call("GET", "/routes/choice", 404, params={**ASKED, **wrong})
