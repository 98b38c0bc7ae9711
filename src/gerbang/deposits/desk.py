"""The deposit desk of a node: opens tickets, takes the bank's lines, and credits what is exact."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from gerbang.clock import Clock
from gerbang.deposits.credit import match_waiting, post_waiting
from gerbang.deposits.line import NewLine
from gerbang.deposits.open import open_ticket
from gerbang.deposits.record import record_lines
from gerbang.deposits.store import SQL
from gerbang.deposits.ticket import TicketTerms
from gerbang.dialects.contract import Refusal, TicketRequest, TicketView
from gerbang.ledger.account import HouseAccountIds
from gerbang.postgres.lane import Lane
from gerbang.postgres.pool import Pool
from gerbang.repeated import Repeated

LOOK_EVERY_S: Final = 1.0


class DepositDesk:
    """One node's desk; several nodes share the work through the database."""

    def __init__(
        self, *, pool: Pool, lane: Lane, house: HouseAccountIds, clock: Clock, terms: TicketTerms
    ) -> None:
        """Wire it."""
        self._pool = pool
        self._lane = lane
        self._house = house
        self._clock = clock
        self._terms = terms
        self._sweeps = Repeated(self.sweep, every_s=LOOK_EVERY_S, complaint="deposits.not_swept")

    # --- life -------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to close tickets, and to finish what others left."""
        self._sweeps.start()

    async def stop(self) -> None:
        """End."""
        await self._sweeps.stop()

    async def sweep(self) -> None:
        """Close tickets whose time is up, release old totals, judge lines, carry out credits."""
        await self._pool.fetch(SQL.expire_tickets, None)
        await self._pool.fetch(SQL.release_totals)
        await self.credit()

    # --- what is asked ----------------------------------------------------------------------------

    async def open_ticket(self, reseller_id: int, request: TicketRequest) -> TicketView | Refusal:
        """Open a ticket, or give the open one for the same amount."""
        return await open_ticket(self._pool, reseller_id, request, self._terms)

    async def take_lines(self, lines: Sequence[NewLine], *, source: str) -> dict[str, Any]:
        """Keep one file's or message's lines, judge and credit; say what became of each."""
        taken = await record_lines(self._pool, lines, source=source, now=self._clock.now())
        await self.credit()
        ids = [one.id for one in taken if one.id is not None]
        states = {row["id"]: row for row in await self._pool.fetch(SQL.lines_by_id, ids)}
        items: list[dict[str, Any]] = []
        for one in taken:
            item = msgspec.to_builtins(one)
            row = states.get(one.id or 0)
            if row is not None and one.status != "refused":
                why = row["explanation"].get("why", "")
                item |= {"state": row["state"], "verdict": row["verdict"], "why": why}
            items.append(item)
        counts = {word: sum(item["status"] == word for item in items) for word in _TAKINGS}
        return {"items": items, **counts}

    async def credit(self) -> int:
        """Judge every waiting line and carry out every intention; gives how many were credited."""
        while await match_waiting(self._pool):
            pass
        return await post_waiting(self._pool, self._lane, self._house)


_TAKINGS: Final = ("new", "known", "refused")
