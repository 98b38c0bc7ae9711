"""The pure part of intake: whether an order may be placed, and at what price.

Everything is a function of what is in memory; the balance and known references are checked by the
write lane, under lock.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from gerbang.catalog.product import Product
from gerbang.dialects.contract import ProductKind, Purchase, Refusal
from gerbang.orders.reasons import Reason

DESTINATION_LENGTH_MAX: Final = 64
REFERENCE_LENGTH_MAX: Final = 100
COUNTER_MAX: Final = 99

_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What the catalogue says about one product for one reseller at one moment."""

    product: Product
    price: int | None
    destination: str
    """Normalised by the category's rule."""
    destination_problem: str
    in_cut_off: bool


class Admission(msgspec.Struct, frozen=True, kw_only=True):
    """The order may be written, if balance and reference allow."""

    product: Product
    destination: str
    quantity: int
    counter: int
    price: int
    same_day: bool


def check_text(purchase: Purchase) -> Refusal | None:
    """Refuse what cannot be kept: empty, too long, with control characters."""
    fields: dict[str, list[str]] = {}
    _check_field(fields, "product_code", purchase.product_code, 64)
    _check_field(fields, "destination", purchase.destination, DESTINATION_LENGTH_MAX)
    if purchase.reference is not None:
        _check_field(fields, "reference", purchase.reference, REFERENCE_LENGTH_MAX)
    if not fields:
        return None
    return Refusal(reason=Reason.INVALID_REQUEST, fields=fields)


def _check_field(fields: dict[str, list[str]], name: str, value: str, length_max: int) -> None:
    if 0 < len(value) <= length_max and value.isprintable():
        return  # neither control characters nor lone surrogates are printable
    if not value:
        fields[name] = ["required"]
    elif len(value) > length_max:
        fields[name] = [f"at most {length_max} characters"]
    elif _CONTROLS.search(value):
        fields[name] = ["no control characters"]
    elif not value.isascii() and not _is_storable(value):
        fields[name] = ["not valid text"]


def _is_storable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def admit(
    purchase: Purchase,
    offer: Offer | None,
    *,
    settings: Mapping[str, object],
    maintenance: bool,
) -> Admission | Refusal:
    """Decide in the order the dialect sheets give: system, product, price, destination, amount."""
    if maintenance:
        return Refusal(reason=Reason.MAINTENANCE)
    if offer is None:
        return Refusal(reason=Reason.PRODUCT_NOT_FOUND)
    refusal = _check_product(purchase, offer) or _check_request(purchase, offer)
    if refusal is not None:
        return refusal
    return _admission(purchase, offer, settings)


def _check_product(purchase: Purchase, offer: Offer) -> Refusal | None:
    product = offer.product
    reason: Reason | None = None
    message = ""
    if product.kind not in purchase.kinds:
        reason = Reason.PRODUCT_WRONG_KIND
    elif offer.in_cut_off:
        reason = Reason.CUT_OFF
    elif product.status == "closed":
        reason, message = Reason.PRODUCT_CLOSED, product.status_reason
    elif product.status == "disturbed":
        reason, message = Reason.PRODUCT_DISTURBED, product.status_reason
    elif not offer.price:
        reason = Reason.PRICE_NOT_SET
    if reason is None:
        return None
    return Refusal(
        reason=reason, message=message, product_name=product.name, price=offer.price or 0
    )


def _check_request(purchase: Purchase, offer: Offer) -> Refusal | None:
    product, price = offer.product, offer.price or 0
    if offer.destination_problem:
        return value_refused(
            Reason.INVALID_DESTINATION, "destination", offer.destination_problem, product
        )
    problem = _quantity_problem(purchase.quantity, product)
    if problem:
        return value_refused(Reason.INVALID_QUANTITY, "quantity", problem, product)
    if purchase.price_max is not None and price > purchase.price_max:
        return Refusal(reason=Reason.PRICE_ABOVE_LIMIT, price=price, product_name=product.name)
    if purchase.counter is not None and not 1 <= purchase.counter <= COUNTER_MAX:
        return Refusal(reason=Reason.INVALID_REQUEST, fields={"counter": [f"1 to {COUNTER_MAX}"]})
    return None


def value_refused(reason: Reason, field: str, problem: str, product: Product) -> Refusal:
    """Refuse what was asked because of one value; the problem is told at its field."""
    return Refusal(
        reason=reason, message=problem, fields={field: [problem]}, product_name=product.name
    )


def _quantity_problem(quantity: int | None, product: Product) -> str:
    if product.kind is not ProductKind.OPEN:
        return "" if quantity in {None, 1} else "quantity must be 1"
    low, high, step = product.amount_min or 1, product.amount_max or 0, product.amount_step
    if quantity is None:
        return f"an amount from {low} to {high} is needed"
    if not low <= quantity <= high:
        return f"the amount must be from {low} to {high}"
    if quantity % step:
        return f"the amount must be a multiple of {step}"
    return ""


def _admission(purchase: Purchase, offer: Offer, settings: Mapping[str, object]) -> Admission:
    return Admission(
        product=offer.product,
        destination=offer.destination,
        quantity=purchase.quantity or 1,
        counter=purchase.counter or 1,
        price=offer.price or 0,
        same_day=_same_day(purchase, offer.product, settings),
    )


def _same_day(purchase: Purchase, product: Product, settings: Mapping[str, object]) -> bool:
    """Whether a second order of this product and number today needs a counter.

    The product decides, then the reseller (`same_day_rule` on or off); by default the rule holds
    where no reference is sent. An explicit counter asks for the rule by itself.
    """
    if product.same_day_rule != "reseller":
        return product.same_day_rule == "on"
    wanted = settings.get("same_day_rule")
    if wanted in {"on", "off"}:
        return wanted == "on"
    return purchase.reference is None
