"""Supplier callbacks: ``/callbacks/{supplier}`` turns what a supplier reports into outcomes.

The reply is sent after the outcome is committed, so a supplier that got our 200 need not repeat.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import ip_address, ip_network
from typing import Protocol

import structlog
from starlette.routing import Route

from gerbang.dialects.dialect import Dialect
from gerbang.dialects.supplier_contract import CallbackRefused, SupplierNews, SupplierView
from gerbang.orders.outcome import StatusOutcome
from gerbang.orders.writes import Recorded, RecordOutcome, Transcript
from gerbang.outbound.message import Answered, InboundRequest
from gerbang.outbound.transcript import scrub_text
from gerbang.postgres.lane import Lane
from gerbang.web.asgi import TEXT_TYPE, raw_route

log = structlog.get_logger()

RECORD_DEADLINE_S = 20.0
METHODS = ("GET", "POST")


class NewsDirectory(Protocol):
    """Suppliers and accounts, from memory."""

    def supplier_by_code(self, code: str) -> SupplierView | None:
        """Give a supplier, active or paused."""
        ...

    def account_ids(self, reseller_id: int) -> tuple[int, int]:
        """Give a reseller's account and its receivable account."""
        ...


class Locator(Protocol):
    """Finds attempts and follows outcomes up; the dispatcher."""

    async def locate(self, supplier_id: int, reference: str) -> tuple[int, int, int] | None:
        """Find (attempt id, order id, reseller id)."""
        ...

    def heard(self, recorded: Recorded, outcome: StatusOutcome) -> None:
        """Judge the supplier by it."""
        ...

    def follow(self, recorded: Recorded) -> None:
        """Do what a recorded outcome asks for."""
        ...


class NewsDesk:
    """Receives what suppliers report."""

    def __init__(
        self,
        *,
        lane: Lane,
        directory: NewsDirectory,
        locator: Locator,
        dialects: Mapping[str, Dialect],
    ) -> None:
        """Wire it to the lane and to whoever finds attempts."""
        self._lane = lane
        self._directory = directory
        self._locator = locator
        self._dialects = dialects

    def routes(self) -> Sequence[Route]:
        """Give the endpoint for all suppliers; also ``/callbacks/{supplier}/…`` for odd paths."""
        return [
            raw_route(path, self.receive, methods=METHODS, too_large=_too_large, crashed=_crashed)
            for path in ("/callbacks/{supplier}", "/callbacks/{supplier}/{rest:path}")
        ]

    async def receive(self, request: InboundRequest) -> Answered:
        """Believe, find, record, answer."""
        code = request.path.split("/")[2]
        supplier = self._directory.supplier_by_code(code)
        if supplier is None or not _address_allowed(supplier.callback_ips, request.client_ip):
            log.warning("callback.refused", supplier=code, client_ip=request.client_ip)
            return Answered(status=404, headers=TEXT_TYPE, body=b"not found")
        client = self._dialects[supplier.dialect].client
        news = client.read_callback(supplier, request)
        if isinstance(news, CallbackRefused):
            log.warning("callback.not_believed", supplier=code, why=news.message)
            return Answered(status=news.status, headers=TEXT_TYPE, body=news.message.encode())
        known = True
        own_answer: Answered | None = None
        for item in news:
            known = await self._record(supplier, item, request) and known
            own_answer = item.answer or own_answer
        return own_answer or client.callback_answer(known=known)

    async def _record(
        self, supplier: SupplierView, news: SupplierNews, request: InboundRequest
    ) -> bool:
        found = await self._locator.locate(supplier.id, news.reference)
        confirm_first = news.confirm_first
        if found is None and news.reference_if_unknown:
            found = await self._locator.locate(supplier.id, news.reference_if_unknown)
            confirm_first = True
        if found is None:
            log.warning(
                "callback.reference_unknown", supplier=supplier.code, reference=news.reference
            )
            return False
        attempt_id, order_id, reseller_id = found
        recorded: Recorded = await self._lane.submit(
            RecordOutcome(
                order_id=order_id,
                attempt_id=attempt_id,
                account_ids=self._directory.account_ids(reseller_id),
                outcome=news.outcome,
                transcript=_transcript(supplier, request),
                confirm_first=confirm_first,
            ),
            deadline_s=RECORD_DEADLINE_S,
        )
        self._locator.heard(recorded, news.outcome)
        self._locator.follow(recorded)
        return True


def _address_allowed(networks: Sequence[str], client_ip: str) -> bool:
    """Whether the caller is on the supplier's address list; an empty list admits nobody."""
    try:
        address = ip_address(client_ip)
    except ValueError:
        return False
    return any(address in ip_network(network, strict=False) for network in networks)


def _transcript(supplier: SupplierView, request: InboundRequest) -> Transcript:
    text = f"{request.method} {request.path}"
    if request.query:
        text += "?" + request.query.decode("utf-8", "replace")
    if request.body:
        text += "\n\n" + request.body.decode("utf-8", "replace")
    return Transcript(
        kind="callback", request=scrub_text(text, supplier.secrets.values()), answer=""
    )


def _too_large(_request: InboundRequest) -> Answered:
    return Answered(status=413, headers=TEXT_TYPE, body=b"too large")


def _crashed(_request: InboundRequest) -> Answered:
    """Not written: the supplier should say it again."""
    return Answered(status=503, headers=TEXT_TYPE, body=b"try again")
