"""Facts that a test leaves behind for docs/proof.md: what was done how often, with which seed."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from scale import PROVING

DEFAULT: Final = Path(__file__).parents[1] / "var" / "proof.jsonl"


def proof_file() -> Path:
    """Give the file; GERBANG_PROOF_FILE names another one."""
    return Path(os.environ.get("GERBANG_PROOF_FILE") or DEFAULT)


def record(name: str, **facts: Any) -> None:
    """Append one line, such as ``record("retries", seed=7, orders=1000, sent_twice=0)``.

    Runs of several processes may write at once: each line is one write.
    """
    line = {"name": name, "at": datetime.now(UTC).isoformat(), "full": PROVING, "facts": facts}
    path = proof_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab", buffering=0) as file:
        file.write(msgspec.json.encode(line) + b"\n")
