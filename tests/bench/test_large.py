"""The bulk load obeys the ledger's laws and leaves sequences that go on."""

from __future__ import annotations

import pytest

from gerbang.ledger.verify import verify
from gerbang.postgres.pool import connect
from gerbang_bench import large
from gerbang_bench.world import make_world


async def test_loaded_orders_are_clean_and_sealed(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(large, "CHUNK", 300)
    monkeypatch.setattr(large, "DAYS", 4)
    await make_world(empty_database_url, secret_key=bytes(32), resellers=7)
    said: list[str] = []
    await large.load_orders(empty_database_url, 1_000, say=said.append)
    connection = await connect(empty_database_url)
    try:
        result = await verify(connection)
        seals = await connection.fetchval("SELECT count(*) FROM seals")
        without = await connection.fetchval(
            "SELECT count(*) FROM pg_trigger WHERE tgenabled <> 'O' AND NOT tgisinternal"
        )
        behind = await connection.fetchval("SELECT max(id) - nextval('order_ids') FROM orders")
    finally:
        await connection.close()
    assert result.clean, [check for check in result.checks if check.differences]
    assert result.orders == 1_000
    assert seals in {4, 5}  # the first day and today are not whole ones
    assert without == 0
    assert behind < 0
    assert said[-1].startswith(f"1,000 orders, {seals} sealed days")
