"""Merchants of `examples/`, in Python and in Node, through the whole list in a real browser.

What is looked at of our own pages (words, themes, sizes, field errors, axe) is looked at with one
of the shops; every step of the list is walked with both. One window serves all plain payments.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from cards.secrecy import secrets_kept, secrets_said
from e2e.chromium import SIZES, axe, chromium, overflow
from e2e.running_demo import RunningDemo, running_demo
from gerbang.postgres.pool import connect
from postgres.shared import run_apart

pytestmark = pytest.mark.browser

EXAMPLES = Path(__file__).parents[2] / "examples"
SHOTS = Path(__file__).parents[2] / "var" / "screenshots" / "cards"
SHOPS = {
    "python": [sys.executable, str(EXAMPLES / "cards-python" / "shop.py")],
    "node": ["node", str(EXAMPLES / "cards-node" / "shop.mjs")],
}
VISA, MASTERCARD, NO_FUNDS = "4434260000000008", "5123450000000008", "4434260000001089"
_plain = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Shop:
    """A shop's process, and what it says of its orders."""

    def __init__(self, address: str) -> None:
        self.address = address

    def orders(self) -> list[dict[str, Any]]:
        with _plain.open(f"{self.address}/orders.json", timeout=10) as answer:
            found: list[dict[str, Any]] = json.load(answer)
        return found

    def newest(self) -> dict[str, Any]:
        return self.orders()[-1]

    def act(self, reference: str, action: str, **fields: Any) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310 (our own shop)
            f"{self.address}/orders/{reference}/{action}", data=urlencode(fields).encode()
        )
        with _plain.open(request, timeout=30) as answer:
            order: dict[str, Any] = json.load(answer)
        return order

    def notified(self, reference: str) -> dict[str, Any]:
        """Wait until the notification of an order came and was followed by an inquiry."""
        for _ in range(600):
            order = next(one for one in self.orders() if one["reference"] == reference)
            if any(step["step"] == "inquiry after notification" for step in order["log"]):
                return order
            time.sleep(0.1)
        raise AssertionError(order)


@pytest.fixture(scope="module")
def gateway() -> Iterator[RunningDemo]:
    """The demo all shops use; what they made it write is searched at the end."""
    with running_demo("cards") as demo:
        yield demo
        logged = "\n".join(line for line in demo.log().splitlines() if line.startswith("{"))
        assert secrets_said(logged) == []
        assert run_apart(_secrets_kept(demo.database_url)) == []


async def _secrets_kept(database_url: str) -> list[str]:
    connection = await connect(database_url)
    try:
        return await secrets_kept(connection)
    finally:
        await connection.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@contextmanager
def started(command: list[str], gateway: RunningDemo) -> Iterator[Shop]:
    words = ["--gateway", gateway.base_url, "--mids", str(gateway.data_dir / "demo.json")]
    process = subprocess.Popen(
        [*command, *words, "--port", "0"], stdout=subprocess.PIPE, text=True, env={**os.environ}
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        yield Shop(line.removeprefix("shop: ").strip().rstrip("/"))
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


@pytest.fixture(scope="module", params=SHOPS)
def shop(request: pytest.FixtureRequest, gateway: RunningDemo) -> Iterator[Shop]:
    command = SHOPS[request.param]
    if shutil.which(command[0]) is None:
        pytest.skip(f"no {command[0]} here")
    with started(command, gateway) as running:
        yield running


@pytest.fixture(scope="module")
def python_shop(gateway: RunningDemo) -> Iterator[Shop]:
    with started(SHOPS["python"], gateway) as running:
        yield running


@pytest.fixture(scope="module")
def window(browser: Browser) -> Iterator[Page]:
    """One window for all payments that need no other language, theme or size."""
    with opened(browser) as page:
        yield page


def _told(said: ConsoleMessage) -> str:
    return f"{said.text} {said.location['url']}"


@contextmanager
def opened(
    browser: Browser, *, language: str = "id", theme: Any = "light", size: str = "wide"
) -> Iterator[Page]:
    """Open a page whose every error is heard, on whatever host it is."""
    width, height = SIZES[size]
    context = browser.new_context(
        color_scheme=theme,
        locale="en-US" if language == "en" else "id-ID",
        viewport={"width": width, "height": height},
    )
    context.set_default_timeout(15_000)
    wrong: list[str] = []
    urls: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(_told(said)) if said.type == "error" else None)
    page.on("request", lambda one: urls.append(f"{one.url} {one.headers.get('referer', '')}"))
    try:
        yield page
        assert [one for one in wrong if "favicon" not in one] == []
        assert not any(card in url for url in urls for card in (VISA, MASTERCARD, NO_FUNDS))
    finally:
        context.close()


def buy(page: Page, shop: Shop, mid: str, way: str, **fields: str) -> None:
    page.goto(shop.address)
    page.select_option("[name=mid]", mid)
    for name, value in fields.items():
        page.fill(f"[name={name}]", value)
    page.click(f"button[value={way}]")


def fill_card(
    page: Page, number: str = VISA, *, expiry: str = "01/39", cvv: str = "100", typed: bool = False
) -> None:
    """Fill in the hosted page; `typed` presses every key, as a person does."""
    for field, text in (("#cardNo", number), ("#cardExp", expiry)):
        if typed:
            page.locator(field).press_sequentially(text.replace("/", ""))
        else:
            page.fill(field, text)
    page.fill("#cardCvv", cvv)
    page.fill("#cardHolderNm", "Budi Santoso")


def look(page: Page, name: str) -> None:
    """Keep a screenshot; the page must be accessible and no wider than its window."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(SHOTS / f"{name}.png"), full_page=True)
    assert overflow(page) == 0


def answer_challenge(page: Page, gateway: RunningDemo, code: str = "") -> None:
    expect(page.locator("#otp")).to_be_visible()
    page.fill("#otp", code or gateway.facts["nicepay"]["otp"])
    page.click("button[value=verify]")


@pytest.mark.parametrize(
    ("language", "theme", "size"), [("id", "light", "phone"), ("en", "dark", "wide")]
)
def test_the_hosted_page_and_the_challenge_end_at_the_shop(
    gateway: RunningDemo,
    browser: Browser,
    python_shop: Shop,
    language: str,
    theme: str,
    size: str,
) -> None:
    with opened(browser, language=language, theme=theme, size=size) as page:
        buy(page, python_shop, "secure", "hosted")
        expect(page.locator("html")).to_have_attribute("lang", language)
        fill_card(page, typed=True)
        expect(page.locator("[data-brand]")).to_have_text("Visa")
        look(page, f"checkout-{language}-{theme}-{size}")
        page.click("[data-pay]")
        expect(page.locator("#otp")).to_be_focused()
        look(page, f"challenge-{language}-{theme}-{size}")
        answer_challenge(page, gateway)
        expect(page.locator("#state")).to_have_text("paid")


def test_the_page_says_what_is_wrong_before_anything_is_sent(
    browser: Browser, python_shop: Shop
) -> None:
    with opened(browser, language="en", size="phone") as page:
        buy(page, python_shop, "secure", "hosted")
        page.click("[data-pay]")
        expect(page.locator("#cardNo-problem")).to_have_text("Enter the card number.")
        expect(page.locator("#cardNo")).to_be_focused()
        fill_card(page, "44342600", expiry="0120", typed=True)
        page.click("[data-pay]")
        expect(page.locator("#cardNo-problem")).to_contain_text("incomplete")
        expect(page.locator("#cardExp-problem")).to_have_text("This card has expired.")
        look(page, "field-errors")
        page.click("[data-lang=id]")
        expect(page.locator("#cardExp-problem")).to_have_text("Kartu ini sudah kedaluwarsa.")
        assert page.input_value("#cardHolderNm") == "Budi Santoso"


def test_the_pages_are_accessible(browser: Browser, window: Page, python_shop: Shop) -> None:
    # A policy that forbids inline scripts would forbid the examiner, too.
    context = browser.new_context(bypass_csp=True)
    examined = context.new_page()
    buy(window, python_shop, "installment", "hosted")
    examined.goto(window.url)
    assert axe(examined) == []
    look(window, "instalments")
    context.close()


def test_a_wrong_password_a_cancel_and_then_a_success_on_one_order(
    gateway: RunningDemo, window: Page, python_shop: Shop
) -> None:
    page = window
    buy(page, python_shop, "secure", "hosted")
    fill_card(page)
    page.click("[data-pay]")
    answer_challenge(page, gateway, "000000")
    expect(page.locator("#failed")).to_contain_text("3-D Secure")
    look(page, "wrong-password")
    fill_card(page, MASTERCARD)
    page.click("[data-pay]")
    expect(page.locator("#otp")).to_be_visible()
    page.click("button[value=cancel]")
    expect(page.locator("#cardNo")).to_be_visible()
    fill_card(page)
    page.click("[data-pay]")
    answer_challenge(page, gateway)
    expect(page.locator("#state")).to_have_text("paid")


# --- the list, with both shops --------------------------------------------------------------------


def test_an_order_paid_on_the_hosted_page_is_delivered_once(
    gateway: RunningDemo, window: Page, shop: Shop
) -> None:
    buy(window, shop, "secure", "hosted")
    fill_card(window)
    window.click("[data-pay]")
    answer_challenge(window, gateway)
    expect(window.locator("#state")).to_have_text("paid")
    order = shop.notified(shop.newest()["reference"])
    assert (order["state"], order["delivered"]) == ("paid", 1)


def pay_directly(
    page: Page, shop: Shop, mid: str, card: str = VISA, **fields: str
) -> dict[str, Any]:
    buy(page, shop, mid, "direct", **fields)
    page.fill("[name=cardNo]", card)
    page.fill("[name=cardExpYymm]", "3901")
    page.fill("[name=cardCvv]", "100")
    page.fill("[name=cardHolderNm]", "Budi Santoso")
    page.click("button")
    return shop.newest()


def test_a_decline_comes_back_with_its_reason_and_is_not_delivered(
    window: Page, shop: Shop
) -> None:
    pay_directly(window, shop, "sale", NO_FUNDS)
    expect(window.locator("#state")).to_have_text("failed")
    order = shop.newest()
    assert order["delivered"] == 0
    assert any(step["code"] == "51" for step in order["log"])


def test_cancels_full_and_partial(gateway: RunningDemo, window: Page, shop: Shop) -> None:
    void = pay_directly(window, shop, "sale")
    expect(window.locator("#state")).to_have_text("paid")
    settled = pay_directly(window, shop, "sale")
    expect(window.locator("#state")).to_have_text("paid")
    assert shop.act(void["reference"], "cancel")["state"] == "void"
    advance(gateway, 86_400)
    for _ in range(300):
        order = shop.act(settled["reference"], "cancel", amount=50_000)
        if order.get("cancelAmt") == "50000":
            break
        time.sleep(0.1)
    assert (order["state"], order["cancelAmt"]) == ("paid", "50000")


def advance(gateway: RunningDemo, seconds: int) -> None:
    request = urllib.request.Request(  # noqa: S310 (our own demo)
        f"{gateway.base_url}/api/sandbox/clock",
        data=json.dumps({"advance_seconds": seconds}).encode(),
        headers={
            "Authorization": f"Bearer {gateway.facts['admin_token']}",
            "Content-Type": "application/json",
        },
    )
    _plain.open(request, timeout=10).close()


def test_a_hold_is_captured_in_part(window: Page, shop: Shop) -> None:
    hold = pay_directly(window, shop, "preauth")
    expect(window.locator("#state")).to_have_text("preauthed")
    assert shop.act(hold["reference"], "capture", amount=120_000)["state"] == "paid"


def test_a_card_is_charged_again_by_its_token(
    gateway: RunningDemo, window: Page, shop: Shop
) -> None:
    first = pay_directly(window, shop, "recurring", recurr="1")
    answer_challenge(window, gateway)
    expect(window.locator("#state")).to_have_text("paid")
    assert shop.act(first["reference"], "again")["state"] == "paid"


def test_instalments_of_three_months(window: Page, shop: Shop) -> None:
    pay_directly(window, shop, "installment", months="3")
    expect(window.locator("#state")).to_have_text("paid")
