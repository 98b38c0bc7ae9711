"""NICEPAY's server half: the calls of merchants, and where browsers are sent.

One route takes everything below ``/nicepay``, because clients write double and trailing slashes.
A GET payment carries a card number in its query: nothing here, and nothing before it, logs one.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from starlette.routing import BaseRoute

from gerbang.cards.merchant import Merchant
from gerbang.cards.reasons import Refused
from gerbang.dialects.card_contract import Cancelled, CancelRequest, CardGateway, NotCancelled
from gerbang.dialects.nicepay import spec
from gerbang.dialects.nicepay.assets import answer_asset
from gerbang.dialects.nicepay.browser import Browser, uncertain_page
from gerbang.dialects.nicepay.explain import explained
from gerbang.dialects.nicepay.replies import (
    CANCEL_KEYS,
    INQUIRY_KEYS,
    REGISTRATION_KEYS,
    cancelled,
    inquired,
    refusal,
    registered,
    reply,
)
from gerbang.dialects.nicepay.tokens import cancel_token, order_token, same_token
from gerbang.dialects.nicepay.wire import (
    Fields,
    Problem,
    is_fresh,
    is_timestamp,
    read_amount,
    read_json,
    read_registration,
)
from gerbang.outbound.message import Answered, InboundRequest
from gerbang.web.asgi import raw_route

Handler = Callable[[InboundRequest], Awaitable[Answered]]

PREFIX: Final = "/nicepay"
_SLASHES: Final = re.compile(r"/{2,}")


class NicepayServer:
    """The endpoints over one gateway."""

    def __init__(self, gateway: CardGateway) -> None:
        """Wire the calls."""
        self._gateway = gateway
        browser = Browser(gateway)
        self._handlers: dict[str, Handler] = {
            "/nicepay/direct/v2/registration": self.register_direct,
            "/nicepay/redirect/v2/registration": self.register_redirect,
            "/nicepay/direct/v2/inquiry": self.inquire,
            "/nicepay/direct/v2/cancel": self.cancel,
            "/nicepay/direct/v2/payment": browser.pay,
            "/nicepay/redirect/v2/payment": browser.checkout,
            "/nicepay/api/mpgsAuth.do": browser.authenticate,
        }
        self._pages = {path for path, to in self._handlers.items() if to.__name__ in _BROWSER}

    @property
    def paths(self) -> frozenset[str]:
        """Every path that is answered, beside the assets."""
        return frozenset(self._handlers)

    def routes(self) -> Sequence[BaseRoute]:
        """Every call by its own path, which is quick to find, and one route for what is left."""
        return [
            raw_route(
                path,
                self.answer,
                methods=("GET", "HEAD", "POST"),
                too_large=_too_large,
                crashed=_crashed,
            )
            for path in (*self._handlers, PREFIX + "/{rest:path}")
        ]

    async def answer(self, request: InboundRequest) -> Answered:
        """Find the call; slashes too many are forgiven."""
        path = _SLASHES.sub("/", request.path).rstrip("/")
        if path.startswith("/nicepay/assets/"):
            return answer_asset(request)
        handler = self._handlers.get(path)
        if handler is None:
            return Answered(
                status=404, headers=(("content-type", "text/plain"),), body=b"not found"
            )
        if request.method != "POST" and path not in self._pages:
            allow = (("content-type", "text/plain"), ("allow", "POST"))
            return Answered(status=405, headers=allow, body=b"POST only")
        return await self._gateway.watch(request, await handler(request))

    # --- registration ----------------------------------------------------------------------------

    async def register_direct(self, request: InboundRequest) -> Answered:
        """Direct registration."""
        return await self._register(request, "direct")

    async def register_redirect(self, request: InboundRequest) -> Answered:
        """Registration for the hosted page."""
        return await self._register(request, "redirect")

    async def _register(self, request: InboundRequest, channel: str) -> Answered:
        fields = read_json(request.body)
        if isinstance(fields, Problem):
            return refusal(fields.code, REGISTRATION_KEYS)
        merchant = self._gateway.merchant(fields.get("iMid", ""))
        if merchant is None:
            return refusal("9011", REGISTRATION_KEYS)
        nulls = merchant.ways.nulls
        now = self._gateway.now(merchant)
        wanted = read_registration(fields, merchant, channel=channel, now=now)
        if isinstance(wanted, Problem):
            more = _why(wanted.code, fields, merchant, what="order")
            return refusal(wanted.code, REGISTRATION_KEYS, nulls=nulls, more=more)
        payment = await self._gateway.register(merchant, wanted)
        if isinstance(payment, Refused):
            code = spec.REGISTRATION_CODES.get(payment.reason, "9030")
            return refusal(code, REGISTRATION_KEYS, nulls=nulls)
        url = ""
        if channel == "redirect":
            url = f"{self._gateway.public_url}/nicepay/redirect/v2/payment"
        values = registered(payment, wanted.pay_method, payment_url=url)
        return reply(values, REGISTRATION_KEYS, nulls=nulls)

    # --- inquiry ---------------------------------------------------------------------------------

    async def inquire(self, request: InboundRequest) -> Answered:
        """How a payment stands."""
        fields = read_json(request.body)
        if isinstance(fields, Problem):
            return refusal(fields.code, INQUIRY_KEYS)
        merchant = self._gateway.merchant(fields.get("iMid", ""))
        if merchant is None:
            return refusal("9011", INQUIRY_KEYS)
        nulls = merchant.ways.nulls
        code = self._inquiry_problem(fields, merchant)
        if code:
            more = _why(code, fields, merchant, what="inquiry")
            return refusal(code, INQUIRY_KEYS, nulls=nulls, more=more)
        payment = await self._gateway.find(fields.get("tXid", ""))
        if payment is None or payment.merchant_id != merchant.id:
            return refusal("8004", INQUIRY_KEYS, nulls=nulls)
        if (fields["referenceNo"], fields["amt"]) != (payment.reference, str(payment.amount)):
            return refusal("9004", INQUIRY_KEYS, nulls=nulls)
        view = await self._gateway.view(payment)
        return reply(inquired(view, imid=merchant.imid), INQUIRY_KEYS, nulls=nulls)

    def _inquiry_problem(self, fields: Fields, merchant: Merchant) -> str:
        if not fields.get("amt"):
            return "9007"
        if not fields.get("referenceNo"):
            return "9014"
        if self._stamp_is_wrong(fields, merchant):
            return "9031"
        expected = order_token(
            merchant.key,
            timestamp=fields["timeStamp"],
            imid=fields["iMid"],
            reference=fields["referenceNo"],
            amount=fields["amt"],
        )
        return "" if same_token(expected, fields.get("merchantToken")) else "9010"

    def _stamp_is_wrong(self, fields: Fields, merchant: Merchant) -> bool:
        stamp = fields.get("timeStamp", "")
        if not is_timestamp(stamp):
            return True
        return merchant.ways.strict and not is_fresh(stamp, merchant, self._gateway.now(merchant))

    # --- cancel ----------------------------------------------------------------------------------

    async def cancel(self, request: InboundRequest) -> Answered:
        """Take a charge back; §0 has the order of checks."""
        fields = read_json(request.body)
        if isinstance(fields, Problem):
            return refusal(fields.code, CANCEL_KEYS)
        amount = read_amount(fields.get("amt", "").removeprefix("-"))
        if amount is None:
            return refusal("9312", CANCEL_KEYS)
        if fields["amt"].startswith("-"):
            amount = -amount
        merchant = self._gateway.merchant(fields.get("iMid", ""))
        if merchant is None:
            return refusal("9011", CANCEL_KEYS)
        code = self._cancel_problem(fields, merchant)
        if code:
            more = _why(code, fields, merchant, what="cancel")
            return refusal(code, CANCEL_KEYS, nulls=merchant.ways.nulls, more=more)
        return await self._cancel(fields, merchant, amount)

    def _cancel_problem(self, fields: Fields, merchant: Merchant) -> str:
        if self._stamp_is_wrong(fields, merchant):
            return "9031"
        expected = cancel_token(
            merchant.key,
            timestamp=fields["timeStamp"],
            imid=fields["iMid"],
            txid=fields.get("tXid", ""),
            amount=fields["amt"],
        )
        return "" if same_token(expected, fields.get("merchantToken")) else "9010"

    async def _cancel(self, fields: Fields, merchant: Merchant, amount: int) -> Answered:
        nulls = merchant.ways.nulls
        payment = await self._gateway.find(fields.get("tXid", ""))
        if payment is None or payment.merchant_id != merchant.id:
            return refusal("9314", CANCEL_KEYS, nulls=nulls)
        number, reason = fields.get("referenceNo", ""), fields.get("cancelMsg", "")[:255]
        result = await self._gateway.cancel(
            payment,
            CancelRequest(
                cancel_type=fields.get("cancelType", ""),
                amount=amount,
                number=number[:40],
                timestamp=fields["timeStamp"],
                reason=reason,
                user=fields.get("cancelUserId", "")[:30],
            ),
        )
        if isinstance(result, Refused):
            code = spec.CANCEL_CODES.get(result.reason, "9030")
            return refusal(code, CANCEL_KEYS, nulls=nulls)
        if isinstance(result, NotCancelled):
            return refusal(result.code, CANCEL_KEYS, message=result.message, nulls=nulls)
        if isinstance(result, Cancelled):
            values = cancelled(result, number=number, reason=reason)
            return reply(values, CANCEL_KEYS, nulls=nulls)
        return refusal(spec.UNCERTAIN, CANCEL_KEYS, nulls=nulls)


def _why(code: str, fields: Fields, merchant: Merchant, *, what: str) -> dict[str, Any]:
    """Explain a refused token to a merchant in the sandbox."""
    return explained(fields, merchant, what=what) if code == "9010" else {}


_BROWSER: Final = frozenset({"pay", "checkout", "authenticate"})


def _too_large(_request: InboundRequest) -> Answered:
    return refusal("9001", ("resultCd", "resultMsg"))


def _crashed(request: InboundRequest) -> Answered:
    """Whether something was charged is not known here: never say *failed*."""
    if request.path.rstrip("/").endswith(("/payment", "/mpgsAuth.do")):
        return uncertain_page(request)
    return refusal(spec.UNCERTAIN, ("resultCd", "resultMsg"))


def make_routes(gateway: CardGateway) -> Sequence[BaseRoute]:
    """Give the routes of this dialect."""
    return NicepayServer(gateway).routes()
