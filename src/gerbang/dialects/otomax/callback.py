"""Reports to resellers: a GET with t, refid, status, price and message (sheet §8); pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, assert_never
from urllib.parse import quote, urlsplit, urlunsplit

from gerbang.dialects.contract import CallbackEvent, CallbackMessage
from gerbang.dialects.otomax.profiles import voice_of
from gerbang.dialects.otomax.replies import order_text
from gerbang.dialects.otomax.spec import STATUS_FAILED, STATUS_SUCCESS
from gerbang.dialects.otomax.templates import Event
from gerbang.outbound.message import HttpRequest

TESTING_HEADER: Final = ("X-Gerbang-Testing", "true")

EVENTS: Final = frozenset(CallbackEvent)
"""A serial number that follows and a reversal are told too; refid never changes (§8)."""


def encode_report(message: CallbackMessage) -> HttpRequest:
    """Write one report; the message is the same text as the reply to the reseller would be."""
    event, status = _event(message.event)
    order = message.order
    text = order_text(voice_of(message.settings), event, order, message.occurred_at)
    parameters = {
        "t": str(order.id),
        "refid": order.reference,
        "status": str(status),
        # On a failure too: the price of the attempt, as in the seed's sample (§11 number 8).
        "price": str(order.price),
        "message": text,
    }
    return HttpRequest(
        method="GET",
        url=add_query(message.url, parameters),
        headers=(TESTING_HEADER,) if order.testing else (),
    )


def _event(event: CallbackEvent) -> tuple[Event, int]:
    match event:
        case CallbackEvent.SUCCESS | CallbackEvent.SN_RECEIVED:
            return Event.SUCCESS, STATUS_SUCCESS
        case CallbackEvent.FAILED:
            return Event.FAILED, STATUS_FAILED
        case CallbackEvent.REVERSED:
            return Event.REVERSED, STATUS_FAILED
        case _:
            assert_never(event)


def add_query(url: str, parameters: Mapping[str, str]) -> str:
    """Append parameters, everything percent-encoded (§8), to an address that may have a query."""
    parts = urlsplit(url)
    added = "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items())
    query = f"{parts.query.rstrip('&')}&{added}" if parts.query else added
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))
