"""The last statement of a batch as text, so that it leaves in one message with COMMIT.

The driver waits for the answer of each statement with arguments. Between a write and its COMMIT
that would cost a round trip, with the accounts locked all the while. A statement that is prepared
by name can be executed by plain text, and plain text may hold several statements.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from weakref import WeakSet

import msgspec

from gerbang.postgres.pool import Connection
from gerbang.postgres.sql import load_queries, quote_literal

SQL = load_queries("gerbang.orders", "batch.sql")

_NAME: Final = "write_placed"


class Endings:
    """Prepares on each connection once, and writes the text that executes."""

    def __init__(self) -> None:
        self._prepared: WeakSet[Connection] = WeakSet()

    async def write_placed(self, connection: Connection, arguments: Sequence[Any]) -> str:
        """Give the text that writes what was placed; it raises unless all accounts were found."""
        if connection not in self._prepared:
            await connection.execute(f"PREPARE {_NAME} AS {SQL.write_placed}")
            self._prepared.add(connection)
        return f"EXECUTE {_NAME}({', '.join([_argument(value) for value in arguments])}); "


def _argument(value: Any) -> str:
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return quote_literal(value)
    if isinstance(value, datetime):
        return quote_literal(value.isoformat())
    return quote_literal(msgspec.json.encode(value).decode())
