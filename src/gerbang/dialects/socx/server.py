"""The server half: the paths of a SocX installation under ``/reseller/api/v1`` (sheet §3, §10)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Final

import msgspec
from starlette.routing import BaseRoute, Route

from gerbang.dialects.contract import (
    Credential,
    Gateway,
    OrderView,
    PlaceResult,
    ProductKind,
    Purchase,
    Refusal,
    TicketRequest,
)
from gerbang.dialects.socx import forms, replies, tickets, topup_xml, wire
from gerbang.dialects.socx.bill_server import BillServer, payment_crashed
from gerbang.dialects.socx.login import Caller, Stranger, log_in
from gerbang.dialects.socx.spec import BASE_PATH, MESSAGES, NAME, RC_INTERNAL, REASONS
from gerbang.dialects.socx.wire import Draft, Reply, UnreadableError
from gerbang.orders.reasons import Reason
from gerbang.outbound.message import Answered, InboundRequest
from gerbang.web.asgi import JSON_TYPE, ErrorAnswer, Handler, raw_route

KINDS: Final = frozenset({ProductKind.PREPAID, ProductKind.GAME, ProductKind.OPEN})
"""What ``/purchase`` may buy; bills are paid by ``/payment``."""
OPEN_ONLY: Final = frozenset({ProductKind.OPEN})
"""A nominal after ``#`` means an open denomination and nothing else (§4.1)."""

ALL_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
TOO_LARGE: Final = "GAGAL, permintaan terlalu besar"
NO_SUCH_ENDPOINT: Final = "GAGAL, endpoint atau method ini tidak tersedia"

TRY_LATER: Final = {
    Reason.RATE_LIMITED: HTTPStatus.TOO_MANY_REQUESTS,
    Reason.MAINTENANCE: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""Refusals that say nothing about an order and must not cost a question to the database."""


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """One way to buy: how it is read, how it answers, and whether an address may log in (§2)."""

    path: str
    method: str
    read: Callable[[InboundRequest], Draft]
    answer: Callable[[Reply, int], Answered]
    by_address: bool = False


# --- reading ------------------------------------------------------------------------------------


def _read_json(request: InboundRequest) -> Draft:
    try:
        return wire.read_json_purchase(request.body, testing=_query_testing(request))
    except UnreadableError as error:
        return wire.broken_draft(str(error))


def _read_status(request: InboundRequest) -> Draft:
    try:
        return wire.read_json_status(request.body, testing=_query_testing(request))
    except UnreadableError as error:
        return wire.broken_draft(str(error))


def _query_testing(request: InboundRequest) -> bool:
    # A `testing` that stands beside the body is never taken for a live order.
    if not request.query:
        return False
    return wire.parse_flag(forms.read_query(request.query).get("testing", "0"))


def _read_get(request: InboundRequest) -> Draft:
    return forms.read_query_purchase(request.query)


def _read_form(request: InboundRequest) -> Draft:
    draft = forms.read_form_purchase(request.header("content-type"), request.body)
    try:
        query = forms.read_query(request.query)
        testing = draft.testing or wire.parse_flag(query.get("testing", "0"))
    except UnreadableError as error:
        return msgspec.structs.replace(draft, problem=draft.problem or str(error))
    token = draft.token or query.get("token", "")
    return msgspec.structs.replace(draft, testing=testing, token=token)


def _read_xml(request: InboundRequest) -> Draft:
    try:
        query = forms.read_query(request.query)
        testing = wire.parse_flag(query.get("testing", "0"))
    except UnreadableError as error:
        return wire.broken_draft(str(error))
    return topup_xml.read_xml_purchase(request.body, query=query, testing=testing)


CHANNELS: Final = (
    Channel(path="/purchase", method="POST", read=_read_json, answer=replies.json_answer),
    Channel(path="/http/purchase", method="GET", read=_read_get, answer=replies.json_answer),
    Channel(path="/http/purchase", method="POST", read=_read_form, answer=replies.json_answer),
    Channel(
        path="/xml/purchase",
        method="POST",
        read=_read_xml,
        answer=replies.xml_answer,
        by_address=True,
    ),
)


# --- routes -------------------------------------------------------------------------------------


def routes(gateway: Gateway) -> list[BaseRoute]:
    """Give every path of this dialect; the last one refuses what is not there."""
    server = _Server(gateway)
    bills = BillServer(gateway)
    return [
        *(_purchase_route(server, channel) for channel in CHANNELS),
        _route("/status", server.status, method="POST", crashed=_status_crashed),
        _route("/saldo", server.balance, method="GET", crashed=_balance_crashed),
        _route("/deposit_ticket", server.deposit_ticket, method="POST", crashed=_balance_crashed),
        _route("/inquiry", bills.inquiry, method="POST", crashed=_balance_crashed),
        _route("/payment", bills.payment, method="POST", crashed=payment_crashed),
        raw_route(
            f"{BASE_PATH}/{{rest:path}}",
            _no_such_endpoint,
            methods=ALL_METHODS,
            too_large=_too_large,
            crashed=_too_large,
        ),
    ]


def _purchase_route(server: _Server, channel: Channel) -> Route:
    def too_large(_request: InboundRequest) -> Answered:
        reply = replies.refused_reply(Draft(), Reason.INVALID_REQUEST, message=TOO_LARGE)
        return channel.answer(reply, HTTPStatus.OK)

    def crashed(request: InboundRequest) -> Answered:
        # Whether the order was written is not known here: pending, never failed (§8 F*).
        return channel.answer(replies.pending_reply(_echo(channel.read, request)), HTTPStatus.OK)

    handler = partial(server.purchase, channel)
    return _route(
        channel.path, handler, method=channel.method, too_large=too_large, crashed=crashed
    )


def _too_large(_request: InboundRequest) -> Answered:
    return replies.json_answer(
        replies.refused_reply(Draft(), Reason.INVALID_REQUEST, message=TOO_LARGE)
    )


def _route(
    path: str,
    handler: Handler,
    *,
    method: str,
    crashed: ErrorAnswer,
    too_large: ErrorAnswer = _too_large,
) -> Route:
    route = raw_route(
        BASE_PATH + path, handler, methods=(method,), too_large=too_large, crashed=crashed
    )
    # Starlette adds HEAD to GET; a link checker must not buy anything.
    route.methods = {method}
    return route


def _echo(read: Callable[[InboundRequest], Draft], request: InboundRequest) -> Draft:
    """Read the request once more to echo it; nothing when reading is what crashed."""
    try:
        return read(request)
    except Exception:  # noqa: BLE001 (the crash is logged already; an answer must follow)
        return Draft()


def _status_crashed(request: InboundRequest) -> Answered:
    return replies.json_answer(replies.pending_reply(_echo(_read_status, request)))


def _balance_crashed(_request: InboundRequest) -> Answered:
    return _balance_refused(
        HTTPStatus.INTERNAL_SERVER_ERROR, rc=RC_INTERNAL, message=MESSAGES[RC_INTERNAL]
    )


async def _no_such_endpoint(_request: InboundRequest) -> Answered:
    return replies.json_answer(
        replies.refused_reply(Draft(), Reason.INVALID_REQUEST, message=NO_SUCH_ENDPOINT),
        HTTPStatus.NOT_FOUND,
    )


def _balance_refused(status: int, *, rc: str, message: str) -> Answered:
    body = wire.encode_json({"rc": rc, "message": message})
    return Answered(status=status, headers=JSON_TYPE, body=body)


# --- handlers -----------------------------------------------------------------------------------


class _Server:
    """The handlers, in the order of checks of §10 number 3."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def purchase(self, channel: Channel, request: InboundRequest) -> Answered:
        """Buy, on any of the channels."""
        draft = channel.read(request)
        caller = log_in(
            self._gateway, request, weak_token=draft.token, by_address=channel.by_address
        )
        if isinstance(caller, Stranger):
            reply = replies.refused_reply(draft, caller.reason, message=caller.message)
            return channel.answer(reply, caller.status)
        return channel.answer(await self._purchase(caller, draft), HTTPStatus.OK)

    async def status(self, request: InboundRequest) -> Answered:
        """Say how an order stands, to a suspended reseller too: his orders go on."""
        draft = _read_status(request)
        caller = log_in(self._gateway, request)
        if isinstance(caller, Stranger):
            reply = replies.refused_reply(draft, caller.reason, message=caller.message)
            return replies.json_answer(reply, caller.status)
        if draft.problem:
            return replies.json_answer(await self._unfit(caller.credential, draft))
        if caller.late in TRY_LATER:
            # A failure code would be read as the order's, so nothing is said of it.
            return replies.json_answer(replies.pending_reply(draft), TRY_LATER[caller.late])
        return replies.json_answer(await self._status(caller.credential, draft))

    async def balance(self, request: InboundRequest) -> Answered:
        """Answer the balance (§5.1)."""
        caller = log_in(self._gateway, request)
        if isinstance(caller, Stranger):
            rc = REASONS[caller.reason]
            return _balance_refused(caller.status, rc=rc, message=MESSAGES[rc])
        if caller.late is not None:
            rc = REASONS[caller.late]
            status = TRY_LATER.get(caller.late, HTTPStatus.FORBIDDEN)
            return _balance_refused(status, rc=rc, message=MESSAGES[rc])
        body = wire.encode_json({"balance": await self._balance(caller.credential)})
        return Answered(status=HTTPStatus.OK, headers=JSON_TYPE, body=body)

    async def deposit_ticket(self, request: InboundRequest) -> Answered:
        """Open a deposit ticket, or give the open one for the same amount (§5.3)."""
        caller = log_in(self._gateway, request)
        if isinstance(caller, Stranger):
            rc = REASONS[caller.reason]
            return _balance_refused(caller.status, rc=rc, message=MESSAGES[rc])
        if caller.late is not None:
            rc = REASONS[caller.late]
            status = TRY_LATER.get(caller.late, HTTPStatus.FORBIDDEN)
            return _balance_refused(status, rc=rc, message=MESSAGES[rc])
        try:
            asked = tickets.read_ticket(request.body)
            testing = _query_testing(request) or asked.testing is True
        except UnreadableError as error:
            return tickets.unreadable_answer(str(error))
        wanted = TicketRequest(
            dialect=NAME, amount=asked.amount, testing=testing or caller.credential.testing
        )
        result = await self._gateway.open_ticket(caller.credential, wanted)
        if isinstance(result, Refusal):
            return tickets.refusal_answer(result)
        return tickets.ticket_answer(result)

    # --- inside ---------------------------------------------------------------------------------

    async def _purchase(self, caller: Caller, draft: Draft) -> Reply:
        credential = caller.credential
        if draft.problem:
            return await self._unfit(credential, draft)
        purchase = _neutral(credential, draft)
        if caller.late is None:
            result = await self._gateway.place(credential, purchase)
        else:
            refusal = Refusal(reason=caller.late)
            result = await self._gateway.refuse(credential, purchase, refusal)
        return await self._with_balance(credential, result, replies.place_reply(draft, result))

    async def _unfit(self, credential: Credential, draft: Draft) -> Reply:
        return replies.refused_reply(
            draft,
            Reason.INVALID_REQUEST,
            message=f"GAGAL, {draft.problem}",
            balance=await self._balance(credential),
        )

    async def _status(self, credential: Credential, draft: Draft) -> Reply:
        testing = credential.testing or draft.testing
        order = await self._gateway.find_order(credential, draft.request_id, testing=testing)
        if order is not None:
            return replies.order_reply(order)
        return replies.refused_reply(
            draft, Reason.ORDER_NOT_FOUND, balance=await self._balance(credential)
        )

    async def _with_balance(
        self, credential: Credential, result: PlaceResult, reply: Reply
    ) -> Reply:
        """Fill in a balance the core did not look up; a caller that is known always sees it."""
        if not _lacks_balance(result):
            return reply
        return msgspec.structs.replace(reply, balance=await self._balance(credential))

    async def _balance(self, credential: Credential) -> int:
        return (await self._gateway.balance(credential)).balance


def _lacks_balance(result: PlaceResult) -> bool:
    match result:
        case Refusal(reason=Reason.REFERENCE_REUSED, known_order=known):
            return known is not None and known.balance is None
        case Refusal():
            return result.balance is None and result.reason not in TRY_LATER
        case _:
            return isinstance(result, OrderView) and result.balance is None


def _neutral(credential: Credential, draft: Draft) -> Purchase:
    destination, quantity = wire.split_msisdn(draft.msisdn)
    return Purchase(
        dialect=NAME,
        product_code=draft.code,
        destination=destination,
        kinds=KINDS if quantity is None else OPEN_ONLY,
        reference=draft.request_id,
        quantity=quantity,
        testing=credential.testing or draft.testing,
    )
