"""``gerbang serve`` with short claims, so that a test need not wait minutes for a dead node's work.

Nothing else is changed; the full runs (GERBANG_PROVE=1) serve without this file.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any

import gerbang.application  # noqa: F401 (whose modules are changed below)
from gerbang.cli.main import app
from gerbang.postgres.sql import Queries


def shorten(name: str, value: Any) -> None:
    """Replace a constant wherever it was imported to; it must be somewhere."""
    holders = [m for m in _modules() if name in vars(m)]
    assert holders, name
    for module in holders:
        setattr(module, name, value)


def shorten_claims(statement: str, before: str, after: str) -> None:
    """Replace an interval in a named statement; it must be there."""
    done = 0
    for module in _modules():
        for queries in [q for q in vars(module).values() if isinstance(q, Queries)]:
            text = queries._statements.get(statement, "")
            done += before in text
            queries._statements[statement] = text.replace(before, after)
    assert done, statement


def _modules() -> list[Any]:
    return [m for n, m in list(sys.modules.items()) if n.startswith("gerbang")]


if __name__ == "__main__":
    shorten("PREPARED_CLAIM_MS", 5_000)
    shorten("CALLBACK_CLAIM", timedelta(seconds=5))
    shorten("CLAIM_SLACK_MS", 2_000)
    shorten_claims("claim_due_attempts", "60 seconds", "6 seconds")
    shorten_claims("claim_due_callbacks", "60 seconds", "5 seconds")
    sys.argv[0] = "gerbang"
    app()
