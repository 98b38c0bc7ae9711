"""Post last month's surcharges without being asked, where the operator's terms name a day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import structlog

from gerbang.ledger.account import HouseAccountIds
from gerbang.postgres.lane import Lane
from gerbang.postgres.pool import Pool
from gerbang.terms.charge import post_surcharges
from gerbang.terms.store import operator_terms, today
from gerbang.terms.terms import Month

log = structlog.get_logger()

LOOK_EVERY_S: Final = 600.0
ACTOR: Final = "gerbang"


def month_due(day: date, *, surcharge_day: int) -> Month | None:
    """Give the month whose surcharges are to be posted on this day; None where it is too early."""
    if not surcharge_day or day.day < surcharge_day:
        return None
    return Month.of(day.replace(day=1) - timedelta(days=1))


class MonthlySurcharge:
    """One node's calendar; several nodes may look, each month is posted once by its keys."""

    def __init__(self, *, pool: Pool, lane: Lane, house: HouseAccountIds) -> None:
        """Wire it."""
        self._pool = pool
        self._lane = lane
        self._house = house
        self._posted: Month | None = None

    async def post_due(self) -> Month | None:
        """Post what is due; gives the month that was posted now."""
        terms = await operator_terms(self._pool)
        month = month_due(await today(self._pool), surcharge_day=terms.surcharge_day)
        if month is None or month == self._posted:
            return None
        page = await post_surcharges(
            self._pool, self._lane, self._house, month=str(month), actor=ACTOR
        )
        self._posted = month
        charged = sum(1 for item in page["items"] if item["posted"])
        log.info("surcharges.posted", month=str(month), resellers=charged)
        return month
