"""Find payments by tXid; calls that come together share one question to the database.

Each question begins after the calls that it answers, so nobody is shown an older state than the
one he may already know of.
"""

from __future__ import annotations

import asyncio

from gerbang.cards.payment import Payment
from gerbang.cards.rows import payment_from_row
from gerbang.cards.store import SQL
from gerbang.postgres.pool import Pool


class PaymentFinder:
    """Gathers what is asked while the question before is on its way."""

    def __init__(self, pool: Pool) -> None:
        """Ask over a pool."""
        self._pool = pool
        self._waiting: dict[str, list[asyncio.Future[Payment | None]]] = {}
        self._asking: asyncio.Task[None] | None = None

    async def find(self, txid: str) -> Payment | None:
        """Read a payment."""
        future: asyncio.Future[Payment | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(txid, []).append(future)
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask_all())
        return await future

    async def _ask_all(self) -> None:
        try:
            while self._waiting:
                waiting, self._waiting = self._waiting, {}
                await self._ask(waiting)
        finally:
            self._asking = None

    async def _ask(self, waiting: dict[str, list[asyncio.Future[Payment | None]]]) -> None:
        try:
            rows = await self._pool.fetch(SQL.payments_by_txid, list(waiting))
        except Exception as error:  # noqa: BLE001 (it goes to each caller)
            for future in _unanswered(waiting):
                future.set_exception(error)
        else:
            found = {row["txid"]: row for row in rows}
            for txid, futures in waiting.items():
                for future in (each for each in futures if not each.done()):
                    row = found.get(txid)
                    future.set_result(payment_from_row(row) if row is not None else None)
        finally:
            for future in _unanswered(waiting):  # nobody asks any more: the gateway stops
                future.cancel()


def _unanswered(
    waiting: dict[str, list[asyncio.Future[Payment | None]]],
) -> list[asyncio.Future[Payment | None]]:
    return [future for futures in waiting.values() for future in futures if not future.done()]
