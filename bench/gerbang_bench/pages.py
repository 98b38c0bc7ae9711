"""How long the console's pages take with many orders stored.

python -m gerbang_bench.pages load FOLDER 10000000 [RESELLERS]
python -m gerbang_bench.pages measure FOLDER
"""

from __future__ import annotations

import asyncio
import base64
import re
import statistics
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

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


async def load(server: EmbeddedPostgres, orders: int, resellers: int) -> None:
    """Make a database with so many orders, and somebody who looks at it."""
    dsn = await make_database(server, KEPT)
    await make_world(dsn, secret_key=KEPT_KEY, resellers=resellers)
    await load_orders(dsn, orders, say=print)


async def measure(dsn: str, folder: Path) -> None:
    """Ask for each page some times and print median and p95."""
    node = Node(Settings(data_dir=str(folder), secret_key=KEY_TEXT), database_url=dsn)
    await node.start(work=False)
    try:
        async with node.pool.acquire() as connection:
            await connection.execute("VACUUM ANALYZE orders")
            if not await connection.fetchval("SELECT count(*) FROM users"):
                await create_user(
                    connection, "bench", name="Bench", role=Role.OWNER, password=PASSWORD,
                    passwords=Passwords(), actor="bench",
                )  # fmt: skip
        await _time_pages(node)
    finally:
        await node.stop()


async def _time_pages(node: Node) -> None:
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
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(Starlette(routes=all_routes(node))),
        base_url="http://gerbang",
        headers={"origin": "http://gerbang", "accept-language": "en"},
        timeout=60,
    )
    form = {"username": "bench", "password": PASSWORD}
    await client.post("/console/sign-in", data=form)
    print(f"{stored:,} orders stored; milliseconds in one process, without the network")
    for name, path in pages.items():
        times = await _times(client, f"/console{path}")
        print(f"| {name} | {statistics.median(times):.0f} | {_p95(times):.0f} |")
    made = [await _made_anew(node) for _ in range(TIMES)]
    print(f"| overview, made anew | {statistics.median(made):.0f} | {_p95(made):.0f} |")
    await client.aclose()


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
            resellers = int(sys.argv[4]) if len(sys.argv) > 4 else RESELLERS
            asyncio.run(load(server, int(sys.argv[3]), resellers))
        else:
            asyncio.run(measure(server.dsn_for(KEPT), folder))
    finally:
        server.stop()


if __name__ == "__main__":
    main()
