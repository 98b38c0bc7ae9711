"""Two Gerbangs chained for cards: the outer one's acquirer is the inner one's NICEPAY server."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from cards.shop import KEY, VISA, Shop, open_shop
from gerbang.dialects.nicepay.client import hidden_inputs
from gerbang.ledger.verify import verify
from gerbang.outbound.message import Answered, HttpRequest, NoAnswer, SendResult

_numbers = itertools.count(1)
CHECKOUT = "/nicepay/redirect/v2/payment"


class Cable:
    """Carries the outer gateway's requests to the inner one; an answer can be lost on the way."""

    def __init__(self, inner: Shop) -> None:
        self.inner = inner
        self.lost: set[str] = set()
        self.heard: list[str] = []

    async def send(self, request: HttpRequest, **_: Any) -> SendResult:
        path = request.url.removeprefix("http://inner")
        call = path.rpartition("/")[2]
        self.heard.append(call)
        answer = await self.inner.at.client.request(
            request.method, path, content=request.body, headers=list(request.headers)
        )
        if call in self.lost:
            return NoAnswer(error="lost")
        return Answered(status=answer.status_code, body=answer.content)


@pytest.fixture
async def chain(
    postgres_server: Any, database_url: str, tmp_path: Path
) -> AsyncIterator[tuple[Shop, Shop, Cable]]:
    name = f"inner_{os.getpid()}_{next(_numbers)}"
    postgres_server.drop_database(name)
    inner_url = postgres_server.create_database(name, template=postgres_server.template)
    async with (
        open_shop(inner_url, tmp_path / "inner") as inner,
        open_shop(database_url, tmp_path / "outer") as outer,
    ):
        cable = Cable(inner)
        body = {"code": "inner", "base_url": "http://inner", "imid": inner.imid,
                "merchant_key": KEY, "sandbox": True}  # fmt: skip
        await outer.at.call("POST", "/acquirers", 201, json=body)
        merchant = {"imid": "CHAINED001", "name": "Toko", "merchant_key": KEY, "acquirer": "inner"}
        await outer.at.call("POST", "/merchants", 201, json=merchant)
        await outer.at.node.cards.directory.refresh()
        office = outer.at.node.card_office
        await office._look()
        office._nicepay["inner"]._outbound = cable  # type: ignore[assignment]
        yield Shop(outer.at, "CHAINED001", outer.notify_url, outer.inbox), inner, cable
    postgres_server.drop_database(name)


async def pay_there(shop: Shop, inner: Shop, order: dict[str, Any], pan: str = VISA) -> None:
    """Follow the browser: our payment call, the inner gateway's page, its answer."""
    handed = await shop.pay(order)
    assert "http://" in handed["_page"]
    inner_txid = await shop.at.node.pool.fetchval("SELECT max(txid) FROM acquirer_orders")
    page = await inner.at.client.get(CHECKOUT, params={"tXid": inner_txid})
    form = hidden_inputs(page.text) | {
        "cardNo": pan, "cardExp": "01/39", "cardCvv": "100", "cardHolderNm": "Budi",
        "answer": "pay",
    }  # fmt: skip
    answer = await inner.at.client.post(CHECKOUT, data=form)
    back = hidden_inputs(answer.text)
    returned = await shop.at.client.post("/acquirers/inner/return", data=back)
    order["returned"] = hidden_inputs(returned.text)


async def test_a_charge_goes_through_both_and_is_voided_through_both(
    chain: tuple[Shop, Shop, Cable],
) -> None:
    shop, inner, cable = chain
    order = await shop.register()
    await pay_there(shop, inner, order)
    assert order["returned"]["resultCd"] == "0000"
    assert order["returned"]["tXid"] == order["tXid"]
    assert (await shop.inquire(order))["resultMsg"] == "paid"
    assert (await shop.cancel(order, 150_000))["resultCd"] == "0000"
    assert (await shop.inquire(order))["resultMsg"] == "void"
    states = await inner.at.node.pool.fetch("SELECT state::text FROM payments")
    assert [row["state"] for row in states] == ["void"]
    assert cable.heard.count("cancel") == 1
    for one in (shop, inner):
        async with one.at.node.pool.acquire() as connection:
            assert (await verify(connection)).clean


async def test_a_lost_answer_to_a_cancel_is_found_by_inquiry_and_not_sent_again(
    chain: tuple[Shop, Shop, Cable],
) -> None:
    shop, inner, cable = chain
    order = await shop.register()
    await pay_there(shop, inner, order)
    cable.lost.add("cancel")
    await shop.cancel(order, 150_000)
    for _ in range(1_200):
        if (await shop.inquire(order))["resultMsg"] == "void":
            break
        await asyncio.sleep(0.05)
    assert (await shop.inquire(order))["resultMsg"] == "void"
    assert cable.heard.count("cancel") == 1


async def test_a_forged_notification_changes_nothing(chain: tuple[Shop, Shop, Cable]) -> None:
    shop, _inner, cable = chain
    order = await shop.register()
    await shop.pay(order)
    txid = await shop.at.node.pool.fetchval("SELECT max(txid) FROM acquirer_orders")
    before = len(cable.heard)
    fields = {"tXid": txid, "amt": "150000", "status": "0", "merchantToken": "0" * 64}
    answer = await shop.at.client.post("/acquirers/inner/notify", data=fields)
    assert answer.status_code == 403
    assert len(cable.heard) == before
    assert (await shop.inquire(order))["resultMsg"] != "paid"
