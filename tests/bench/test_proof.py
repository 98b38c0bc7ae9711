"""Facts go from a test to the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from gerbang_bench.machine import describe_machine
from gerbang_bench.prove import Outcome, read_facts, render
from proof import record
from scale import PROVING, scale


def test_scale_is_small_unless_proving() -> None:
    assert scale(3, 1_000) == (1_000 if PROVING else 3)


def test_recorded_facts_are_in_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "deep" / "proof.jsonl"
    monkeypatch.setenv("GERBANG_PROOF_FILE", str(file))
    record("kills of a node", seed=7, orders=20_000, sent_twice=0)
    record("another", note="a|b")
    facts = read_facts(file)
    outcome = Outcome(passed=True, summary="2 passed", minutes=3.2)
    page = render(facts, outcome, machine=describe_machine(), commit="abc", day="2026-01-02")
    assert "All of them passed. 2 passed, 3 minutes" in page
    small = "" if PROVING else " (small count)"
    assert f"| kills of a node{small} | seed 7, orders 20,000, sent twice 0 |" in page
    assert "note a\\|b" in page
    assert page.index("another") < page.index("kills of a node")


def test_no_facts_no_rows(tmp_path: Path) -> None:
    assert read_facts(tmp_path / "none.jsonl") == []
