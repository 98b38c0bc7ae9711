"""The gateway is killed, or its database, while it is selling: nothing is lost or doubled."""

from __future__ import annotations

import asyncio
import random
from typing import Any, Final

import aiohttp

from e2e.killing import House, Market, check_everything, open_house
from proof import record
from scale import PROVING, scale

SEED: Final = 20_261_120
SETTLE_S: Final = 400.0 if PROVING else 60.0
FROZEN_S: Final = 3.0
"""Longer than the gateway lets its callers wait: what is on its way then is uncertain."""
MAINTENANCE: Final = "200 rc 09 trxid 0"
UNCERTAIN: Final = "200 rc 68 trxid 0"
DEADLINE_S: Final = 1_500.0 if PROVING else 400.0


async def test_a_gateway_killed_again_and_again_loses_nothing_and_doubles_nothing() -> None:
    """kill -9 at random moments under load; each restart goes on with what the last one left."""
    rng = random.Random(SEED)
    kills = scale(5, 50)
    async with asyncio.timeout(DEADLINE_S), open_house("kills") as house:
        market = Market(house.gateway.url, house.token, seed=SEED)
        load = asyncio.create_task(market.run())
        slowest = 0.0
        for _ in range(kills):
            await asyncio.sleep(rng.uniform(0.2, 1.8))
            house.gateway.kill()
            await asyncio.sleep(rng.choice((0.0, 0.5)))
            house.gateway.start()
            slowest = max(slowest, await house.gateway.until_ready(house.http))
        await asyncio.sleep(1)
        market.stopping = True
        await load
        settled_s = await house.until_settled(SETTLE_S)
        facts = await check_everything(house, market)
    assert facts["orders"] >= kills * 10
    record(
        "the gateway killed under load",
        seed=SEED,
        kills=kills,
        slowest_restart_s=round(slowest, 2),
        settled_s=round(settled_s, 1),
        **facts,
    )


async def test_a_stopped_and_a_killed_database_is_maintenance_and_then_recovery() -> None:
    """PostgreSQL goes away under HTTP load, twice; the same gateway process goes on afterwards."""
    away_s = scale(2, 10)
    async with (
        asyncio.timeout(DEADLINE_S),
        open_house("dbkills", GERBANG_REQUEST_DEADLINE_MS="800") as house,
    ):
        market = Market(house.gateway.url, house.token, seed=SEED + 1)
        load = asyncio.create_task(market.run())
        recoveries: dict[str, Any] = {}
        for way in ("stopped", "killed"):
            await asyncio.sleep(1.5)
            before = market.replies.copy()
            recoveries[way] = await _away(house, way, away_s, market)
            meanwhile = market.replies - before
            assert meanwhile[MAINTENANCE] > 0, meanwhile
            if way == "killed":
                assert meanwhile[UNCERTAIN] > 0, meanwhile
        await asyncio.sleep(1.5)
        market.stopping = True
        await load
        assert house.gateway.runs
        assert house.gateway.starts == 1
        settled_s = await house.until_settled(SETTLE_S)
        facts = await check_everything(house, market)
    assert facts["refused_only"] > 0
    record(
        "PostgreSQL stopped and killed under load",
        seed=SEED + 1,
        away_s=away_s,
        recovered_after_s=recoveries,
        settled_s=round(settled_s, 1),
        **facts,
    )


async def _away(house: House, way: str, seconds: int, market: Market) -> float:
    """Take the database away, look at the gateway meanwhile; give the time of the recovery."""
    if way == "stopped":
        await asyncio.to_thread(house.postgres.stop)
    else:
        uncertain = market.replies[UNCERTAIN]
        await house.kill_postgres(
            frozen_s=FROZEN_S, until=lambda: market.replies[UNCERTAIN] > uncertain
        )
    await asyncio.sleep(seconds / 2)
    assert await _readiness(house) == 503
    await asyncio.sleep(seconds / 2)
    await asyncio.to_thread(house.postgres.start)
    return round(await house.gateway.until_ready(house.http), 2)


async def _readiness(house: House) -> int:
    try:
        async with house.http.get(f"{house.gateway.url}/readyz") as reply:
            return reply.status
    except (aiohttp.ClientError, TimeoutError):
        assert house.gateway.runs, house.gateway.log_tail()
        return 0
