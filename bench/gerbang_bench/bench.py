"""``make bench``: Gerbang against TPC-B, one run, one machine, the same durable PostgreSQL.

Options: ``--quick`` (short runs), ``--only tpcb|acceptance|life|charges`` (may be repeated),
``--workers N`` (gateway processes on one port), ``--large`` (acceptance is measured again with 10
million orders bulk-loaded; ``--orders N`` for another number), ``--kept FOLDER`` (they are those
that ``gerbang_bench.pages load FOLDER N`` has left there). For a part of the table: ``--clients``
of TPC-B, ``--callers``, ``--logins`` and ``--seconds`` of acceptance.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from gerbang.postgres.embedded import EmbeddedPostgres
from gerbang_bench import processes, tpcb
from gerbang_bench.acceptance import (
    CALLERS,
    Login,
    count_orders,
    ledger_differences,
    measure_acceptance,
)
from gerbang_bench.charges import make_card_world, measure_charges
from gerbang_bench.figures import FILE, Figures, doubts, large_shares, problems, rows
from gerbang_bench.large import KEPT, KEPT_KEY, ORDERS, load_orders
from gerbang_bench.life import Stage, measure_lives
from gerbang_bench.machine import ROOT, describe, describe_commit, describe_machine
from gerbang_bench.server import bench_server, drop_database, make_database, require_durable
from gerbang_bench.world import (
    RESELLERS,
    SUPPLIER,
    World,
    count_resellers,
    describe_world,
    make_world,
)

PARTS = ("tpcb", "acceptance", "life", "charges")
KEY_BYTES = 32
SHARED_ADDRESS = {"callback_host_concurrency_max": "256", "callback_concurrency_max": "512"}
"""All 1,000 resellers of the bench live at one address; real ones do not."""

console = Console(width=None if sys.stdout.isatty() else 150)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How long and how much."""

    parts: tuple[str, ...]
    orders: int
    tpcb_seconds: int
    clients: tuple[int, ...]
    acceptance_seconds: float
    connections: tuple[int, ...]
    logins: tuple[Login, ...]
    kept: bool
    life_seconds: float
    rates: tuple[float, ...]
    charge_seconds: float
    payments: int
    workers: int
    quick: bool


def make_plan(options: argparse.Namespace) -> Plan:
    """Read the options."""
    quick = bool(options.quick)
    return Plan(
        parts=tuple(options.only or PARTS),
        orders=options.orders or (ORDERS if options.large else 0),
        tpcb_seconds=4 if quick else tpcb.SECONDS,
        clients=tuple(options.clients or ((4, 8) if quick else tpcb.CLIENTS)),
        acceptance_seconds=options.seconds or (5.0 if quick else 15.0),
        connections=tuple(options.callers or (CALLERS[:2] if quick else CALLERS)),
        logins=tuple(options.logins or Login),
        kept=options.kept is not None,
        life_seconds=5.0 if quick else 15.0,
        rates=(250, 500, 1_000) if quick else (250, 500, 750, 1_000, 1_250, 1_500, 2_000, 2_500),
        charge_seconds=5.0 if quick else 15.0,
        payments=16_000 if quick else 40_000,
        workers=options.workers,
        quick=quick,
    )


class Bench:
    """One run."""

    def __init__(self, plan: Plan, server: EmbeddedPostgres) -> None:
        self.plan = plan
        self.server = server
        self.secret_key = secrets.token_bytes(KEY_BYTES)
        self.figures = Figures(
            commit=describe_commit(),
            day=datetime.now(UTC).date().isoformat(),
            quick=plan.quick,
            machine=describe_machine(),
            stored_before=plan.orders,
        )

    async def run(self) -> Figures:
        """Measure every part that is wanted."""
        self.figures.settings = await require_durable(self.server.dsn)
        self.figures.postgres = self.server.binaries().version
        for part in self.plan.parts:
            console.print(f"[dim]{part} ...[/dim]")
            await getattr(self, part)()
        return self.figures

    async def tpcb(self) -> None:
        """Measure the yardstick, and leave nothing of it behind."""
        dsn = await make_database(self.server, "bench_tpcb")
        plan = self.plan
        self.figures.tpcb = await tpcb.measure(dsn, seconds=plan.tpcb_seconds, clients=plan.clients)
        await drop_database(self.server, "bench_tpcb")

    async def acceptance(self) -> None:
        """Measure purchases with dispatch paused: into no orders, then into many."""
        if self.plan.kept:
            await self._acceptance_beside_kept(self.server.dsn_for(KEPT))
            return
        await self._acceptance_into_new("bench_acceptance", stored=0)
        if self.plan.orders:
            await self._acceptance_into_new("bench_large", stored=self.plan.orders)

    async def _acceptance_beside_kept(self, dsn: str) -> None:
        """Measure into no orders and into those of the kept database, with as many resellers."""
        resellers = await count_resellers(dsn)
        self.figures.stored_before = await count_orders(dsn)
        await self._acceptance_into_new("bench_acceptance", stored=0, resellers=resellers)
        self.secret_key = KEPT_KEY
        world = describe_world(dsn, resellers=resellers)
        await self._acceptance(world, stored=self.figures.stored_before)

    async def _acceptance_into_new(
        self, database: str, *, stored: int, resellers: int = RESELLERS
    ) -> None:
        dsn = await make_database(self.server, database)
        world = await make_world(dsn, secret_key=self.secret_key, resellers=resellers)
        if stored:
            await load_orders(dsn, stored, say=console.print)
            await self._verify(dsn)
        await self._acceptance(world, stored=stored)
        await self._verify(dsn)
        await drop_database(self.server, database)

    async def _acceptance(self, world: World, *, stored: int) -> None:
        port = processes.free_port()
        with (
            _folder() as folder,
            processes.gateway(
                world,
                port=port,
                secret_key=self.secret_key,
                folder=folder,
                workers=self.plan.workers,
                dispatch_paused="true",
            ) as gateway,
        ):
            kinds = (("spread", len(world.tokens)), ("hot", 1))
            runs = product(self.plan.logins, kinds, self.plan.connections)
            for login, (name, resellers), connections in runs:
                measured = await measure_acceptance(
                    world,
                    name=f"{name}-{login}-{connections}-",
                    login=login,
                    resellers=resellers,
                    connections=connections,
                    stored_before=stored,
                    port=port,
                    gateway=gateway,
                    server_pid=self.server.pid or 0,
                    seconds=self.plan.acceptance_seconds,
                )
                self.figures.acceptance.append(measured)

    async def life(self) -> None:
        """Measure whole lives, with supplier and resellers on this machine too."""
        port, supplier_port, receiver_port = (processes.free_port() for _ in range(3))
        dsn = await make_database(self.server, "bench_life")
        world = await make_world(
            dsn,
            secret_key=self.secret_key,
            callback_url=f"http://127.0.0.1:{receiver_port}/callback",
            supplier_url=f"http://127.0.0.1:{supplier_port}/reseller/api/v1",
        )
        with ExitStack() as stack:
            folder = stack.enter_context(_folder())
            news = f"http://127.0.0.1:{port}/callbacks/{SUPPLIER}"
            children = {
                "receiver": stack.enter_context(
                    processes.receiver(port=receiver_port, folder=folder)
                ),
                "supplier": stack.enter_context(
                    processes.supplier(world, port=supplier_port, callback_url=news, folder=folder)
                ),
                "gateway": stack.enter_context(
                    processes.gateway(
                        world,
                        port=port,
                        secret_key=self.secret_key,
                        folder=folder,
                        workers=self.plan.workers,
                        **SHARED_ADDRESS,
                    )
                ),
            }
            stage = Stage(
                world,
                port=port,
                receiver_port=receiver_port,
                children=children,
                server_pid=self.server.pid or 0,
            )
            self.figures.lives = await measure_lives(
                stage, self.plan.rates, seconds=self.plan.life_seconds
            )
        await self._verify(dsn)

    async def charges(self) -> None:
        """Measure card charges, with the merchants' receiver on this machine too."""
        port, receiver_port = processes.free_port(), processes.free_port()
        dsn = await make_database(self.server, "bench_charges")
        world = await make_card_world(dsn, secret_key=self.secret_key)
        with ExitStack() as stack:
            folder = stack.enter_context(_folder())
            stack.enter_context(processes.receiver(port=receiver_port, folder=folder))
            gateway = stack.enter_context(
                processes.gateway(
                    world,
                    port=port,
                    secret_key=self.secret_key,
                    folder=folder,
                    workers=1,
                    **SHARED_ADDRESS,
                )
            )
            self.figures.charges = await measure_charges(
                world,
                port=port,
                receiver_port=receiver_port,
                gateway=gateway,
                server_pid=self.server.pid or 0,
                seconds=self.plan.charge_seconds,
                payments=self.plan.payments,
            )
        await self._verify(dsn)
        await drop_database(self.server, "bench_charges")

    async def _verify(self, dsn: str) -> None:
        self.figures.ledger_differences += await ledger_differences(dsn)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="gerbang-bench-") as folder:
        yield Path(folder)


def print_figures(figures: Figures) -> None:
    """Print the table and what is wrong with it."""
    columns = ("per second", "vs TPC-B", "goal", "p50 ms", "p99 ms", "load gen", "gateway")
    table = Table(title=f"Gerbang {figures.commit}, {describe(figures.machine)}")
    table.add_column("")
    for column in (*columns, "postgres", "gateway MB"):
        table.add_column(column, justify="right")
    for row in rows(figures):
        cells = (row.ratio, row.goal, row.p50, row.p99, row.loadgen, row.gateway, row.postgres)
        table.add_row(row.name, f"{row.per_second:,.0f}", *cells, row.memory)
    console.print(table)
    for each in figures.acceptance:
        console.print(
            f"{each.name}: processor time per order: gateway {each.gateway_us:.0f} µs, "
            f"postgres {each.postgres_us:.0f} µs"
        )
    if charged := figures.charges:
        console.print(
            f"charges: gateway {charged.gateway_us:.0f} µs, postgres {charged.postgres_us:.0f} µs; "
            f"registered {charged.registered.per_second:,.0f}/s; all told "
            f"{charged.told_after_s:.1f} s after the last"
        )
    for name, part in large_shares(figures):
        console.print(f"{name}: with {figures.stored_before:,} orders stored {part:.0%} as fast")
    for life in figures.lives:
        verdict = "sustained" if life.sustained else "not sustained"
        console.print(
            f"lives at {life.rate:,.0f}/s: {life.final_per_second:,.0f} final and "
            f"{life.called_back_per_second:,.0f} called back per second, backlog "
            f"{life.backlog_half} > {life.backlog_end}, {verdict}, processors {life.cpu_shares}"
        )
    for problem in problems(figures):
        console.print(f"[red]{problem}[/red]")
    for doubt in doubts(figures):
        console.print(f"[yellow]{doubt}[/yellow]")


def parse_options(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="gerbang_bench.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short runs")
    parser.add_argument("--only", choices=PARTS, action="append", help="a part")
    parser.add_argument("--workers", type=int, default=1, help="gateway processes on one port")
    parser.add_argument("--large", action="store_true", help="again with 10 million orders")
    parser.add_argument("--orders", type=int, default=0, help="again with this many orders")
    parser.add_argument("--kept", type=Path, help="again in the database kept in this folder")
    parser.add_argument("--clients", type=int, nargs="+", help="numbers of clients of TPC-B")
    parser.add_argument("--callers", type=int, nargs="+", help="numbers of callers")
    parser.add_argument("--logins", type=Login, nargs="+", help="token, signature")
    parser.add_argument("--seconds", type=float, help="of each measurement of acceptance")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """Measure, print, write; exit code 1 when orders or money are wrong."""
    options = parse_options(arguments)
    plan = make_plan(options)
    tpcb.find_pgbench()
    with bench_server(options.kept) as server:
        figures = asyncio.run(Bench(plan, server).run())
    print_figures(figures)
    figures.write()
    console.print(f"[dim]{FILE.relative_to(ROOT)}[/dim]")
    return 1 if problems(figures) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
