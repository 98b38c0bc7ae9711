"""The whole house as somebody sees it who knows only the first address: by clicks alone.

A sold order and its callback sent again, a deposit matched with its bank line, a card payment
given back before its settlement, another given back in part after it, and the settlement's report.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from e2e.chromium import Listener, chromium, opened_page
from e2e.running_demo import RunningDemo, running_demo
from gerbang.web.pages.catalogue import Words, load_catalogue
from scale import PROVING

pytestmark = pytest.mark.browser

WORDS: Final = load_catalogue(["gerbang.web.pages", "gerbang.console", "gerbang.portal"])
PASSWORD: Final = "kata sandi saya yang panjang"
PATIENCE_S: Final = 60


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def demo() -> Iterator[RunningDemo]:
    """A demo of one's own, for its clock is moved."""
    with running_demo("tour") as running:
        yield running


class Guest:
    """Somebody with one tab, who reads what stands there and clicks on it."""

    def __init__(self, page: Page, words: Words) -> None:
        self.page = page
        self.t = words

    def click(self, key: str, *, role: Any = "link", inside: Locator | None = None) -> None:
        """Click what bears a text, wherever it stands first."""
        (inside or self.page).get_by_role(role, name=self.t(key)).first.click()

    def press(self, key: str) -> None:
        self.click(key, role="button", inside=self.page.locator("main"))

    def sees(self, key: str, *, again: bool = False) -> None:
        """Wait until a text stands on the page; look again where it does not come by itself."""
        self.waits(self.page.locator("main").get_by_text(self.t(key), exact=True).first, again)

    def waits(self, what: Locator, again: bool) -> None:
        give_up_at = time.monotonic() + PATIENCE_S
        while again and not what.is_visible() and time.monotonic() < give_up_at:
            self.page.wait_for_timeout(200)
            self.page.reload()
        expect(what).to_be_visible()

    def fill(self, key: str, text: str) -> None:
        label = re.compile(rf"^{re.escape(self.t(key))}")
        self.page.locator("main").get_by_label(label).first.fill(text)

    def says_yes(self) -> None:
        yes = self.page.locator("dialog[open]").get_by_role("button", name=self.t("layout.yes"))
        with self.page.expect_navigation():
            yes.click()

    def sign_in(self, username: str, password: str) -> None:
        self.fill("account.username", username)
        self.fill("account.password", password)
        self.press("account.sign_in")


@pytest.mark.parametrize("language", ["id", "en"] if PROVING else ["id"])
def test_the_whole_house_is_tried_by_clicks_alone(
    demo: RunningDemo, browser: Browser, language: str
) -> None:
    words = Words(WORDS, language)
    with opened_page(browser, demo.base_url, language=language) as page:
        page.goto(demo.base_url)
        operator = Guest(page, words)
        page.locator(f"button[name=language][value={language}]").click()
        operator.sign_in(**{k: demo.facts["console"][k] for k in ("username", "password")})
        _sell(operator)
        reseller = _open_the_portal(operator, f"siti-{language}")
        listener = Listener(demo.base_url)
        listener.on(reseller.page)
        _match_a_deposit(operator, reseller)
        _give_a_charge_back(reseller)
        _give_a_part_back(operator, reseller)
        _read_the_settlement(operator, reseller)
        assert listener.wrong == []


def _sell(operator: Guest) -> None:
    operator.click("menu.start")
    operator.click("start.next_sale")
    assert operator.page.locator("#f-live").is_checked()
    operator.press("test_order.place")
    operator.waits(
        operator.page.locator("#order .badge", has_text=operator.t("state.success")), False
    )
    operator.sees("event.sale.post")
    tries = operator.page.locator("#callbacks tbody tr")
    operator.waits(tries.filter(has_text=operator.t("callback_state.delivered")), True)
    operator.press("callback.resend")
    expect(operator.page.locator("#toasts")).to_contain_text(operator.t("callback.resent"))
    operator.page.locator("#callbacks a[href*='/callbacks/']").first.click()
    operator.waits(operator.page.locator("details summary", has_text="HTTP 200").nth(1), True)


def _open_the_portal(operator: Guest, username: str) -> Guest:
    operator.click("menu.start")
    operator.click("start.next_portal")
    operator.fill("account.name", "Siti Aminah")
    operator.fill("account.username", username)
    operator.press("portal_people.add")
    password = operator.page.locator(".secret-box code").inner_text()
    with operator.page.context.expect_page() as opened:
        operator.page.locator("main a[href$='/portal']").click(modifiers=["Control"])
    reseller = Guest(opened.value, operator.t)
    reseller.sign_in(username, password)
    reseller.fill("account.password_now", password)
    reseller.fill("account.password_new", PASSWORD)
    reseller.fill("account.password_again", PASSWORD)
    reseller.press("account.change_password")
    return reseller


def _match_a_deposit(operator: Guest, reseller: Guest) -> None:
    reseller.click("portal.menu_deposits")
    reseller.page.locator("#f-amount").fill("275.000")
    reseller.press("portal.deposit_get")
    total = reseller.page.locator(".display-6").first.inner_text()
    operator.click("menu.start")
    operator.click("start.next_deposit")
    operator.fill("ledger.amount", re.sub(r"\D", "", total))
    with operator.page.expect_navigation():
        operator.press("deposits.line_by_hand")
    operator.sees("line_state.credited", again=True)
    reseller.click("portal.menu_statement")
    expect(reseller.page.locator("tbody tr").first).to_contain_text(total.removeprefix("Rp"))


def _pay(reseller: Guest) -> None:
    """Register a payment and charge a test card on the developer pages; end at the payment."""
    reseller.click("portal.menu_developer")
    reseller.page.locator("a[href$='/nicepay/registration']").click()
    reseller.press("portal.try_send")
    reseller.page.locator("#reply a[href$='/nicepay/payment']").click()
    reseller.press("portal.try_send")
    reseller.page.locator("#reply a[href='/portal/cards']").click()
    reseller.page.locator("tbody a").first.click()


def _give_a_charge_back(reseller: Guest) -> None:
    _pay(reseller)
    reseller.sees("portal_payment.paid")
    reseller.fill("portal_cards.reason", "warnanya lain")
    reseller.press("portal_cards.give_back")
    reseller.says_yes()
    reseller.sees("portal_payment.void", again=True)


def _give_a_part_back(operator: Guest, reseller: Guest) -> None:
    _pay(reseller)
    reference = reseller.page.locator("h1 span").first.inner_text()
    operator.click("menu.start")
    operator.click("start.next_clock")
    operator.press("sandbox_clock.day")
    operator.click("menu.cards")
    payment = operator.page.get_by_role("link", name=reference)
    settled = operator.page.locator("tr", has=payment).get_by_text(
        operator.t("payment_state.settled")
    )
    operator.waits(settled, True)
    payment.click()
    operator.fill("cards.part", "50.000")
    operator.fill("order.reason", "satu sepatu terlalu kecil")
    operator.press("cards.refund")
    operator.says_yes()
    operator.sees("payment_state.partly_refunded", again=True)
    expect(operator.page.locator("main")).to_contain_text("Rp100.000")
    reseller.page.reload()
    reseller.sees("portal_payment.partly_refunded")


def _read_the_settlement(operator: Guest, reseller: Guest) -> None:
    operator.click("menu.cards")
    operator.click("cards.settlements", inside=operator.page.locator("main, .page-header"))
    reseller.click("portal.menu_cards")
    reseller.click("portal_cards.settlements")
    for guest in (operator, reseller):
        guest.page.locator("tbody a[href*='/cards/settlements/']").first.click()
        expect(guest.page.locator("main")).to_contain_text("150.000")
