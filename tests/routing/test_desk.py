"""Health shared by the nodes of one database: circuits, questions, alarms and products."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from gerbang.dialects.supplier_contract import LearnRules
from gerbang.orders.order import Attempt, Order
from gerbang.orders.outcome import Delivered, Rejected, Unknown
from gerbang.orders.reasons import Reason
from gerbang.orders.writes import Placed
from gerbang.postgres.pool import Pool, open_pool
from gerbang.routing.desk import PUBLIC_REASON, HealthDesk
from gerbang.routing.health import CircuitState
from gerbang.routing.read import show_health, trust_again
from gerbang.routing.terms import check_health_settings, health_terms
from gerbang.suppliers.supplier import Supplier, supplier_from_row
from orders.house import House, open_house

LATE = Unknown(message="no answer")
CAME = Delivered(sn="1")
DISTURBED = Rejected(reason=Reason.PRODUCT_DISTURBED, reroutable=True)


class Town:
    """One database, a supplier, and the desks of two nodes."""

    def __init__(self, house: House, pool: Pool) -> None:
        self.house, self.pool = house, pool
        self.now_ms = 0
        self.suppliers: dict[int, Supplier] = {}
        self.asked: list[int] = []
        self.answers = True
        self.metrics: dict[str, int] = {}
        self.order: Order
        self.attempt: Attempt
        self.one = self._desk("one")
        self.two = self._desk("two")

    def now(self) -> datetime:
        return self.house.clock.now() + timedelta(milliseconds=self.now_ms)

    def _desk(self, name: str) -> HealthDesk:
        def observe(unhealthy: Mapping[str, int], products: int) -> None:
            self.metrics = {**unhealthy, "products": products}

        desk = HealthDesk(pool=self.pool, directory=self, clock=self, node=name, observe=observe)
        desk.ask = self.ask
        desk._works = True
        return desk

    async def ask(self, supplier_id: int) -> bool:
        self.asked.append(supplier_id)
        return self.answers

    @property
    def supplier(self) -> Supplier:
        return self.suppliers[self.house.supplier_id]

    async def load(self, **settings: Any) -> None:
        values = {"health.supplier": {"bad_in_row_max": 2, "probes_to_close": 1}, **settings}
        row = await self.house.connection.fetchrow(
            "UPDATE suppliers SET settings = $2 WHERE id = $1"
            " RETURNING *, status::text AS status", self.house.supplier_id, values
        )  # fmt: skip
        learn = LearnRules(resend_same_reference_safe=False)
        self.suppliers[self.house.supplier_id] = supplier_from_row(dict(row), {}, learn)

    def send(self, desk: HealthDesk, outcome: Any = None, *, times: int = 1) -> list[str]:
        said = []
        for _ in range(times):
            self.attempt = msgspec.structs.replace(self.attempt, id=self.attempt.id + 1)
            said.append(desk.begin(self.order, self.attempt, self.supplier))
            if outcome is not None and not said[-1]:
                desk.heard(self.order, self.attempt, outcome, latency_ms=5)
        return said

    async def look(self) -> None:
        for desk in (self.one, self.two, self.one, self.two):
            await desk.look()
            await asyncio.sleep(0)
            await asyncio.gather(*desk._questions)

    async def wait_is_over(self) -> None:
        await self.house.connection.execute(
            "UPDATE circuits SET retry_at = clock_timestamp() - interval '1 second',"
            " version = version + 1 WHERE state = 'open'"
        )

    async def value(self, sql: str) -> Any:
        return await self.house.connection.fetchval(sql)


@asynccontextmanager
async def open_town(url: str) -> AsyncIterator[Town]:
    async with open_house(url) as house:
        pool = await open_pool(url, size_min=1, size_max=4)
        try:
            town = Town(house, pool)
            await town.load()
            placed: Placed = await house.lane.submit(house.purchase())
            assert placed.attempt is not None
            town.order, town.attempt = placed.order, placed.attempt
            yield town
        finally:
            await pool.close()


def state_at(desk: HealthDesk, town: Town, product_id: int = 0) -> CircuitState:
    return desk.pulse.watch.circuit((town.house.supplier_id, product_id)).state


async def test_what_one_node_concludes_holds_on_all_until_the_supplier_answers_and_a_probe_succeeds(
    database_url: str,
) -> None:
    async with open_town(database_url) as town:
        assert town.send(town.one, LATE, times=2) == ["", ""]
        await town.look()
        for desk in (town.one, town.two):
            (said,) = town.send(desk)
            assert said.startswith("supplier: 2 orders in a row failed")
        assert town.metrics["s1"] == 1
        assert town.asked == []  # it waits first
        case = await town.house.connection.fetchrow("SELECT kind, detail FROM cases")
        assert (case["kind"], case["detail"]["supplier"]) == ("supplier_unhealthy", "s1")

        town.answers = False
        await town.wait_is_over()
        await town.look()
        assert town.asked == [town.house.supplier_id]  # one node asks, not both
        assert state_at(town.two, town) is CircuitState.OPEN
        assert await town.value("SELECT questions_failed FROM circuits") == 1

        town.answers = True
        await town.wait_is_over()
        await town.look()
        assert state_at(town.two, town) is CircuitState.HALF_OPEN
        assert town.send(town.two) == [""]  # the probe
        (said,) = town.send(town.two)
        assert "a probe order is on its way" in said
        town.attempt = msgspec.structs.replace(town.attempt, id=town.attempt.id - 1)
        town.two.heard(town.order, town.attempt, CAME)
        await town.look()
        assert state_at(town.one, town) is CircuitState.CLOSED
        assert town.send(town.one, CAME, times=3) == ["", "", ""]
        assert town.metrics["s1"] == 0
        assert await town.value("SELECT count(*) FROM cases WHERE closed_at IS NULL") == 0


async def test_a_product_without_a_trusted_supplier_closes_with_a_reason_and_opens_by_itself(
    database_url: str,
) -> None:
    async with open_town(database_url) as town:
        town.send(town.one, DISTURBED, times=3)
        await town.look()
        row = await town.house.connection.fetchrow("SELECT *, status::text AS word FROM products")
        assert (row["word"], row["status_reason"]) == ("disturbed", PUBLIC_REASON)
        assert row["health_reason"] == "s1: 3 orders in a row failed"
        assert town.metrics["products"] == 1
        shown = await show_health(town.pool)
        assert [c["product"] for c in shown["circuits"]] == ["HSA5"]
        assert [p["code"] for p in shown["closed_products"]] == ["HSA5"]
        await town.wait_is_over()
        await town.look()
        assert await town.value("SELECT status::text FROM products") == "open"
        assert await town.value("SELECT health_reason FROM products") == ""
        actions = "SELECT array_agg(action ORDER BY id) FROM audit_log WHERE actor = 'gerbang'"
        assert await town.value(actions) == ["product.closed_by_health", "product.opened_by_health"]
        assert town.asked == []  # the supplier itself works


async def test_a_product_that_a_person_closed_stays_closed(database_url: str) -> None:
    async with open_town(database_url) as town:
        town.send(town.one, DISTURBED, times=3)
        await town.look()
        await town.house.connection.execute("UPDATE products SET status = 'closed'")
        await town.wait_is_over()
        await town.look()
        assert await town.value("SELECT status::text FROM products") == "closed"
        assert await town.value("SELECT health_reason FROM products") == ""


async def test_another_route_that_is_trusted_keeps_a_product_open(database_url: str) -> None:
    async with open_town(database_url) as town:
        await town.house.connection.execute(
            "WITH a AS (INSERT INTO accounts (code, kind, normal_side, tracked)"
            " VALUES ('float:s2', 'supplier_float', 'debit', false) RETURNING id), s AS ("
            " INSERT INTO suppliers (code, name, dialect, base_url, sealed, float_account_id)"
            " SELECT 's2', 'S2', 'socx', 'http://x', '', id FROM a RETURNING id)"
            " INSERT INTO routes (product_id, supplier_id, supplier_product_code, cost)"
            " SELECT $1, id, 'X', 1 FROM s",
            town.house.product_id,
        )
        town.send(town.one, LATE, times=2)
        await town.look()
        assert await town.value("SELECT status::text FROM products") == "open"


async def test_a_person_may_trust_a_supplier_again_on_all_nodes(database_url: str) -> None:
    async with open_town(database_url) as town:
        town.send(town.one, LATE, times=2)
        await town.look()
        async with town.pool.acquire() as connection, connection.transaction():
            await trust_again(connection, "s1", reason="they mended it", actor="test")
        await town.look()
        for desk in (town.one, town.two):
            assert town.send(desk) == [""]
        assert await town.value("SELECT count(*) FROM cases WHERE closed_at IS NULL") == 0


async def test_the_daily_limit_is_kept_at_the_last_moment_and_counts_what_others_sent(
    database_url: str,
) -> None:
    async with open_town(database_url) as town:
        await town.house.connection.execute("UPDATE suppliers SET orders_per_day_max = 3")
        await town.load()
        assert await town.house.claim(town.attempt)  # some other node sent one
        await town.one.look()
        assert town.send(town.one, CAME, times=3) == ["", "", "3 orders of 3 were sent today"]


async def test_a_supplier_that_is_not_watched_is_never_distrusted(database_url: str) -> None:
    async with open_town(database_url) as town:
        await town.load(**{"health.watched": False})
        assert set(town.send(town.one, LATE, times=20)) == {""}


async def test_nodes_share_what_a_supplier_allows_at_one_time(database_url: str) -> None:
    async with open_town(database_url) as town:
        assert town.one.pulse.share(10) == 10
        town.one.pulse.nodes = 4
        assert [town.one.pulse.share(n) for n in (0, 1, 10)] == [0, 1, 2]


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({}, ""),
        ({"health.watched": False, "health.supplier": {"wait_s": 5}}, ""),
        ({"health.watched": "no"}, "health.watched"),
        ({"health.supplier": {"wait": 5}}, "health.supplier"),
        ({"health.product": {"wait_s": 0}}, "health.product"),
        ({"health.product": 3}, "health.product"),
    ],
)
def test_a_suppliers_own_terms_are_checked_and_a_wrong_one_keeps_the_default(
    settings: dict[str, Any], named: str
) -> None:
    problems = check_health_settings(settings)
    assert [problem.split(":")[0] for problem in problems] == ([named] if named else [])
    terms = health_terms(settings)
    wanted = settings.get("health.supplier", {}).get("wait_s", 30) if not named else 30
    assert terms.supplier.wait_s == wanted
