"""The console in real Chromium: every page in both languages, themes and widths, and main jobs."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from console.chromium import DESKTOP, PHONE, Watched, chromium, dress
from console.page_list import console_pages
from e2e.running_demo import RunningDemo, running_demo
from scale import scale

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

AGAIN: Final = {f"/console{p}" for p in ("", "/orders", "/resellers/DEMO", "/products/HSA5")}
"""Looked at by axe in both dresses; of the others every fourth, and all with GERBANG_PROVE=1."""


@pytest.fixture(scope="module")
def demo() -> Iterator[RunningDemo]:
    with running_demo("console") as demo:
        for number, ending in enumerate(("1230", "1232", "1231", "1239", "1230", "1238")):
            buy(demo, f"R-{number}", f"08123456{ending}")
        yield demo


def buy(demo: RunningDemo, reference: str, number: str) -> Any:
    body = {"code": "HSA5", "msisdn": number, "request_id": reference}
    request = urllib.request.Request(  # noqa: S310 (our own demo)
        f"{demo.base_url}/reseller/api/v1/purchase",
        json.dumps(body).encode(),
        {**demo.socx, "content-type": "application/json"},
    )
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
        return json.load(answer)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


async def new_page(
    browser: Browser, demo: RunningDemo, *, size: Any, language: str, theme: str
) -> Watched:
    context = await browser.new_context(viewport=size, reduced_motion="reduce")
    await dress(context, demo.base_url, language=language, theme=theme)
    context.set_default_timeout(10_000)
    watched = Watched(await context.new_page(), demo.base_url)
    await watched.sign_in(demo.facts["console"])
    return watched


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def signed_in(browser: Browser, demo: RunningDemo) -> AsyncIterator[Watched]:
    watched = await new_page(browser, demo, size=DESKTOP, language="en", theme="light")
    yield watched
    await watched.page.context.close()


@pytest.fixture
def desk(signed_in: Watched) -> Watched:
    signed_in.wrong.clear()
    return signed_in


async def addresses(demo: RunningDemo) -> list[str]:
    """Every page; what is not there by itself was made by `things_to_look_at`."""
    newest = {
        "/orders/{id}": "SELECT max(id) FROM orders",
        "/callbacks/{id}": "SELECT max(id) FROM callbacks",
        "/deposits/lines/{id}": "SELECT max(id) FROM bank_lines",
        "/cases/{id}": "SELECT max(id) FROM cases",
        "/jobs/{id}": "SELECT max(id) FROM jobs",
        "/cards/{txid}": "SELECT max(txid) FROM payments",
    }
    found = {path: (await demo.fetch(sql))[0][0] for path, sql in newest.items()}
    assert all(found.values()), found
    return console_pages({p: f"{p.rpartition('/')[0]}/{value}" for p, value in found.items()})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def things_to_look_at(signed_in: Watched, demo: RunningDemo) -> None:
    """Make an export, a bank line that fits nothing, and a case."""
    page = signed_in.page
    await signed_in.open("/console/orders")
    await page.get_by_role("button", name="CSV").click()
    await page.wait_for_url("**/console/jobs/*")
    await signed_in.open("/console/deposits/lines/new")
    await page.get_by_label("Amount").fill("123.457")
    await page.get_by_role("button", name="Enter a line").click()
    await page.wait_for_url("**/console/deposits/lines/*")

    async def case() -> bool:
        return bool(await demo.fetch("SELECT 1 FROM cases LIMIT 1"))

    await demo.wait_for(case, 60)


@pytest.mark.parametrize(
    ("size", "language", "theme"),
    [
        pytest.param(DESKTOP, "en", "light", id="desktop-english-light"),
        pytest.param(PHONE, "id", "dark", id="phone-indonesian-dark"),
    ],
)
async def test_every_page_opens_fits_speaks_and_keeps_nobody_out(
    browser: Browser,
    demo: RunningDemo,
    things_to_look_at: None,
    size: Any,
    language: str,
    theme: str,
) -> None:
    watched = await new_page(browser, demo, size=size, language=language, theme=theme)
    wrong: list[str] = []
    for number, path in enumerate(await addresses(demo)):
        await watched.open(path)
        page = watched.page
        assert await page.get_attribute("html", "lang") == language
        assert await page.get_attribute("html", "data-bs-theme") == theme
        if (wider := await watched.overflow()) > 0:
            wrong.append(f"{path}: {wider} px too wide")
        if path in AGAIN or scale(number % 4 == (size is PHONE), True):
            wrong += [f"{path}: {issue}" for issue in await watched.serious_issues()]
        wrong += [f"{path}: {one}" for one in watched.wrong]
        watched.wrong.clear()
    await watched.page.context.close()
    assert wrong == [], "\n".join(wrong)


async def test_dialogs_menus_and_forms_that_were_refused_keep_nobody_out(
    browser: Browser, demo: RunningDemo, things_to_look_at: None
) -> None:
    watched = await new_page(browser, demo, size=PHONE, language="en", theme="dark")
    page, wrong = watched.page, []
    await watched.open("/console/callbacks?state=delivered")
    await page.locator("input[name=ids]").first.check()
    await page.get_by_role("button", name="Resend the chosen").click()
    await expect(page.locator("dialog[open]")).to_be_visible()
    wrong += await watched.serious_issues()
    await watched.open("/console/resellers/DEMO/credentials")
    await page.locator("td details summary").first.click()
    wrong += await watched.serious_issues()
    await watched.open("/console/resellers/new")
    await page.locator("form[action$='/resellers/new']").evaluate("form => form.noValidate = true")
    await page.locator("main form button[type=submit]").last.click()
    await expect(page.locator(".is-invalid").first).to_be_visible()
    await expect(page.locator("[data-focus]")).to_be_focused()
    wrong += await watched.serious_issues()
    await page.get_by_role("button", name="Menu").click()
    wrong += await watched.serious_issues()
    assert await watched.overflow() <= 0
    await page.context.close()
    assert wrong == []


async def tab_to(page: Page, what: Locator, most: int = 150) -> None:
    """Press Tab until something has the focus, and see where it is."""
    for _ in range(most):
        if await what.evaluate("node => node === document.activeElement"):
            seen = "node => getComputedStyle(node).outlineStyle + getComputedStyle(node).boxShadow"
            assert await what.evaluate(seen) != "nonenone"
            return
        await page.keyboard.press("Tab")
    pytest.fail(f"Tab does not lead to {what}")


async def test_a_test_order_is_sold_and_a_case_decided_with_the_keyboard_alone(
    desk: Watched, demo: RunningDemo, things_to_look_at: None
) -> None:
    page, main = desk.page, desk.page.locator("main")
    await desk.open("/console")
    await page.keyboard.press("Tab")
    await expect(page.locator(".skip-link")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(main).to_be_focused()
    await page.keyboard.press("/")
    await page.wait_for_url("**/console/orders#search")
    await expect(page.locator("[data-search]")).to_be_focused()
    await page.keyboard.press("Escape")
    await desk.open("/console/orders")
    await tab_to(page, main.get_by_role("link", name="Test order"))
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/console/test-order")
    await tab_to(page, main.get_by_role("button", name="Place the order"))
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/console/orders/*")
    await expect(page.locator("#order")).to_contain_text("Success", timeout=60_000)
    await desk.open("/console/cases")
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/console/cases/*")
    await tab_to(page, main.get_by_label("What came of it"))
    await page.keyboard.type("the supplier was asked by telephone")
    await tab_to(page, main.get_by_role("button", name="Close the case"))
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/console/cases")
    closed = await demo.fetch("SELECT resolution FROM cases WHERE closed_at IS NOT NULL")
    assert [row["resolution"] for row in closed] == ["the supplier was asked by telephone"]
    assert desk.wrong == []


async def test_an_order_appears_on_the_overview_by_itself(desk: Watched, demo: RunningDemo) -> None:
    await desk.open("/console")
    row = desk.page.locator("tr", has_text="demo-socx").locator("td").nth(2)
    before = await row.inner_text()
    buy(demo, "LIVE-1", "081234561230")
    await expect(row).not_to_have_text(before, timeout=60_000)
    assert await desk.page.locator(".chart canvas").count() == 1
    assert desk.wrong == []


async def test_a_search_is_made_and_opened_without_a_mouse(
    desk: Watched, demo: RunningDemo
) -> None:
    buy(demo, "FIND-ME", "081234561230")
    page = desk.page
    await desk.open("/console/orders")
    await page.keyboard.press("/")
    await page.keyboard.type("FIND-ME")
    await expect(page.locator("#orders tbody tr")).to_have_count(1)
    assert "q=FIND-ME" in page.url
    await page.keyboard.press("Escape")
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/console/orders/*")
    await expect(page.locator(".story")).to_contain_text("Success")
    await page.locator("summary", has_text="Why this supplier?").click()
    await expect(page.locator("details[open]")).to_contain_text("chosen: priority")
    assert desk.wrong == []


async def test_a_callback_is_sent_again_after_a_question(desk: Watched, demo: RunningDemo) -> None:
    page = desk.page
    received = len(await demo.inbox())
    await desk.open("/console/callbacks?state=delivered")
    await page.locator("input[name=ids]").first.check()
    await page.get_by_role("button", name="Resend the chosen").click()
    await page.get_by_role("button", name="Yes, go on").click()
    await expect(page.locator("#toasts")).to_contain_text("1 of 1 callbacks")

    async def more() -> bool:
        return len(await demo.inbox()) > received

    await demo.wait_for(more)
    assert desk.wrong == []


async def test_orders_are_exported_with_a_progress_and_downloaded(desk: Watched) -> None:
    page = desk.page
    await desk.open("/console/orders")
    await page.get_by_role("button", name="XLSX").click()
    await page.wait_for_url("**/console/jobs/*")
    link = page.locator("a[download]")
    await expect(link).to_be_visible()
    await page.reload()
    async with page.expect_download() as download:
        await link.click()
    assert (await download.value).suggested_filename.endswith(".xlsx")
    assert desk.wrong == []


async def test_a_price_typed_into_the_grid_stays(desk: Watched) -> None:
    page = desk.page
    await desk.open("/console/products?q=XL5")
    cell = page.get_by_label("Price XL5", exact=True)
    await cell.fill("6.123")
    await cell.press("Tab")
    await expect(page.locator("tr input.is-valid")).to_have_value("6.123")
    await page.reload()
    await expect(page.get_by_label("Price XL5", exact=True)).to_have_value("6.123")
    await page.get_by_label("Price XL5", exact=True).fill("nonsense")
    await page.get_by_label("Price XL5", exact=True).press("Tab")
    await expect(page.locator("#toasts")).to_contain_text("marked fields")
    desk.wrong = [one for one in desk.wrong if "422" not in one]
    assert desk.wrong == []


async def test_a_test_order_is_placed_and_settles_before_ones_eyes(desk: Watched) -> None:
    page = desk.page
    await desk.open("/console/test-order")
    await page.get_by_label("Product").fill("HSA5")
    await page.get_by_label("Destination").fill("081234561231")
    await page.get_by_role("button", name="Place the order").click()
    await page.wait_for_url("**/console/orders/*")
    await expect(page.locator("#order")).to_contain_text("Testing")
    await expect(page.locator(".card-actions").first).to_contain_text("Success", timeout=60_000)
    assert desk.wrong == []


async def test_a_callback_test_is_shown_step_by_step(desk: Watched) -> None:
    page = desk.page
    await desk.open("/console/resellers/DEMO/callback")
    await page.get_by_role("button", name="Send a test now").click()
    await expect(page.locator("#findings")).to_contain_text("acknowledged with 200")
    await desk.open("/console/resellers/DEMO/replies")
    await page.locator("#t-success").fill("BERES {sn}")
    await expect(page.locator("#p-success")).to_contain_text("BERES ")
    assert desk.wrong == []


async def test_the_book_is_verified_with_a_progress(desk: Watched) -> None:
    page = desk.page
    await desk.open("/console/ledger/proof")
    await page.get_by_role("button", name="Verify now").click()
    await expect(page.locator("#job")).to_contain_text("Done", timeout=60_000)
    await desk.open("/console/ledger/proof")
    await expect(page.locator("main")).to_contain_text("Everything agrees")
    assert desk.wrong == []


async def test_language_and_theme_are_switched_on_the_page_and_the_menu_opens_on_a_phone(
    browser: Browser, demo: RunningDemo
) -> None:
    watched = await new_page(browser, demo, size=PHONE, language="en", theme="light")
    page = watched.page
    await watched.open("/console/orders")
    assert not await page.locator("#menu").is_visible()
    await page.get_by_role("button", name="Menu").click()
    await page.locator(".preferences button[value=id]").click()
    await expect(page.locator("h1")).to_have_text("Pesanan")
    await page.get_by_role("button", name="Menu").click()
    await page.locator(".preferences button[value=dark]").click()
    await expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    await page.context.close()
    assert watched.wrong == []
    await asyncio.sleep(0)


async def test_rates_of_a_merchant_are_shown_and_then_kept_with_the_keyboard(
    signed_in: Watched,
) -> None:
    page = signed_in.page
    await signed_in.open("/console/cards/merchants/DEMOINSTL1/rates")
    await page.focus("[name=visa]")
    await page.keyboard.press("Control+A")
    await page.keyboard.type("1,25")
    await page.keyboard.press("Enter")
    kept = page.get_by_role("button", name="Keep these rates")
    await kept.wait_for()
    assert "1,25%" in await page.inner_text(".secret-box")
    await kept.focus()
    await page.keyboard.press("Enter")
    await page.get_by_text("Saved").first.wait_for()
    assert await page.input_value("[name=visa]") == "1,25"
    assert signed_in.wrong == []


async def test_a_new_supplier_shows_the_keys_of_the_protocol_that_is_chosen(
    signed_in: Watched,
) -> None:
    page = signed_in.page
    await signed_in.open("/console/suppliers/new")
    await page.fill("[name=name]", "Baru")
    await page.focus("[name=dialect]")
    await page.select_option("[name=dialect]", "otomax")
    await page.locator("[name=secret_pin]").wait_for()
    assert await page.locator("[name=secret_token]").count() == 0
    assert await page.input_value("[name=name]") == "Baru"
    assert signed_in.wrong == []


async def test_card_charts_are_drawn_and_lead_to_their_payments(
    signed_in: Watched, demo: RunningDemo
) -> None:
    await demo.fetch(
        "INSERT INTO payment_attempts (id, payment_id, kind, state, amount, reference, code, at)"
        " SELECT 900000000001, id, 'charge', 'declined', amount, 'C1', '54', now()"
        " FROM payments LIMIT 1"
    )
    page = signed_in.page
    await signed_in.open("/console/cards/figures")
    await page.locator(".chart canvas").nth(3).wait_for()
    await page.get_by_text("Card expired").click()
    await page.wait_for_url("**declined=54**")
    assert await page.locator("#list tbody tr").count() == 1
    assert signed_in.wrong == []
