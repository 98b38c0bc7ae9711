"""A real Chromium for tests of pages: every page it opens is listened to.

Playwright's plain interface keeps an event loop of its own, so a file with such tests has no
asynchronous ones, and the browser is closed at the file's end.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    Request,
    expect,
    sync_playwright,
)

PROGRAM: Final = "/usr/bin/chromium"
AXE: Final = Path(__file__).parents[1] / "vendor" / "axe-core" / "axe.min.js"
PATIENCE_MS: Final = 45_000
"""How long a busy machine may take; nothing waits that long where all is well."""
SIZES: Final = {"wide": (1360, 900), "phone": (390, 844)}
_RUN_AXE: Final = """async () => {
  const found = await axe.run(document, {runOnly: ["wcag2a", "wcag2aa"]});
  return found.violations
    .filter((one) => ["serious", "critical"].includes(one.impact))
    .map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((n) => n.html.slice(0, 150)).join(" ")}`);
}"""


class Listener:
    """What went wrong on the pages of one context."""

    def __init__(self, base_url: str) -> None:
        self.wrong: list[str] = []
        self._host = urlsplit(base_url).netloc

    def on(self, page: Page) -> None:
        """Listen to a page."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        page.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.wrong.append(f"console: {message.text}")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https"} and parts.netloc != self._host:
            self.wrong.append(f"foreign request: {request.url}")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run the browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened_page(
    browser: Browser,
    base_url: str,
    *,
    language: str = "id",
    theme: str = "light",
    size: str = "wide",
) -> Iterator[Page]:
    """Open a page of a fresh context; afterwards nothing may have gone wrong on it."""
    width, height = SIZES[size]
    options: dict[str, Any] = {
        "base_url": base_url,
        "color_scheme": theme,
        "locale": "en-US" if language == "en" else "id-ID",
        "viewport": {"width": width, "height": height},
    }
    context = browser.new_context(**options)
    context.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    try:
        page = context.new_page()
        listener = Listener(base_url)
        listener.on(page)
        yield page
        assert listener.wrong == []
    finally:
        context.close()


def overflow(page: Page) -> int:
    """Give by how many pixels a page is wider than its window."""
    wider: int = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return max(0, wider)


def axe(page: Page) -> list[str]:
    """Give what axe finds serious or worse."""
    page.evaluate(AXE.read_text() + "; undefined")
    found: list[str] = page.evaluate(_RUN_AXE)
    return found
