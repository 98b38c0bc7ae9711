"""Orders over three suppliers that do everything wrong, with a gateway that is killed meanwhile."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from e2e.fault_evidence import end_claims, read_heard, read_told
from e2e.fault_model import Judge, Judgement, Sale, read_book
from e2e.fault_stage import BUYER, HOUSE, NAMES, add_trade, supplier_processes
from e2e.served import (
    FUNDS,
    Ear,
    ServedGateway,
    SupplierProcess,
    add_product,
    ended,
    listening,
    supplier_view,
)
from gerbang.dialects.contract import ProductKind
from gerbang.dialects.registry import DIALECTS
from gerbang.dialects.supplier_contract import SupplierOrder
from gerbang.orders.outcome import Accepted, Delivered, Rejected
from gerbang.outbound.client import OutboundClient, OutboundSettings
from gerbang.outbound.message import Answered
from gerbang.postgres.pool import Connection
from gerbang.sandbox.faults import FaultSettings, parse_faults
from proof import record
from scale import PROVING, scale

PRODUCTS: Final = ("F0", "F1", "F2")
PRICE: Final = 5_500
ORDERS: Final = scale(300, 20_000)
SEEDS: Final = (20_260_817, 4_711)
LIMIT_S: Final = scale(300, 3_600)
SETTLE_S: Final = scale(40, 900)
BUYERS: Final = 24
PACE_S: Final = 0.02 if PROVING else 0.6
"""How long a buyer rests at most between two orders."""
KILLS_MIN: Final = scale(3, 12)
LIFE_S: Final = (0.4, 1.6) if not PROVING else (2.0, 12.0)
"""How long a gateway lives from the moment that it is ready."""
ENDINGS: Final = {
    "1230": 15,
    "1231": 5,
    "1232": 8,
    "1233": 5,
    "1234": 6,
    "1235": 6,
    "1236": 6,
    "1237": 4,
    "1238": 4,
    "1239": 8,
    "7700": 40,
}
FAULTS: Final = (
    "delay=0.06,drop_before=0.06,drop_after=0.06,garbage=0.05,half_body=0.05,trickle=0.05,"
    "duplicate=0.08,contradict=0.06,before_reply=0.08,lost=0.08,wrong_signature=0.06,"
    "price_change=0.05,delay_ms=400,trickle_ms=5"
)
QUICK_HEALTH: Final = {
    "wait_s": 1,
    "wait_s_max": 4,
    "probe_lost_after_s": 4,
    "probes_at_once_max": 3,
}
"""Circuits trip and close many times in a run."""


@dataclass
class Run:
    """One seeded run: who takes part, and what was counted."""

    seed: int
    gateway: ServedGateway
    suppliers: list[SupplierProcess]
    ear: Ear
    client: OutboundClient
    rng: random.Random
    kills: int = 0
    sendings: int = 0
    placed: list[str] = field(default_factory=list)

    def faults(self, supplier: SupplierProcess) -> str:
        return f"seed={self.seed + NAMES.index(supplier.dialect)},{FAULTS}"

    def settings(self) -> dict[str, FaultSettings]:
        return {s.name: parse_faults(self.faults(s)) for s in self.suppliers}

    def books(self) -> dict[str, dict[str, Sale]]:
        return {s.name: read_book(s.name, s.journal()) for s in self.suppliers}


@pytest.mark.parametrize("seed", SEEDS)
async def test_no_fault_and_no_kill_delivers_twice_refunds_what_was_delivered_or_forgets(
    seed: int, database_url: str, tmp_path: Path
) -> None:
    started = time.monotonic()
    gateway = ServedGateway("g", tmp_path, database_url)
    suppliers = supplier_processes(gateway, tmp_path)
    async with (
        asyncio.timeout(LIMIT_S),
        listening() as ear,
        OutboundClient(OutboundSettings()) as client,
    ):
        with ended(gateway, *suppliers):
            run = Run(seed, gateway, suppliers, ear, client, random.Random(seed))
            await _furnish(run)
            await asyncio.gather(
                gateway.start(), *(s.start(faults=run.faults(s)) for s in suppliers)
            )
            await _sell_and_kill(run)
            await _stop_faults(run)
            moving = await _settled(run)
            judgement = await _judge(run)
            money = await _money(run)
            unclean = [c for c in (await gateway.verify()).checks if c.differences]
    facts = dict(sorted(judgement.counts.items())) | {
        "kills": run.kills,
        "still moving": sum(moving.values()),
        "sendings": run.sendings,
        "seconds": round(time.monotonic() - started, 1),
    }
    print(f"\nfault run, seed {seed}, {ORDERS} orders: {facts}")  # noqa: T201 (seed and counts)
    record("fault run", seed=seed, orders=ORDERS, faults=FAULTS, **facts)
    assert judgement.wrong == [], "\n".join(judgement.wrong)
    assert unclean == []
    assert money == {"spent": PRICE * judgement.counts["success"], "held": 0}
    assert sum(judgement.counts[state] for state in ("success", "failed", "reversed")) == ORDERS
    assert run.kills >= KILLS_MIN
    # Else the run would say little: orders that no supplier saw prove nothing.
    distrusted = judgement.counts["failed: no supplier was trusted"]
    assert not PROVING or distrusted * 5 < ORDERS


# --- before ---------------------------------------------------------------------------------------


async def _furnish(run: Run) -> None:
    async def work(connection: Connection) -> None:
        for product in PRODUCTS:
            await add_product(connection, product, price=PRICE)
        await add_trade(
            connection,
            run.gateway,
            run.suppliers,
            run.ear,
            products=PRODUCTS,
            cost=5_000,
            health=QUICK_HEALTH,
            decide_after_s=15,
        )

    await run.gateway.furnish(work, resellers=[BUYER])


# --- selling --------------------------------------------------------------------------------------


async def _sell_and_kill(run: Run) -> None:
    numbers = iter(range(ORDERS))
    async with asyncio.TaskGroup() as group:
        group.create_task(_kill_now_and_then(run))
        for _ in range(BUYERS):
            group.create_task(_buyer(run, numbers))


async def _kill_now_and_then(run: Run) -> None:
    """The last kill comes after the last order was placed."""
    while True:
        await asyncio.sleep(run.rng.uniform(*LIFE_S))
        was_last = len(run.placed) == ORDERS and run.kills >= KILLS_MIN
        await _kill(run)
        if was_last:
            return


async def _kill(run: Run) -> None:
    """Kill the gateway and start it again."""
    run.gateway.kill()
    run.kills += 1
    if not PROVING:
        await end_claims(run.gateway)
    await run.gateway.start()


async def _buyer(run: Run, numbers: Any) -> None:
    for number in numbers:
        chance = random.Random(f"{run.seed} {number}")
        dialect = chance.choice(NAMES)
        (ending,) = chance.choices(list(ENDINGS), list(ENDINGS.values()))
        order = SupplierOrder(
            reference=f"R{run.seed}-{number}",
            product_code=chance.choice(PRODUCTS),
            destination=f"08{number:06d}{ending}",
            quantity=1,
            counter=1,
            kind=ProductKind.PREPAID,
        )
        await _buy_patiently(run, dialect, order)
        run.placed.append(order.reference)
        await asyncio.sleep(chance.uniform(0, PACE_S))


async def _buy_patiently(run: Run, dialect: str, order: SupplierOrder) -> None:
    while True:
        if await _buy(run, dialect, order):
            return
        await asyncio.sleep(0.1)


async def _buy(run: Run, dialect: str, order: SupplierOrder) -> bool:
    """Send it as a reseller who repeats until he has an answer; False asks for a repeat."""
    view = supplier_view(dialect, BUYER, run.gateway.base_url)
    half = DIALECTS[dialect].client
    request = half.buy(view, order, now=datetime.now(UTC))
    run.sendings += 1
    result = await run.client.send(request, deadline_ms=5_000, purpose="purchase", addresses=HOUSE)
    if not isinstance(result, Answered):
        return False
    match half.read_buy(view, order, result):
        case Accepted() | Delivered():
            return True
        case Rejected():
            # While no supplier is trusted orders are refused, and nothing is written.
            found = "SELECT 1 FROM orders WHERE reference = $1"
            return bool(await run.gateway.fetch(found, order.reference))
        case _:
            return False


# --- after ----------------------------------------------------------------------------------------


async def _stop_faults(run: Run) -> None:
    """Kill the suppliers too; from now on they are honest and on time."""
    for s in run.suppliers:
        s.kill()
    await asyncio.gather(*(s.start() for s in run.suppliers))


async def _settled(run: Run) -> dict[str, int]:
    """Wait until nothing moves any more, or the time is up; the judge says what is missing."""
    give_up_at = time.monotonic() + SETTLE_S
    while True:
        await asyncio.sleep(scale(5, 20) / 10)
        (left,) = await run.gateway.fetch(
            "SELECT (SELECT count(*) FROM attempts WHERE state IN"
            "        ('prepared', 'sending', 'accepted', 'unknown')) AS open_attempts,"
            "       (SELECT count(*) FROM attempts WHERE due_at IS NOT NULL) AS due_attempts,"
            "       (SELECT count(*) FROM orders WHERE state = 'pending') AS pending,"
            "       (SELECT count(*) FROM callbacks WHERE state IN ('waiting', 'due')) AS callbacks"
        )
        over = all(sale.is_over for book in run.books().values() for sale in book.values())
        moving = {**left, "at suppliers": int(not over)}
        if not any(moving.values()) or time.monotonic() > give_up_at:
            return moving


async def _judge(run: Run) -> Judgement:
    told = await read_told(run.gateway)
    assert sorted(order["reference"] for order in told.orders) == sorted(run.placed)
    heard = read_heard(run.ear, BUYER, run.gateway.base_url)
    return Judge(told, run.books(), run.settings(), heard).judge()


async def _money(run: Run) -> dict[str, int]:
    (account,) = await run.gateway.fetch(
        "SELECT balance, held FROM accounts WHERE code = 'reseller:BUYER'"
    )
    return {"spent": FUNDS - account["balance"], "held": account["held"]}
