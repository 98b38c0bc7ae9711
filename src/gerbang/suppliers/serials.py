"""Two orders with one serial number at one supplier: found soon after, and given to a person.

It runs beside the orders, never in their way: one node at a time reads what suppliers said since
the last look. Money stays as it is, for nobody knows yet which of the two was delivered.
"""

from __future__ import annotations

import hashlib
from typing import Final

import structlog

from gerbang.postgres.pool import Connection, Pool
from gerbang.postgres.sql import load_queries
from gerbang.recon.match import bare_serial
from gerbang.repeated import Repeated

log = structlog.get_logger()
SQL = load_queries("gerbang.suppliers", "serials.sql")

LOOK_EVERY_S: Final = 5.0
MESSAGES_AT_ONCE: Final = 20_000
SETTLED_AFTER_S: Final = 10
"""Messages become visible in another order than their numbers; none takes as long as this."""
KEEP_DAYS: Final = 90
SERIAL_CHARS_MIN: Final = 6
"""Shorter ones ("-", "OK", "1234") are no serial numbers."""


class SerialWatch:
    """One node's watch; several share the work through a locked row."""

    def __init__(self, pool: Pool, *, settled_after_s: int = SETTLED_AFTER_S) -> None:
        """Wire it."""
        self._pool = pool
        self._settled_after_s = settled_after_s
        self._looks = Repeated(
            self._catch_up, every_s=LOOK_EVERY_S, complaint="serials.not_compared", at_once=False
        )

    def start(self) -> None:
        """Begin to compare."""
        self._looks.start()

    async def stop(self) -> None:
        """End."""
        await self._looks.stop()

    async def _catch_up(self) -> None:
        while await self.compare():
            pass

    async def compare(self) -> bool:
        """Compare the next messages; gives whether there may be more."""
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(SQL.lock_watch)
            if row is None:
                return False
            begin: int = row["message_id"]
            end: int = await connection.fetchval(
                SQL.newest_message, begin, MESSAGES_AT_ONCE, self._settled_after_s
            )
            if end == begin:
                return False
            await self._compare(connection, begin, end)
            await connection.execute(SQL.move_on, end)
            await connection.execute(SQL.forget, KEEP_DAYS)
            return end - begin >= MESSAGES_AT_ONCE

    async def _compare(self, connection: Connection, begin: int, end: int) -> None:
        found = [
            (row["supplier_id"], hashed, row["id"], row["order_id"])
            for row in await connection.fetch(SQL.delivered_between, begin, end)
            if (hashed := serial_hash(row["sn"])) is not None
        ]
        if not found:
            return
        suppliers, hashes, attempts, orders = (list(part) for part in zip(*found, strict=True))
        await connection.execute(SQL.keep_serials, suppliers, hashes, attempts)
        for row in await connection.fetch(SQL.same_serials, suppliers, hashes, attempts, orders):
            detail = {
                "supplier": row["code"],
                "sn": row["sn"],
                "other_order_id": row["other_order_id"],
                "other_attempt_id": row["other_attempt_id"],
            }
            subject = f"attempt:{row['attempt_id']}:serial_number_shared"
            values = (subject, row["order_id"], row["attempt_id"], detail)
            if await connection.fetchval(SQL.open_case, *values) is not None:
                log.warning("order.serial_number_shared", order_id=row["order_id"], **detail)


def serial_hash(sn: str) -> int | None:
    """Hash the letters and digits of a serial number; None where it is too short to be one."""
    bare = bare_serial(sn)
    if len(bare) < SERIAL_CHARS_MIN:
        return None
    digest = hashlib.blake2b(bare.encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)
