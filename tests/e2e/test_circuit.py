"""A circuit trips, keeps orders away, and closes again: a gateway and two suppliers over HTTP."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from e2e.fault_model import read_book
from e2e.served import (
    ServedGateway,
    SupplierProcess,
    add_product,
    add_reseller,
    add_route,
    add_supplier,
    ended,
    supplier_view,
)
from gerbang.dialects.contract import ProductKind
from gerbang.dialects.registry import DIALECTS
from gerbang.dialects.supplier_contract import SupplierOrder
from gerbang.orders.outcome import Outcome, Rejected
from gerbang.outbound.addresses import AddressPolicy
from gerbang.outbound.client import OutboundClient, OutboundSettings
from gerbang.outbound.message import Answered
from gerbang.postgres.pool import Connection

FAULTS: Final = "seed=42,garbage=0.9,half_body=0.1"
"""No reply to a purchase or a question can be read; everything is done all the same."""
HEALTH: Final = {
    "bad_in_row_max": 3,
    "wait_s": 1,
    "wait_s_max": 2,
    "probes_to_close": 2,
    "probe_lost_after_s": 10,
}
BUYER: Final = "BUYER"
AT_ONCE: Final = "1230"
BOTH, ALONE = "BOTH", "ALONE"
WAIT_S: Final = 60.0
ORDERS_MAX: Final = 60


@dataclass
class Town:
    """A gateway whose first supplier misbehaves."""

    gateway: ServedGateway
    bad: SupplierProcess
    good: SupplierProcess
    client: OutboundClient
    placed: int = 0

    async def furnish(self, connection: Connection) -> None:
        box = self.gateway.box
        await add_reseller(connection, box, BUYER, ["socx"], callback_url="")
        for product in (BOTH, ALONE):
            await add_product(connection, product, price=5_500)
        for s in (self.bad, self.good):
            await add_supplier(
                connection,
                box,
                s.name,
                "socx",
                base_url=s.base_url,
                buyer="GERBANG",
                ask_again_after_ms=[300, 600, 1_000],
                settings={"health.supplier": HEALTH},
                timeout_ms=5_000,
            )
        await add_route(connection, BOTH, "bad", code="P", cost=5_000, priority=1)
        await add_route(connection, BOTH, "good", code="P", cost=5_000, priority=2)
        await add_route(connection, ALONE, "bad", code="P", cost=5_000)

    async def buy(self, product: str = BOTH) -> tuple[str, Outcome]:
        """Buy one; gives its reference and what was answered."""
        self.placed += 1
        order = SupplierOrder(
            reference=f"R-{self.placed}",
            product_code=product,
            destination=f"08{self.placed:06d}{AT_ONCE}",
            quantity=1,
            counter=1,
            kind=ProductKind.PREPAID,
        )
        half, view = DIALECTS["socx"].client, supplier_view("socx", BUYER, self.gateway.base_url)
        got = await self.client.send(
            half.buy(view, order, now=datetime.now(UTC)),
            deadline_ms=30_000,
            purpose="purchase",
            addresses=AddressPolicy(allow_private=True),
        )
        assert isinstance(got, Answered), got
        return order.reference, half.read_buy(view, order, got)

    async def circuit(self) -> str:
        rows = await self.gateway.fetch(
            "SELECT c.state FROM circuits c JOIN suppliers s ON s.id = c.supplier_id"
            " WHERE s.code = 'bad' AND c.product_id = 0"
        )
        return str(rows[0]["state"]) if rows else "closed"

    async def states(self) -> set[str]:
        rows = await self.gateway.fetch("SELECT state::text AS state FROM orders")
        return {row["state"] for row in rows}

    async def first_verdict(self, reference: str) -> str:
        """Give what was said of the bad supplier when this order was routed first."""
        (row,) = await self.gateway.fetch(
            "SELECT a.explanation FROM attempts a JOIN orders o ON o.id = a.order_id"
            " WHERE o.reference = $1 AND a.number = 1",
            reference,
        )
        return str(
            next(v["code"] for v in row["explanation"]["verdicts"] if v["supplier"] == "bad")
        )

    async def wait_final(self, reference: str) -> Any:
        async def read() -> Any:
            rows = await self.gateway.fetch(
                "SELECT o.state::text AS state, s.code AS supplier FROM orders o"
                " LEFT JOIN suppliers s ON s.id = o.supplier_id WHERE o.reference = $1",
                reference,
            )
            return rows[0]

        return await until(read, lambda row: row["state"] != "pending")

    async def case(self) -> Any:
        (newest,) = await self.gateway.fetch(
            "SELECT closed_at IS NULL AS is_open FROM cases WHERE kind = 'supplier_unhealthy'"
            " ORDER BY id DESC LIMIT 1"
        )
        return newest


async def until(read: Callable[[], Awaitable[Any]], fits: Callable[[Any], bool]) -> Any:
    """Look until it is so."""
    give_up_at = time.monotonic() + WAIT_S
    while not fits(seen := await read()):
        assert time.monotonic() < give_up_at, seen
        await asyncio.sleep(0.05)
    return seen


async def test_a_circuit_trips_keeps_orders_away_is_asked_probed_and_closes(
    database_url: str, tmp_path: Path
) -> None:
    gateway = ServedGateway("g", tmp_path, database_url)
    bad, good = (
        SupplierProcess(name, "socx", tmp_path, f"{gateway.base_url}/callbacks/{name}")
        for name in ("bad", "good")
    )
    with ended(gateway, bad, good):
        async with OutboundClient(OutboundSettings()) as client:
            town = Town(gateway, bad, good, client)
            await gateway.furnish(town.furnish, resellers=[BUYER])
            await asyncio.gather(gateway.start(), bad.start(faults=FAULTS), good.start())
            unknown = await _trip(town)
            await _is_kept_away(town)
            await bad.start()  # honest from now on
            await _is_tried_and_trusted(town)
            ends = {reference: await town.wait_final(reference) for reference in unknown}
            states = await until(town.states, lambda found: "pending" not in found)
            stored = await gateway.fetch("SELECT id FROM orders")
            unclean = [c for c in (await gateway.verify()).checks if c.differences]
    assert {(e["state"], e["supplier"]) for e in ends.values()} == {("success", "bad")}
    assert states == {"success"}, "no order was taken in only to fail"
    sales = [sale for s in (bad, good) for sale in read_book(s.name, s.journal()).values()]
    assert sum(len(sale.delivered) for sale in sales) == len(stored)
    assert max(len(sale.delivered) for sale in sales) == 1
    assert unclean == []


async def _trip(town: Town) -> list[str]:
    """Buy until it trips; gives the orders of which nobody knows yet what became."""
    unknown = []
    while await town.circuit() == "closed":
        assert town.placed < ORDERS_MAX
        reference, _ = await town.buy()
        if await town.first_verdict(reference) == "chosen":
            unknown.append(reference)
        await asyncio.sleep(0.2)
    town.bad.kill()
    assert len(unknown) >= HEALTH["bad_in_row_max"]
    case = await town.case()
    assert case["is_open"]
    return unknown


async def _is_kept_away(town: Town) -> None:
    """Nobody answers the question about our balance, so it stays open and others deliver."""

    async def one_more() -> str:
        reference, _ = await town.buy()
        end = await town.wait_final(reference)
        assert (end["state"], end["supplier"]) == ("success", "good")
        return await town.first_verdict(reference)

    await until(one_more, lambda verdict: verdict == "circuit_open")
    reference, refused = await town.buy(ALONE)
    assert isinstance(refused, Rejected)
    assert await town.gateway.fetch("SELECT 1 FROM orders WHERE reference = $1", reference) == []


async def _is_tried_and_trusted(town: Town) -> None:
    await until(town.circuit, lambda state: state == "half_open")

    # Bursts for the one place: whoever does not get it is refused, not taken in to fail.
    async def burst() -> bool:
        answers = await asyncio.gather(*(town.buy(ALONE) for _ in range(8)))
        return all(isinstance(outcome, Rejected) for _, outcome in answers)

    await until(burst, lambda all_refused: not all_refused)

    async def one_more() -> str:
        reference, _ = await town.buy()
        await town.wait_final(reference)
        return await town.circuit()

    await until(one_more, lambda state: state == "closed")
    reference, _ = await town.buy()
    end = await town.wait_final(reference)
    assert (end["state"], end["supplier"]) == ("success", "bad")
    assert await town.first_verdict(reference) == "chosen"
    assert not (await town.case())["is_open"]
