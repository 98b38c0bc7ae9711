"""What no log, no table and no transcript of a card test may hold; looked for after every one."""

from __future__ import annotations

import re
from typing import Final

from gerbang.postgres.pool import Connection, Pool

FORBIDDEN: Final = (
    # every number that card tests pay with, as it is and in groups of four
    r"443426[ -]?0{2}[ -]?0{4}[ -]?\d{4}|4434 2600|512345[ -]?0{2}[ -]?0{4}[ -]?\d{4}|5123 4500"
    r"|378282246310005|4111111111111111|4222222222222222|4561347179821189|6011111111111117"
    # security codes and one-time passwords by their names
    r"|[cC][vV][vV][\"']? *[:=] *[\"']?\d{3,4}|\yotp[\"']? *[:=] *[\"']?\d{4}"
    # the merchants' key
    r"|SIMKEY/abc"
)
"""In the words of PostgreSQL; Python's differ in the edge of a word."""
_FORBIDDEN: Final = re.compile(FORBIDDEN.replace(r"\y", r"\b"))

_TABLES: Final = """
SELECT string_agg(format('SELECT %L::text AS place, left(substring(t::text FROM $1), 6) AS found'
                         ' FROM %I t WHERE t::text ~ $1', table_name, table_name), ' UNION ALL ')
  FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'
"""


async def secrets_kept(pool: Pool | Connection) -> list[str]:
    """Name the tables of a database that hold what they must not."""
    searching = await pool.fetchval(_TABLES)
    return [f"{row[0]}: {row[1]}…" for row in await pool.fetch(searching, FORBIDDEN)]


def secrets_said(text: str) -> list[str]:
    """Give the beginnings of what a text must not say."""
    return [f"{found[:6]}…" for found in _FORBIDDEN.findall(text)]
