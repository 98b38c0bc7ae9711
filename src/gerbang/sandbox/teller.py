"""How a fake supplier tells its buyer what became of an order: callbacks, sound and spoiled."""

from __future__ import annotations

import asyncio
from datetime import UTC
from typing import Final

import structlog
from msgspec.structs import replace

from gerbang.dialects.contract import CallbackEvent, CallbackMessage, Credential, OrderState
from gerbang.dialects.dialect import Dialect
from gerbang.orders.reasons import Reason
from gerbang.outbound.addresses import AddressPolicy
from gerbang.outbound.client import OutboundClient
from gerbang.outbound.message import Answered, HttpRequest
from gerbang.sandbox.book import FakeOrder
from gerbang.sandbox.faults import CallbackFault
from gerbang.sandbox.serials import make_serial

log = structlog.get_logger()

RETRY_AFTER_S: Final = (0.5, 1.0, 2.0)
CALLBACK_DEADLINE_MS: Final = 5_000
HOUSE_NETWORKS: Final = AddressPolicy(allow_private=True)
WRONG_KEY: Final = "somebody-else"
_HTTP_OK: Final = range(200, 300)


class Teller:
    """Sends callbacks in the dialect's form."""

    def __init__(
        self, dialect: Dialect, credential: Credential, callback_url: str, client: OutboundClient
    ) -> None:
        """Tell the buyer behind `credential`; without a `callback_url` nobody is told."""
        self._encode = dialect.callback_formats[dialect.callback_format_default]
        self._credential = credential
        self._url = callback_url
        self._client = client

    async def tell(
        self, order: FakeOrder, event: CallbackEvent, fault: CallbackFault | None, *, balance: int
    ) -> bool:
        """Send a callback as its fault wants it; say whether it was acknowledged."""
        if not self._url or fault is CallbackFault.LOST:
            return False
        message = self._message(order, event, balance)
        acknowledged = await self._deliver_patiently(message)
        if fault is CallbackFault.DUPLICATE:
            await self._deliver(self._encode(message))
            await self._deliver(self._encode(message))
        if fault is CallbackFault.CONTRADICT:
            await self._deliver(self._encode(_contradict(message)))
        return acknowledged

    async def forge(self, order: FakeOrder, event: CallbackEvent, *, balance: int) -> bool | None:
        """Send the opposite under a wrong signature; say whether it was believed.

        None where the dialect signs nothing: a forgery would be as good as the truth there.
        """
        if not self._url:
            return None
        lie = _contradict(self._message(order, event, balance))
        secrets = dict.fromkeys(lie.secrets, WRONG_KEY)
        forged = self._encode(replace(lie, secrets=secrets))
        if forged == self._encode(lie):
            return None
        return await self._deliver(forged)

    async def _deliver_patiently(self, message: CallbackMessage) -> bool:
        """Deliver until it is acknowledged, four times at most."""
        for pause_s in (*RETRY_AFTER_S, None):
            if await self._deliver(self._encode(message)):
                return True
            if pause_s is not None:
                await asyncio.sleep(pause_s)
        log.warning("sandbox.callback_given_up", reference=message.order.reference)
        return False

    def _message(self, order: FakeOrder, event: CallbackEvent, balance: int) -> CallbackMessage:
        return CallbackMessage(
            id=order.taken.id,
            event=event,
            occurred_at=order.updated_at.astimezone(UTC),
            order=order.view(balance=balance),
            url=self._url,
            secrets=self._credential.secrets,
            settings=self._credential.reseller.settings,
        )

    async def _deliver(self, request: HttpRequest) -> bool:
        result = await self._client.send(
            request,
            deadline_ms=CALLBACK_DEADLINE_MS,
            purpose="callback",
            addresses=HOUSE_NETWORKS,
        )
        return isinstance(result, Answered) and result.status in _HTTP_OK


def _contradict(message: CallbackMessage) -> CallbackMessage:
    """Say the opposite of what is true."""
    failed = message.event is not CallbackEvent.FAILED
    order = replace(
        message.order,
        state=OrderState.FAILED if failed else OrderState.SUCCESS,
        reason=Reason.BILLER_FAILED if failed else None,
        sn="" if failed else make_serial(message.order.reference, "").sn,
    )
    event = CallbackEvent.FAILED if failed else CallbackEvent.SUCCESS
    return replace(message, event=event, order=order)
