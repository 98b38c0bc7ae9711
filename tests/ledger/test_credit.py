from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gerbang.errors import BadInputError, ConflictError, NotFoundError
from gerbang.ledger.credit import Credited, credit_reseller
from gerbang.ledger.move import MoveMoney
from gerbang.postgres.pool import Pool, open_pool
from orders.house import House, open_house


@pytest.fixture
async def at(database_url: str) -> AsyncIterator[tuple[House, Pool]]:
    async with open_house(database_url, balance=0) as house:
        pool = await open_pool(database_url)
        yield house, pool
        pool.terminate()


async def credit(at: tuple[House, Pool], amount: int, key: str = "k1", **more: Any) -> Credited:
    house, pool = at
    values = {"code": "T", "note": "transfer BCA", "actor": "test", **more}
    return await credit_reseller(pool, house.lane, amount=amount, key=key, **values)


async def owe(house: House, amount: int) -> None:
    await house.lane.submit(
        MoveMoney(
            key="owe",
            event="late_success.receivable",
            debit_account_id=house.receivable_id,
            credit_account_id=house.float_id,
            amount=amount,
            actor="",
            note="",
        )
    )


async def test_a_key_credits_once(at: tuple[House, Pool]) -> None:
    first = await credit(at, 100_000)
    second = await credit(at, 100_000)
    assert (first.exists, second.exists) == (False, True)
    assert second.balance == 100_000
    assert (await at[0].verify()).clean


async def test_a_key_used_for_another_amount_is_refused(at: tuple[House, Pool]) -> None:
    await credit(at, 100_000)
    with pytest.raises(ConflictError):
        await credit(at, 100_001)


async def test_a_negative_amount_is_a_debit_and_needs_the_balance(at: tuple[House, Pool]) -> None:
    await credit(at, 100_000)
    assert (await credit(at, -40_000, "k2")).balance == 60_000
    with pytest.raises(ConflictError, match="balance"):
        await credit(at, -60_001, "k3")


async def test_a_credit_first_pays_what_is_owed_and_only_once(at: tuple[House, Pool]) -> None:
    await owe(at[0], 30_000)
    first = await credit(at, 20_000)
    again = await credit(at, 20_000)
    assert (first.collected, again.collected, again.balance) == (20_000, 20_000, 0)
    second = await credit(at, 50_000, "k2")
    assert (second.collected, second.balance) == (10_000, 40_000)
    assert (await at[0].verify()).clean


async def test_credits_at_one_moment_never_pay_a_debt_twice(at: tuple[House, Pool]) -> None:
    await owe(at[0], 30_000)
    results = await asyncio.gather(*(credit(at, 25_000, f"k{n}") for n in range(6)))
    assert sum(r.collected for r in results) == 30_000
    assert (await at[0].account(at[0].receivable_id))[0] == 0


@pytest.mark.parametrize(
    ("amount", "more"),
    [(0, {}), (2**63, {}), (5, {"key": ""}), (5, {"key": "a\x00b"}), (5, {"note": "\x00"})],
)
async def test_what_makes_no_sense_is_refused(
    at: tuple[House, Pool], amount: int, more: dict[str, Any]
) -> None:
    with pytest.raises(BadInputError):
        await credit(at, amount, **more)


@pytest.mark.parametrize("key", ["order:7:post", "bank_line:1:deposit", "k:receivable"])
async def test_a_key_that_gerbang_makes_itself_is_not_taken_from_it(
    at: tuple[House, Pool], key: str
) -> None:
    with pytest.raises(BadInputError, match="must not begin with"):
        await credit(at, 5, key=key)


async def test_an_unknown_reseller_is_not_found(at: tuple[House, Pool]) -> None:
    with pytest.raises(NotFoundError):
        await credit(at, 5, code="NONE")
