"""The handlers of ``/inquiry`` and ``/payment``, in the order of checks of §10 number 3."""

from __future__ import annotations

from typing import Any, Final, assert_never

from gerbang.dialects.contract import (
    BillView,
    Gateway,
    Inquiry,
    OrderView,
    Pay,
    ProductQuery,
    Refusal,
    Uncertain,
)
from gerbang.dialects.socx import bills, forms, wire
from gerbang.dialects.socx.bills import BillDraft
from gerbang.dialects.socx.login import Caller, Stranger, log_in
from gerbang.dialects.socx.spec import NAME, REASONS
from gerbang.outbound.message import Answered, InboundRequest

NO_SETTINGS: Final[dict[str, Any]] = {}


def read_draft(request: InboundRequest) -> BillDraft:
    """Read a request; a `testing` beside the body is never taken for live."""
    try:
        query = forms.read_query(request.query) if request.query else {}
        testing = wire.parse_flag(query.get("testing", "0"))
    except wire.UnreadableError as error:
        return BillDraft(problem=str(error))
    return bills.read_bill_request(request.body, testing=testing)


class BillServer:
    """Bills over one gateway."""

    def __init__(self, gateway: Gateway) -> None:
        """Keep the gateway."""
        self._gateway = gateway

    async def inquiry(self, request: InboundRequest) -> Answered:
        """Show a bill; no money moves."""
        draft = read_draft(request)
        caller = log_in(self._gateway, request)
        if isinstance(caller, Stranger):
            rc = REASONS[caller.reason]
            return bills.bill_answer(bills.stranger_reply(draft, rc, caller.message), caller.status)
        if draft.problem:
            return bills.bill_answer(bills.unfit_reply(draft))
        if caller.late is not None:
            return bills.bill_answer(bills.refused_reply(draft, Refusal(reason=caller.late)))
        number, amount = wire.split_msisdn(draft.idpel)
        result = await self._gateway.inquire(
            caller.credential,
            Inquiry(
                dialect=NAME,
                product_code=draft.code,
                customer_no=number,
                reference=draft.request_id,
                amount=amount,
                testing=draft.testing or caller.credential.testing,
            ),
        )
        return bills.bill_answer(self._shown(caller, draft, result))

    def _shown(self, caller: Caller, draft: BillDraft, result: BillView | Refusal) -> Any:
        if isinstance(result, Refusal):
            service = self._service(caller, draft.code)
            return bills.refused_reply(draft, result, service=service)
        return bills.inquiry_reply(draft, result)

    def _service(self, caller: Caller, code: str) -> str:
        query = ProductQuery(code=code, limit=1)
        found, _ = self._gateway.list_products(caller.credential, query)
        return found[0].service if found else ""

    async def payment(self, request: InboundRequest) -> Answered:
        """Pay the newest bill that was shown of this code and number."""
        draft = read_draft(request)
        caller = log_in(self._gateway, request)
        if isinstance(caller, Stranger):
            rc = REASONS[caller.reason]
            reply = bills.stranger_reply(draft, rc, caller.message)
            return bills.bill_answer(bills.as_payment(reply, NO_SETTINGS), caller.status)
        settings = caller.credential.reseller.settings
        if draft.problem:
            reply = bills.unfit_reply(draft)
            return bills.bill_answer(bills.as_payment(reply, settings))
        if caller.late is not None:
            reply = bills.refused_reply(draft, Refusal(reason=caller.late))
            return bills.bill_answer(bills.as_payment(reply, settings))
        return bills.bill_answer(await self._paid(caller, draft))

    async def _paid(self, caller: Caller, draft: BillDraft) -> dict[str, Any]:
        settings = caller.credential.reseller.settings
        number, amount = wire.split_msisdn(draft.idpel)
        payment = Pay(
            dialect=NAME,
            product_code=draft.code,
            customer_no=number,
            reference=draft.request_id,
            amount=amount,
            testing=draft.testing or caller.credential.testing,
        )
        result = await self._gateway.pay(caller.credential, payment)
        match result:
            case OrderView():
                return bills.payment_reply(draft, result, settings)
            case Uncertain():
                return bills.pending_payment(draft, settings, result)
            case Refusal(known_order=OrderView() as known):
                # The status of that request_id, without exception (§4.6).
                return bills.payment_reply(draft, known, settings)
            case Refusal():
                service = self._service(caller, draft.code)
                reply = bills.refused_reply(draft, result, service=service)
                return bills.as_payment(reply, settings)
            case _:
                assert_never(result)


def payment_crashed(request: InboundRequest) -> Answered:
    """After a bug of ours: whether the order was written is not known, so pending (§8 F*)."""
    return bills.bill_answer(bills.pending_payment(read_draft(request), NO_SETTINGS))
