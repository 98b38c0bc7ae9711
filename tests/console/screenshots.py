"""Makes the pictures of the README from a demo of its own: ``make screenshots``."""

from __future__ import annotations

import asyncio
import json
import random
import urllib.request
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Browser

from console.chromium import PHONE, Watched, chromium, dress
from e2e.running_demo import RunningDemo, running_demo

FOLDER: Final = Path(__file__).parents[2] / "docs" / "images"
SIZE: Final = {"width": 1280, "height": 800}
ENDINGS: Final = ("1230",) * 24 + ("5678",) * 8 + ("1231", "1232", "1233", "1237", "1239")
PRODUCTS: Final = ("HSA5", "X10", "TSEL21", "XL5", "T1")
ROUNDS: Final = 5
ROUND_S: Final = 20
SHOTS: Final[tuple[tuple[str, str, str, str, Any], ...]] = (
    ("console-overview", "", "en", "light", SIZE),
    ("console-overview-dark", "", "id", "dark", SIZE),
    ("console-order", "/orders/{order}", "en", "light", SIZE),
    ("console-products", "/products/HSA5", "en", "light", SIZE),
    ("console-profit", "/ledger/profit", "id", "light", SIZE),
    ("console-phone", "/orders", "id", "dark", PHONE),
    ("portal-call", "/developer/isikuota/prepaid", "en", "light", SIZE),
    ("portal-phone", "", "id", "light", PHONE),
)
"""Name, path, language, theme and size; the name begins with the site."""


def buy(demo: RunningDemo, reference: str, product: str, number: str) -> None:
    """Place one order as the demo's reseller."""
    body = {"code": product, "msisdn": number, "request_id": reference}
    request = urllib.request.Request(  # noqa: S310 (our own demo)
        f"{demo.base_url}/reseller/api/v1/purchase",
        json.dumps(body).encode(),
        {**demo.socx, "content-type": "application/json"},
    )
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request):
        pass


async def trade(demo: RunningDemo) -> None:
    """Let some minutes of business pass."""
    chance = random.Random(7)
    for turn in range(ROUNDS):
        for number in range(chance.randrange(20, 45)):
            destination = f"0812{chance.randrange(10_000):04d}{chance.choice(ENDINGS)}"
            product = chance.choice(PRODUCTS)
            await asyncio.to_thread(buy, demo, f"INV-{turn}{number:03d}", product, destination)
        await asyncio.sleep(ROUND_S)


async def shoot(browser: Browser, demo: RunningDemo, shot: tuple[str, str, str, str, Any]) -> None:
    """Take one picture."""
    name, path, language, theme, size = shot
    context = await browser.new_context(viewport=size, device_scale_factor=1)
    await dress(context, demo.base_url, language=language, theme=theme)
    watched = Watched(await context.new_page(), demo.base_url)
    site = name.partition("-")[0]
    await watched.sign_in(demo.facts[site], f"/{site}")
    order = (await demo.fetch("SELECT max(order_id) AS id FROM attempts WHERE number = 2"))[0]["id"]
    await watched.open(f"/{site}{path.format(order=order)}")
    await watched.page.wait_for_timeout(700)
    await watched.page.screenshot(path=FOLDER / f"{name}.png")
    await context.close()


async def main() -> None:
    """Run a demo, trade, and take all pictures."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with running_demo("screenshots") as demo:
        await trade(demo)
        async with chromium() as browser:
            for shot in SHOTS:
                await shoot(browser, demo, shot)


if __name__ == "__main__":
    asyncio.run(main())
