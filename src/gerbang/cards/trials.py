"""Trials: one charge of which a merchant is told one way only, after a silence.

Of a *callback* trial the notification is held back and the browser is returned late; of a
*notification* trial the browser is not returned and the notification is sent late. An inquiry
during the silence shows that the merchant asks on a schedule, and proves nothing; one that comes
soon after the silence can only follow from what he was told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec
import structlog

from gerbang.audit import write_audit
from gerbang.cards.apply import PaymentEvent
from gerbang.cards.evidence_sql import SQL
from gerbang.cards.news import PaymentNews
from gerbang.dialects.nicepay.pages import ResultView, page_answer, result_page
from gerbang.errors import BadInputError, NotFoundError
from gerbang.orders.writes import DueCallbackRow
from gerbang.outbound.message import Answered
from gerbang.postgres.pool import Connection, Pool
from gerbang.repeated import Repeated

if TYPE_CHECKING:
    from asyncio import Task

log = structlog.get_logger()

TRIAL_VALID_S: Final = 1_800
LOOK_EVERY_S: Final = 1.0
SILENCE_S: Final = 5.0
"""How long nothing tells the merchant of the charge."""
SOON_S: Final = 15.0
"""How soon after it the inquiry must come."""
HELD_BACK_S: Final = 600.0
KINDS: Final = ("callback", "notification")
RETURN_FORM: Final = b'id="callbackFrm"'
SUCCESS: Final = "0000"

Send = Callable[[DueCallbackRow], None]


class _Running(msgspec.Struct, frozen=True, kw_only=True):
    """A trial with its charge."""

    number: int
    kind: str


class Trials:
    """The trials of one node; every node sees those that were armed at another."""

    def __init__(self, pool: Pool) -> None:
        """Keep them in the database."""
        self.silence_s = SILENCE_S
        self.soon_s = SOON_S
        self._pool = pool
        self._armed: dict[int, _Running] = {}
        """Those that wait for a charge, by merchant."""
        self._running: dict[str, _Running] = {}
        """Those whose charge came by here, by tXid."""
        self._looks = Repeated(self._look, every_s=LOOK_EVERY_S, complaint="trials.not_read")
        self._holding: set[Task[None]] = set()

    def start(self) -> None:
        """Begin to look for trials that other nodes armed."""
        self._looks.start()

    async def stop(self) -> None:
        """End."""
        await self._looks.stop()
        for task in self._holding:
            task.cancel()
        await asyncio.gather(*self._holding, return_exceptions=True)

    @property
    def is_any_running(self) -> bool:
        """Whether a page that passes by may be of a trial."""
        return bool(self._running)

    # --- arming -----------------------------------------------------------------------------------

    async def arm(self, imid: str, kind: str, *, actor: str) -> dict[str, Any]:
        """Arm the next charge of a merchant."""
        if kind not in KINDS:
            raise BadInputError(f"kind: {' or '.join(KINDS)}", {"kind": "not known"})
        async with self._pool.acquire() as connection, connection.transaction():
            merchant_id = await merchant_id_of(connection, imid)
            row = await connection.fetchrow(SQL.arm_trial, merchant_id, kind, TRIAL_VALID_S)
            assert row is not None  # noqa: S101 (it was just written)
            await write_audit(
                connection,
                actor=actor,
                action="merchant.trial_armed",
                subject=f"merchant:{imid}",
                after={"kind": kind},
            )
        self._armed[merchant_id] = _Running(number=row["id"], kind=kind)
        return dict(row)

    async def show(self, imid: str) -> list[dict[str, Any]]:
        """Show a merchant's latest trials and what came of them."""
        merchant_id = await merchant_id_of(self._pool, imid)
        return [dict(row) for row in await self._pool.fetch(SQL.trials_of, merchant_id)]

    async def _look(self) -> None:
        await self._pool.fetch(SQL.end_old_trials)
        rows = await self._pool.fetch(SQL.open_trials)
        self._armed = {
            row["merchant_id"]: _Running(number=row["id"], kind=row["kind"])
            for row in rows
            if row["payment_id"] is None
        }

    # --- the charge -------------------------------------------------------------------------------

    def told(self, row: DueCallbackRow, send: Send) -> None:
        """Send a notification on, unless a trial is about its charge."""
        news = row.snapshot
        is_charge = row.event == PaymentEvent.CHARGED.value and isinstance(news, PaymentNews)
        trial = self._armed.pop(row.merchant_id or 0, None) if is_charge else None
        if trial is None:
            send(row)
            return
        self._running[news.payment.txid] = trial
        task = asyncio.create_task(self._notify_late(trial, row, send))
        self._holding.add(task)
        task.add_done_callback(self._holding.discard)

    async def _notify_late(self, trial: _Running, row: DueCallbackRow, send: Send) -> None:
        """Note what the trial is about; should the database be away, the claim runs out."""
        await self._pool.fetchval(SQL.bind_trial, trial.number, row.order_id, row.id)
        if trial.kind == "callback":
            held = await self._pool.fetchval(SQL.hold_back, trial.number, row.id, HELD_BACK_S)
            if held is None:
                send(row)
            return
        await asyncio.sleep(self.silence_s)
        await self._end_silence(trial)
        send(row)

    async def returned(self, txid: str, code: str, answer: Answered) -> Answered:
        """Give what the browser gets: of a trial's charge late, or nothing that leads back."""
        if code != SUCCESS or RETURN_FORM not in answer.body:
            return answer
        trial = self._running.pop(txid, None)
        if trial is None:
            return answer
        if trial.kind == "notification":
            return _not_returned(txid)
        await asyncio.sleep(self.silence_s)
        await self._end_silence(trial)
        return answer

    async def _end_silence(self, trial: _Running) -> None:
        """Note when; a trial that this cannot be noted of is never proved."""
        try:
            await self._pool.fetchval(SQL.trial_told, trial.number, datetime.now(UTC))
        except Exception as error:  # noqa: BLE001 (the merchant is told all the same)
            log.warning("trial.not_noted", error=repr(error))

    # --- the inquiry ------------------------------------------------------------------------------

    async def inquired(self, payment_id: int, at: datetime) -> None:
        """Judge a trial by an inquiry, and let go of a notification that was held back."""
        judged = await self._pool.fetchrow(SQL.judge_trial, payment_id, at, self.soon_s)
        if judged is not None and judged["kind"] == "callback":
            await self._pool.fetchval(SQL.let_go, judged["callback_id"])


async def merchant_id_of(connection: Connection | Pool, imid: str) -> int:
    """Give a merchant's number."""
    row = await connection.fetchrow(SQL.merchant_features, imid)
    if row is None:
        raise NotFoundError(f"no merchant {imid}")
    return int(row["id"])


def _not_returned(txid: str) -> Answered:
    """Leave the browser here: only the notification can tell the merchant now."""
    fields = {"resultCd": SUCCESS, "resultMsg": "SUCCESS", "tXid": txid}
    page = result_page(ResultView(language="id", result_cd=SUCCESS, fields=fields, txid=txid))
    return page_answer(page)
