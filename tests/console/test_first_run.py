"""From an empty `gerbang serve` to a test order, on a phone in Indonesian, by clicks and typing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.async_api import Locator, expect

from console.chromium import PHONE, Watched, chromium
from e2e.served import ServedGateway, ended
from gerbang.web.pages.catalogue import Words, load_catalogue

pytestmark = [pytest.mark.browser]

KEY_S: Final = 0.28
POINT_S: Final = 1.5
THINK_S: Final = 1.35
"""What a person who types slowly needs, after the keystroke-level model of Card, Moran, Newell."""
FIVE_MINUTES_S: Final = 300
T: Final = Words(load_catalogue(["gerbang.web.pages", "gerbang.console"]), "id")
PASSWORD: Final = "kata sandi yang panjang"


@pytest.fixture
async def gateway(empty_database_url: str, tmp_path: Path) -> AsyncIterator[ServedGateway]:
    gateway = ServedGateway("first", tmp_path, empty_database_url)
    with ended(gateway):
        await gateway.start()
        yield gateway


class Walker:
    """Somebody who reads labels, types and clicks, and knows no address but the first."""

    def __init__(self, desk: Watched) -> None:
        self.desk = desk
        self.page = desk.page
        self.effort_s = 0.0

    async def click(self, what: Locator) -> None:
        self.effort_s += POINT_S + THINK_S
        await what.click()

    async def fill(self, **fields: str) -> None:
        """Type into the fields of one form, named as forms name them."""
        for name, text in fields.items():
            self.effort_s += len(text) * KEY_S + POINT_S + THINK_S
            await self.page.locator(f"main [name={name}]").first.fill(text)

    async def send(self, field: str) -> None:
        """Press the button of the form that a field belongs to."""
        form = self.page.locator(f"form:has([name={field}])")
        await self.click(form.locator("button:not([type=button])").last)

    async def step(self, name: str) -> None:
        """Go back to the steps by the link on the page, and take the next one."""
        if not self.page.url.endswith("/start"):
            await self.click(self.page.get_by_role("link", name=T("layout.guide")))
        line = self.page.locator("ol.story li").filter(has_text=T(f"start.{name}"))
        await self.click(line.get_by_role("link", name=T("start.go")))


async def test_from_empty_to_a_test_order_in_less_than_five_minutes(
    gateway: ServedGateway,
) -> None:
    address = f"http://127.0.0.1:{gateway.port}"
    async with chromium() as browser:
        size: Any = PHONE
        context = await browser.new_context(locale="id-ID", viewport=size)
        context.set_default_timeout(60_000)
        desk = Watched(await context.new_page(), address)
        await desk.page.goto(address)
        await expect(desk.page.get_by_role("heading", name=T("welcome.title"))).to_be_visible()
        walker = Walker(desk)
        for name, text in {
            "code": gateway.box.code("first owner"), "name": "Ani Lestari", "username": "ani",
            "password": PASSWORD, "password_again": PASSWORD,
        }.items():  # fmt: skip
            walker.effort_s += len(text) * KEY_S + POINT_S
            await desk.page.locator(f"[name={name}]").fill(text)
        await walker.send("password_again")
        await _sell(walker)
        assert desk.wrong == []
        assert walker.effort_s < FIVE_MINUTES_S, walker.effort_s


async def _sell(walker: Walker) -> None:
    page = walker.page
    await walker.step("bank")
    await walker.fill(bank_name="BCA", account_no="1234567890", beneficiary_name="PT Contoh")
    await walker.send("beneficiary_name")
    await walker.step("category")
    await walker.fill(category_code="pulsa", category_name="Pulsa")
    await walker.send("category_name")
    await walker.step("product")
    await walker.fill(code="S5", name="Telkomsel 5.000", cost="5050", base_price="5400")
    await walker.send("base_price")
    await walker.step("supplier")
    walker.effort_s += POINT_S
    await page.select_option("[name=dialect]", "socx")
    await walker.fill(
        code="maju", name="Maju", base_url="https://supplier.example", secret_token="rahasia"
    )
    await walker.send("base_url")
    await walker.step("route")
    await walker.fill(product="S5", cost="5050")
    await walker.send("supplier_product_code")
    await walker.step("reseller")
    await walker.fill(code="TOKO", name="Toko Satu")
    await walker.send("credit_limit")
    await walker.step("credential")
    await walker.send("dialect")
    await expect(page.locator(".secret-box")).to_be_visible()
    await walker.step("funds")
    await walker.fill(amount="100000", note="setoran pertama")
    await walker.send("amount")
    await walker.click(page.locator("dialog[open] button[value=yes]"))
    await expect(page.get_by_text("+Rp100.000")).to_be_visible()
    await walker.step("order")
    await walker.send("destination")
    await expect(page.locator(".badge", has_text=T("state.success")).first).to_be_visible(
        timeout=60_000
    )
    await walker.click(page.get_by_role("link", name=T("layout.guide")))
    await expect(page.get_by_text(T("start.all_done"))).to_be_visible()
    assert await walker.desk.overflow() <= 0
