"""Deposit by card: credited once, after the acquirer was asked; taken back when it goes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from cards.shop import VISA, Shop, open_shop
from gerbang.dialects.nicepay.client import hidden_inputs
from gerbang.ledger.credit import collect_receivable
from gerbang.ledger.move import MoveMoney
from gerbang.ledger.transfer import TransferEvent
from gerbang.ledger.verify import verify
from gerbang.postgres.errors import IntegrityViolation


@pytest.fixture
async def shop(database_url: str, tmp_path: Path) -> AsyncIterator[Shop]:
    async with open_shop(database_url, tmp_path) as here:
        await here.at.reseller("TOKO")
        yield here


async def paid(shop: Shop, amount: int = 150_000) -> dict[str, Any]:
    """Open a deposit and pay it on the hosted page, as a browser without script would."""
    deposit: dict[str, Any] = await shop.at.call(
        "POST", "/resellers/TOKO/card-deposits", 201, json={"amount": amount}
    )
    path = "/nicepay/redirect/v2/payment"
    page = await shop.at.client.get(path, params={"tXid": deposit["txid"]})
    assert page.status_code == 200
    form = hidden_inputs(page.text) | {
        "cardNo": VISA, "cardExp": "01/39", "cardCvv": "100", "cardHolderNm": "Budi",
        "answer": "pay",
    }  # fmt: skip
    answer = await shop.at.client.post(path, data=form)
    assert hidden_inputs(answer.text)["resultCd"] == "0000"
    return deposit


async def balance(shop: Shop) -> int:
    return int((await shop.at.call("GET", "/resellers/TOKO"))["balance"])


async def check_ledger(shop: Shop) -> None:
    async with shop.at.node.pool.acquire() as connection:
        assert (await verify(connection)).clean


async def settled(shop: Shop, deposit: dict[str, Any], **wanted: Any) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for _ in range(1_200):
        shown = await shop.at.call("GET", f"/card-deposits/{deposit['id']}")
        if all(shown[name] == value for name, value in wanted.items()):
            return shown
        await shop.at.node.card_office.deposits.sweep()
        await asyncio.sleep(0.05)
    raise AssertionError(shown)


async def test_a_paid_deposit_is_credited_once(shop: Shop) -> None:
    deposit = await paid(shop)
    await settled(shop, deposit, state="credited")
    desk = shop.at.node.card_office.deposits
    await asyncio.gather(*(desk.sweep() for _ in range(4)))
    assert await balance(shop) == 150_000
    await check_ledger(shop)


async def test_two_sweeps_at_one_moment_credit_once(shop: Shop) -> None:
    await shop.at.node.card_office.deposits.stop()
    deposit = await paid(shop)
    desk = shop.at.node.card_office.deposits
    await asyncio.gather(*(desk.sweep() for _ in range(8)))
    await settled(shop, deposit, state="credited")
    assert await balance(shop) == 150_000


async def test_a_void_takes_it_back(shop: Shop) -> None:
    deposit = await paid(shop)
    await settled(shop, deposit, state="credited")
    await shop.at.call("POST", f"/card-payments/{deposit['txid']}/cancel", json={"reason": "oops"})
    await settled(shop, deposit, taken_back=150_000)
    assert await balance(shop) == 0
    await check_ledger(shop)


async def test_a_credit_whose_node_died_before_noting_it_is_taken_back_with_the_charge(
    shop: Shop,
) -> None:
    await shop.at.node.card_office.deposits.stop()
    deposit = await paid(shop)
    node = shop.at.node
    ids = await node.pool.fetchrow(
        "SELECT m.account_id AS merchant, r.account_id AS reseller FROM card_deposits d"
        " JOIN merchants m ON m.id = d.merchant_id JOIN resellers r ON r.id = d.reseller_id"
    )
    assert ids is not None
    await node.lane.submit(
        MoveMoney(
            key=f"card_deposit:{deposit['id']}",
            event=TransferEvent.CARD_DEPOSIT,
            debit_account_id=ids["merchant"],
            credit_account_id=ids["reseller"],
            amount=150_000,
            actor="the node that died",
            note=deposit["txid"],
        )
    )
    await shop.at.call("POST", f"/card-payments/{deposit['txid']}/cancel", json={})
    await settled(shop, deposit, taken_back=150_000)
    assert await balance(shop) == 0
    await check_ledger(shop)


async def test_a_debt_is_collected_even_if_that_fails_the_first_time(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = iter([1])

    async def collect_later(*args: Any, **named: Any) -> int:
        if next(failures, None):
            raise ConnectionError("the database is away")
        return await collect_receivable(*args, **named)

    await shop.at.node.card_office.deposits.stop()
    monkeypatch.setattr("gerbang.cards.deposit.collect_receivable", collect_later)
    deposit = await paid(shop)
    await owe(shop, 40_000)
    await settled(shop, deposit, state="credited")
    assert await balance(shop) == 110_000
    await check_ledger(shop)


async def owe(shop: Shop, amount: int) -> None:
    """Let the reseller owe us something."""
    node = shop.at.node
    ids = {
        row["code"]: row["id"]
        for row in await node.pool.fetch("SELECT code, id FROM accounts ORDER BY id")
    }
    await node.lane.submit(
        MoveMoney(
            key="owed",
            event=TransferEvent.SURCHARGE_RECEIVABLE,
            debit_account_id=ids["receivable:TOKO"],
            credit_account_id=ids["house:surcharges"],
            amount=amount,
            actor="test",
            note="",
        )
    )


async def test_what_was_spent_meanwhile_becomes_a_receivable(shop: Shop) -> None:
    deposit = await paid(shop)
    await settled(shop, deposit, state="credited")
    spent = {"amount": -100_000, "key": "spent", "note": "spent"}
    await shop.at.call("POST", "/resellers/TOKO/credits", 201, json=spent)
    await shop.at.call("POST", f"/card-payments/{deposit['txid']}/cancel", json={})
    await settled(shop, deposit, taken_back=150_000)
    assert await balance(shop) == 50_000
    owed = await shop.at.node.pool.fetchval(
        "SELECT balance FROM accounts WHERE code = 'receivable:TOKO'"
    )
    assert owed == -150_000
    await check_ledger(shop)


async def test_nothing_is_credited_for_what_was_not_paid(shop: Shop) -> None:
    deposit = await shop.at.call(
        "POST", "/resellers/TOKO/card-deposits", 201, json={"amount": 150_000}
    )
    await shop.at.node.card_office.deposits.sweep()
    (listed,) = (await shop.at.call("GET", "/card-deposits"))["items"]
    assert listed["state"] == "open"
    assert listed["payment_url"] == deposit["payment_url"]
    assert listed["payment_url"].endswith(f"/nicepay/redirect/v2/payment?tXid={listed['txid']}")
    assert await balance(shop) == 0


async def test_a_deposit_that_was_paid_leads_to_no_checkout_any_more(shop: Shop) -> None:
    deposit = await paid(shop)
    assert (await settled(shop, deposit, state="credited"))["payment_url"] is None


async def test_limits_and_resellers_are_checked(shop: Shop) -> None:
    for body, status in (({"amount": 10}, 422), ({"amount": 0}, 422)):
        await shop.at.call("POST", "/resellers/TOKO/card-deposits", status, json=body)
    await shop.at.call("POST", "/resellers/NOBODY/card-deposits", 404, json={"amount": 50_000})


async def test_a_sandbox_issuer_credits_nothing_outside_a_demo(
    database_url: str, tmp_path: Path
) -> None:
    async with open_shop(database_url, tmp_path, demo=False) as shop:
        await shop.at.reseller("TOKO")
        body = {"amount": 150_000}
        await shop.at.call("POST", "/resellers/TOKO/card-deposits", 409, json=body)
        order = await shop.register()
        assert (await shop.pay(order))["resultCd"] == "0000"
        number = await shop.at.node.pool.fetchval(
            "INSERT INTO card_deposits (reseller_id, merchant_id, payment_id, amount, actor)"
            " SELECT r.id, p.merchant_id, p.id, p.amount, 'test' FROM resellers r, payments p"
            " WHERE r.code = 'TOKO' RETURNING id"
        )
        await shop.at.node.card_office.deposits.sweep()
        assert await balance(shop) == 0
        assert (await shop.at.call("GET", f"/card-deposits/{number}"))["state"] == "open"
        with pytest.raises(IntegrityViolation):
            await shop.at.node.pool.execute(
                "UPDATE card_deposits SET state = 'credited', credited_at = now()"
            )
