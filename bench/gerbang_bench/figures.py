"""All figures of one run: what var/bench.json holds, and the table made of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from gerbang_bench.acceptance import Acceptance
from gerbang_bench.charges import Charges
from gerbang_bench.life import Life
from gerbang_bench.machine import ROOT, Machine
from gerbang_bench.measured import Measured
from gerbang_bench.tpcb import Tpcb

FILE = ROOT / "var" / "bench.json"
GOAL_SPREAD = 1.5
GOAL_HOT = 4.0
GOAL_P99_MS = 50.0
GOAL_LIVES = 1_000.0
GOAL_CHARGES = 1_500.0
OTHERS_MAX = 0.15
LOADGEN_MAX = 0.9


class Figures(msgspec.Struct, kw_only=True):
    """One run on one machine against one server."""

    commit: str
    day: str
    quick: bool
    machine: Machine
    postgres: str = ""
    settings: dict[str, str] = {}
    stored_before: int = 0
    tpcb: Tpcb | None = None
    acceptance: list[Acceptance] = []
    lives: list[Life] = []
    charges: Charges | None = None
    ledger_differences: list[str] = []

    def write(self, path: Path = FILE) -> None:
        """Write the file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n")


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table; empty texts where a column says nothing."""

    name: str
    per_second: float
    ratio: str = ""
    goal: str = ""
    p50: str = ""
    p99: str = ""
    loadgen: str = ""
    gateway: str = ""
    postgres: str = ""
    memory: str = ""


def read_figures(path: Path = FILE) -> Figures:
    """Read the file."""
    return msgspec.json.decode(path.read_bytes(), type=Figures)


def rows(figures: Figures) -> Iterator[Row]:
    """Give the lines of the table."""
    if figures.tpcb is not None:
        for name, run in (("spread", figures.tpcb.spread), ("hot", figures.tpcb.hot)):
            label = f"TPC-B {name} (scale {run.scale}, {run.clients} clients)"
            yield Row(name=label, per_second=run.tps, p50=f"{run.latency_ms:.1f} avg")
    for each in figures.acceptance:
        yield _acceptance_row(figures, each)
    if sustained := best_life(figures):
        yield _life_row(sustained)
    if figures.charges is not None:
        yield _measured_row(
            figures.charges,
            name="Cards charged, merchants told",
            goal=f">= {GOAL_CHARGES:,.0f}/s",
        )


def best_life(figures: Figures) -> Life | None:
    """Give the highest sustained rate; the lowest tried when none was."""
    sustained = [life for life in figures.lives if life.sustained]
    return sustained[-1] if sustained else next(iter(figures.lives), None)


def ratio(figures: Figures, each: Acceptance) -> tuple[float, float] | None:
    """Give what was reached against TPC-B, and the goal."""
    if figures.tpcb is None:
        return None
    hot = each.resellers == 1
    against = figures.tpcb.hot if hot else figures.tpcb.spread
    return each.load.per_second / against.tps, GOAL_HOT if hot else GOAL_SPREAD


def large_shares(figures: Figures) -> Iterator[tuple[str, float]]:
    """Give the speed with many orders stored as a share of the speed with none."""
    empty = {
        each.name: each.load.per_second for each in figures.acceptance if not each.stored_before
    }
    for each in figures.acceptance:
        if each.stored_before and empty.get(each.name):
            yield each.name, each.load.per_second / empty[each.name]


def _acceptance_row(figures: Figures, each: Acceptance) -> Row:
    reached = ratio(figures, each)
    stored = f", {each.stored_before:,} stored" if each.stored_before else ""
    resellers = f"{each.resellers:,} reseller{'s' if each.resellers > 1 else ''}"
    return _measured_row(
        each,
        name=f"Accepted by {each.login}, {resellers}, {each.connections} callers{stored}",
        ratio=f"{reached[0]:.2f} x" if reached else "",
        goal=f">= {reached[1]:g} x" if reached else "",
    )


def _measured_row(each: Measured, *, name: str, goal: str, ratio: str = "") -> Row:
    return Row(
        name=name,
        per_second=each.load.per_second,
        ratio=ratio,
        goal=goal,
        p50=f"{each.load.p50_ms:.1f}",
        p99=f"{each.load.p99_ms:.1f}",
        loadgen=f"{each.load.cpu_share:.0%}",
        gateway=f"{each.gateway_cpu_share:.0%}",
        postgres=f"{each.postgres_cpu_share:.0%}",
        memory=f"{each.rss_before_mb:.0f} > {each.rss_after_mb:.0f}",
    )


def _life_row(life: Life) -> Row:
    return Row(
        name="Whole lives, sustained" if life.sustained else "Whole lives, NOT sustained",
        per_second=life.called_back_per_second,
        goal=f">= {GOAL_LIVES:,.0f}/s",
        p50=f"{life.load.p50_ms:.1f}",
        p99=f"{life.load.p99_ms:.1f}",
        loadgen=f"{life.load.cpu_share:.0%}",
        gateway=f"{life.cpu_shares.get('gateway', 0):.0%}",
        postgres=f"{life.cpu_shares.get('postgres', 0):.0%}",
        memory=f"{life.rss_before_mb:.0f} > {life.rss_after_mb:.0f}",
    )


def problems(figures: Figures) -> list[str]:
    """Say what makes the figures worth nothing."""
    found = [f"ledger: {each}" for each in figures.ledger_differences]
    for each in figures.acceptance:
        if not each.all_stored:
            found.append(f"{each.name}: {each.accepted} accepted, {each.stored} stored")
        if refused := each.load.answered - each.accepted:
            found.append(f"{each.name}: {refused} not accepted: {each.load.markers}")
        if each.load.lost_connections or each.load.unanswered:
            found.append(
                f"{each.name}: {each.load.lost_connections} connections lost, "
                f"{each.load.unanswered} requests unanswered"
            )
    return found + (_charge_problems(figures.charges) if figures.charges else [])


def _charge_problems(each: Charges) -> list[str]:
    """Say where charges, the issuer's book and notifications differ."""
    found = []
    if refused := each.load.answered - each.approved:
        found.append(f"charges: {refused} not approved: {each.load.markers}")
    if not each.approved <= each.stored <= each.approved + each.load.unanswered:
        found.append(f"charges: {each.approved} approved, {each.stored} stored")
    if each.repeated or each.booked != each.stored:
        found.append(f"charges: the issuer charged {each.booked}, {each.repeated} asked for again")
    if each.told < each.approved:
        found.append(f"charges: {each.told} of {each.approved} told")
    return found


def doubts(figures: Figures) -> list[str]:
    """Say what makes the figures worth less: a busy machine, a slow load generator."""
    runs = figures.tpcb.runs if figures.tpcb else ()
    busy = [(f"TPC-B scale {run.scale}", run.others_cpu_share) for run in runs]
    busy += [(each.name, each.others_cpu_share) for each in figures.acceptance]
    if figures.charges:
        busy.append(("charges", figures.charges.others_cpu_share))
    busy += [(f"lives at {life.rate:,.0f}/s", life.others_cpu_share) for life in figures.lives]
    found = [
        f"{name}: others used {share:.0%} of a core" for name, share in busy if share > OTHERS_MAX
    ]
    found += [
        f"{each.name}: the load generator was the limit"
        for each in figures.acceptance
        if each.load.cpu_share > LOADGEN_MAX or each.load.exhausted
    ]
    return found
