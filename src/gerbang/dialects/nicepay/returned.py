"""A browser that comes back from an acquirer's page is sent on to the merchant, with the truth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gerbang.cards.payment import CHARGED, Failure, Payment, PaymentState
from gerbang.dialects.card_contract import CardGateway
from gerbang.dialects.nicepay import spec
from gerbang.dialects.nicepay.page_words import choose_language
from gerbang.dialects.nicepay.pages import (
    ResultView,
    ReturnView,
    auto_submit_page,
    page_answer,
    result_page,
)
from gerbang.dialects.nicepay.proof import is_buyer
from gerbang.dialects.nicepay.replies import callback_fields
from gerbang.outbound.message import Answered, InboundRequest

UNKNOWN_TXID: Final = "8022"


async def returned_page(
    gateway: CardGateway, request: InboundRequest, payment: Payment | None, *, signed: bool
) -> Answered:
    """Send the browser back with the result as it stands now, or say that nobody knows it.

    What the acquirer `signed` comes from its page; else only the browser that typed the card
    hears of the card, because a tXid alone can be guessed.
    """
    language = choose_language(asked="", accept_language=request.header("accept-language"))
    if payment is None:
        fields = {"resultCd": UNKNOWN_TXID, "resultMsg": spec.text_of(UNKNOWN_TXID)}
        view = ResultView(language=language, result_cd=UNKNOWN_TXID, fields=fields)
        return page_answer(result_page(view))
    merchant = gateway.merchant_of(payment)
    whole = await gateway.view(payment)
    code, message = _result(payment, whole.failures)
    told = callback_fields(
        whole,
        code,
        merchant=merchant,
        at=gateway.now(merchant),
        message=message,
        proven=signed or is_buyer(request, gateway, payment),
    )
    if not payment.return_url:
        result = ResultView(language=language, result_cd=code, fields=told, txid=payment.txid)
        return page_answer(result_page(result))
    back = ReturnView(
        language=language,
        url=payment.return_url,
        fields=told,
        method=merchant.ways.callback_method,
    )
    return page_answer(auto_submit_page(back), returns_to=payment.return_url)


def _result(payment: Payment, failures: Sequence[Failure]) -> tuple[str, str]:
    """Say the code of where the payment stands; what is not final is uncertain."""
    if payment.state in CHARGED:
        return spec.SUCCESS, ""
    if payment.state is PaymentState.EXPIRED:
        return "9129", ""
    if payment.state is PaymentState.FAILED:
        return (failures[-1].code, failures[-1].message) if failures else ("9106", "")
    return spec.UNCERTAIN, ""
