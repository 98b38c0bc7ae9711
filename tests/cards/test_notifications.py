"""Cases 41 and 42: notifications that come twice, early, or to an endpoint in trouble."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from cards.shop import Shop, open_shop, receiver

TROUBLES: list[tuple[str, int, str]] = [
    ("42 answers 500", 500, "answered 500"),
    ("42 answers 404", 404, "answered 404"),
    ("42 redirects", 302, "answered 302: redirects are not followed"),
    ("42 is slow", 0, ""),
]


@pytest.fixture
async def shop(database_url: str, tmp_path: Path) -> AsyncIterator[Shop]:
    quick = {"callback_timeout_ms": 700}
    async with open_shop(database_url, tmp_path, settings=quick) as here:
        yield here


async def outbox(shop: Shop, order: dict[str, Any], *, tried: int) -> dict[str, Any]:
    """Wait until the notification of an order was tried so often; gives its row."""
    async with asyncio.timeout(60):
        while True:
            row = await shop.at.node.pool.fetchrow(
                "SELECT c.id, c.state::text, c.attempts_count, c.last_error,"
                " c.due_at > now() AS later FROM callbacks c"
                " JOIN payments p ON p.id = c.order_id WHERE p.txid = $1",
                order["tXid"],
            )
            if row is not None and row["attempts_count"] >= tried:
                return dict(row)
            await asyncio.sleep(0.05)


async def make_due(shop: Shop, number: int) -> None:
    await shop.at.node.pool.execute("UPDATE callbacks SET due_at = now() WHERE id = $1", number)


async def money(shop: Shop) -> list[int]:
    rows = await shop.at.node.pool.fetch("SELECT id FROM transfers ORDER BY id")
    return [row[0] for row in rows]


@pytest.mark.parametrize(("case", "status", "error"), TROUBLES, ids=[case[0] for case in TROUBLES])
async def test_42_an_endpoint_in_trouble_is_told_again_and_the_payment_stands(
    shop: Shop, case: str, status: int, error: str
) -> None:
    bodies: list[dict[str, str]] = []
    async with receiver(bodies, [status, status]) as url:
        order = await shop.register(dbProcessUrl=url)
        assert (await shop.pay(order))["resultCd"] == "0000"
        moved = await money(shop)
        first = await outbox(shop, order, tried=1)
        assert (first["state"], first["later"]) == ("due", True)
        assert error in first["last_error"]
        await make_due(shop, first["id"])
        second = await outbox(shop, order, tried=2)
        assert second["state"] == "due"
        assert (await shop.inquire(order))["status"] == "0"
        await make_due(shop, first["id"])
        assert (await outbox(shop, order, tried=3))["state"] == "delivered"
    assert len({one["_body"] for one in bodies}) == 1
    assert len(bodies) == 3
    log = await shop.at.call("GET", f"/callbacks/{first['id']}")
    assert [one["status"] for one in log["deliveries"]] == [status or None, status or None, 200]
    assert await money(shop) == moved


async def test_42_an_endpoint_that_is_down_is_told_when_it_is_back(shop: Shop) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    order = await shop.register(dbProcessUrl=f"http://127.0.0.1:{port}/notify")
    assert (await shop.pay(order))["resultCd"] == "0000"
    first = await outbox(shop, order, tried=1)
    assert (first["state"], first["later"]) == ("due", True)
    assert (await shop.inquire(order))["status"] == "0"
    back: list[dict[str, str]] = []
    async with receiver(back, port=port):
        await make_due(shop, first["id"])
        assert (await outbox(shop, order, tried=2))["state"] == "delivered"
    assert [one["tXid"] for one in back] == [order["tXid"]]


async def test_41_a_notification_that_is_sent_twice_is_the_same_and_changes_nothing(
    shop: Shop,
) -> None:
    order = await shop.register()
    assert (await shop.pay(order))["resultCd"] == "0000"
    await shop.told(order)
    row = await outbox(shop, order, tried=1)
    moved = await money(shop)
    await shop.at.call("POST", f"/callbacks/{row['id']}/resend", 202)
    async with asyncio.timeout(60):
        while len(shop.inbox) < 2:  # noqa: ASYNC110 (another one's list)
            await asyncio.sleep(0.05)
    assert shop.inbox[0] == shop.inbox[1]
    assert (await shop.inquire(order))["status"] == "0"
    assert await money(shop) == moved
    charged = await shop.at.node.pool.fetchval("SELECT count(*) FROM sandbox_issuer_book")
    assert charged == 1
