"""What SocX says of an order, a refusal or an uncertainty: the transaction object; pure."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from gerbang.bills.token import Token, token_of
from gerbang.dialects.contract import (
    OrderState,
    OrderView,
    PlaceResult,
    ProductKind,
    Refusal,
    Uncertain,
)
from gerbang.dialects.socx import topup_xml
from gerbang.dialects.socx.spec import (
    MESSAGES,
    ORDER_RC,
    RC_BILLER_FAILED,
    RC_PENDING,
    RC_REFUNDED,
    RC_SUCCESS,
    REASONS,
)
from gerbang.dialects.socx.wire import Draft, Reply, encode_json, same_msisdn
from gerbang.orders.reasons import Reason
from gerbang.outbound.message import Answered
from gerbang.web.asgi import JSON_TYPE, XML_TYPE

NOTHING_ASKED: Final = Draft()


def order_rc(order: OrderView) -> str:
    """Give the rc of a stored order."""
    match order.state:
        case OrderState.PENDING:
            return RC_PENDING
        case OrderState.SUCCESS:
            return RC_SUCCESS
        case OrderState.REVERSED:
            return RC_REFUNDED
        case OrderState.FAILED:
            return ORDER_RC[order.reason] if order.reason else RC_BILLER_FAILED


def order_msisdn(order: OrderView) -> str:
    """Write the destination as it was asked for: ``phone#nominal`` of an open denomination."""
    has_nominal = order.kind is ProductKind.POSTPAID and order.quantity > 1
    if order.kind is ProductKind.OPEN or has_nominal:
        return f"{order.destination}#{order.quantity}"
    return order.destination


def order_reply(order: OrderView, draft: Draft = NOTHING_ASKED) -> Reply:
    """Say how an order stands; of one destination or code the caller's spelling is echoed.

    Another destination or code than the stored one must be seen: so a caller detects that a
    request_id was used before (§4.6).

    The price is what was held or charged, also after a failure, as documented samples show
    (§4.3); nobody may compute with it.
    """
    rc = order_rc(order)
    msisdn = order_msisdn(order)
    same_code = draft.code.upper() == order.product_code.upper()
    return Reply(
        code=draft.code if same_code else order.product_code,
        msisdn=draft.msisdn if same_msisdn(draft.msisdn, msisdn) else msisdn,
        request_id=order.reference,
        rc=rc,
        trxid=order.id,
        price=order.price,
        balance=order.balance or 0,
        sn=order.sn,
        message=_order_message(order, rc),
        data=_details(order),
    )


def _order_message(order: OrderView, rc: str) -> str:
    if order.state is OrderState.FAILED and order.message:
        return order.message
    return MESSAGES[rc]


def _details(order: OrderView) -> dict[str, Any] | msgspec.UnsetType:
    if order.kind is ProductKind.POSTPAID or not order.data:
        # A bill is told by ``/payment``; the transaction object has no members for it.
        return msgspec.UNSET
    token = token_of(order.data)
    return dict(order.data) if token is None else _token_members(order, token)


def _token_members(order: OrderView, token: Token) -> dict[str, Any]:
    """Give a token in the documented members (§4.4); a SocX supplier's own stay as they came."""
    data = order.data or {}
    members = {name: data[name] for name in ("sn_raw", "parsed") if name in data}
    if members:
        return members
    tariff_power = f"{token.tariff}/{token.power} VA" if token.power else token.tariff
    parsed = {
        "no_meter": order.destination,
        "nama": token.name,
        "tarif_daya": tariff_power,
        "kwh": token.kwh,
        "stroom_token": token.token,
    }
    raw = "@".join(
        (
            "STRUK PEMBELIAN LISTRIK PRABAYAR",
            f"NO_METER:{order.destination}",
            f"NAMA:{token.name}",
            f"TARIF_DAYA:{tariff_power}",
            f"JML_KWH:{token.kwh}",
            f"STROOM_TOKEN:{token.token}",
        )
    )
    return {"sn_raw": raw, "parsed": parsed}


def refused_reply(
    draft: Draft, reason: Reason, *, message: str = "", price: int = 0, balance: int = 0
) -> Reply:
    """Refuse: nothing was created, so `trxid` is 0 and the request_id stays free (§4.6)."""
    rc = REASONS[reason]
    return Reply(
        code=draft.code,
        msisdn=draft.msisdn,
        request_id=draft.request_id,
        rc=rc,
        trxid=0,
        # The list price comes with "not enough balance" only (§8).
        price=price if reason is Reason.INSUFFICIENT_BALANCE else 0,
        balance=balance,
        sn="",
        message=message or MESSAGES[rc],
    )


def pending_reply(draft: Draft, *, price: int = 0) -> Reply:
    """Say pending of what may or may not exist; never a failure (§8 F*)."""
    return Reply(
        code=draft.code,
        msisdn=draft.msisdn,
        request_id=draft.request_id,
        rc=RC_PENDING,
        trxid=0,
        price=price,
        balance=0,
        sn="",
        message=MESSAGES[RC_PENDING],
    )


def place_reply(draft: Draft, result: PlaceResult) -> Reply:
    """Say what became of a purchase."""
    match result:
        case OrderView():
            return order_reply(result, draft)
        case Uncertain():
            return pending_reply(draft, price=result.price)
        case Refusal(reason=Reason.REFERENCE_REUSED, known_order=None):
            return pending_reply(draft)  # an order exists: never a failure
        case Refusal(reason=Reason.REFERENCE_REUSED, known_order=OrderView() as known):
            # "We give back the status of that request_id": without exception (§4.6).
            return order_reply(known, draft)
        case Refusal():
            return refused_reply(
                draft,
                result.reason,
                message=_explained(result),
                price=result.price,
                balance=result.balance or 0,
            )


def _explained(refusal: Refusal) -> str:
    """Say our words for the code, and in brackets what the core adds to it."""
    text = MESSAGES[REASONS[refusal.reason]]
    return f"{text} ({refusal.message})" if refusal.message else text


# --- on the wire --------------------------------------------------------------------------------


def json_answer(reply: Reply, status: int = 200) -> Answered:
    """Answer with the transaction object as JSON."""
    return Answered(status=status, headers=JSON_TYPE, body=encode_json(reply))


def xml_answer(reply: Reply, _status: int = 200) -> Answered:
    """Answer as XML-RPC: always 200, because its libraries raise on anything else (§7)."""
    body = topup_xml.encode_response(
        {
            "RESPONSECODE": reply.rc,
            "REQUESTID": reply.request_id,
            "MESSAGE": reply.message,
            "TRANSACTIONID": str(reply.trxid),
        }
    )
    return Answered(status=200, headers=XML_TYPE, body=body)
