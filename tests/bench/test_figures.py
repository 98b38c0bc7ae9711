"""What the table and the page say of measurements."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gerbang_bench.acceptance import Acceptance, Login
from gerbang_bench.charges import Charges
from gerbang_bench.figures import Figures, doubts, large_shares, problems, read_figures, rows
from gerbang_bench.life import Progress, _keeps_up
from gerbang_bench.loadgen import Result
from gerbang_bench.machine import describe_machine
from gerbang_bench.report import END, NEW_PAGE, START, render, replace_table
from gerbang_bench.tpcb import Run, Tpcb

YARDSTICKS = ((20, 600.0), (1, 300.0))


def _load(per_second: float, answered: int) -> Result:
    return Result(
        seconds=1.0,
        sent=answered,
        answered=answered,
        measured=answered,
        per_second=per_second,
        p50_ms=1.0,
        p90_ms=2.0,
        p99_ms=3.0,
        max_ms=4.0,
        statuses={"200": answered},
        markers={"68": answered},
        lost_connections=0,
        unanswered=0,
        exhausted=False,
        cpu_seconds=0.1,
        cpu_share=0.1,
        series=(answered,),
        bodies=(),
    )


def _acceptance(
    resellers: int, *, stored: int = 900, others: float = 0.0, before: int = 0
) -> Acceptance:
    return Acceptance(
        name="a",
        login=Login.SIGNATURE,
        resellers=resellers,
        stored_before=before,
        connections=64,
        load=_load(900.0, 900),
        accepted=900,
        stored=stored,
        gateway_cpu_share=0.9,
        postgres_cpu_share=0.45,
        others_cpu_share=others,
        rss_before_mb=80.0,
        rss_after_mb=81.0,
    )


def _figures(*acceptance: Acceptance) -> Figures:
    runs = tuple(Run(scale=scale, clients=8, tps=tps, latency_ms=1.0) for scale, tps in YARDSTICKS)
    return Figures(
        commit="abc",
        day="2026-01-02",
        quick=True,
        machine=describe_machine(),
        tpcb=Tpcb(spread=runs[0], hot=runs[1], runs=runs, seconds=1, settings={}),
        acceptance=list(acceptance),
    )


def test_spread_and_hot_have_their_own_yardsticks_and_goals() -> None:
    table = list(rows(_figures(_acceptance(1_000), _acceptance(1))))
    assert [(row.ratio, row.goal) for row in table[2:]] == [
        ("1.50 x", ">= 1.5 x"),
        ("3.00 x", ">= 4 x"),
    ]


def test_an_accepted_order_that_is_not_stored_is_a_problem() -> None:
    assert problems(_figures(_acceptance(1))) == []
    assert problems(_figures(_acceptance(1, stored=899))) == ["a: 900 accepted, 899 stored"]


def _charges(**changes: Any) -> Charges:
    plain: dict[str, Any] = {
        "registered": _load(3_000.0, 900), "load": _load(900.0, 900), "approved": 900,
        "stored": 900,
        "booked": 900, "repeated": 0, "told": 900, "told_after_s": 0.1, "gateway_cpu_share": 0.9,
        "postgres_cpu_share": 0.45, "others_cpu_share": 0.0, "rss_before_mb": 80.0,
        "rss_after_mb": 81.0,
    }  # fmt: skip
    return Charges(**(plain | changes))


def test_charges_have_a_row_and_nothing_may_be_charged_twice_or_left_untold() -> None:
    figures = _figures(_acceptance(1))
    figures.charges = _charges()
    assert problems(figures) == []
    assert [(row.name, row.goal, row.p99) for row in rows(figures)][-1] == (
        "Cards charged, merchants told", ">= 1,500/s", "3.0",
    )  # fmt: skip
    figures.charges = _charges(repeated=1, told=899, stored=899)
    assert [problem.split(": ")[1] for problem in problems(figures)] == [
        "900 approved, 899 stored",
        "the issuer charged 900, 1 asked for again",
        "899 of 900 told",
    ]
    figures.charges = _charges(others_cpu_share=0.5)
    assert doubts(figures) == ["charges: others used 50% of a core"]


def test_a_busy_machine_is_a_doubt() -> None:
    assert doubts(_figures(_acceptance(1))) == []
    assert doubts(_figures(_acceptance(1, others=0.5))) == ["a: others used 50% of a core"]


def test_processor_time_per_order() -> None:
    each = _acceptance(1)
    assert (round(each.gateway_us), round(each.postgres_us)) == (1_000, 500)


def test_speed_with_many_orders_stored_is_compared_with_none() -> None:
    figures = _figures(_acceptance(1), _acceptance(1, before=10_000_000))
    assert list(large_shares(figures)) == [("a", 1.0)]
    last = [row.name for row in rows(figures)][-1]
    assert last == "Accepted by signature, 1 reseller, 64 callers, 10,000,000 stored"


def test_figures_survive_their_file(tmp_path: Path) -> None:
    figures = _figures(_acceptance(1))
    figures.write(tmp_path / "var" / "bench.json")
    assert read_figures(tmp_path / "var" / "bench.json") == figures


def test_the_page_keeps_what_is_around_the_table() -> None:
    table = render(_figures(_acceptance(1)))
    page = replace_table(replace_table(NEW_PAGE + "\nMore words.\n", "old"), table)
    assert page.startswith("# Performance")
    assert page.endswith("More words.\n")
    assert page.count(START) == page.count(END) == 1
    assert "| Accepted by signature, 1 reseller, 64 callers | 900 | 3.00 x |" in page
    assert "old" not in page.partition(START)[2]


@pytest.mark.parametrize(
    ("placed", "called_back", "sustained"),
    [
        ((0, 500, 1_000), (0, 480, 980), True),
        ((0, 500, 1_000), (0, 480, 900), False),  # grows
        ((0, 400, 800), (0, 400, 800), False),  # went in too slowly
    ],
)
def test_sustained_means_in_and_out_at_the_rate(
    placed: tuple[int, int, int], called_back: tuple[int, int, int], *, sustained: bool
) -> None:
    first, half, end = (
        Progress(at=at, placed=p, final=c, called_back=c)
        for at, p, c in zip((0.0, 0.5, 1.0), placed, called_back, strict=True)
    )
    assert _keeps_up(1_000.0, first, half, end) is sustained
