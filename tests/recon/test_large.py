"""A statement as large as a month: a million lines with full counts, and how far it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic

from gerbang.clock import WIB
from gerbang.postgres.pool import connect
from gerbang.recon.run import run_reconciliation
from orders.house import open_house
from proof import record
from scale import scale

LINES = scale(20_000, 1_000_000)
LIMIT_S = scale(300, 600)
ATTEMPTS = (
    "INSERT INTO attempts (id, order_id, number, supplier_id, route_id, supplier_product_code,"
    " reference, state, cost_expected, cost, sn)"
    " SELECT n, n, 1, $1, $2, 'S5', 'T-' || n, 'delivered', 5000, 5000, 'SN' || n"
    " FROM generate_series(1, $3::bigint) n"
)


def statement() -> Iterator[str]:
    """Every thousandth line costs more than we booked."""
    yield "reference,amount,sn\n"
    for n in range(1, LINES + 1):
        yield f"T-{n},{5_100 if n % 1_000 == 0 else 5_000},SN{n}\n"


async def test_a_large_statement_is_compared_in_minutes_and_says_how_far_it_is(
    database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "statement.csv"
    with file.open("w") as lines:
        lines.writelines(statement())
    steps: dict[str, int] = {}
    async with open_house(database_url) as house:
        c = house.connection
        await c.execute("ALTER TABLE attempts DISABLE TRIGGER USER")
        await c.execute("SET statement_timeout = 0")
        await c.execute(ATTEMPTS, house.supplier_id, house.route_id, LINES)
        today = datetime.now(WIB).date()
        started = monotonic()
        connection = await connect(
            house.url, statement_timeout_ms=0, idle_in_transaction_timeout_ms=0
        )
        try:
            async with connection.transaction():
                report = await run_reconciliation(
                    connection,
                    "s1",
                    file,
                    first_day=today - timedelta(days=1),
                    last_day=today,
                    actor="test",
                    progress=lambda step, done, _total: steps.update({step: done}),
                )
        finally:
            await connection.close()
        took = monotonic() - started
    assert (report.lines, report.bad_count) == (LINES, 0)
    assert report.differences["amount_differs"] == LINES // 1_000
    assert report.matched == LINES - LINES // 1_000
    assert steps["reading"] == LINES
    assert took < LIMIT_S
    record("a large statement", lines=LINES, differing=LINES // 1_000, seconds=round(took, 1))
