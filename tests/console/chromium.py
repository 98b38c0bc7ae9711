"""Real Chromium for the tests of pages: one browser, and pages that notice what is wrong."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

AXE: Final = Path(__file__).parents[1] / "vendor" / "axe-core" / "axe.min.js"
SERIOUS: Final = {"serious", "critical"}
LEFT: Final = ("htmx:afterRequest", "htmx:sendError", "htmx:sendAbort")
DESKTOP: Final = {"width": 1360, "height": 900}
PHONE: Final = {"width": 390, "height": 844}


def chromium_path() -> str:
    """Find Debian's Chromium; a continuous integration without it fails instead of skipping."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail("Chromium is not installed, and CI must not skip the tests of pages")
        pytest.skip("Chromium is not installed")
    return path


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Run one browser."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium_path(), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        try:
            yield browser
        finally:
            await browser.close()


class Watched:
    """A page of a browser, and everything wrong that happened in it."""

    def __init__(self, page: Page, base_url: str) -> None:
        self.page = page
        self.base_url = base_url
        self.wrong: list[str] = []
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        page.on("request", self._asked)

    def _said(self, message: Any) -> None:
        # A question that was under way when the page was left is no fault of the page.
        if message.type == "error" and not message.text.startswith(LEFT):
            self.wrong.append(f"console: {message.text}")

    def _asked(self, request: Any) -> None:
        url = request.url
        if not url.startswith((self.base_url, "data:", "blob:")):
            self.wrong.append(f"foreign: {url}")

    async def open(self, path: str, status: int = 200) -> None:
        """Go to a page and look whether it fits."""
        answer = await self.page.goto(self.base_url + path)
        assert answer is not None
        assert answer.status == status, f"{path}: {answer.status}"

    async def overflow(self) -> int:
        """How far the page is wider than the window."""
        found = await self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        return int(found)

    async def serious_issues(self) -> list[str]:
        """What axe finds that keeps somebody out."""
        # Our own policy forbids scripts of others, so axe comes in past it.
        await self.page.evaluate(AXE.read_text())
        found = await self.page.evaluate(
            "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'],"
            " resultTypes: ['violations'], elementRef: false})"
        )
        return [
            f"{one['id']}: {node['html'][:160]}"
            for one in found["violations"]
            if one["impact"] in SERIOUS
            for node in one["nodes"][:3]
        ]

    async def sign_in(self, facts: dict[str, Any], path: str = "/console") -> None:
        """Sign in with the keyboard alone."""
        await self.open(f"{path}/sign-in")
        await self.page.keyboard.type(facts["username"])
        await self.page.keyboard.press("Tab")
        await self.page.keyboard.type(facts["password"])
        await self.page.keyboard.press("Enter")
        await self.page.wait_for_url(lambda url: not url.endswith("/sign-in"))


async def dress(
    context: BrowserContext, base_url: str, *, language: str, theme: str
) -> BrowserContext:
    """Choose language and theme as the switch does."""
    await context.add_cookies(
        [
            {"name": "gerbang_language", "value": language, "url": base_url},
            {"name": "gerbang_theme", "value": theme, "url": base_url},
        ]
    )
    return context
