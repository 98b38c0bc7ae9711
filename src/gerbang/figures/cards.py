"""What acquirers answered, by day, merchant, brand and acquirer: volume, approvals, declines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date
from typing import Final

import msgspec

from gerbang.cards.card import brand_of
from gerbang.clock import days_between
from gerbang.postgres.pool import Connection, Pool, Record
from gerbang.postgres.sql import load_queries

SQL = load_queries("gerbang.figures", "figures.sql")
TRIES: Final = frozenset({"charge", "hold"})
"""What a holder's bank is asked: their approvals and declines make the approval rate."""
SALES: Final = frozenset({"charge", "capture"})
"""What takes money; a hold only keeps it."""
BACK: Final = frozenset({"refund", "void"})


class CardSum(msgspec.Struct, frozen=True, kw_only=True):
    """Attempts of one day that are alike."""

    day: date
    imid: str
    acquirer: str
    brand: str
    kind: str
    state: str
    code: str
    attempts: int
    amount: int


class Figures(msgspec.Struct, kw_only=True):
    """What is told of some attempts."""

    approved: int = 0
    declined: int = 0
    open: int = 0
    """Not known yet, or given up before the bank was asked."""
    sales: int = 0
    volume: int = 0
    back: int = 0

    def add(self, one: CardSum) -> None:
        """Add attempts that are alike."""
        if one.kind in TRIES:
            if one.state == "approved":
                self.approved += one.attempts
            elif one.state == "declined":
                self.declined += one.attempts
            else:
                self.open += one.attempts
        if one.state == "approved" and one.kind in SALES:
            self.sales += one.attempts
            self.volume += one.amount
        if one.state == "approved" and one.kind in BACK:
            self.back += one.amount

    @property
    def tries(self) -> int:
        """Tries whose answer is known."""
        return self.approved + self.declined

    @property
    def basis_points(self) -> int | None:
        """Give the approval rate in basis points; None where nobody was asked."""
        return self.approved * 10_000 // self.tries if self.tries else None


async def read_card_day(connection: Connection | Pool, day: date) -> list[CardSum]:
    """Sum one day from its attempts."""
    return _by_brand(day, await connection.fetch(SQL.card_attempts_of_day, day))


async def read_card_sums(pool: Pool, first: date, last: date) -> list[CardSum]:
    """Give the sums of the days, from those that are counted, and from attempts for the others."""
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
        kept = {row[0] for row in await connection.fetch(SQL.kept_card_days, first, last)}
        rows = await connection.fetch(SQL.card_sums, sorted(kept))
        sums = [CardSum(**dict(row)) for row in rows]
        for day in days_between(first, last):
            if day not in kept:
                sums += await read_card_day(connection, day)
    return sums


def group(sums: Iterable[CardSum], name: Callable[[CardSum], str]) -> dict[str, Figures]:
    """Add up by what `name` gives, the largest volume first."""
    found: defaultdict[str, Figures] = defaultdict(Figures)
    for one in sums:
        found[name(one)].add(one)
    return dict(sorted(found.items(), key=lambda item: (-item[1].volume, -item[1].tries, item[0])))


def declines(sums: Iterable[CardSum]) -> list[tuple[str, int, int]]:
    """Give result codes of declined tries with how many and how much, the most first."""
    counts: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for one in sums:
        if one.kind in TRIES and one.state == "declined":
            counts[one.code][0] += one.attempts
            counts[one.code][1] += one.amount
    found = [(code, number, amount) for code, (number, amount) in counts.items()]
    return sorted(found, key=lambda row: (-row[1], row[0]))


def _by_brand(day: date, rows: Iterable[Record]) -> list[CardSum]:
    found: defaultdict[tuple[str, ...], list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        brand = str(brand_of(row["digits"])) if row["digits"] else ""
        alike = (row["imid"], row["acquirer"], brand, row["kind"], row["state"], row["code"])
        found[alike][0] += row["attempts"]
        found[alike][1] += row["amount"]
    return [
        CardSum(
            day=day, imid=imid, acquirer=acquirer, brand=brand, kind=kind, state=state, code=code,
            attempts=number, amount=amount,
        )
        for (imid, acquirer, brand, kind, state, code), (number, amount) in found.items()
    ]  # fmt: skip
