"""The world of a bench obeys the ledger's laws."""

from __future__ import annotations

from gerbang.ledger.verify import verify
from gerbang.postgres.pool import connect
from gerbang_bench.world import OPENING, count_resellers, describe_world, make_world


async def test_a_new_world_is_clean(empty_database_url: str) -> None:
    world = await make_world(empty_database_url, secret_key=bytes(32), resellers=7)
    connection = await connect(empty_database_url)
    try:
        result = await verify(connection)
        balances = await connection.fetch("SELECT balance FROM accounts WHERE kind = 'reseller'")
        routes = await connection.fetchval("SELECT count(*) FROM routes")
    finally:
        await connection.close()
    assert result.clean, result.checks
    assert [row["balance"] for row in balances] == [OPENING] * 7
    assert routes == 1
    assert len(set(world.tokens)) == len(set(world.signers)) == 7
    assert await count_resellers(empty_database_url) == 7
    assert describe_world(empty_database_url, resellers=7) == world


async def test_templates_take_turns_over_the_resellers(empty_database_url: str) -> None:
    world = await make_world(empty_database_url, secret_key=bytes(32), resellers=3)
    assert len(set(world.templates(resellers=3, prefix="a"))) == 3
    assert len(world.templates(resellers=1, prefix="a")) == 1
