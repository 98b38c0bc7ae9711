"""Evidence for merchants' checklists: seen behind the answers, never in their way.

Answers of the card dialect pass by here. What they prove is written by a task of its own; a
queue that is full loses evidence, never a payment. Trials are the exception; see trials.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec
import structlog

from gerbang.audit import write_audit
from gerbang.callbacks.doctor import Finding, diagnose
from gerbang.cards.checklist import (
    BY_PERSON,
    ChecklistItem,
    Facts,
    case_of,
    is_passed,
    judge,
    sheet,
)
from gerbang.cards.evidence_sql import SQL
from gerbang.cards.merchant import Features
from gerbang.cards.trials import Trials, merchant_id_of
from gerbang.dialects.nicepay.client import hidden_inputs
from gerbang.errors import BadInputError, ConflictError, NotFoundError
from gerbang.ledger.credit import check_text
from gerbang.orders.writes import DueCallbackRow
from gerbang.outbound.addresses import AddressPolicy
from gerbang.outbound.client import OutboundClient
from gerbang.outbound.message import Answered, HttpRequest, InboundRequest
from gerbang.postgres.pool import Connection, Pool

if TYPE_CHECKING:
    from gerbang.cards.desk import CardDesk

log = structlog.get_logger()

QUEUE_MAX: Final = 1_000
SUCCESS: Final = "0000"
PAID: Final = b'name="resultCd" value="0000"'
WRONG_TOKEN: Final = b'"9010"'


class _Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One answer: of which call, about which payment, with which code."""

    call: str
    txid: str
    code: str
    imid: str = ""
    at: datetime


class EvidenceDesk:
    """One node's eyes."""

    def __init__(self, *, pool: Pool, cards: CardDesk) -> None:
        """Wire it."""
        self._pool = pool
        self._cards = cards
        self._queue: asyncio.Queue[_Seen] = asyncio.Queue(QUEUE_MAX)
        self.trials = Trials(pool)
        self._writing: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to write."""
        self._writing = asyncio.create_task(self._write())
        self.trials.start()

    async def stop(self) -> None:
        """End."""
        await self.trials.stop()
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.gather(self._writing, return_exceptions=True)

    # --- what passes by ---------------------------------------------------------------------------

    async def pass_by(self, request: InboundRequest, answer: Answered) -> Answered:
        """Look at one answer of the dialect; gives it back, or what a trial puts in its place."""
        call = request.path.rstrip("/").rpartition("/")[2]
        if call == "inquiry" or (call == "registration" and WRONG_TOKEN in answer.body):
            self._note(_read_json(call, request, answer))
        elif call in ("payment", "mpgsAuth.do") and self._is_news(answer.body):
            fields = hidden_inputs(answer.text())
            txid, code = fields["tXid"], fields["resultCd"]
            self._note(_Seen(call="payment", txid=txid, code=code, at=datetime.now(UTC)))
            return await self.trials.returned(txid, code, answer)
        return answer

    def _is_news(self, page: bytes) -> bool:
        """Most payments succeed and nobody tries anything: those cost two searches."""
        return b'name="resultCd"' in page and (self.trials.is_any_running or PAID not in page)

    def _note(self, seen: _Seen | None) -> None:
        if seen is not None and not self._queue.full():
            self._queue.put_nowait(seen)

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
            await self.trials.inquired(payment["id"], seen.at)

    async def _evidence(self, merchant_id: int, item: str, note: str, actor: str = "") -> None:
        await self._pool.execute(SQL.note_evidence, merchant_id, item, note, actor)

    # --- what is asked ----------------------------------------------------------------------------

    async def checklist(self, imid: str) -> dict[str, Any]:
        """Judge a merchant's checklist."""
        items = await read_checklist(self._pool, imid)
        return {
            "imid": imid,
            "passed": is_passed(items),
            "items": [msgspec.structs.asdict(item) for item in items],
            "trials": await self.trials.show(imid),
        }

    async def sheet(self, imid: str) -> str:
        """Write the scenario sheet with what is proved so far."""
        return sheet(await read_checklist(self._pool, imid))

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
        merchant_id = await merchant_id_of(self._pool, imid)
        row = await self._pool.fetchrow(SQL.newest_notification, merchant_id)
        if row is None:
            raise ConflictError("there was no notification yet: charge a card first")
        due = DueCallbackRow(**(dict(row) | {"reseller_id": None}))
        request = encode(self._cards.payment_message(due))
        findings = await diagnose(request.url, client=client, addresses=addresses, request=request)
        passed = all(finding.ok for finding in findings)
        if passed:
            await self._evidence(merchant_id, "doctor", request.url[:200], actor)
        await _audit(self._pool, "merchant.examined", imid, actor, {"passed": passed})
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
    merchant_id = await merchant_id_of(connection, imid)
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


async def _audit(pool: Pool, action: str, imid: str, actor: str, after: dict[str, Any]) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await write_audit(
            connection, actor=actor, action=action, subject=f"merchant:{imid}", after=after
        )


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
        at=datetime.now(UTC),
    )
