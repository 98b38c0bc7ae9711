"""Limits of a MID: amounts, a card's day and hour, first digits, tries, and tenors."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import pytest_asyncio

from cards.rig import MASTERCARD, VISA, Rig

pytestmark = pytest.mark.asyncio(loop_scope="module")
DECLINED = "4434260000001089"


@pytest_asyncio.fixture(loop_scope="module")
async def rig(shared_rig: Rig) -> Rig:
    return shared_rig


async def limited(rig: Rig, **limits: Any) -> None:
    await rig.pool.execute(
        "UPDATE merchants SET limits = $1 WHERE imid IN ('SALE000001', 'PREAUTH001')", limits
    )
    await rig.desk.directory.refresh()


async def codes(rig: Rig, *pans: str, amount: int = 10_000) -> list[str]:
    """Pay orders of their own with these cards, one after the other."""
    return [(await rig.pay(await rig.register(amount=amount), pan)).code for pan in pans]


async def test_a_card_s_charges_per_day_are_counted(rig: Rig) -> None:
    await limited(rig, card_day_count_max=2)
    assert await codes(rig, VISA, DECLINED, VISA, VISA) == ["0000", "51", "0000", "9154"]
    assert await codes(rig, MASTERCARD) == ["0000"]
    await rig.advance(days=1)
    assert await codes(rig, VISA) == ["0000"]


async def test_a_card_s_rupiah_per_day_are_summed(rig: Rig) -> None:
    await rig.advance(days=1)
    await limited(rig, card_day_amount_max=25_000)
    assert await codes(rig, VISA, VISA, VISA) == ["0000", "0000", "9155"]
    assert await codes(rig, VISA, amount=5_000) == ["0000"]


async def test_tries_of_one_card_within_an_hour_are_counted_declined_ones_too(rig: Rig) -> None:
    await rig.advance(days=1)
    await limited(rig, card_hour_attempts_max=2)
    assert await codes(rig, DECLINED, DECLINED, DECLINED) == ["51", "51", "9152"]
    await rig.advance(hours=2)
    assert await codes(rig, DECLINED) == ["51"]


async def test_first_digits_are_refused_or_the_only_ones_allowed(rig: Rig) -> None:
    await limited(rig, bins_refused=["443426"])
    assert await codes(rig, VISA, MASTERCARD) == ["9151", "0000"]
    await limited(rig, bins_allowed=["4434", "4111"])
    assert await codes(rig, VISA, MASTERCARD) == ["0000", "9151"]


async def test_a_card_s_day_holds_for_charges_at_one_moment(rig: Rig) -> None:
    await rig.advance(days=1)
    await limited(rig, card_day_count_max=2)
    orders = [await rig.register(amount=10_000) for _ in range(6)]
    pages = await asyncio.gather(*(rig.pay(order, VISA) for order in orders))
    assert sorted(page.code for page in pages) == ["0000"] * 2 + ["9154"] * 4
    await rig.advance(days=1)
    await limited(rig, card_day_amount_max=25_000)
    orders = [await rig.register(amount=10_000) for _ in range(6)]
    pages = await asyncio.gather(*(rig.pay(order, VISA) for order in orders))
    assert sorted(page.code for page in pages) == ["0000"] * 2 + ["9155"] * 4


async def test_a_mid_without_foreign_cards_takes_domestic_first_digits_only(rig: Rig) -> None:
    await rig.advance(days=1)
    await limited(rig, bins_domestic=["4434", "4111"])
    await rig.pool.execute(
        "UPDATE merchants SET features = features || '{\"foreign_cards\": false}'"
        " WHERE imid = 'SALE000001'"
    )
    await rig.desk.directory.refresh()
    assert await codes(rig, VISA, MASTERCARD) == ["0000", "9142"]
    await rig.pool.execute(
        "UPDATE merchants SET features = features - 'foreign_cards' WHERE imid = 'SALE000001'"
    )
    await limited(rig)
    assert await codes(rig, MASTERCARD) == ["0000"]


async def test_amounts_have_a_least_and_a_most(rig: Rig) -> None:
    await limited(rig, amount_min=100, amount_max=200)
    path = "/nicepay/direct/v2/registration"
    found = [
        (await rig.json(path, rig.order(amount=amount)))["resultCd"]
        for amount in (99, 100, 200, 201)
    ]
    assert found == ["9115", "0000", "0000", "9123"]


async def test_one_order_may_be_tried_three_times(rig: Rig) -> None:
    await limited(rig)
    order = await rig.register()
    tries = [(await rig.pay(order, DECLINED)).code for _ in range(4)]
    assert tries == ["51", "51", "51", "9106"]
    assert (await rig.pay(order)).code == "9106"
    assert len((await rig.inquire(order))["latestFailHistory"]) == 3


@pytest.mark.parametrize("months", ["1", "3", "6", "12"])
async def test_tenors_are_kept_and_told(rig: Rig, months: str) -> None:
    order = await rig.charge("SALE000001", instmntMon=months, instmntType="2")
    shown = await rig.inquire(order)
    assert (shown["instmntMon"], shown["instmntType"]) == (months, "2")
    plain = await rig.json(
        "/nicepay/direct/v2/registration", rig.order("SECURE0001", instmntMon=months)
    )
    assert plain["resultCd"] == ("0000" if months == "1" else "9029")


async def test_the_fee_follows_the_card_s_brand(rig: Rig) -> None:
    merchant = rig.desk.merchant("SALE000001")
    assert merchant is not None
    assert merchant.fee_of(150_000, "visa") == 3_000
    assert merchant.fee_of(150_000, "amex") == 4_500
    assert merchant.fee_of(25, "visa") == 1
