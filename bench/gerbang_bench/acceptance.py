"""How many purchases per second are accepted: answered, and durable before the answer."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import asyncpg
import msgspec

from gerbang.dialects.contract import OrderState
from gerbang.dialects.isikuota.spec import ORDER_CODE
from gerbang.dialects.socx.spec import RC_PENDING
from gerbang.ledger.verify import verify
from gerbang.postgres.pool import connect
from gerbang_bench.loadgen import Job
from gerbang_bench.measured import Measured, Meter
from gerbang_bench.processes import Child, generate
from gerbang_bench.server import checkpoint
from gerbang_bench.world import World

CONNECTIONS = 64
CALLERS = (64, 128, 256)
"""How many callers wait for their answers at one time; TPC-B is measured with several, too."""
REQUESTS_PER_SECOND_MAX = 25_000
WARMUP_S = 1.0


class Login(StrEnum):
    """How purchases say who sends them: SocX by a token, IsiKuota by a signature of each."""

    TOKEN = "token"  # noqa: S105 (a word for it)
    SIGNATURE = "signature"


ACCEPTED: Final = {
    Login.TOKEN: ('"rc":"', RC_PENDING),
    Login.SIGNATURE: ('"code":"', ORDER_CODE[OrderState.PENDING]),
}
"""Where an answer says that the order stands, and the word for it."""


class Acceptance(Measured, frozen=True, kw_only=True):
    """Purchases that were answered."""

    name: str
    login: Login
    resellers: int
    stored_before: int
    connections: int
    accepted: int
    stored: int

    @property
    def all_stored(self) -> bool:
        """Whether each answer that accepted has its order in the database."""
        return self.accepted <= self.stored <= self.accepted + self.load.unanswered


async def measure_acceptance(
    world: World,
    *,
    name: str,
    login: Login = Login.TOKEN,
    resellers: int,
    stored_before: int,
    port: int,
    gateway: Child,
    server_pid: int,
    seconds: float,
    connections: int,
) -> Acceptance:
    """Measure with the first `resellers` in turn."""
    await checkpoint(world.dsn)
    counted_before = await count_orders(world.dsn)
    signed = login is Login.SIGNATURE
    marker_after, accepted = ACCEPTED[login]
    meter = Meter(gateway, server_pid)
    load = await generate(
        Job(
            port=port,
            connections=connections,
            seconds=seconds,
            warmup_s=WARMUP_S,
            templates=() if signed else world.templates(resellers=resellers, prefix=name),
            signed=world.signed(resellers=resellers, prefix=name) if signed else None,
            requests_max=int(REQUESTS_PER_SECOND_MAX * (seconds + WARMUP_S)),
            marker_after=marker_after,
            keep_bodies=1,
        )
    )
    spent = meter.read(seconds + WARMUP_S)
    return Acceptance(
        name=name,
        login=login,
        resellers=resellers,
        stored_before=stored_before,
        connections=connections,
        load=load,
        accepted=load.markers.get(accepted, 0),
        stored=await count_orders(world.dsn) - counted_before,
        **msgspec.structs.asdict(spent),
    )


async def count_orders(dsn: str) -> int:
    """Count what is stored."""
    connection = await asyncpg.connect(dsn)
    try:
        return int(await connection.fetchval("SELECT count(*) FROM orders"))
    finally:
        await connection.close()


async def ledger_differences(dsn: str) -> list[str]:
    """Verify the whole ledger; empty when it is clean."""
    connection = await connect(dsn)
    try:
        result = await verify(connection)
    finally:
        await connection.close()
    return [f"{check.name}: {said}" for check in result.checks for said in check.differences[:3]]
