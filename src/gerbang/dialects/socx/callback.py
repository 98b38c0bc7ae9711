"""What we tell a reseller in SocX's three callback forms (sheet §6); any 2xx acknowledges; pure."""

from __future__ import annotations

from typing import Final

import msgspec

from gerbang.dialects.contract import CallbackEvent, CallbackMessage, OrderState
from gerbang.dialects.socx import topup_xml
from gerbang.dialects.socx.replies import order_reply
from gerbang.dialects.socx.spec import RC_SUCCESS
from gerbang.dialects.socx.wire import Reply, encode_json
from gerbang.outbound.message import HttpRequest
from gerbang.web.asgi import JSON_TYPE, XML_TYPE

TESTING_HEADER: Final = ("X-Gerbang-Testing", "true")

_STATE_OF_EVENT: Final = {
    CallbackEvent.SUCCESS: OrderState.SUCCESS,
    CallbackEvent.FAILED: OrderState.FAILED,
    # The dialect has no event of its own for a late serial number: 00 again, now with it.
    CallbackEvent.SN_RECEIVED: OrderState.SUCCESS,
    CallbackEvent.REVERSED: OrderState.REVERSED,  # rc 21 (§8)
}


def encode_flat(message: CallbackMessage) -> HttpRequest:
    """Write C1: the transaction object itself (§6.1)."""
    return _post(message, JSON_TYPE, encode_json(_report(message)))


def encode_data(message: CallbackMessage) -> HttpRequest:
    """Write C2: a ``data`` object of strings, as sellers of another aggregator send it (§6.2)."""
    report = _report(message)
    data = {
        "ref_id": report.request_id,
        "status": "1" if report.rc == RC_SUCCESS else "2",
        "code": report.code,
        "hp": report.msisdn,
        "price": str(report.price),
        "message": report.message,
        "balance": str(report.balance),
        "tr_id": str(report.trxid),
        "rc": report.rc,
        "sn": report.sn,
    }
    return _post(message, JSON_TYPE, encode_json({"data": data}))


def encode_xml(message: CallbackMessage) -> HttpRequest:
    """Write C3: the XML-RPC call ``topUpReport`` (§6.3); MSISDN is the destination here."""
    report = _report(message)
    members = {
        "RESPONSECODE": report.rc,
        "REQUESTID": report.request_id,
        "MESSAGE": report.message,
        "TRANSACTIONID": str(report.trxid),
        "SN": report.sn,
        "MSISDN": report.msisdn,
        "PRICE": str(report.price),
    }
    return _post(message, XML_TYPE, topup_xml.encode_call(topup_xml.REPORT, members))


def _report(message: CallbackMessage) -> Reply:
    """Say what the event says: never pending, whatever else happened to the order since."""
    state = _STATE_OF_EVENT[message.event]
    return order_reply(msgspec.structs.replace(message.order, state=state))


def _post(
    message: CallbackMessage, headers: tuple[tuple[str, str], ...], body: bytes
) -> HttpRequest:
    if message.order.testing:
        headers = (*headers, TESTING_HEADER)
    return HttpRequest(method="POST", url=message.url, headers=headers, body=body)
