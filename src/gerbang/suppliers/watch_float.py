"""Watch our float at suppliers: read it with every answer and by asking, compare, raise alarms."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Final, Protocol

import msgspec
import structlog

from gerbang.clock import Clock
from gerbang.dialects.dialect import Dialect
from gerbang.errors import ConflictError, NotFoundError
from gerbang.money import RUPIAH_MAX
from gerbang.outbound.addresses import AddressPolicy
from gerbang.outbound.client import OutboundClient
from gerbang.outbound.message import Answered
from gerbang.postgres.pool import Connection, Pool
from gerbang.postgres.sql import load_queries
from gerbang.repeated import Repeated
from gerbang.suppliers.float_position import (
    Alarm,
    Explained,
    FloatLimits,
    FloatState,
    Reading,
    explained,
    float_limits,
    judge,
    spanning,
)
from gerbang.suppliers.supplier import Supplier

log = structlog.get_logger()
SQL = load_queries("gerbang.suppliers", "float.sql")

FLUSH_EVERY_S: Final = 3.0
LOOK_EVERY_S: Final = 2.0
ASKED_AT_ONCE_MAX: Final = 20
QUESTION_TIMEOUT_MS_MAX: Final = 30_000


class SupplierDirectory(Protocol):
    """Suppliers, from memory."""

    def channel(self, supplier_id: int) -> Supplier | None:
        """Give a supplier."""
        ...


class FloatSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The node's settings of these names."""

    float_read_interval_s: int
    float_tolerance: int
    float_difference_readings_min: int


class FloatWatch:
    """Keeps what suppliers say of our float near what our ledger says."""

    def __init__(
        self,
        *,
        pool: Pool,
        outbound: OutboundClient,
        directory: SupplierDirectory,
        dialects: Mapping[str, Dialect],
        clock: Clock,
        addresses: AddressPolicy,
        settings: FloatSettings,
        observe: Callable[[Reading], None] | None = None,
    ) -> None:
        """Prepare; `observe` hears of every reading."""
        self._pool = pool
        self._outbound = outbound
        self._directory = directory
        self._dialects = dialects
        self._clock = clock
        self._addresses = addresses
        self._settings = settings
        self._observe = observe
        self._notes: dict[int, tuple[int, datetime]] = {}
        self._timers = [_timer(self.flush, every_s=FLUSH_EVERY_S)]
        if settings.float_read_interval_s:
            self._timers.append(_timer(self.ask_due, every_s=LOOK_EVERY_S))

    # --- life ------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to write notes, and to ask where the interval is not 0."""
        for timer in self._timers:
            timer.start()

    async def stop(self) -> None:
        """End; notes of the last seconds are left to the next question."""
        for timer in self._timers:
            await timer.stop()

    # --- with every answer -----------------------------------------------------------------------

    def note(self, supplier_id: int, reported: int) -> None:
        """Note a balance that came with an answer; it is written within seconds."""
        if abs(reported) <= RUPIAH_MAX:
            self._notes[supplier_id] = (reported, self._clock.now())

    async def flush(self) -> None:
        """Write the newest note of each supplier."""
        notes, self._notes = self._notes, {}
        if notes:
            await self._pool.execute(SQL.make_watches)
        for supplier_id, (reported, at) in notes.items():
            await self._record(supplier_id, reported, None, at=at)

    # --- by asking -------------------------------------------------------------------------------

    async def ask_due(self) -> None:
        """Ask the suppliers whose turn it is; another node leaves these alone."""
        await self._pool.execute(SQL.make_watches)
        interval_s = self._settings.float_read_interval_s
        due = await self._pool.fetch(SQL.claim_due, interval_s, ASKED_AT_ONCE_MAX)
        results = await asyncio.gather(*(self.ask(row[0]) for row in due), return_exceptions=True)
        for row, result in zip(due, results, strict=True):
            if isinstance(result, Exception):
                log.warning(
                    "supplier.float_not_read", supplier_id=row["supplier_id"], error=str(result)
                )

    async def ask(self, supplier_id: int) -> Reading:
        """Ask one supplier now. Raises ConflictError where it cannot say."""
        supplier = self._directory.channel(supplier_id)
        if supplier is None:
            raise NotFoundError(f"no supplier {supplier_id}")
        client = self._dialects[supplier.view.dialect].client
        wanted = supplier.view.settings.get("float.ask") is not False
        request = client.ask_balance(supplier.view, now=self._clock.now()) if wanted else None
        if request is None:
            raise ConflictError(f"supplier {supplier.view.code} is not asked for its balance")
        await self._pool.execute(SQL.make_watches)
        before = await self._explained(supplier.view.code)
        result = await self._outbound.send(
            request,
            deadline_ms=min(supplier.timeout_ms, QUESTION_TIMEOUT_MS_MAX),
            purpose="question",
            addresses=self._addresses,
        )
        at = self._clock.now()
        reported = (
            client.read_balance(supplier.view, result) if isinstance(result, Answered) else None
        )
        if reported is None or abs(reported) > RUPIAH_MAX:
            problem = "unreadable answer" if isinstance(result, Answered) else result.error
            await self._pool.execute(SQL.write_ask_error, supplier_id, at, problem)
            raise ConflictError(f"{supplier.view.code} did not say its balance: {problem}")
        range_ = spanning(before, await self._explained(supplier.view.code))
        return await self._record(supplier_id, reported, range_.difference(reported), at=at)

    async def _explained(self, code: str) -> Explained:
        row = await self._pool.fetchrow(SQL.positions, code)
        if row is None:
            raise NotFoundError(f"no supplier {code}")
        return explained(ledger=row["ledger"], in_flight=row["in_flight"])

    # --- recording -------------------------------------------------------------------------------

    async def _record(
        self, supplier_id: int, reported: int, difference: int | None, *, at: datetime
    ) -> Reading:
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(SQL.lock_state, supplier_id)
            if row is None:
                raise NotFoundError(f"supplier {supplier_id} is not watched")
            limits = self._limits(row)
            judged = judge(
                FloatState(
                    differing_readings=row["differing_readings"],
                    differs_case=row["differs_case"],
                    low_case=row["low_case"],
                ),
                row["code"],
                reported=reported,
                difference=difference,
                limits=limits,
                now=at,
            )
            asked_at = None if difference is None else at
            await _write(connection, supplier_id, judged.state, difference, asked_at)
            await connection.execute(SQL.write_reported, supplier_id, reported, at)
            detail = {"reported": reported, "difference": difference, "supplier": row["code"]}
            for alarm in judged.alarms:
                await _tell(connection, alarm, {**detail, "alarm_below": limits.alarm_below})
        low = bool(judged.state.low_case)
        reading = Reading(supplier=row["code"], reported=reported, difference=difference, low=low)
        if self._observe is not None:
            self._observe(reading)
        return reading

    def _limits(self, row: Any) -> FloatLimits:
        return float_limits(
            row["settings"],
            float_min=row["float_min"],
            tolerance=self._settings.float_tolerance,
            readings_min=self._settings.float_difference_readings_min,
        )


async def _write(
    connection: Connection,
    supplier_id: int,
    state: FloatState,
    difference: int | None,
    asked_at: datetime | None,
) -> None:
    await connection.execute(
        SQL.write_state,
        supplier_id,
        state.differing_readings,
        state.differs_case,
        state.low_case,
        difference,
        asked_at,
    )


async def _tell(connection: Connection, alarm: Alarm, detail: dict[str, Any]) -> None:
    """Open or close the case of an alarm, and log it."""
    if alarm.over:
        await connection.execute(SQL.close_case, alarm.subject, f"float is {detail['reported']}")
        log.info("supplier.float_recovered", kind=alarm.kind, **detail)
        return
    await connection.execute(SQL.open_case, alarm.kind, alarm.subject, detail)
    log.warning("supplier.float_alarmed", kind=alarm.kind, **detail)


def _timer(work: Callable[[], Awaitable[object]], *, every_s: float) -> Repeated:
    return Repeated(work, every_s=every_s, complaint="supplier.float_not_watched", at_once=False)
