"""Evidence for merchants' checklists: seen behind the answers, never in their way.

Answers of the card dialect pass by here. What they prove is written by a task of its own; a
queue that is full loses evidence, never a payment. Trials are the exception: a charge that an
armed trial is about has its notification held back, or its browser not returned.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import msgspec
import structlog

from gerbang.callbacks.doctor import Finding, diagnose
from gerbang.cards.apply import PaymentEvent
from gerbang.cards.checklist import (
    BY_PERSON,
    ChecklistItem,
    Facts,
    case_of,
    is_passed,
    judge,
    sheet,
)
from gerbang.cards.merchant import Features
from gerbang.cards.news import PaymentNews
from gerbang.dialects.nicepay.client import hidden_inputs
from gerbang.dialects.nicepay.pages import ResultView, page_answer, result_page
from gerbang.errors import BadInputError, ConflictError, NotFoundError
from gerbang.ledger.credit import check_text
from gerbang.orders.writes import DueCallbackRow
from gerbang.outbound.addresses import AddressPolicy
from gerbang.outbound.client import OutboundClient
from gerbang.outbound.message import Answered, HttpRequest, InboundRequest
from gerbang.postgres.pool import Connection, Pool
from gerbang.postgres.sql import load_queries

if TYPE_CHECKING:
    from gerbang.cards.desk import CardDesk

log = structlog.get_logger()

SQL: Final = load_queries("gerbang.cards", "evidence.sql")
QUEUE_MAX: Final = 1_000
TRIAL_VALID_S: Final = 1_800
TRIALS_LOOK_EVERY_S: Final = 1.0
TRIALS: Final = ("callback", "notification")
RETURN_FORM: Final = b'id="callbackFrm"'
SUCCESS: Final = "0000"
PAID: Final = b'name="resultCd" value="0000"'
WRONG_TOKEN: Final = b'"9010"'


class _Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One answer: of which call, about which payment, with which code."""

    call: str
    txid: str
    code: str
    imid: str = ""


class EvidenceDesk:
    """One node's eyes."""

    def __init__(self, *, pool: Pool, cards: CardDesk) -> None:
        """Wire it."""
        self._pool = pool
        self._cards = cards
        self._queue: asyncio.Queue[_Seen] = asyncio.Queue(QUEUE_MAX)
        self._armed: dict[int, tuple[int, str]] = {}
        """Trials that wait for a charge, by merchant: number and kind."""
        self._kept: dict[str, str] = {}
        """Payments whose browser is not returned, by tXid."""
        self._tasks: list[asyncio.Task[None]] = []
        self._holding: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin to write, and to look for trials that other nodes armed."""
        self._tasks = [asyncio.create_task(self._write()), asyncio.create_task(self._look())]

    async def stop(self) -> None:
        """End."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, *self._holding, return_exceptions=True)

    # --- what passes by ---------------------------------------------------------------------------

    def pass_by(self, request: InboundRequest, answer: Answered) -> Answered:
        """Look at one answer of the dialect; gives it back, or what a trial puts in its place."""
        call = request.path.rstrip("/").rpartition("/")[2]
        if call == "inquiry" or (call == "registration" and WRONG_TOKEN in answer.body):
            self._note(_read_json(call, request, answer))
        elif call in ("payment", "mpgsAuth.do") and self._is_news(answer.body):
            fields = hidden_inputs(answer.text())
            seen = _Seen(call="payment", txid=fields["tXid"], code=fields["resultCd"])
            self._note(seen)
            if seen.txid in self._kept and seen.code == SUCCESS and RETURN_FORM in answer.body:
                return _not_returned(seen.txid)
        return answer

    def _is_news(self, page: bytes) -> bool:
        """Most payments succeed and nobody tries anything: those cost two searches."""
        return b'name="resultCd"' in page and (bool(self._kept) or PAID not in page)

    def _note(self, seen: _Seen | None) -> None:
        if seen is not None and not self._queue.full():
            self._queue.put_nowait(seen)

    def told(self, row: DueCallbackRow, send: Callable[[DueCallbackRow], None]) -> None:
        """Send a notification on, unless an armed trial is about its charge."""
        trial = self._armed.get(row.merchant_id or 0)
        if trial is None or row.event != PaymentEvent.CHARGED.value:
            send(row)
            return
        number, kind = self._armed.pop(row.merchant_id or 0)
        news = row.snapshot
        if kind == "notification" and isinstance(news, PaymentNews):
            self._kept[news.payment.txid] = kind
        task = asyncio.create_task(self._bind(number, kind, row, send))
        self._holding.add(task)
        task.add_done_callback(self._holding.discard)

    async def _bind(
        self, number: int, kind: str, row: DueCallbackRow, send: Callable[[DueCallbackRow], None]
    ) -> None:
        """Note what the trial is about; should the database be away, the claim runs out."""
        await self._pool.fetchval(SQL.bind_trial, number, row.order_id, row.id)
        if kind == "callback":
            await self._pool.fetchval(SQL.hold_back, row.id)
        else:
            send(row)

    # --- writing ----------------------------------------------------------------------------------

    async def _write(self) -> None:
        while True:
            seen = await self._queue.get()
            try:
                await self._keep(seen)
            except Exception as error:  # noqa: BLE001 (evidence only: the next may be kept)
                log.warning("evidence.not_kept", call=seen.call, error=repr(error))

    async def _keep(self, seen: _Seen) -> None:
        merchant = self._cards.merchant(seen.imid) if seen.imid else None
        if merchant is not None and seen.call != "cancel":
            if seen.code == "9010":
                await self._evidence(merchant.id, "token_wrong", seen.call)
            elif seen.call == "inquiry" and seen.code == SUCCESS:
                await self._evidence(merchant.id, "token_right", seen.call)
        payment = await self._pool.fetchrow(SQL.payment_seen, seen.txid) if seen.txid else None
        if payment is None:
            return
        if seen.call == "payment" and (case := case_of(seen.code)):
            await self._evidence(payment["merchant_id"], f"failed:{case}", seen.txid)
        if seen.call == "inquiry" and seen.code == SUCCESS:
            await self._pool.execute(SQL.note_inquiry, payment["id"])
            await self._pool.execute(SQL.prove_negatives, payment["merchant_id"], seen.txid)
            await self._prove(payment["id"])

    async def _prove(self, payment_id: int) -> None:
        proved = await self._pool.fetchrow(SQL.prove_trial, payment_id)
        if proved is not None and proved["kind"] == "callback":
            await self._pool.fetchval(SQL.let_go, proved["callback_id"])

    async def _evidence(self, merchant_id: int, item: str, note: str, actor: str = "") -> None:
        await self._pool.execute(SQL.note_evidence, merchant_id, item, note, actor)

    async def _look(self) -> None:
        while True:
            try:
                await self._pool.fetch(SQL.end_old_trials)
                rows = await self._pool.fetch(SQL.open_trials)
            except Exception as error:  # noqa: BLE001 (the database may be away)
                log.warning("trials.not_read", error=repr(error))
            else:
                waiting = [row for row in rows if row["payment_id"] is None]
                self._armed = {row["merchant_id"]: (row["id"], row["kind"]) for row in waiting}
            await asyncio.sleep(TRIALS_LOOK_EVERY_S)

    # --- what is asked ----------------------------------------------------------------------------

    async def checklist(self, imid: str) -> dict[str, Any]:
        """Judge a merchant's checklist."""
        items = await read_checklist(self._pool, imid)
        return {
            "imid": imid,
            "passed": is_passed(items),
            "items": [msgspec.structs.asdict(item) for item in items],
        }

    async def sheet(self, imid: str) -> str:
        """Write the scenario sheet with what is proved so far."""
        return sheet(await read_checklist(self._pool, imid))

    async def arm(self, imid: str, kind: str) -> dict[str, Any]:
        """Arm the next charge of a merchant for a trial."""
        if kind not in TRIALS:
            raise BadInputError(f"kind: {' or '.join(TRIALS)}", {"kind": "not known"})
        merchant_id = await _merchant_id(self._pool, imid)
        row = await self._pool.fetchrow(SQL.arm_trial, merchant_id, kind, TRIAL_VALID_S)
        assert row is not None  # noqa: S101 (it was just written)
        self._armed[merchant_id] = (row["id"], kind)
        return dict(row)

    async def examine(
        self,
        imid: str,
        *,
        encode: Callable[[Any], HttpRequest],
        client: OutboundClient,
        addresses: AddressPolicy,
        actor: str,
    ) -> list[Finding]:
        """Run the doctor with the merchant's newest notification, sent once more as it was."""
        merchant_id = await _merchant_id(self._pool, imid)
        row = await self._pool.fetchrow(SQL.newest_notification, merchant_id)
        if row is None:
            raise ConflictError("there was no notification yet: charge a card first")
        due = DueCallbackRow(**(dict(row) | {"reseller_id": None}))
        request = encode(self._cards.payment_message(due))
        findings = await diagnose(request.url, client=client, addresses=addresses, request=request)
        if all(finding.ok for finding in findings):
            await self._evidence(merchant_id, "doctor", request.url[:200], actor)
        return findings


async def say(
    connection: Connection | Pool, imid: str, item: str, *, note: str, actor: str
) -> None:
    """Let a person say that an item is done, with a note about what was looked at."""
    if item not in BY_PERSON:
        raise BadInputError(
            f"{item} is proved, not said", {"item": f"one of {', '.join(sorted(BY_PERSON))}"}
        )
    check_text("note", note, needed=True)
    merchant_id = await _merchant_id(connection, imid)
    await connection.execute(SQL.note_evidence, merchant_id, item, note, actor)


async def read_checklist(connection: Connection | Pool, imid: str) -> list[ChecklistItem]:
    """Read a merchant's facts and judge them."""
    row = await connection.fetchrow(SQL.merchant_features, imid)
    if row is None:
        raise NotFoundError(f"no merchant {imid}")
    seen = await connection.fetch(SQL.facts, row["id"])
    noted = await connection.fetch(SQL.evidence_of, row["id"])
    facts = Facts(
        seen={one["fact"]: one["at"] for one in seen if one["at"] is not None},
        evidence={one["item"]: (one["last_at"], _by(one)) for one in noted},
    )
    return judge(msgspec.convert(row["features"], Features), facts)


def _by(row: Any) -> str:
    return f"{row['note']} ({row['actor']})" if row["actor"] else str(row["note"])


async def _merchant_id(connection: Connection | Pool, imid: str) -> int:
    row = await connection.fetchrow(SQL.merchant_features, imid)
    if row is None:
        raise NotFoundError(f"no merchant {imid}")
    return int(row["id"])


def _read_json(call: str, request: InboundRequest, answer: Answered) -> _Seen | None:
    """Read the few members that matter; what cannot be read proves nothing."""
    try:
        said = msgspec.json.decode(answer.body)
        asked = msgspec.json.decode(request.body) if said.get("resultCd") else {}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, AttributeError):
        return None
    if not isinstance(asked, dict):
        return None
    return _Seen(
        call=call,
        txid=str(said.get("tXid") or "")[:30],
        code=str(said.get("resultCd") or ""),
        imid=str(asked.get("iMid") or "")[:10],
    )


def _not_returned(txid: str) -> Answered:
    """Leave the browser here: only the notification can tell the merchant now."""
    fields = {"resultCd": SUCCESS, "resultMsg": "SUCCESS", "tXid": txid}
    page = result_page(ResultView(language="id", result_cd=SUCCESS, fields=fields, txid=txid))
    return page_answer(page)
