"""Bills over three suppliers that do everything wrong, with a gateway that is killed.

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

from e2e.fault_evidence import end_claims, read_heard, read_told
from e2e.fault_model import SENDS_MAX, Judge, Judgement, Sale, at_once_max, read_book
from e2e.fault_stage import BUYER, HOUSE, NAMES, add_trade, supplier_processes
from e2e.served import (
    ACTOR,
    FUNDS,
    Ear,
    ServedGateway,
    SupplierProcess,
    ended,
    listening,
    supplier_view,
)
from gerbang.bills.bill import Service
from gerbang.catalog.admin import ProductChange, create_product
from gerbang.dialects.contract import ProductKind
from gerbang.dialects.registry import DIALECTS
from gerbang.dialects.supplier_contract import (
    BillFound,
    BillRefused,
    SupplierInquiry,
    SupplierOrder,
)
from gerbang.orders.outcome import Accepted, Delivered, Rejected
from gerbang.outbound.client import OutboundClient, OutboundSettings
from gerbang.outbound.message import Answered, HttpRequest
from gerbang.postgres.pool import Connection
from gerbang.sandbox.bills import bill_plan
from gerbang.sandbox.faults import FaultSettings, parse_faults
from gerbang.sandbox.magic import Plan
from proof import record
from scale import scale

PRODUCTS: Final = ("B0", "B1", "B2")
FEE, SUPPLIER_KEEPS, WE_KEEP = 2_700, 1_200, 600
CUSTOMERS: Final = scale(30, 2_000)
BUYERS: Final = 18
SEED: Final = 20_261_125
KILLS_MIN: Final = scale(2, 10)
LIFE_S: Final = scale(15, 60) / 10
LIMIT_S: Final = scale(300, 1_800)
SETTLE_S: Final = scale(90, 600)
PATIENCE_S: Final = 60
TRIES_MAX: Final = 20
"""So often a reseller repeats what was answered, and was no last word."""
ENDINGS: Final = (
    *("1230", "1231", "1232", "1233", "1234", "1235", "1236", "1237", "1238"),
    *("1240", "1241", "1242", "1243", "1244", "7700", "7701", "7702", "7703"),
)
FAULTS: Final = (
    "delay=0.05,drop_before=0.06,drop_after=0.06,garbage=0.05,half_body=0.05,trickle=0.05,"
    "duplicate=0.08,contradict=0.06,before_reply=0.08,lost=0.08,wrong_signature=0.06,"
    "price_change=0.05,delay_ms=300,trickle_ms=3"
)
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
    served: int = 0
    answers: Counter[str] = field(default_factory=Counter)

    def books(self) -> dict[str, dict[str, Sale]]:
        return {s.name: read_book(s.name, s.journal(), plan_of=_plan_of) for s in self.suppliers}

    def settings(self) -> dict[str, FaultSettings]:
        return {s.name: parse_faults(_faults(i)) for i, s in enumerate(self.suppliers)}


async def test_no_fault_and_no_kill_pays_a_bill_twice_or_refunds_one_that_was_paid(
    database_url: str, tmp_path: Path
) -> None:
    started = time.monotonic()
    gateway = ServedGateway("g", tmp_path, database_url)
    suppliers = supplier_processes(gateway, tmp_path)
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
            judgement = await _judge(run)
            money = await _money(run)
            unclean = [c for c in (await gateway.verify()).checks if c.differences]
    facts = dict(sorted((judgement.counts + run.answers).items())) | {
        "kills": run.kills,
        "seconds": round(time.monotonic() - started, 1),
    }
    print(f"\nbill fault run, seed {SEED}, {CUSTOMERS} customers: {facts}")  # noqa: T201
    record("bill fault run", seed=SEED, customers=CUSTOMERS, faults=FAULTS, **facts)
    assert judgement.wrong == [], "\n".join(judgement.wrong)
    assert unclean == []
    assert money["balance"] == FUNDS - money["paid"]
    assert money["held"] == money["pending"]
    assert judgement.counts["success"] >= CUSTOMERS // 3
    assert run.kills >= KILLS_MIN


def _plan_of(customer_no: str) -> Plan:
    return bill_plan(customer_no).payment


def _counted(run: Run) -> list[tuple[int, SupplierProcess]]:
    return list(enumerate(run.suppliers))


async def _open(run: Run, supplier: SupplierProcess, number: int) -> None:
    await supplier.start(faults=_faults(number), bills=run.bills)


def _faults(number: int) -> str:
    return f"seed={SEED + number},{FAULTS}"


async def _furnish(run: Run) -> None:
    async def work(connection: Connection) -> None:
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
        await add_trade(
            connection,
            run.gateway,
            run.suppliers,
            run.ear,
            products=PRODUCTS,
            cost=SUPPLIER_KEEPS,
            health=QUICK_HEALTH,
            decide_after_s=scale(3, 15),
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
    """The last kill comes when everybody has an answer, or shortly before."""
    while run.kills < KILLS_MIN or run.served < CUSTOMERS:
        await asyncio.sleep(LIFE_S)
        await _kill(run)


async def _kill(run: Run) -> None:
    """Kill the gateway, end the dead node's claims now instead of in minutes, start it again."""
    run.gateway.kill()
    run.kills += 1
    await end_claims(run.gateway)
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
        run.served += 1


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
    tries = _Tries()
    while tries.go_on():
        answer = await _send(run, half.bills.inquire(view, question, now=datetime.now(UTC)))
        shown = half.bills.read_inquiry(view, question, answer) if answer else None
        if isinstance(shown, BillFound):
            break
        if isinstance(shown, BillRefused) and not shown.reroutable:
            run.answers[f"no bill: {shown.reason}"] += 1
            return
        await tries.rest(answered=answer is not None)
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
    tries = _Tries()
    while tries.go_on():
        answer = await _send(run, half.client.buy(view, order, now=datetime.now(UTC)))
        outcome = half.client.read_buy(view, order, answer) if answer else None
        if isinstance(outcome, (Accepted, Delivered, Rejected)):
            run.answers[f"answer {type(outcome).__name__.lower()}"] += 1
            return
        await tries.rest(answered=answer is not None)
    run.answers["never answered"] += 1


class _Tries:
    """The patience of a reseller: a gateway that is away may come back."""

    def __init__(self) -> None:
        self._give_up_at = time.monotonic() + PATIENCE_S
        self._left = TRIES_MAX

    def go_on(self) -> bool:
        return self._left > 0 and time.monotonic() < self._give_up_at

    async def rest(self, *, answered: bool) -> None:
        self._left -= answered
        await asyncio.sleep(0.2)


async def _send(run: Run, request: HttpRequest) -> Answered | None:
    result = await run.client.send(request, deadline_ms=8_000, purpose="purchase", addresses=HOUSE)
    return result if isinstance(result, Answered) else None


# --- after ----------------------------------------------------------------------------------------


async def _make_honest(run: Run) -> None:
    for s in run.suppliers:
        s.kill()
    await asyncio.gather(*(s.start(bills=run.bills) for s in run.suppliers))


async def _settle(run: Run) -> None:
    """Wait until nothing moves but what waits for a person; the judge says what is missing."""
    give_up_at = time.monotonic() + SETTLE_S
    while time.monotonic() < give_up_at:
        await asyncio.sleep(0.3)
        (left,) = await run.gateway.fetch(
            "SELECT (SELECT count(*) FROM attempts a JOIN orders o ON o.id = a.order_id"
            "         WHERE a.due_at IS NOT NULL AND (o.needs_decision_at IS NULL OR a.sends < $1"
            "                                         OR o.state <> 'pending'))"
            "     + (SELECT count(*) FROM callbacks WHERE state IN ('waiting', 'due')) AS moving",
            SENDS_MAX,
        )
        over = all(sale.is_over for book in run.books().values() for sale in book.values())
        if over and not left["moving"]:
            return


async def _judge(run: Run) -> Judgement:
    """Hold the gateway against the journals, order by order and bill by bill."""
    told = await read_told(run.gateway)
    heard = read_heard(run.ear, BUYER, run.gateway.base_url)
    books = run.books()
    judgement = Judge(told, books, run.settings(), heard).judge()
    sales: dict[str, list[Sale]] = defaultdict(list)
    for book in books.values():
        for sale in book.values():
            sales[sale.destination].append(sale)
    twice = {number for number, own in sales.items() if number and at_once_max(own) > 1}
    judgement.wrong.extend(f"a bill paid twice: {n}" for n in twice - judgement.lied_to)
    judgement.counts["bills paid twice after a lie"] = len(twice)
    return judgement


async def _money(run: Run) -> dict[str, int]:
    """Say what the reseller's account must be missing, and what it is."""
    (money,) = await run.gateway.fetch(
        "SELECT a.balance, a.held,"
        "       (SELECT COALESCE(sum(o.price) FILTER (WHERE o.state = 'pending'), 0)"
        "          FROM orders o)::bigint AS pending,"
        "       (SELECT COALESCE(sum(o.price - b.share) FILTER (WHERE o.state = 'success'), 0)"
        "          FROM orders o JOIN bill_payments b ON b.order_id = o.id)::bigint AS paid"
        "  FROM accounts a WHERE a.code = 'reseller:BUYER'"
    )
    return dict(money)
