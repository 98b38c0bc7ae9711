"""``POST /webhooks/bank-lines/{source}``: statement services push lines, signed with HMAC-SHA256.

The answer comes after the lines are committed, so a service that got our 200 need not repeat; a
repeat of the same body does no harm, because its lines have the same identities.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import structlog
from starlette.routing import Route

from gerbang.clock import Clock
from gerbang.deposits.desk import DepositDesk
from gerbang.deposits.message import MessageError, check_signature, read_message
from gerbang.deposits.store import SQL
from gerbang.outbound.message import Answered, InboundRequest
from gerbang.postgres.pool import Pool
from gerbang.secrets_box import SecretBox
from gerbang.web.asgi import JSON_TYPE, raw_route

log = structlog.get_logger()

PATH: Final = "/webhooks/bank-lines/{source}"
BODY_BYTES_MAX: Final = 1024 * 1024


class BankLineWebhook:
    """Receives what statement services push."""

    def __init__(self, *, desk: DepositDesk, pool: Pool, box: SecretBox, clock: Clock) -> None:
        """Wire it."""
        self._desk = desk
        self._pool = pool
        self._box = box
        self._clock = clock

    def routes(self) -> Sequence[Route]:
        """Give the endpoint of all services."""
        return [
            raw_route(
                PATH,
                self.receive,
                methods=("POST",),
                too_large=_too_large,
                crashed=_crashed,
                body_bytes_max=BODY_BYTES_MAX,
            )
        ]

    async def receive(self, request: InboundRequest) -> Answered:
        """Believe, keep, judge, credit, answer."""
        source = request.path.rstrip("/").rpartition("/")[2]
        now = self._clock.now()
        sealed = await self._pool.fetchval(SQL.source_secret, source)
        # An unknown source costs as much as a wrong signature, and is told no other word.
        secret = self._box.open(sealed)["secret"] if sealed else ""
        believed = check_signature(
            secret,
            timestamp=request.header("x-timestamp"),
            signature=request.header("x-signature"),
            body=request.body,
            now=now,
        )
        if not (secret and believed):
            log.warning("bank_lines.refused", source=source[:32], client_ip=request.client_ip)
            return _json(401, {"error": "unauthorized", "message": "the signature does not hold"})
        try:
            lines = read_message(request.body, now=now)
        except MessageError as error:
            return _json(422, {"error": "bad_input", "message": str(error)})
        return _json(200, await self._desk.take_lines(lines, source=f"webhook:{source}"))


def _too_large(_request: InboundRequest) -> Answered:
    return _json(413, {"error": "too_large", "message": f"at most {BODY_BYTES_MAX} bytes"})


def _crashed(_request: InboundRequest) -> Answered:
    return _json(500, {"error": "internal", "message": "send the same body again"})


def _json(status: int, value: Any) -> Answered:
    return Answered(status=status, headers=JSON_TYPE, body=msgspec.json.encode(value))
