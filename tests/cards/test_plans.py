"""What the sweep of cards asks twice a second reads no whole table, however much is stored."""

from __future__ import annotations

import re

import pytest

from gerbang.cards.store import SQL
from postgres.shared import opened

INDEXES = [
    (SQL.merchants_with_unsettled_refunds, "payment_attempts_unsettled_refunds"),
    (SQL.due_payments, "payments_due"),
    (SQL.cancels_wanted, "payments_cancel_wanted"),
    (SQL.claim_due_attempts, "payment_attempts_due"),
]


@pytest.mark.parametrize(("sql", "index"), INDEXES, ids=[index for _, index in INDEXES])
async def test_the_sweep_goes_by_an_index(database_url: str, sql: str, index: str) -> None:
    async with opened(database_url) as connection:
        await connection.execute("SET enable_seqscan = off; SET enable_bitmapscan = off")
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        await connection.execute(f"PREPARE swept AS {sql}")
        values = ", ".join(["NULL"] * len(set(re.findall(r"\$\d", sql))))
        rows = await connection.fetch(f"EXPLAIN EXECUTE swept ({values})")
        plan = "\n".join(row[0] for row in rows)
    assert index in plan
    assert "Seq Scan on payment" not in plan
