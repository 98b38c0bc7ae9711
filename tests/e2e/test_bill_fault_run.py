"""Bills over three suppliers that do everything wrong but lie, with a gateway that is killed.

Judged by the suppliers' own journals: what was paid there is the truth.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from e2e.fault_model import SENDS_MAX, Sale, read_book
from e2e.served import (
    ACTOR,
    Ear,
    ServedGateway,
    SupplierProcess,
    add_reseller,
    add_route,
    add_supplier,
    ended,
    listening,
    read_news,
    supplier_view,
)
from gerbang.bills.bill import Service
from gerbang.catalog.admin import ProductChange, create_product
from gerbang.dialects.contract import (
    BillFound,
    BillRefused,
    ProductKind,
    SupplierInquiry,
    SupplierOrder,
)
from gerbang.dialects.registry import DIALECTS
from gerbang.orders.outcome import Accepted, Delivered, Rejected
from gerbang.outbound.addresses import AddressPolicy
from gerbang.outbound.client import OutboundClient, OutboundSettings
from gerbang.outbound.message import Answered, HttpRequest
from gerbang.postgres.pool import Connection
from proof import record
from scale import scale

NAMES: Final = ("socx", "isikuota", "otomax")
PRODUCTS: Final = ("B0", "B1", "B2")
BUYER: Final = "BUYER"
FEE, SUPPLIER_KEEPS, WE_KEEP = 2_700, 1_200, 600
CUSTOMERS: Final = scale(20, 2_000)
BUYERS: Final = 18
SEED: Final = 20_261_125
KILLS_MIN: Final = scale(2, 10)
LIFE_S: Final = scale(15, 60) / 10
LIMIT_S: Final = scale(90, 1_800)
SETTLE_S: Final = scale(20, 600)
TRIES_MAX: Final = 40
ENDINGS: Final = ("1230", "1231", "1233", "1234", "1235", "1241", "1242", "1243", "7700")
FAULTS: Final = (
    "delay=0.05,drop_before=0.06,drop_after=0.06,garbage=0.05,half_body=0.05,duplicate=0.08,"
    "lost=0.08,wrong_signature=0.06,delay_ms=300"
)
"""No supplier contradicts itself here: then every journal can be held against us to the letter."""
HOUSE: Final = AddressPolicy(allow_private=True)
QUICK_HEALTH: Final = {"wait_s": 1, "wait_s_max": 3, "probe_lost_after_s": 3}


@dataclass
class Run:
    """One seeded run."""

    gateway: ServedGateway
    suppliers: list[SupplierProcess]
    ear: Ear
    client: OutboundClient
    bills: Path
    kills: int = 0
    answers: Counter[str] = field(default_factory=Counter)


async def test_no_fault_and_no_kill_pays_a_bill_twice_or_refunds_one_that_was_paid(
    database_url: str, tmp_path: Path
) -> None:
    started = time.monotonic()
    gateway = ServedGateway("g", tmp_path, database_url)
    suppliers = [
        SupplierProcess(f"s-{name}", name, tmp_path, f"{gateway.base_url}/callbacks/s-{name}")
        for name in NAMES
    ]
    bills = tmp_path / "bills.json"
    known = {"service": Service.BPJS_KESEHATAN.value, "fee": FEE, "net": SUPPLIER_KEEPS}
    bills.write_text(json.dumps(dict.fromkeys(PRODUCTS, known)))
    async with (
        asyncio.timeout(LIMIT_S),
        listening() as ear,
        OutboundClient(OutboundSettings()) as client,
    ):
        with ended(gateway, *suppliers):
            run = Run(gateway, suppliers, ear, client, bills)
            await _furnish(run)
            await asyncio.gather(gateway.start(), *(_open(run, s, i) for i, s in _counted(run)))
            await _sell_and_kill(run)
            await _make_honest(run)
            await _settle(run)
            wrong, counts = await _judge(run)
            unclean = [c for c in (await gateway.verify()).checks if c.differences]
    facts = dict(sorted((counts + run.answers).items())) | {
        "kills": run.kills,
        "seconds": round(time.monotonic() - started, 1),
    }
    print(f"\nbill fault run, seed {SEED}, {CUSTOMERS} customers: {facts}")  # noqa: T201
    record("bill fault run", seed=SEED, customers=CUSTOMERS, faults=FAULTS, **facts)
    assert wrong == [], "\n".join(wrong)
    assert unclean == []
    assert counts["success"] >= CUSTOMERS // 3
    assert run.kills >= KILLS_MIN


def _counted(run: Run) -> list[tuple[int, SupplierProcess]]:
    return list(enumerate(run.suppliers))


async def _open(run: Run, supplier: SupplierProcess, number: int) -> None:
    await supplier.start(faults=f"seed={SEED + number},{FAULTS}", bills=run.bills)


async def _furnish(run: Run) -> None:
    async def work(connection: Connection) -> None:
        box = run.gateway.box
        await add_reseller(connection, box, BUYER, list(NAMES), callback_url=run.ear.url("R"))
        for product in PRODUCTS:
            change = ProductChange(
                name=product,
                category="pulsa",
                kind="postpaid",
                base_price=SUPPLIER_KEEPS + WE_KEEP,
                cost=SUPPLIER_KEEPS,
                admin_fee=FEE,
                service=Service.BPJS_KESEHATAN.value,
                biller=product,
            )
            await create_product(connection, product, change, actor=ACTOR)
        for s in run.suppliers:
            await add_supplier(
                connection,
                box,
                s.name,
                s.dialect,
                base_url=s.base_url,
                buyer="GERBANG",
                ask_again_after_ms=[300, 600, 1_000],
                settings={"health.supplier": QUICK_HEALTH, "health.product": QUICK_HEALTH},
                timeout_ms=4_000,
                concurrency_max=400,
                decide_after_s=15,
            )
        for p, product in enumerate(PRODUCTS):
            for i, s in enumerate(run.suppliers):
                # Each supplier is the first choice of one product.
                await add_route(
                    connection,
                    product,
                    s.name,
                    code=product,
                    cost=SUPPLIER_KEEPS,
                    priority=10 * (1 + (i - p) % len(NAMES)),
                )

    await run.gateway.furnish(work, resellers=[BUYER])


# --- selling --------------------------------------------------------------------------------------


async def _sell_and_kill(run: Run) -> None:
    numbers = iter(range(CUSTOMERS))
    async with asyncio.TaskGroup() as group:
        group.create_task(_kill_now_and_then(run))
        for _ in range(BUYERS):
            group.create_task(_buyer(run, numbers))


async def _kill_now_and_then(run: Run) -> None:
    for _ in range(KILLS_MIN):
        await asyncio.sleep(LIFE_S)
        await _kill(run)


async def _kill(run: Run) -> None:
    """Kill the gateway, end the dead node's claims now instead of in minutes, start it again."""
    run.gateway.kill()
    run.kills += 1
    for table in ("attempts", "callbacks"):
        await run.gateway.fetch(
            f"UPDATE {table} SET due_at = clock_timestamp()"  # noqa: S608 (two literals)
            " WHERE claimed_by IS NOT NULL AND due_at IS NOT NULL"
        )
    await run.gateway.start()


async def _buyer(run: Run, numbers: Any) -> None:
    for number in numbers:
        chance = random.Random(f"{SEED} {number}")
        product = chance.choice(PRODUCTS)
        customer = f"88{number:07d}{chance.choice(ENDINGS)}"
        rivals = [chance.choice(NAMES) for _ in range(chance.choice((1, 1, 2)))]
        await asyncio.gather(
            *(
                _ask_and_pay(run, dialect, f"R{number}-{i}", product, customer)
                for i, dialect in enumerate(rivals)
            )
        )


async def _ask_and_pay(run: Run, dialect: str, reference: str, product: str, customer: str) -> None:
    """Behave as a reseller who repeats each of the two calls until he has an answer."""
    view = supplier_view(dialect, BUYER, run.gateway.base_url)
    half = DIALECTS[dialect]
    assert half.bills is not None
    question = SupplierInquiry(
        reference=reference if dialect == "isikuota" else f"Q{reference}",
        product_code=product,
        customer_no=customer,
        quantity=1,
        details_of=Service.BPJS_KESEHATAN,
    )
    for _ in range(TRIES_MAX):
        answer = await _send(run, half.bills.inquire(view, question, now=datetime.now(UTC)))
        shown = half.bills.read_inquiry(view, question, answer) if answer else None
        if isinstance(shown, BillFound):
            break
        if isinstance(shown, BillRefused) and not shown.reroutable:
            run.answers[f"no bill: {shown.reason}"] += 1
            return
        await asyncio.sleep(0.2)
    else:
        run.answers["never shown"] += 1
        return
    order = SupplierOrder(
        reference=reference,
        product_code=product,
        destination=customer,
        quantity=1,
        counter=1,
        kind=ProductKind.POSTPAID,
    )
    for _ in range(TRIES_MAX):
        answer = await _send(run, half.client.buy(view, order, now=datetime.now(UTC)))
        outcome = half.client.read_buy(view, order, answer) if answer else None
        if isinstance(outcome, (Accepted, Delivered, Rejected)):
            run.answers[f"answer {type(outcome).__name__.lower()}"] += 1
            return
        await asyncio.sleep(0.2)
    run.answers["never answered"] += 1


async def _send(run: Run, request: HttpRequest) -> Answered | None:
    result = await run.client.send(request, deadline_ms=8_000, purpose="purchase", addresses=HOUSE)
    return result if isinstance(result, Answered) else None


# --- after ----------------------------------------------------------------------------------------


async def _make_honest(run: Run) -> None:
    for s in run.suppliers:
        s.kill()
    await asyncio.gather(*(s.start(bills=run.bills) for s in run.suppliers))


def _books(run: Run) -> dict[str, dict[str, Sale]]:
    """Read what was sold; a mere look at a bill is no sale."""
    return {
        s.name: read_book(s.name, (e for e in s.journal() if e["event"] not in _NO_SALE))
        for s in run.suppliers
    }


_NO_SALE: Final = ("inquired", "forged")


async def _settle(run: Run) -> None:
    """Wait until nothing moves any more, or the time is up; the judge says what is missing."""
    give_up_at = time.monotonic() + SETTLE_S
    while time.monotonic() < give_up_at:
        await asyncio.sleep(0.5)
        (left,) = await run.gateway.fetch(
            "SELECT (SELECT count(*) FROM attempts WHERE due_at IS NOT NULL)"
            "     + (SELECT count(*) FROM orders WHERE state = 'pending')"
            "     + (SELECT count(*) FROM callbacks WHERE state IN ('waiting', 'due')) AS moving"
        )
        if not left["moving"]:
            return


async def _judge(run: Run) -> tuple[list[str], Counter[str]]:
    """Hold the gateway against the journals, order by order."""
    wrong: list[str] = []
    counts: Counter[str] = Counter()
    books = _books(run)
    paid: Counter[str] = Counter()
    for book in books.values():
        for sale in book.values():
            paid[sale.destination] += len(sale.delivered)
    wrong.extend(f"a bill paid twice: {number}" for number, n in paid.items() if n > 1)
    attempts = await _attempts_by_order(run)
    ours = {(a["supplier"], a["reference"]) for own in attempts.values() for a in own}
    wrong.extend(
        f"a stray at {name}: {reference}"
        for name, book in books.items()
        for reference in book
        if (name, reference) not in ours
    )
    heard = await _heard(run)
    for order in await run.gateway.fetch(
        "SELECT o.id, o.reference, o.state::text AS state, o.needs_decision_at,"
        "       (SELECT c.snapshot->>'state' FROM callbacks c WHERE c.order_id = o.id"
        "         ORDER BY c.sequence DESC LIMIT 1) AS told,"
        "       (SELECT count(*) FROM callbacks c WHERE c.order_id = o.id"
        "           AND c.state <> 'delivered') AS untold"
        "  FROM orders o"
    ):
        counts[order["state"]] += 1
        own = attempts[order["id"]]
        sales = [books[a["supplier"]].get(a["reference"]) for a in own]
        delivered = sum(len(sale.delivered) for sale in sales if sale is not None)
        wrong.extend(f"{what}: {dict(order)} {own}" for what in _faults(order, own, delivered))
        word = "delivered" if order["state"] == "success" else "rejected"
        if order["state"] != "pending" and word not in heard[order["reference"]]:
            wrong.append(f"the reseller did not hear: {dict(order)}")
    counts["paid at suppliers"] = sum(paid.values())
    return wrong, counts


def _faults(order: Any, attempts: list[Any], delivered: int) -> list[str]:
    """Say what is wrong with one payment."""
    if order["state"] == "pending":
        sends = max((a["sends"] for a in attempts), default=0)
        decided = order["needs_decision_at"] is not None and sends >= SENDS_MAX
        return [] if decided else ["left undecided"]
    found = []
    if order["state"] == "success" and delivered != 1:
        found.append(f"success, and paid {delivered} times")
    if order["state"] != "success" and delivered:
        found.append("refunded and paid")
    if order["told"] != order["state"] or order["untold"]:
        found.append("not called back")
    return found


async def _attempts_by_order(run: Run) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in await run.gateway.fetch(
        "SELECT a.order_id, s.code AS supplier, a.reference, a.state::text AS state, a.sends"
        "  FROM attempts a JOIN suppliers s ON s.id = a.supplier_id ORDER BY a.number"
    ):
        found[row["order_id"]].append(dict(row))
    return found


async def _heard(run: Run) -> dict[str, set[str]]:
    """Read what came to the reseller, each callback in its order's own dialect."""
    heard: dict[str, set[str]] = defaultdict(set)
    for request in run.ear.heard:
        signed = request.header("x-signature")
        dialect = "isikuota" if signed else "otomax" if request.method == "GET" else "socx"
        view = supplier_view(dialect, BUYER, run.gateway.base_url)
        for item in read_news(dialect, view, request):
            heard[item.reference].add(type(item.outcome).__name__.lower())
    return heard
