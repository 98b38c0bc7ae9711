"""What nobody waits for: the truth of open attempts, expiry, settlement, promised cancels."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

import structlog

from gerbang.cards.acquirers.contract import Acquirer, Challenge, Declined, Unknown
from gerbang.cards.cancel import Cancelling
from gerbang.cards.directory import MerchantDirectory
from gerbang.cards.merchant import Merchant
from gerbang.cards.payment import AttemptState, PaymentState
from gerbang.cards.plan import ABANDONED
from gerbang.cards.record import Recorder, known_truth
from gerbang.cards.rows import attempt_from_row, payment_from_row
from gerbang.cards.store import SQL
from gerbang.cards.writes import Begun, LetTimePass, SettleRefund
from gerbang.clock import WIB
from gerbang.postgres.pool import Pool
from gerbang.repeated import Repeated

log = structlog.get_logger()

ROWS_AT_ONCE: Final = 500
QUESTIONS_CONCURRENT_MAX: Final = 16
LOOK_EVERY_S: Final = 0.5


class CardSweep:
    """One node's sweep; several nodes share the work through the database."""

    def __init__(
        self,
        *,
        recorder: Recorder,
        pool: Pool,
        directory: MerchantDirectory,
        acquirers: Mapping[str, Acquirer],
        cancelling: Cancelling,
        node: str,
    ) -> None:
        """Wire it."""
        self._recorder = recorder
        self._pool = pool
        self._directory = directory
        self._acquirers = acquirers
        self._cancelling = cancelling
        self._node = node
        self._summed = False
        self._sweeps = Repeated(self._run, every_s=LOOK_EVERY_S, complaint="cards.not_swept")
        self._turns = asyncio.Semaphore(QUESTIONS_CONCURRENT_MAX)

    def start(self) -> None:
        """Begin to look."""
        self._sweeps.start()

    async def stop(self) -> None:
        """End."""
        await self._sweeps.stop()

    async def sum_recent(self) -> None:
        """Bring the reports up to date that a node which died may have left behind."""
        for row in await self._pool.fetch(SQL.recent_settlements):
            await self._pool.execute(SQL.sum_settlement, row["id"])

    async def _run(self) -> None:
        if not self._summed:
            await self.sum_recent()
            self._summed = True
        await self.sweep()

    async def sweep(self) -> None:
        """Look at everything once."""
        await self.ask()
        await self.pass_time()
        await self.take_back()

    # --- the truth of open attempts -------------------------------------------------------------

    async def ask(self) -> int:
        """Ask acquirers about attempts that are due; gives how many were claimed."""
        rows = await self._pool.fetch(SQL.claim_due_attempts, self._node, ROWS_AT_ONCE)
        await asyncio.gather(*(self._ask_told(row) for row in rows))
        return len(rows)

    async def _ask_told(self, row: Any) -> None:
        async with self._turns:
            try:
                await self.ask_about(row["payment_id"], row["id"])
            except Exception as error:  # noqa: BLE001 (it stays open, and the others go on)
                log.warning("card_attempt.not_asked", attempt_id=row["id"], error=repr(error))

    async def ask_about(self, payment_id: int, attempt_id: int) -> None:
        """Find out what became of one attempt, and record it."""
        found = await self._pool.fetchrow(SQL.payment_by_id, payment_id)
        attempt_row = await self._pool.fetchrow(SQL.attempt_by_id, attempt_id)
        if found is None or attempt_row is None:
            return
        payment, attempt = payment_from_row(found), attempt_from_row(attempt_row)
        merchant = self._recorder.merchant(payment)
        begun = Begun(payment=payment, attempt=attempt)
        over = attempt.state is AttemptState.CHALLENGED and not attempt.request.get("handed_over")
        if over:
            # Nothing is charged before a challenge is answered, and this one's time is up.
            outcome = Declined(code=ABANDONED, message="3-D Secure was not answered in time")
            await self._recorder.record(merchant, begun, outcome)
            return
        truth = known_truth(
            await self._acquirers[merchant.acquirer].inquire(attempt.reference, attempt.kind)
        )
        if isinstance(truth, Unknown | Challenge):
            return  # the claim brings it back
        await self._recorder.record(merchant, begun, truth)
        log.info("card_attempt.truth_found", attempt_id=attempt_id, outcome=type(truth).__name__)

    # --- time -----------------------------------------------------------------------------------

    async def pass_time(self) -> int:
        """Expire, settle and release what is due by each merchant's clock; gives how many."""
        done = 0
        for sandboxed in (False, True):
            now = await self._now(sandboxed=sandboxed)
            while rows := await self._pool.fetch(SQL.due_payments, sandboxed, now, ROWS_AT_ONCE):
                passed = await self._pass(rows, now)
                done += passed
                if len(rows) < ROWS_AT_ONCE or not passed:
                    break
            await self._settle_refunds(sandboxed=sandboxed, now=now)
        return done

    async def _now(self, *, sandboxed: bool) -> datetime:
        now: datetime = await self._pool.fetchval("SELECT sandbox_now($1)", sandboxed)
        return now

    async def _pass(self, rows: Sequence[Any], now: datetime) -> int:
        by_merchant: defaultdict[int, list[Any]] = defaultdict(list)
        for row in rows:
            by_merchant[row["merchant_id"]].append(row)
        done = 0
        for merchant_id, own in by_merchant.items():
            merchant = self._directory.by_id(merchant_id)
            if merchant is None:
                continue
            settles = any(row["state"] == PaymentState.PAID for row in own)
            settlement_id = await self._settlement(merchant, now) if settles else None
            writes = [
                self._recorder.write(
                    LetTimePass(
                        merchant=merchant,
                        payment_id=row["id"],
                        at=now,
                        settlement_id=settlement_id,
                    )
                )
                for row in own
            ]
            done += sum(1 for what in await self._all_told(writes) if what)
            if settlement_id is not None:
                await self._pool.execute(SQL.sum_settlement, settlement_id)
        return done

    async def _settlement(self, merchant: Merchant, now: datetime) -> int:
        settlement_id: int = await self._pool.fetchval(
            SQL.open_settlement, merchant.id, settlement_day(merchant, now)
        )
        return settlement_id

    async def _settle_refunds(self, *, sandboxed: bool, now: datetime) -> None:
        rows = await self._pool.fetch(SQL.merchants_with_unsettled_refunds, sandboxed)
        for row in rows:
            merchant = self._directory.by_id(row["merchant_id"])
            if merchant is not None:
                await self._settle_refunds_of(merchant, now)

    async def _settle_refunds_of(self, merchant: Merchant, now: datetime) -> None:
        cut_off = last_cut_off(merchant, now)
        rows = await self._pool.fetch(SQL.unsettled_refunds, merchant.id, cut_off, ROWS_AT_ONCE)
        if not rows:
            return
        settlement_id = await self._settlement(merchant, now)
        await self._all_told(
            self._recorder.write(
                SettleRefund(
                    merchant=merchant,
                    payment_id=row["payment_id"],
                    attempt_id=row["id"],
                    settlement_id=settlement_id,
                )
            )
            for row in rows
        )
        await self._pool.execute(SQL.sum_settlement, settlement_id)

    @staticmethod
    async def _all_told(writes: Iterable[Awaitable[Any]]) -> list[Any]:
        """Wait for all; one that cannot be written stays due, and holds up nothing else."""
        results = await asyncio.gather(*writes, return_exceptions=True)
        for error in results:
            if isinstance(error, BaseException):
                log.warning("card_payment.not_moved_on", error=repr(error))
        return [result for result in results if not isinstance(result, BaseException)]

    # --- promised cancels -----------------------------------------------------------------------

    async def take_back(self) -> int:
        """Carry out automatic voids, queued cancels, and releases of old holds."""
        rows = await self._pool.fetch(SQL.cancels_wanted, ROWS_AT_ONCE)
        await asyncio.gather(*(self._take_back(row) for row in rows))
        return len(rows)

    async def _take_back(self, row: Any) -> None:
        merchant = self._directory.by_id(row["merchant_id"])
        if merchant is None:
            return
        async with self._turns:
            try:
                await self._cancelling.cancel_ours(merchant, row["id"], "promised before")
            except Exception as error:  # noqa: BLE001 (it stays wanted)
                log.warning("card_cancel.not_done", payment_id=row["id"], error=repr(error))


def last_cut_off(merchant: Merchant, now: datetime) -> datetime:
    """Give the latest cut-off that is over."""
    local = now.astimezone(WIB)
    hour = merchant.ways.settle_hour
    cut = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    return cut if cut <= local else cut - timedelta(days=1)


def settlement_day(merchant: Merchant, now: datetime) -> date:
    """Name the day of a settlement: the WIB day of its cut-off."""
    return last_cut_off(merchant, now).date()
