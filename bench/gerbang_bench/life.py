"""Whole lives of orders: purchase, supplier call, supplier callback, reseller callback.

Orders come at a fixed rate. A rate is sustained when all are accepted in time and the backlog,
orders placed whose callback has not come, does not grow; higher rates are tried until one is not.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence

import asyncpg
import msgspec

from gerbang.dialects.socx.spec import RC_PENDING, RC_SUCCESS
from gerbang_bench.acceptance import ACCEPTED, CONNECTIONS, Login
from gerbang_bench.loadgen import Job, Result
from gerbang_bench.measured import share
from gerbang_bench.processes import Child, Usage, Watch, generate, received, usage_of
from gerbang_bench.world import RESELLERS, World

WARMUP_S = 2.0
PACE_MIN = 0.95
"""Share of the rate that must have been placed, and called back, within the time."""
GROWTH_MAX = 0.05
"""Share of the orders of the second half that may be more behind at its end than at its start."""
DRAIN_S_MAX = 60.0
POLL_S = 0.5
_COUNTS = """
SELECT count(*) AS placed, count(*) FILTER (WHERE state <> 'pending') AS final FROM orders
"""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far orders were at one moment."""

    at: float
    placed: int
    final: int
    called_back: int

    @property
    def backlog(self) -> int:
        """Orders whose reseller does not know the outcome yet."""
        return self.placed - self.called_back


class Life(msgspec.Struct, frozen=True, kw_only=True):
    """One rate; shares are of one core."""

    rate: float
    seconds: float
    load: Result
    accepted: int
    final_per_second: float
    called_back_per_second: float
    backlog_half: int
    backlog_end: int
    sustained: bool
    drained_s: float | None
    cpu_shares: dict[str, float]
    others_cpu_share: float
    rss_before_mb: float
    rss_after_mb: float


class Stage:
    """The running processes, and where the receiver listens."""

    def __init__(
        self,
        world: World,
        *,
        port: int,
        receiver_port: int,
        children: Mapping[str, Child],
        server_pid: int,
    ) -> None:
        self.world = world
        self.port = port
        self.receiver_port = receiver_port
        self.children = dict(children)
        self.server_pid = server_pid

    async def progress(self) -> Progress:
        """Look at the database and the receiver."""
        connection = await asyncpg.connect(self.world.dsn)
        try:
            row = await connection.fetchrow(_COUNTS)
        finally:
            await connection.close()
        stats = await asyncio.to_thread(received, self.receiver_port)
        placed, final = (row["placed"], row["final"]) if row else (0, 0)
        return Progress(at=time.monotonic(), placed=placed, final=final, called_back=stats.distinct)

    def usage(self) -> dict[str, Usage]:
        """Look at every process."""
        used = {name: child.usage for name, child in self.children.items()}
        return {**used, "postgres": usage_of(self.server_pid)}


async def measure_lives(stage: Stage, rates: Sequence[float], *, seconds: float) -> list[Life]:
    """Try rates from low to high until one is not sustained."""
    lives: list[Life] = []
    for number, rate in enumerate(rates):
        life = await _measure(stage, rate, seconds=seconds, prefix=f"life{number}x")
        lives.append(life)
        if not life.sustained:
            break
    return lives


async def _measure(stage: Stage, rate: float, *, seconds: float, prefix: str) -> Life:
    usage, watch = stage.usage(), Watch()
    job = _job(stage, rate, seconds=seconds, prefix=prefix)
    loading = asyncio.create_task(generate(job))
    first = await _first_orders(stage)
    await asyncio.sleep(seconds / 2)
    half = await stage.progress()
    await asyncio.sleep(seconds / 2)
    end = await stage.progress()
    used, others = stage.usage(), watch.others_share()
    load = await loading
    drained_s = await _drain(stage)
    return _life(job, load, (first, half, end), (usage, used), drained_s, others)


def _job(stage: Stage, rate: float, *, seconds: float, prefix: str) -> Job:
    return Job(
        port=stage.port,
        connections=CONNECTIONS,
        rate=rate,
        seconds=seconds + 1.0,  # still loaded when progress is looked at for the last time
        warmup_s=WARMUP_S,
        templates=stage.world.templates(resellers=RESELLERS, prefix=prefix),
        requests_max=int(rate * (seconds + WARMUP_S + 2)),
        marker_after=ACCEPTED[Login.TOKEN][0],
    )


async def _first_orders(stage: Stage) -> Progress:
    """Wait until orders come, then for the warm-up to pass."""
    before = await stage.progress()
    while (await stage.progress()).placed == before.placed:
        for child in stage.children.values():
            child.require_running()
        await asyncio.sleep(POLL_S / 5)
    await asyncio.sleep(WARMUP_S)
    return await stage.progress()


async def _drain(stage: Stage) -> float | None:
    """Wait until nothing is behind; None when that takes too long."""
    started = time.monotonic()
    while time.monotonic() - started < DRAIN_S_MAX:
        if (await stage.progress()).backlog <= 0:
            return round(time.monotonic() - started, 1)
        await asyncio.sleep(POLL_S)
    return None


def _life(
    job: Job,
    load: Result,
    moments: tuple[Progress, Progress, Progress],
    usages: tuple[dict[str, Usage], dict[str, Usage]],
    drained_s: float | None,
    others: float,
) -> Life:
    first, half, end = moments
    before, after = usages
    seconds = end.at - first.at
    accepted = sum(load.markers.get(rc, 0) for rc in (RC_PENDING, RC_SUCCESS))
    sustained = accepted == load.sent and _keeps_up(job.rate, first, half, end)
    return Life(
        rate=job.rate,
        seconds=round(seconds, 2),
        load=load,
        accepted=accepted,
        final_per_second=round((end.final - first.final) / seconds, 1),
        called_back_per_second=round((end.called_back - first.called_back) / seconds, 1),
        backlog_half=half.backlog,
        backlog_end=end.backlog,
        sustained=sustained,
        drained_s=drained_s,
        cpu_shares={name: share(before[name], after[name], seconds) for name in after},
        others_cpu_share=others,
        rss_before_mb=before["gateway"].rss_mb,
        rss_after_mb=after["gateway"].rss_mb,
    )


def _keeps_up(rate: float, first: Progress, half: Progress, end: Progress) -> bool:
    """Tell whether orders went in and came out at the rate, and nothing piled up."""
    wanted = PACE_MIN * rate * (end.at - first.at)
    growth = end.backlog - half.backlog
    return (
        end.placed - first.placed >= wanted
        and end.called_back - first.called_back >= wanted
        and growth <= GROWTH_MAX * (end.placed - half.placed)
    )
