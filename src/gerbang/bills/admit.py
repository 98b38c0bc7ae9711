"""Whether a bill may be asked about or paid, from what is in memory; pure."""

from __future__ import annotations

from typing import Final

import msgspec

from gerbang.bills.bill import Service
from gerbang.catalog.product import Product
from gerbang.dialects.contract import Inquiry, Pay, ProductKind, Purchase, Refusal
from gerbang.orders.admit import Offer, check_text, value_refused
from gerbang.orders.reasons import Reason


class BillWish(msgspec.Struct, frozen=True, kw_only=True):
    """A product whose bill may be asked about: `net` is what we keep of the fee per sheet."""

    product: Product
    service: Service
    customer_no: str
    quantity: int
    net: int

    @property
    def biller(self) -> str:
        """Whose bill it is, for the guard."""
        return self.product.biller or self.product.code


def as_purchase(asked: Inquiry | Pay) -> Purchase:
    """Write a question or a payment as a purchase: the same fields are checked the same way."""
    return Purchase(
        dialect=asked.dialect,
        product_code=asked.product_code,
        destination=asked.customer_no,
        kinds=frozenset({ProductKind.POSTPAID}),
        reference=asked.reference,
        quantity=asked.amount,
        testing=asked.testing,
        signature=asked.signature if isinstance(asked, Pay) else "",
    )


def admit_bill(
    asked: Inquiry | Pay, offer: Offer | None, *, maintenance: bool
) -> BillWish | Refusal:
    """Decide in the order of orders: text, system, product, number, amount."""
    refusal = check_text(as_purchase(asked))
    if refusal is not None:
        return refusal
    if maintenance:
        return Refusal(reason=Reason.MAINTENANCE)
    if offer is None:
        return Refusal(reason=Reason.PRODUCT_NOT_FOUND)
    reason = _product_reason(offer, paying=isinstance(asked, Pay))
    product = offer.product
    if reason is not None:
        return Refusal(reason=reason, product_name=product.name, message=product.status_reason)
    refusal = _request_refusal(asked, offer)
    if refusal is not None:
        return refusal
    return BillWish(
        product=product,
        service=Service(product.service),
        customer_no=offer.destination,
        quantity=asked.amount or 1,
        net=offer.price or 0,
    )


def _product_reason(offer: Offer, *, paying: bool) -> Reason | None:
    product = offer.product
    is_check = product.service == Service.PLN_PREPAID
    can_ask = bool(product.service) and (product.kind is ProductKind.POSTPAID or is_check)
    if not can_ask or (paying and is_check):
        return Reason.PRODUCT_WRONG_KIND
    if offer.in_cut_off:
        return Reason.CUT_OFF
    if product.status != "open":
        return _STATUS_REASON[product.status]
    return Reason.PRICE_NOT_SET if offer.price is None and not is_check else None


_STATUS_REASON: Final = {
    "closed": Reason.PRODUCT_CLOSED,
    "disturbed": Reason.PRODUCT_DISTURBED,
}


def _request_refusal(asked: Inquiry | Pay, offer: Offer) -> Refusal | None:
    product = offer.product
    if offer.destination_problem:
        return value_refused(
            Reason.INVALID_DESTINATION, "destination", offer.destination_problem, product
        )
    problem = _amount_problem(asked.amount, product)
    if problem:
        return value_refused(Reason.INVALID_QUANTITY, "quantity", problem, product)
    return None


def _amount_problem(amount: int | None, product: Product) -> str:
    if product.service != Service.EWALLET:
        return "" if amount in {None, 1} else "this bill has its own amount"
    low, high, step = product.amount_min or 1, product.amount_max or 10**9, product.amount_step
    if amount is None or not low <= amount <= high:
        return f"an amount from {low} to {high} is needed"
    return f"the amount must be a multiple of {step}" if amount % step else ""
