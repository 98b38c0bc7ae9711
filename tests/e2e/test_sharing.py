"""Nobody's load is another's trouble: a penniless reseller, and two nodes on one database."""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any, Final

import httpx
import pytest

from e2e.buyer import make_buyer
from e2e.hostile_http import unexpected_errors
from e2e.running_demo import RunningDemo, free_port, gerbang_command, gerbang_environ
from gerbang.dialects.contract import Refusal
from gerbang.orders.reasons import Reason
from gerbang.orders.writes import Placed
from orders.house import House, open_house
from proof import record
from scale import scale

RESELLERS: Final = 8
IN_FLIGHT: Final = 16
"""Requests that one paying reseller has open at a time."""
HAMMERING: Final = 1_000
"""Requests that the penniless one has open: as many as the default limit lets it."""
ROUND_S: Final = scale(1, 4)
ROUNDS: Final = scale(5, 11)
WARM_UP_ROUNDS: Final = 3
"""Until the server has planned again with the tables filled."""
LOST_MAX: Final = 0.2


@dataclass
class Tally:
    """What became of the orders of one round."""

    placed: int = 0
    refused: int = 0


async def _add_reseller(house: House, code: str, *, balance: int) -> tuple[int, int]:
    """Add a reseller with money of its own; give its id and that of its account."""
    c = house.connection
    new_account = (
        "INSERT INTO accounts (code, kind, normal_side, tracked)"
        " VALUES ($1, $2::text::account_kind, $3::text::account_side, true) RETURNING id"
    )
    account_id = await c.fetchval(new_account, f"reseller:{code}", "reseller", "credit")
    owed_id = await c.fetchval(new_account, f"receivable:{code}", "receivable", "debit")
    reseller_id = await c.fetchval(
        "INSERT INTO resellers (code, name, account_id, receivable_account_id, price_list_id)"
        " VALUES ($1, $1, $2, $3, (SELECT min(id) FROM price_lists)) RETURNING id",
        code,
        account_id,
        owed_id,
    )
    if balance:
        first_id, house.account_id = house.account_id, account_id
        await house.fund(balance, key=f"funds:{code}")
        house.account_id = first_id
    return reseller_id, account_id


async def _buy_until(
    house: House, who: tuple[int, int], until: float, tally: Tally, *, pays: bool
) -> None:
    while monotonic() < until:
        write = house.purchase(reseller_id=who[0], account_id=who[1])
        result = await house.lane.submit(write)
        if pays:
            assert isinstance(result, Placed)
            tally.placed += 1
        else:
            assert isinstance(result, Refusal)
            assert result.reason is Reason.INSUFFICIENT_BALANCE
            tally.refused += 1


async def _round(
    house: House, payers: Sequence[tuple[int, int]], penniless: tuple[int, int] | None
) -> Tally:
    tally, until = Tally(), monotonic() + ROUND_S
    tasks: list[Any] = [
        _buy_until(house, payer, until, tally, pays=True)
        for payer in payers
        for _ in range(IN_FLIGHT)
    ]
    if penniless is not None:
        tasks += [_buy_until(house, penniless, until, tally, pays=False) for _ in range(HAMMERING)]
    await asyncio.gather(*tasks)
    return tally


@pytest.mark.alone
async def test_a_penniless_reseller_at_full_rate_costs_the_others_at_most_a_fifth(
    database_url: str,
) -> None:
    async with asyncio.timeout(60 + 3 * ROUNDS * ROUND_S), open_house(database_url) as house:
        payers = [await _add_reseller(house, f"P{n}", balance=10**10) for n in range(RESELLERS)]
        penniless = await _add_reseller(house, "BROKE", balance=0)
        for _ in range(WARM_UP_ROUNDS):
            await _round(house, payers, penniless)
        alone, beside, refused = [], [], []
        for number in range(ROUNDS):
            # Which goes first alternates, so that a drift of the machine favours neither.
            for hammered in (False, True) if number % 2 else (True, False):
                tally = await _round(house, payers, penniless if hammered else None)
                if hammered:
                    beside.append(tally.placed)
                    refused.append(tally.refused)
                else:
                    alone.append(tally.placed)
        assert await house.account(penniless[1]) == (0, 0)
        assert (await house.verify()).clean
    kept = statistics.median(beside) / statistics.median(alone)
    record(
        "penniless reseller",
        rounds=ROUNDS,
        in_flight_of_each_other=IN_FLIGHT,
        in_flight_of_the_penniless=HAMMERING,
        seconds_each=ROUND_S,
        placed_per_s_without=round(statistics.median(alone) / ROUND_S),
        placed_per_s_beside=round(statistics.median(beside) / ROUND_S),
        refused_per_s=round(statistics.median(refused) / ROUND_S),
        kept=round(kept, 3),
    )
    assert kept >= 1 - LOST_MAX


# --- two nodes --------------------------------------------------------------------------------

SEED: Final = 64
ORDERS: Final = scale(300, 5_000)
AT_ONCE: Final = 24
PRICE: Final = 5_400
ENDINGS: Final = ("1230", "5555", "5556", "5557", "1232")
"""Delivered at once, by callback, or refused."""
FAILS: Final = "1232"


@contextmanager
def serving(demo: RunningDemo, log_path: Path) -> Iterator[str]:
    """Run ``gerbang serve`` beside the demo on its database; give the base URL."""
    port = free_port()
    environ = gerbang_environ(
        {
            "GERBANG_DATABASE_URL": demo.database_url,
            "GERBANG_CALLBACK_PRIVATE_ADDRESSES_ALLOWED": "true",
        }
    )
    with log_path.open("ab") as log:
        process = subprocess.Popen(
            gerbang_command("serve", "--port", str(port), "--data-dir", str(demo.data_dir)),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environ,
            start_new_session=True,
        )
    try:
        yield f"http://127.0.0.1:{port}"
        process.terminate()
        process.wait(20)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(5)


async def _ready(http: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(f"{url}/readyz")).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


async def test_two_nodes_with_the_same_references_sell_each_order_once(
    demo: RunningDemo, tmp_path: Path
) -> None:
    logs = [tmp_path / "one.log", tmp_path / "two.log"]
    limit_s = 60 + ORDERS / 10
    with serving(demo, logs[0]) as one, serving(demo, logs[1]) as two:
        async with asyncio.timeout(limit_s), demo.http() as http:
            for url in (one, two):
                await demo.wait_for(partial(_ready, http, url), 20)
            buyer = await make_buyer(demo, http, funds=ORDERS * PRICE)
            await asyncio.sleep(1.2)  # the other nodes know of the reseller within a second
            answers = await _buy_at_both(http, (one, two), buyer.bearer)
            assert {len(numbers) for numbers in answers.values()} == {1}

            async def settled() -> bool:
                sql = (
                    "SELECT count(*) FROM orders JOIN resellers r ON r.id = orders.reseller_id"
                    " WHERE r.code = $1 AND orders.state = 'pending'"
                )
                ((pending,),) = await demo.fetch(sql, buyer.code)
                return not pending

            await demo.wait_for(settled, limit_s / 2)
            states = await demo.fetch(
                "SELECT state::text, reference FROM orders"
                " JOIN resellers r ON r.id = orders.reseller_id WHERE r.code = $1",
                buyer.code,
            )
            sold = sum(state == "success" for state, _ in states)
            assert len(states) == len({ref for _, ref in states}) == ORDERS
            assert 0 < sold < ORDERS
            assert await buyer.money(http) == ((ORDERS - sold) * PRICE, 0)
            requests = await _supplier_requests(demo, buyer.code)
            assert sum(requests.values()) >= sold
            assert max(requests.values()) == 1
            verification = await demo.verify()
            assert verification.clean, verification
    for log in logs:
        assert unexpected_errors(log.read_text()) == []
    record(
        "two nodes, one database",
        seed=SEED,
        orders=ORDERS,
        requests=4 * ORDERS,
        sold=sold,
        doubled=0,
        sent_twice=0,
        differences=0,
    )


async def _buy_at_both(
    http: httpx.AsyncClient, nodes: Sequence[str], headers: dict[str, str]
) -> dict[str, set[int]]:
    """Send every order twice to each node, all mixed; give the order numbers by reference."""
    random = Random(SEED)
    destinations = [f"08123{n:05}{random.choice(ENDINGS)}"[:14] for n in range(ORDERS)]
    work = [(node, n) for n in range(ORDERS) for node in (*nodes, *nodes)]
    # Near each other, so that the same reference is at both nodes at the same moment.
    work.sort(key=lambda item: item[1] // 20 + random.random())
    answers: dict[str, set[int]] = {f"S{n}": set() for n in range(ORDERS)}
    turns = iter(work)

    async def send_on() -> None:
        for node, n in turns:
            body = {"code": "HSA5", "msisdn": destinations[n], "request_id": f"S{n}"}
            reply = await http.post(f"{node}/reseller/api/v1/purchase", json=body, headers=headers)
            assert reply.status_code == httpx.codes.OK, reply.text
            assert reply.json()["trxid"] > 0, reply.text
            answers[f"S{n}"].add(reply.json()["trxid"])

    await asyncio.gather(*(send_on() for _ in range(AT_ONCE)))
    return answers


async def _supplier_requests(demo: RunningDemo, reseller: str) -> Counter[str]:
    """Count purchase requests by our reference, as the fake suppliers counted them."""
    ours = await demo.fetch(
        "SELECT a.reference FROM attempts a JOIN orders o ON o.id = a.order_id"
        " JOIN resellers r ON r.id = o.reseller_id WHERE r.code = $1",
        reseller,
    )
    references = {reference for (reference,) in ours}
    urls = await demo.fetch("SELECT code, base_url FROM suppliers WHERE code LIKE 'demo-%'")
    counts: Counter[str] = Counter()
    async with demo.http() as http:
        for code, base_url in urls:
            root = str(httpx.URL(base_url).copy_with(raw_path=b"/_sandbox/stats"))
            for reference, seen in (await http.get(root)).json()["references"].items():
                if reference not in references:
                    continue  # of another test at the same demo, where a repeat may be right
                counts[f"{code} {reference}"] = seen["requests"]
    return counts
