"""The portal in a real browser: each page's main job, both languages, both themes, two sizes."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from console.page_list import portal_pages
from e2e.chromium import axe, chromium, opened_page, overflow
from e2e.running_demo import RunningDemo

pytestmark = pytest.mark.browser

DOCUMENTATION = ("/docs/dialects/isikuota", "/docs/id/samples/nicepay", "/docs/id/card-integration")
LOOKS = [("id", "light", "wide"), ("en", "dark", "phone")]
_plain = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def state(demo: RunningDemo, browser: Browser) -> Any:
    """Sign in once and keep the cookies."""
    with opened_page(browser, demo.base_url, language="en") as page:
        page.goto("/portal/orders")
        page.fill("[name=username]", demo.facts["portal"]["username"])
        page.fill("[name=password]", demo.facts["portal"]["password"])
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile("/portal/orders$"))
        return page.context.cookies()


@pytest.fixture
def page(demo: RunningDemo, browser: Browser, state: Any) -> Iterator[Page]:
    with opened_page(browser, demo.base_url, language="en") as opened:
        opened.context.add_cookies(state)
        yield opened


@pytest.fixture
def phone(demo: RunningDemo, browser: Browser, state: Any) -> Iterator[Page]:
    with opened_page(browser, demo.base_url, language="en", size="phone") as opened:
        opened.context.add_cookies(state)
        yield opened


def buy(demo: RunningDemo, reference: str) -> int:
    body = {"code": "HSA5", "msisdn": "081234561230", "request_id": reference}
    request = urllib.request.Request(  # noqa: S310 (our own demo)
        f"{demo.base_url}/reseller/api/v1/purchase",
        data=json.dumps(body).encode(),
        headers=demo.socx,
    )
    with _plain.open(request, timeout=10) as reply:
        order_id: int = json.load(reply)["trxid"]
    return order_id


def paths(page: Page, demo: RunningDemo) -> list[str]:
    order_id = buy(demo, f"BROWSER-{time.monotonic_ns()}")
    page.goto("/portal/callbacks")
    found = page.locator("tbody a").first
    give_up_at = time.monotonic() + 60
    while not found.count() and time.monotonic() < give_up_at:
        page.reload()
    callback = found.get_attribute("href")
    assert callback is not None
    page.goto("/portal/deposits")
    page.locator("#f-amount").fill("55.000")
    page.get_by_role("button", name=re.compile("Get a ticket|Buat tiket")).click()
    page.wait_for_url(re.compile(r"/portal/deposits/\d+$"))
    ticket = urlsplit(page.url).path.removeprefix("/portal")
    page.goto("/portal/developer/nicepay/registration")
    page.locator("main form button[type=submit]").click()
    expect(page.locator("#reply")).to_contain_text("0000")
    page.goto("/portal/cards")
    payment = page.locator("tbody a").first.get_attribute("href")
    assert payment is not None
    numbers = {
        "/orders/{id}": f"/orders/{order_id}",
        "/callbacks/{id}": callback.removeprefix("/portal"),
        "/deposits/{id}": ticket,
        "/cards/{txid}": payment.removeprefix("/portal"),
    }
    return [*portal_pages(numbers), *DOCUMENTATION]


@pytest.mark.parametrize(("language", "theme", "size"), LOOKS)
def test_every_page_is_whole_and_accessible(
    demo: RunningDemo, browser: Browser, state: Any, language: str, theme: str, size: str
) -> None:
    faults: dict[str, Any] = {}
    look = {"language": language, "theme": theme, "size": size}
    with opened_page(browser, demo.base_url, **look) as page:
        page.context.add_cookies(state)
        for path in paths(page, demo):
            page.goto(path)
            if path.startswith("/portal"):
                assert page.locator("html").get_attribute("lang") == language
            found = axe(page)
            wider = overflow(page)
            if found or wider:
                faults[path] = (found, wider)
    assert faults == {}


def test_a_deposit_is_asked_for_with_the_keyboard_alone(phone: Page) -> None:
    page = phone
    page.goto("/portal/deposits")
    page.keyboard.type("321.000")
    page.keyboard.press("Enter")
    expect(page.locator(".display-6")).to_contain_text("Rp321.")
    expect(page.locator("[data-until]")).to_have_text(re.compile(r"2\d:\d\d:\d\d"))
    expect(page.get_by_text("1234567890")).to_be_visible()


def test_a_deposit_by_card_is_paid_and_credited_on_a_phone(demo: RunningDemo, phone: Page) -> None:
    page = phone
    page.goto("/portal/deposits")
    page.locator("#f-card_amount").fill("250.000")
    page.get_by_role("button", name="Pay by card").click()
    page.locator("#cardNo").press_sequentially("4434260000000008")
    page.locator("#cardExp").press_sequentially("0139")
    page.fill("#cardCvv", "100")
    page.fill("#cardHolderNm", "Budi Santoso")
    page.click("[data-pay]")
    page.fill("#otp", demo.facts["nicepay"]["otp"])
    with page.expect_navigation():
        page.click("button[value=verify]")
    credited = page.locator("tr", has_text="250.000").get_by_text("Credited")
    give_up_at = time.monotonic() + 60
    page.goto("/portal/deposits")
    while not credited.count() and time.monotonic() < give_up_at:
        page.wait_for_timeout(300)
        page.reload()
    expect(credited).to_be_visible()
    assert overflow(page) == 0


def test_an_order_is_found_by_slash_and_complained_about(demo: RunningDemo, page: Page) -> None:
    reference = f"FIND-{time.monotonic_ns()}"
    buy(demo, reference)
    page.goto("/portal/orders")
    page.keyboard.press("/")
    page.keyboard.type(reference)
    page.keyboard.press("Enter")
    page.get_by_role("link", name=reference).click()
    expect(page.get_by_text("Taken")).to_be_visible()
    page.get_by_role("button", name="Complain").click()
    page.get_by_label("What is wrong?").fill("nothing arrived")
    page.get_by_role("button", name="Send complaint").click()
    expect(page.get_by_text("A complaint is being looked at")).to_be_visible()
    expect(page.get_by_role("button", name="Complain")).to_have_count(0)


def test_a_call_is_read_in_another_language_and_tried(page: Page) -> None:
    page.goto("/portal/developer/isikuota/prepaid")
    page.get_by_role("tab", name="Python").click()
    expect(page.locator("#sample-python")).to_contain_text('API_ID = "demo_api_id"')
    expect(page.locator("#sample-curl")).to_be_hidden()
    page.get_by_label("customer_no").fill("081234561232")
    page.get_by_role("button", name="Send as a test").click()
    expect(page.locator("#reply")).to_contain_text("ORDER_FAILED")
    page.goto("/portal/developer/socx/codes")
    page.get_by_label("Filter codes").fill("insufficient")
    expect(page.locator("tbody tr:visible")).to_have_count(1)


def test_a_token_is_rotated_and_shown_once(page: Page, demo: RunningDemo) -> None:
    page.goto("/portal/settings")
    page.get_by_role("button", name="New credential").click()
    page.locator("#f-dialect").select_option("socx")
    page.get_by_label("For testing only").check()
    dialog = page.locator("#new-credential")
    dialog.get_by_label("Present password").fill(demo.facts["portal"]["password"])
    dialog.get_by_role("button", name="Issue").click()
    expect(page.get_by_text("only time its secrets are shown")).to_be_visible()
    token = page.locator(".copyable code").last.inner_text()
    assert len(token) > 40
    page.get_by_role("link", name="I have kept them").click()
    assert token not in page.content()
    row = page.locator("tbody tr", has=page.locator("span.bg-yellow-lt")).last
    row.get_by_role("button", name="Revoke").click()
    page.get_by_role("button", name="Yes, go on").click()
    expect(page.get_by_text("The credential is revoked.")).to_be_visible()


def test_a_card_payment_is_given_back_after_a_question(page: Page) -> None:
    for call in ("registration", "payment"):
        page.goto(f"/portal/developer/nicepay/{call}")
        page.get_by_role("button", name="Send as a test").click()
        expect(page.locator("#reply")).to_contain_text("0000")
    page.goto("/portal/cards")
    page.locator("tbody a").first.click()
    expect(page.get_by_label("A part, at most")).to_be_disabled()
    page.get_by_label("Reason").fill("the buyer changed his mind")
    page.get_by_role("button", name="Give money back").click()
    page.get_by_role("button", name="Yes, go on").click()
    expect(page.get_by_text("The money goes back to the card.")).to_be_visible()
    expect(page.get_by_role("button", name="Give money back")).to_have_count(0)


def test_language_and_theme_stay_as_they_were_chosen(page: Page) -> None:
    page.goto("/portal/prices")
    page.get_by_role("button", name=re.compile("^ID ")).click()
    expect(page.get_by_role("heading", name="Daftar harga")).to_be_visible()
    page.get_by_role("button", name="Gelap").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_documentation_copies_code_and_finds_pages(page: Page) -> None:
    page.goto("/docs/samples/isikuota")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    first = page.locator(".code").first
    first.hover()
    first.get_by_role("button", name="Copy").click()
    expect(first.get_by_role("button", name="Copied")).to_be_visible()
    assert "curl" in page.evaluate("navigator.clipboard.readText()")
    page.keyboard.press("/")
    page.keyboard.type("ledger")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/docs/(ledger|search\?q=ledger)$"))
