"""Card merchants in the console: made, changed, given a new key, with their checklist."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from console.browser import Browser, add_user, told
from console.house import furnish
from gerbang.app import Node
from gerbang.cards.admin import MerchantChange, create_merchant, show_merchant
from gerbang.people.role import Role

PATH = "/console/cards/merchants"
IMID = "TOKOKARTU2"
FORM = {
    "name": "Toko Baru", "status": "suspended", "secure": "1", "cancels": "1",
}  # fmt: skip


@pytest.fixture
async def house(node: Node) -> Node:
    await furnish(node)
    for role in (Role.OWNER, Role.FINANCE, Role.VIEWER):
        await add_user(node, role)
    return node


async def test_a_merchant_is_made_changed_and_given_a_new_key(house: Node) -> None:
    owner, viewer = Browser(house), Browser(house)
    await owner.sign_in("owner")
    await viewer.sign_in("viewer")
    new = {"imid": "TOKOKARTU1", "name": "Toko", "acquirer": "sandbox", "reseller": "TOKO"}
    await owner.post(f"{PATH}/new", new | {"imid": "x"}, 422)
    made = await owner.post(f"{PATH}/new", new)
    key = re.findall(r'data-copy="([^"]{20,})"', made.text)[0]
    page = await owner.get(f"{PATH}/TOKOKARTU1")
    assert key not in page.text
    assert "Integration checklist" in page.text
    assert "TOKOKARTU1" in (await viewer.get(PATH)).text
    await owner.post(f"{PATH}/TOKOKARTU1", FORM)
    shown = await show_merchant(house.pool, "TOKOKARTU1")
    assert (shown["name"], shown["status"]) == ("Toko Baru", "suspended")
    assert (shown["features"]["secure"], shown["features"]["refunds"]) == (True, False)
    await owner.post(f"{PATH}/TOKOKARTU1", FORM | {"name": ""}, 422)
    again = await owner.post(f"{PATH}/TOKOKARTU1/key", {})
    assert re.findall(r'data-copy="([^"]{20,})"', again.text)[0] != key
    await viewer.post(f"{PATH}/TOKOKARTU1", FORM, 403)
    assert 'name="secure"' not in (await viewer.get(f"{PATH}/TOKOKARTU1")).text
    await owner.get(f"{PATH}/NOBODY0000", 404)
    for browser in (owner, viewer):
        await browser.close()


@pytest.fixture
async def finance(house: Node) -> AsyncIterator[Browser]:
    """Finance looks at a merchant."""
    async with house.pool.acquire() as connection:
        await create_merchant(
            connection, IMID, "Toko", actor="test", box=house.box,
            change=MerchantChange(mdr={"default": 200, "amex": 300}),
        )  # fmt: skip
    browser = Browser(house)
    await browser.sign_in("finance")
    yield browser
    await browser.close()


async def last_audit(house: Node) -> tuple[dict[str, Any], dict[str, Any]]:
    row = await house.pool.fetchrow(
        "SELECT before, after FROM audit_log WHERE action = 'merchant.changed'"
        " ORDER BY id DESC LIMIT 1"
    )
    assert row is not None
    return row["before"], row["after"]


async def test_rates_are_shown_before_they_are_kept_and_audited(
    house: Node, finance: Browser
) -> None:
    path = f"{PATH}/{IMID}/rates"
    assert 'value="3,00"' in (await finance.get(path)).text
    rates = {"default": "1,75", "visa": "1.5", "mastercard": "", "jcb": "", "amex": ""}
    wrong = await finance.post(path, rates | {"visa": "1.555", "default": ""}, 422)
    assert "percentage like" in told(wrong)
    preview = await finance.post(path, rates)
    assert "3,00% 1,75%" in told(preview)
    assert "Rp30.000 Rp17.500" in told(preview)
    assert (await show_merchant(house.pool, IMID))["mdr"] == {"default": 200, "amex": 300}
    shown = {"shown": re.findall(r'name="shown" value="([^"]+)"', preview.text)[0]}
    other = await finance.post(path, rates | shown | {"jcb": "2"})
    assert "Keep these rates" in told(other), "other rates than those shown are shown first"
    await finance.post(path, rates | shown)
    assert (await show_merchant(house.pool, IMID))["mdr"] == {"default": 175, "visa": 150}
    before, after = await last_audit(house)
    assert (before["mdr"], after["mdr"]) == (
        {"default": 200, "amex": 300}, {"default": 175, "visa": 150},
    )  # fmt: skip


async def test_instalments_limits_and_lists_of_digits_are_edited_in_forms(
    house: Node, finance: Browser
) -> None:
    base = f"{PATH}/{IMID}"
    limits = {
        "amount_min": "10.000", "amount_max": "5.000.000", "card_day_amount_max": "0",
        "card_day_count_max": "5", "card_hour_attempts_max": "0", "attempts_max": "4",
        "months_3": "1", "months_12": "1",
    }  # fmt: skip
    high = await finance.post(f"{base}/limits", limits | {"amount_min": "6.000.000"}, 422)
    assert "Above the largest amount" in told(high)
    await finance.post(f"{base}/limits", limits)
    bins = {"bins_refused": "443426\n5123, 4000", "bins_allowed": "", "bins_domestic": ""}
    lone = await finance.post(f"{base}/bins", bins, 422)
    assert "Write how domestic cards begin" in told(lone)
    bad = await finance.post(f"{base}/bins", bins | {"bins_allowed": "44x4"}, 422)
    assert "Not first digits of cards: 44x4" in told(bad)
    await finance.post(f"{base}/bins", bins | {"foreign_cards": "1"})
    protocol = {
        "order_valid_s": "3600", "hold_valid_s": "3600", "timestamp_skew_s_max": "60",
        "refund_days_max": "30", "settle_hour": "22", "callback_method": "get", "strict": "1",
    }  # fmt: skip
    await finance.post(f"{base}/protocol", protocol | {"settle_hour": "24"}, 422)
    await finance.post(f"{base}/protocol", protocol)
    shown = await show_merchant(house.pool, IMID)
    assert shown["features"]["instalments"] == (3, 12)
    assert (shown["limits"]["amount_min"], shown["limits"]["attempts_max"]) == (10_000, 4)
    assert shown["limits"]["bins_refused"] == ("4000", "443426", "5123")
    ways = shown["settings"]
    assert (ways["settle_hour"], ways["callback_method"], ways["strict"], ways["nulls"]) == (
        22, "get", True, False,
    )  # fmt: skip
    assert "is refused by these lists" in told(await finance.get(f"{base}/bins?try=44342601"))
    assert "is taken" in told(await finance.get(f"{base}/bins?try=41111111"))
    viewer = Browser(house)
    await viewer.sign_in("viewer")
    for part in ("rates", "limits", "bins", "protocol"):
        page = (await viewer.get(f"{base}/{part}")).text
        assert 'method="post" action="/console/cards' not in page
        await viewer.post(f"{base}/{part}", {}, 403)
    await viewer.close()
