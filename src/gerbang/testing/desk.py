"""A node's testing desk: makes outcomes happen, hands callbacks to a listener, shows the log."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from gerbang.callbacks.resend import resend_callback
from gerbang.callbacks.store import DatabaseCallbackStore
from gerbang.catalog.snapshot import Snapshot
from gerbang.clock import Clock
from gerbang.dialects.contract import (
    CallbackEncoder,
    CallbackMessage,
    Credential,
    Gateway,
    ProductKind,
)
from gerbang.dialects.dialect import Dialect, SignatureExplanation
from gerbang.errors import BadInputError, NotFoundError
from gerbang.memory import Memory
from gerbang.orders.writes import RecordDelivery, due_callback_from_row
from gerbang.outbound.message import InboundRequest
from gerbang.postgres.lane import Lane
from gerbang.postgres.pool import Pool
from gerbang.postgres.sql import load_queries
from gerbang.testing.make_event import EventMaker
from gerbang.testing.trigger import Triggered

SQL = load_queries("gerbang.testing", "testing.sql")

OVERLAP: Final = timedelta(seconds=5)
"""Commits come later than their times say; who follows a feed leaves out what it has seen."""
KINDS: Final = frozenset({ProductKind.PREPAID})
ANSWER_CHARS_MAX: Final = 4_000


class TestingDesk:
    """What an integrator may do, over the parts of one node."""

    __test__ = False  # pytest takes a class of this name for its own

    def __init__(
        self,
        *,
        snapshot: Snapshot,
        memory: Memory,
        gateway: Gateway,
        pool: Pool,
        lane: Lane,
        store: DatabaseCallbackStore,
        formats: Mapping[str, CallbackEncoder],
        dialects: Mapping[str, Dialect],
        clock: Clock,
        node: str,
    ) -> None:
        """Wire it."""
        self._snapshot = snapshot
        self._maker = EventMaker(snapshot=snapshot, memory=memory, gateway=gateway)
        self._pool = pool
        self._lane = lane
        self._store = store
        self._formats = formats
        self._dialects = dialects
        self._clock = clock
        self._node = node

    # --- who ------------------------------------------------------------------------------------

    def any_credential(self, reseller_id: int, *, dialect: str | None = None) -> Credential:
        """Give a credential to order with: a testing one before a live one. NotFoundError."""
        now = self._clock.now()
        found = [
            stored
            for (name, _), stored in self._snapshot.credentials.items()
            if stored.reseller_id == reseller_id
            and stored.holds(now)
            and dialect in {None, name}
            and name in self._dialects
        ]
        best = max(found, key=lambda one: (one.testing, one.id), default=None)
        credential = None
        if best is not None:
            credential = self._snapshot.credential(best.dialect, best.key, now)
        if credential is None:
            wanted = f" of {dialect}" if dialect else ""
            raise NotFoundError(f"the reseller has no credential{wanted} that holds")
        return credential

    # --- trigger ----------------------------------------------------------------------------------

    async def trigger(
        self,
        credential: Credential,
        event: str,
        *,
        product: str | None = None,
        reference: str | None = None,
    ) -> Triggered:
        """Do the test that leads to `event`; callbacks follow as always."""
        return await self._maker.make(credential, event, product=product, reference=reference)

    # --- listen -----------------------------------------------------------------------------------

    async def callbacks_since(
        self, reseller_id: int, since: datetime
    ) -> tuple[list[dict[str, Any]], bool]:
        """Give testing callbacks from `since` on, ready to be sent; and whether listening began.

        Some before `since` come again, so that none that was committed late is missed.
        """
        began = await self._pool.fetchval(SQL.listen, reseller_id) is not None
        rows = await self._pool.fetch(SQL.callbacks_since, reseller_id, since - OVERLAP)
        return [self._encoded(row) for row in rows], began

    def _encoded(self, row: Any) -> dict[str, Any]:
        due = self._store.due(due_callback_from_row(row))
        message = due.message
        assert isinstance(message, CallbackMessage)  # noqa: S101 (news of orders only)
        request = self._formats[due.format](message)
        return {
            "id": due.id,
            "order_id": due.order_id,
            "event": message.event.value,
            "reference": message.order.reference,
            "occurred_at": message.occurred_at,
            "state": row["state"],
            "method": request.method,
            "url": request.url,
            "headers": [list(header) for header in request.headers],
            "body": base64.b64encode(request.body).decode(),
        }

    async def record_answer(
        self, reseller_id: int, callback_id: int, *, status: int | None, text: str, elapsed_ms: int
    ) -> None:
        """Keep what the listener's program answered; 2xx acknowledges, anything else is shown."""
        row = await self._testing_callback(reseller_id, callback_id)
        delivered = status is not None and 200 <= status <= 299  # noqa: PLR2004 (HTTP's successes)
        if row["state"] != "due":
            return
        await self._lane.submit(
            RecordDelivery(
                callback_id=callback_id,
                order_id=row["order_id"],
                delivered=delivered,
                exhausted=False,
                status=status,
                error="" if delivered else f"the listener's program: {text[:200]}",
                request="forwarded by gerbang listen",
                answer=text[:ANSWER_CHARS_MAX],
                duration_ms=elapsed_ms,
                next_attempt_at=None if delivered else self._clock.now() + timedelta(seconds=60),
                claimed_by=self._node,
            )
        )

    async def resend(self, reseller_id: int, callback_id: int, *, actor: str) -> dict[str, Any]:
        """Deliver a testing callback once more."""
        await self._testing_callback(reseller_id, callback_id)
        async with self._pool.acquire() as connection, connection.transaction():
            return await resend_callback(connection, callback_id, actor=actor)

    async def _testing_callback(self, reseller_id: int, callback_id: int) -> Any:
        row = await self._pool.fetchrow(SQL.testing_callback, callback_id, reseller_id)
        if row is None:
            raise NotFoundError(f"no testing callback {callback_id}")
        return row

    # --- the log and signatures ------------------------------------------------------------------

    async def log_since(
        self, reseller_id: int, since: datetime, *, testing: bool | None
    ) -> list[dict[str, Any]]:
        """Give what happened from `since` on; each line has a `key` by which it is known again."""
        rows = await self._pool.fetch(SQL.log_since, reseller_id, since - OVERLAP, testing)
        return [dict(row) for row in rows]

    def explain(self, credential: Credential, request: InboundRequest) -> SignatureExplanation:
        """Explain the signature of a request. Raises BadInputError where there is none to read."""
        explain = self._dialects[credential.dialect].explain
        found = explain(request, credential) if explain is not None else None
        if found is None:
            raise BadInputError(
                f"there is no signature of {credential.dialect} that can be read in it"
            )
        return found
