"""Hot statements go by their indexes with many orders stored, and so do the triggers' checks.

`make test` stores some thousands of orders, `make prove` a million.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from typing import Any, Final

from gerbang.orders.outcome import Delivered
from gerbang.postgres.pool import LANE_SETTINGS, connect
from gerbang.postgres.sql import load_queries
from gerbang_bench.large import load_orders
from gerbang_bench.world import make_world
from orders.house import House, open_house
from postgres.shared import opened
from proof import record
from scale import PROVING, scale

DEADLINE_S: Final = scale(120, 3_600)
ORDERS: Final = scale(12_000, 1_000_000)
GROWING: Final = frozenset(
    {
        "orders",
        "order_history",
        "attempts",
        "attempt_messages",
        "transfers",
        "entries",
        "callbacks",
        "callback_deliveries",
    }
)
"""Tables that get a row for every order."""
NOT_LOADED: Final = frozenset({"attempt_messages", "callback_deliveries"})
"""What was said is not bulk-loaded, and a table without rows is best read whole."""

LANE: Final = tuple(load_queries("gerbang.orders", "batch.sql"))
"""Everything the write lane runs, in generic plans on connections that are set up as its own."""
OTHERS: Final = {
    "gerbang.orders/orders.sql": (
        "order_by_reference",
        "order_by_signature",
        "latest_order_today",
        "finals_of_references",
        "available_balance",
        "mark_needing_decision",
        "order_by_id",
        "orders_of_reference",
        "attempts_of_order",
        "messages_of_order",
        "history_of_order",
        "callbacks_of_order",
        "cases_of_order",
        "attempt_for_decision",
    ),
    "gerbang.routing/dispatch.sql": (
        "claim_due_attempts",
        "attempts_with_orders",
        "locate_attempt",
    ),
    "gerbang.callbacks/callbacks.sql": (
        "claim_due_callbacks",
        "resend_callback",
        "callback_by_id",
        "deliveries_of_callback",
        "backlog",
    ),
    "gerbang.ledger/ledger.sql": (
        "transfers_of_order",
        "statement_tracked",
        "transfer_amount_by_key",
        "day_lines",
        "unsealed_days",
    ),
}


async def _generic_plan(c: Any, sql: str) -> Any:
    count = len(set(re.findall(r"\$\d+", sql)))
    await c.execute(f"PREPARE hot AS {sql}")
    try:
        nulls = f"({', '.join(['NULL'] * count)})" if count else ""
        return await c.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE hot{nulls}")
    finally:
        await c.execute("DEALLOCATE hot")


def _nodes(plan: Any) -> Iterator[dict[str, Any]]:
    if isinstance(plan, list):
        for each in plan:
            yield from _nodes(each["Plan"])
        return
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


def _read_whole(plan: Any) -> set[str]:
    """Name the growing tables that a plan reads from end to end."""
    return {
        node["Relation Name"]
        for node in _nodes(plan)
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in GROWING - NOT_LOADED
    }


async def test_hot_statements_read_no_growing_table_whole(empty_database_url: str) -> None:
    async with asyncio.timeout(DEADLINE_S):
        await make_world(empty_database_url, secret_key=b"k" * 32, resellers=50)
        await load_orders(empty_database_url, ORDERS, say=lambda _text: None)
        wrong: dict[str, set[str]] = {}
        batch = load_queries("gerbang.orders", "batch.sql")
        lane = await connect(empty_database_url, settings=LANE_SETTINGS)
        try:
            for name in LANE:
                wrong[name] = _read_whole(await _generic_plan(lane, getattr(batch, name)))
        finally:
            await lane.close()
        async with opened(empty_database_url) as c:
            await c.execute("SET plan_cache_mode = force_generic_plan")
            for path, names in OTHERS.items():
                queries = load_queries(*path.split("/"))
                for name in names:
                    wrong[name] = _read_whole(await _generic_plan(c, getattr(queries, name)))
            await _check_lists(c, wrong)
        assert {name: tables for name, tables in wrong.items() if tables} == {}
        if PROVING:
            record("plans", statements=len(wrong), orders=ORDERS)


async def _check_lists(c: Any, wrong: dict[str, set[str]]) -> None:
    """Lists with optional filters are planned for the filters that are given."""
    await c.execute("SET plan_cache_mode = force_custom_plan")
    queries = load_queries("gerbang.orders", "orders.sql")
    all_of, referred, last = queries.list_orders, queries.orders_of_reference, 2**62
    for name, sql, values in (
        ("list all", all_of, (None, None, None, None, last, 50)),
        ("list of a reseller", all_of, (1, None, None, None, last, 50)),
        ("list to be decided", all_of, (None, None, None, True, last, 50)),
        ("list of a reference", referred, (1, "R1", None, False, None, last, 50)),
        ("list of anybody's reference", referred, (None, "R1", None, None, None, last, 50)),
    ):
        wrong[name] = _read_whole(await c.fetchval(f"EXPLAIN (FORMAT JSON) {sql}", *values))


async def _whole_reads(house: House) -> dict[str, int]:
    await house.connection.execute("SELECT pg_stat_force_next_flush()")
    await asyncio.sleep(1.1)  # the lane's own connections tell their counts at most once a second
    await house.claim((await house.lane.submit(house.purchase())).attempt)
    await house.connection.execute("SELECT pg_stat_clear_snapshot()")
    rows = await house.connection.fetch("SELECT relname, seq_scan FROM pg_stat_user_tables")
    return {row["relname"]: row["seq_scan"] for row in rows if row["relname"] in GROWING}


async def test_a_whole_life_with_all_triggers_reads_no_growing_table_whole(
    database_url: str,
) -> None:
    """The server's own counts see what the triggers' checks do."""
    async with asyncio.timeout(DEADLINE_S), open_house(database_url, workers=1) as house:
        before = await _whole_reads(house)
        for _ in range(20):
            placed = await house.lane.submit(house.purchase())
            await house.claim(placed.attempt)
            told = await house.tell(placed.order, placed.attempt, Delivered(sn="SN", cost=5_000))
            assert told.final
        after = await _whole_reads(house)
        assert sum(before.values()) <= 2 * len(GROWING), "looks of the test itself only"
        assert after == before
