"""``make prove``: all tests with the full counts; writes docs/proof.md from what they recorded."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from gerbang_bench.machine import ROOT, Machine, describe, describe_commit, describe_machine

FACTS_FILE = ROOT / "var" / "proof.jsonl"
PAGE = ROOT / "docs" / "proof.md"


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One line that a test recorded."""

    name: str
    at: str
    full: bool
    facts: dict[str, Any]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How pytest ended."""

    passed: bool
    summary: str
    minutes: float


def read_facts(path: Path) -> list[Fact]:
    """Read what was recorded in this run."""
    if not path.exists():
        return []
    return [msgspec.json.decode(line, type=Fact) for line in path.read_bytes().splitlines()]


def render(
    facts: Sequence[Fact], outcome: Outcome, *, machine: Machine, commit: str, day: str
) -> str:
    """Write the page."""
    verdict = "All of them passed." if outcome.passed else "**Not all of them passed.**"
    lines = [
        "# Proof",
        "",
        "What `make prove` did last: every test with its full count. Generated; do not edit.",
        "",
        f"- {verdict} {outcome.summary}, {outcome.minutes:.0f} minutes",
        f"- Commit {commit}, {day}",
        f"- {describe(machine)}",
        "",
        "| Proof | Facts |",
        "|---|---|",
        *(_row(fact) for fact in sorted(facts, key=lambda fact: fact.name)),
        "",
    ]
    return "\n".join(lines)


def _row(fact: Fact) -> str:
    said = ", ".join(f"{name.replace('_', ' ')} {_value(v)}" for name, v in fact.facts.items())
    size = "" if fact.full else " (small count)"
    return f"| {fact.name}{size} | {said} |".replace("\n", " ")


def _value(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}" if value >= 10_000 else str(value)
    return str(value).replace("|", "\\|")


def _run_tests(arguments: Sequence[str]) -> Outcome:
    started = time.monotonic()
    env = {**os.environ, "GERBANG_PROVE": "1", "GERBANG_PROOF_FILE": os.fspath(FACTS_FILE)}
    command = [sys.executable, "-m", "pytest", *arguments]
    last = ""
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as tests:
        for line in tests.stdout or ():
            print(line, end="", flush=True)
            last = line.strip(" =\n") or last
    minutes = (time.monotonic() - started) / 60
    return Outcome(passed=tests.returncode == 0, summary=last, minutes=minutes)


def main(arguments: Sequence[str]) -> int:
    """Run the tests (arguments go to pytest), write the page, say whether all passed."""
    FACTS_FILE.parent.mkdir(parents=True, exist_ok=True)
    FACTS_FILE.unlink(missing_ok=True)
    machine, commit = describe_machine(), describe_commit()
    outcome = _run_tests(arguments)
    facts = read_facts(FACTS_FILE)
    day = datetime.now(UTC).date().isoformat()
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(
        render(facts, outcome, machine=machine, commit=commit, day=day), encoding="utf-8"
    )
    print(f"{PAGE.relative_to(ROOT)}: {len(facts)} facts")
    return 0 if outcome.passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
