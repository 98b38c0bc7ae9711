"""How long pages of the console and the portal take with many orders stored.

python -m gerbang_bench.pages load FOLDER 10000000
python -m gerbang_bench.pages measure FOLDER [console|portal]
"""

from __future__ import annotations

import asyncio
import base64
import re
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
from starlette.applications import Starlette

from gerbang.app import Node
from gerbang.application import all_routes
from gerbang.clock import business_day
from gerbang.console.overview import Overview
from gerbang.people.admin import create_user
from gerbang.people.password import Passwords
from gerbang.people.role import Role
from gerbang.postgres.embedded import EmbeddedPostgres
from gerbang.settings import Settings
from gerbang_bench.large import KEPT, KEPT_KEY, SERVER, load_orders
from gerbang_bench.server import make_database
from gerbang_bench.world import make_world

PASSWORD: Final = "a long enough sentence"  # noqa: S105 (of a database that is thrown away)
KEY_TEXT: Final = base64.b64encode(KEPT_KEY).decode()
TIMES: Final = 30
WARM: Final = 3
RESELLERS: Final = 50
SITES: Final = ("console", "portal")


async def load(server: EmbeddedPostgres, orders: int) -> None:
    """Make a database with so many orders, and somebody who looks at it."""
    dsn = await make_database(server, KEPT)
    await make_world(dsn, secret_key=KEPT_KEY, resellers=RESELLERS)
    await load_orders(dsn, orders, say=print)


async def measure(dsn: str, folder: Path, sites: Sequence[str]) -> None:
    """Ask for each page of some sites some times and print median and p95."""
    node = Node(Settings(data_dir=str(folder), secret_key=KEY_TEXT), database_url=dsn)
    await node.start(work=False)
    try:
        await node.pool.execute("VACUUM ANALYZE orders")
        await _time_pages(node, sites)
    finally:
        await node.stop()


async def _time_pages(node: Node, sites: Sequence[str]) -> None:
    stored = await node.pool.fetchval("SELECT count(*) FROM orders")
    row = await node.pool.fetchrow(
        "SELECT o.id, o.reference, o.destination, o.sn, o.business_day, r.code FROM orders o"
        " JOIN resellers r ON r.id = o.reseller_id ORDER BY o.id DESC OFFSET 500 LIMIT 1"
    )
    if row is None:
        raise RuntimeError("load orders first")
    day = business_day(node.clock.now())
    whole = day - timedelta(days=1)
    pages = {
        "overview": "",
        "orders, newest": "/orders",
        "orders, one reseller": f"/orders?reseller={row['code']}",
        "orders, page 2 by key": f"/orders?after={row['id']}",
        "search: reference": f"/orders?q={row['reference']}",
        "search: order id": f"/orders?q={row['id']}",
        "search: destination": f"/orders?q={row['destination']}",
        "search: serial number": f"/orders?q={row['sn'] or 'NOTHING123'}",
        "order page": f"/orders/{row['id']}",
        "statement of a reseller": f"/resellers/{row['code']}/statement",
        "products": "/products",
        "profit, today": f"/ledger/profit?from={day}&until={day}",
        "profit, a whole day": f"/ledger/profit?from={whole}&until={whole}",
    }
    print(f"{stored:,} orders stored; milliseconds in one process, without the network")
    if "console" in sites:
        await _time_site(node, "console", pages)
        made = [await _made_anew(node) for _ in range(TIMES)]
        print(f"| overview, made anew | {statistics.median(made):.0f} | {_p95(made):.0f} |")
    if "portal" in sites:
        await _time_site(node, "portal", _portal_pages(row, day), reseller=row["code"])


def _portal_pages(row: Any, day: date) -> dict[str, str]:
    """Give the pages of a reseller; the row is one of its orders of today."""
    month_ago = day - timedelta(days=30)
    return {
        "home": "",
        "orders, newest": "/orders",
        "orders, page 2 by key": f"/orders?after={row['id']}",
        "orders, failed (there are none)": "/orders?state=failed",
        "orders, pending (there are none)": "/orders?state=pending",
        "orders, a day a month ago": f"/orders?from={month_ago}&to={month_ago}",
        "search: reference": f"/orders?q={row['reference']}",
        "search: order id": f"/orders?q={row['id']}",
        "search: destination": f"/orders?q={row['destination']}",
        "search: serial number": f"/orders?q={row['sn'] or 'NOTHING123'}",
        "search: nothing there": "/orders?q=NOTHING123",
        "order page": f"/orders/{row['id']}",
        "statement": "/statement",
        "statement, a day a month ago": f"/statement?from={month_ago}&to={month_ago}",
        "terms": "/terms",
        "callbacks": "/callbacks",
        "price list": "/prices",
        "go-live checklist": "/developer/go-live",
    }


async def _time_site(
    node: Node, site: str, pages: Mapping[str, str], *, reseller: str | None = None
) -> None:
    """Sign in to a site as somebody made for it, and time its pages."""
    if not await node.pool.fetchval("SELECT 1 FROM users WHERE username = $1", site):
        async with node.pool.acquire() as connection:
            await create_user(
                connection, site, name="Bench", role=Role.RESELLER if reseller else Role.OWNER,
                reseller=reseller, password=PASSWORD, passwords=Passwords(), actor="bench",
            )  # fmt: skip
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(Starlette(routes=all_routes(node))),
        base_url="http://gerbang",
        headers={"origin": "http://gerbang", "accept-language": "en"},
        timeout=60,
    ) as client:
        form = {"username": site, "password": PASSWORD}
        await client.post(f"/{site}/sign-in", data=form)
        for name, path in pages.items():
            times = await _times(client, f"/{site}{path}")
            print(f"| {site}: {name} | {statistics.median(times):.0f} | {_p95(times):.0f} |")


async def _made_anew(node: Node) -> float:
    """Make the overview as the first of two seconds who looks; the others are given the same."""
    overview = Overview(node.pool, node.clock.now, lambda _supplier_id: True)
    began = time.perf_counter()
    await overview.read()
    return (time.perf_counter() - began) * 1000


async def _times(client: httpx.AsyncClient, path: str) -> Sequence[float]:
    times = []
    for number in range(TIMES + WARM):
        began = time.perf_counter()
        answer = await client.get(path)
        if answer.status_code != httpx.codes.OK or re.search(r"sign-in", str(answer.url)):
            raise RuntimeError(f"{path}: {answer.status_code}")
        if number >= WARM:
            times.append((time.perf_counter() - began) * 1000)
    return times


def _p95(times: Sequence[float]) -> float:
    return sorted(times)[int(len(times) * 0.95)]


def main() -> None:
    """Load or measure."""
    what, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    own = SERVER if what == "load" else {}
    server = EmbeddedPostgres.of(folder, settings=own)
    server.start()
    try:
        if what == "load":
            asyncio.run(load(server, int(sys.argv[3])))
        else:
            asyncio.run(measure(server.dsn_for(KEPT), folder, sys.argv[3:] or SITES))
    finally:
        server.stop()


if __name__ == "__main__":
    main()
