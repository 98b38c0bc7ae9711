"""What browsers meet: the payment call, the hosted page, 3-D Secure, and the way back. Awaits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gerbang.cards.card import CardData, CardNumber, Hidden
from gerbang.cards.merchant import Merchant
from gerbang.cards.payment import CHARGED, Payment, PaymentState, PaymentView
from gerbang.cards.reasons import CardReason, Refused
from gerbang.dialects.card_contract import (
    CardGateway,
    Challenged,
    Charge,
    ChargeResult,
    HandedOver,
    NotPaid,
    Paid,
)
from gerbang.dialects.nicepay import spec
from gerbang.dialects.nicepay.card_form import read_card_form
from gerbang.dialects.nicepay.page_words import Language, choose_language
from gerbang.dialects.nicepay.pages import (
    BeginView,
    ChallengeView,
    CheckoutView,
    OrderFace,
    ResultView,
    ReturnView,
    auto_submit_page,
    begin_page,
    challenge_page,
    checkout_page,
    page_answer,
    result_page,
)
from gerbang.dialects.nicepay.proof import is_buyer, with_proof
from gerbang.dialects.nicepay.replies import callback_fields
from gerbang.dialects.nicepay.tokens import order_token, same_token
from gerbang.dialects.nicepay.wire import (
    Fields,
    Problem,
    card_problem,
    is_fresh,
    is_timestamp,
    is_web_address,
    read_payment,
)
from gerbang.outbound.message import Answered, InboundRequest

AUTH_PATH: Final = "/nicepay/api/mpgsAuth.do"
CHECKOUT_PATH: Final = "/nicepay/redirect/v2/payment"
SEALED: Final = "challenge"
"""The hidden input with the sealed card."""
CUSTOMER_LEFT: Final = "C935"
_CARD_FIELDS: Final = ("cardNo", "cardExpYymm", "cardCvv", "cardHolderNm")


class Browser:
    """The calls that answer HTML."""

    def __init__(self, gateway: CardGateway) -> None:
        """Answer over one gateway."""
        self._gateway = gateway

    # --- direct payment --------------------------------------------------------------------------

    async def pay(self, request: InboundRequest) -> Answered:
        """Charge a card for a registered tXid; until the token is checked nobody is sent on."""
        fields = read_payment(request)
        if isinstance(fields, Problem):
            return self._dead_end(request, {}, fields.code)
        payment = await self._gateway.find(fields.get("tXid", ""))
        if payment is None:
            return self._dead_end(request, fields, "8022")
        merchant = self._gateway.merchant_of(payment)
        if not merchant.active:
            return self._dead_end(request, fields, "9011")
        if not _token_holds(fields, merchant, payment):
            return self._dead_end(request, fields, "9010")
        return_url = fields.get("callBackUrl", "") or payment.return_url
        if return_url and not is_web_address(return_url):
            return self._dead_end(request, fields, "8028")
        return await self._pay(request, fields, merchant, payment, return_url)

    async def _pay(
        self,
        request: InboundRequest,
        fields: Fields,
        merchant: Merchant,
        payment: Payment,
        return_url: str,
    ) -> Answered:
        code = self._stamp_problem(fields, merchant)
        charge = None if code else self._read_charge(fields, merchant, return_url)
        if isinstance(charge, Problem):
            code = charge.code
        if code or charge is None or isinstance(charge, Problem):
            return await self._input_error(request, merchant, payment, code, return_url)
        result = await self._gateway.charge(payment, charge)
        return await self._after(request, merchant, payment, result, return_url)

    def _stamp_problem(self, fields: Fields, merchant: Merchant) -> str:
        stamp = fields.get("timeStamp", "")
        now = self._gateway.now(merchant)
        stale = merchant.ways.strict and not is_fresh(stamp, merchant, now)
        return "9031" if stale or not is_timestamp(stamp) else ""

    def _read_charge(self, fields: Fields, merchant: Merchant, return_url: str) -> Charge | Problem:
        recurring, preauth = fields.get("recurringToken", ""), fields.get("preauthToken", "")
        if recurring or preauth:
            return Charge(
                card=None,
                recurring_token=recurring,
                preauth_token=preauth,
                return_url=return_url,
            )
        card = self._read_card(fields, merchant)
        return card if isinstance(card, Problem) else Charge(card=card, return_url=return_url)

    def _read_card(self, fields: Fields, merchant: Merchant) -> CardData | Problem:
        typed = {name: fields.get(name, "") for name in _CARD_FIELDS}
        if fields.get("encrypted") == "1":
            for name, text in typed.items():
                plain = self._gateway.decrypt(fields.get("publicKey", ""), text) if text else ""
                if plain is None:
                    return Problem("8027")
                typed[name] = plain
        typed["cardNo"] = typed["cardNo"].replace(" ", "").replace("-", "")
        code = card_problem(typed, merchant)
        return Problem(code) if code else _card(typed)

    async def _input_error(
        self,
        request: InboundRequest,
        merchant: Merchant,
        payment: Payment,
        code: str,
        return_url: str,
    ) -> Answered:
        """Nothing was tried; a payment that was made before says that first."""
        if payment.state in CHARGED:
            code = spec.PAYMENT_CODES[CardReason.ALREADY_PAID]
        view = await self._gateway.view(payment)
        return self._back(request, merchant, view, code, return_url)

    # --- hosted page -----------------------------------------------------------------------------

    async def checkout(self, request: InboundRequest) -> Answered:
        """Show the hosted page, or take the card that was typed on it."""
        fields = read_payment(request)
        if isinstance(fields, Problem):
            return self._dead_end(request, {}, fields.code)
        payment = await self._gateway.find(fields.get("tXid", ""))
        if payment is None or payment.channel != "redirect":
            return self._dead_end(request, fields, "8022")
        merchant = self._gateway.merchant_of(payment)
        over = self._checkout_is_over(merchant, payment)
        if over:
            return await self._told_where_it_stands(request, merchant, payment, over)
        if request.method != "POST":
            return self._form(request, fields, merchant, payment)
        if fields.get("answer") == "cancel":
            return await self._told_where_it_stands(request, merchant, payment, CUSTOMER_LEFT)
        return await self._pay_hosted(request, fields, merchant, payment)

    async def _told_where_it_stands(
        self, request: InboundRequest, merchant: Merchant, payment: Payment, code: str
    ) -> Answered:
        """Send a browser back that named a tXid; of the card only who typed it hears."""
        view = await self._gateway.view(payment)
        proven = is_buyer(request, self._gateway, payment)
        return self._back(request, merchant, view, code, payment.return_url, proven=proven)

    def _checkout_is_over(self, merchant: Merchant, payment: Payment) -> str:
        if payment.state in CHARGED:
            return "9127"
        now = self._gateway.now(merchant)
        if payment.state is PaymentState.EXPIRED or now >= payment.expires_at:
            return "9129"
        return "9116" if payment.state is PaymentState.PROCESSING else ""

    async def _pay_hosted(
        self, request: InboundRequest, fields: Fields, merchant: Merchant, payment: Payment
    ) -> Answered:
        tenors = (1, *merchant.features.instalments)
        typed = read_card_form(
            fields,
            now=self._gateway.now(merchant),
            cvv_needed=_cvv_needed(merchant),
            tenors=tenors,
            luhn_checked=not merchant.sandboxed,
        )
        if typed.problems:
            return self._form(request, fields, merchant, payment, problems=typed.problems)
        charge = Charge(
            card=_card(typed.fields),
            return_url=payment.return_url,
            instalment_months=int(typed.fields["instmntMon"]),
        )
        result = await self._gateway.charge(payment, charge)
        answer = await self._after(request, merchant, payment, result, payment.return_url)
        if isinstance(result, Refused | HandedOver):
            return answer
        return with_proof(answer, self._gateway, result.view.payment)

    def _form(
        self,
        request: InboundRequest,
        fields: Mapping[str, str],
        merchant: Merchant,
        payment: Payment,
        *,
        problems: Mapping[str, str] | None = None,
        code: str = "",
    ) -> Answered:
        tenors = (1, *merchant.features.instalments)
        asked = fields.get("instmntMon") or str(payment.instalment_months)
        limit = merchant.limits.attempts_max
        page = checkout_page(
            CheckoutView(
                language=_language(request, fields),
                order=_face(merchant, payment),
                action=CHECKOUT_PATH,
                hidden={"tXid": payment.txid},
                cvv_needed=_cvv_needed(merchant),
                luhn_checked=not merchant.sandboxed,
                tenors=tenors,
                tenor=int(asked) if asked in {str(one) for one in tenors} else 1,
                holder=fields.get("cardHolderNm", "")[:50],
                problems=problems or {},
                result_cd=code,
                attempts_left=max(limit - payment.failures, 0) if limit else None,
                language_url=_checkout_url(payment),
                trial_cards=self._gateway.trial_cards(merchant),
            )
        )
        return page_answer(page)

    # --- 3-D Secure ------------------------------------------------------------------------------

    async def authenticate(self, request: InboundRequest) -> Answered:
        """Ask for the one-time password, or take it; the sealed card is good for one answer."""
        fields = read_payment(request)
        if isinstance(fields, Problem):
            return self._dead_end(request, {}, fields.code)
        txid, sealed = fields.get("tXid", ""), fields.get(SEALED, "")
        payment = await self._gateway.find(txid)
        if payment is None or not sealed:
            return self._dead_end(request, fields, "9157", payment)
        merchant = self._gateway.merchant_of(payment)
        if "otp" not in fields and "answer" not in fields:
            opened = await self._gateway.open_challenge(txid, sealed)
            if isinstance(opened, Refused):
                return self._dead_end(request, fields, "9157", payment)
            if not opened.silent:
                return self._question(request, fields, merchant, payment, opened)
        cancelled = fields.get("answer") == "cancel"
        result = await self._gateway.answer_challenge(
            txid, sealed, password=Hidden(fields.get("otp", "")), cancelled=cancelled
        )
        if isinstance(result, Refused) and result.reason is CardReason.CHALLENGE_OVER:
            return self._dead_end(request, fields, "9157", payment)
        return await self._after(request, merchant, payment, result, payment.return_url)

    def _question(
        self,
        request: InboundRequest,
        fields: Fields,
        merchant: Merchant,
        payment: Payment,
        opened: Challenged,
    ) -> Answered:
        page = challenge_page(
            ChallengeView(
                language=_language(request, fields),
                order=_face(merchant, payment),
                action=AUTH_PATH,
                hidden={"tXid": payment.txid, SEALED: opened.sealed},
                masked_number=payment.card_mask,
                seconds_left=opened.seconds_left,
                hint=opened.hint,
            )
        )
        return page_answer(page)

    # --- what comes after a charge ---------------------------------------------------------------

    async def _after(
        self,
        request: InboundRequest,
        merchant: Merchant,
        payment: Payment,
        result: ChargeResult,
        return_url: str,
    ) -> Answered:
        if isinstance(result, Refused):
            code = spec.PAYMENT_CODES.get(result.reason, "9106")
            view = await self._gateway.view(payment)
            return self._back(request, merchant, view, code, return_url)
        if isinstance(result, Challenged):
            return self._begin(request, result)
        if isinstance(result, HandedOver):
            view_on = ReturnView(
                language=_language(request, {}), url=result.url, fields=result.fields
            )
            page = page_answer(auto_submit_page(view_on), returns_to=result.url)
            return with_proof(page, self._gateway, result.view.payment)
        if isinstance(result, NotPaid):
            again = payment.channel == "redirect" and _may_try_again(merchant, result.view.payment)
            if again:
                return self._form(request, {}, merchant, result.view.payment, code=result.code)
            return self._back(
                request, merchant, result.view, result.code, return_url, message=result.message
            )
        code = spec.SUCCESS if isinstance(result, Paid) else spec.UNCERTAIN
        expiry = result.expiry if isinstance(result, Paid) else ""
        return self._back(request, merchant, result.view, code, return_url, expiry=expiry)

    def _begin(self, request: InboundRequest, challenged: Challenged) -> Answered:
        """The page with the form `mpgsAuthFrm`, which submits itself."""
        page = begin_page(
            BeginView(
                language=_language(request, {}),
                action=f"{self._gateway.public_url}{AUTH_PATH}",
                hidden={"tXid": challenged.view.payment.txid, SEALED: challenged.sealed},
            )
        )
        return page_answer(page, returns_to=self._gateway.public_url)

    def _back(
        self,
        request: InboundRequest,
        merchant: Merchant,
        view: PaymentView,
        code: str,
        return_url: str,
        *,
        message: str = "",
        expiry: str = "",
        proven: bool = True,
    ) -> Answered:
        """Send the browser back to the merchant, with the result."""
        fields = callback_fields(
            view,
            code,
            merchant=merchant,
            at=self._gateway.now(merchant),
            message=message,
            expiry=expiry,
            proven=proven,
        )
        language = _language(request, {})
        if not return_url:
            face = _face(merchant, view.payment)
            result = ResultView(
                language=language,
                result_cd=code,
                fields=fields,
                order=face,
                txid=view.payment.txid,
            )
            return page_answer(result_page(result))
        page = auto_submit_page(
            ReturnView(
                language=language,
                url=return_url,
                fields=fields,
                method=merchant.ways.callback_method,
            )
        )
        return page_answer(page, returns_to=return_url)

    def _dead_end(
        self,
        request: InboundRequest,
        fields: Mapping[str, str],
        code: str,
        payment: Payment | None = None,
    ) -> Answered:
        """A result that sends nobody on: the return address was not authenticated.

        A payment on the hosted page is led back there, which knows how it stands.
        """
        txid = fields.get("tXid", "")[:30]
        hosted = payment is not None and payment.channel == "redirect"
        view = ResultView(
            language=_language(request, fields),
            result_cd=code,
            fields={"resultCd": code, "resultMsg": spec.text_of(code), "tXid": txid},
            txid=txid,
            again_url=_checkout_url(payment) if payment is not None and hosted else "",
        )
        return page_answer(result_page(view))


def uncertain_page(request: InboundRequest) -> Answered:
    """Say that the result is not known; it is found by an inquiry."""
    code = spec.UNCERTAIN
    fields = {"resultCd": code, "resultMsg": spec.text_of(code)}
    view = ResultView(language=_language(request, {}), result_cd=code, fields=fields)
    return page_answer(result_page(view))


def _checkout_url(payment: Payment) -> str:
    return f"{CHECKOUT_PATH}?tXid={payment.txid}"


def _token_holds(fields: Fields, merchant: Merchant, payment: Payment) -> bool:
    expected = order_token(
        merchant.key,
        timestamp=fields.get("timeStamp", ""),
        imid=merchant.imid,
        reference=payment.reference,
        amount=str(payment.amount),
    )
    return same_token(expected, fields.get("merchantToken"))


def _card(typed: Mapping[str, str]) -> CardData:
    return CardData(
        CardNumber(typed["cardNo"]),
        typed["cardExpYymm"],
        Hidden(typed.get("cardCvv", "")),
        typed.get("cardHolderNm", ""),
    )


def _cvv_needed(merchant: Merchant) -> bool:
    return merchant.features.cvv_required and not merchant.features.autopaid


def _may_try_again(merchant: Merchant, payment: Payment) -> bool:
    limit = merchant.limits.attempts_max
    return not limit or payment.failures < limit


def _face(merchant: Merchant, payment: Payment) -> OrderFace:
    return OrderFace(
        merchant=merchant.name,
        amount=payment.amount,
        goods=str(payment.details.get("goodsNm", "")),
        reference=payment.reference,
        testing=merchant.sandboxed,
    )


def _language(request: InboundRequest, fields: Mapping[str, str]) -> Language:
    return choose_language(
        asked=fields.get("lang", ""), accept_language=request.header("accept-language")
    )
