"""Who would win an order right now, and why: the choice as it would be made, without an order.

Nothing is written, nobody is asked, and a supplier that is being tried keeps no place for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from gerbang.catalog.product import Product
from gerbang.catalog.snapshot import Snapshot
from gerbang.dialects.contract import Credential, ProductKind, Purchase, Refusal
from gerbang.errors import NotFoundError
from gerbang.orders.admit import Admission, Offer, admit, check_text
from gerbang.resellers.reseller import Reseller
from gerbang.routing.choose import Choice, Verdict
from gerbang.routing.explain import CHOSEN_CODES
from gerbang.routing.planner import Planner


class Foresight(msgspec.Struct, frozen=True, kw_only=True):
    """What would become of an order.

    `refused` is the reason where it would not be taken in at all, whoever could deliver it: the
    product is closed, the destination wrong, the price not set. The verdicts stand all the same.
    """

    product: str
    reseller: str
    destination: str
    price: int
    """Rupiah; 0 for a bill, which says it itself."""
    supplier: str | None
    cost: int | None
    refused: str | None
    refused_message: str
    verdicts: tuple[Verdict, ...]
    """One for each route, the winner first."""

    def as_json(self) -> dict[str, Any]:
        """Give plain values."""
        shown: dict[str, Any] = msgspec.to_builtins(self)
        return shown


def foresee(
    snapshot: Snapshot,
    planner: Planner,
    offer_to: Callable[[Credential, Purchase], Offer | None],
    *,
    product: str,
    reseller: str,
    destination: str,
    quantity: int | None = None,
) -> Foresight:
    """Say who would win, and why. Raises NotFoundError."""
    known, buyer = snapshot.product(product), snapshot.reseller_by_code(reseller)
    if known is None:
        raise NotFoundError(f"no product {product}")
    if buyer is None:
        raise NotFoundError(f"no reseller {reseller}")
    is_bill = known.kind is ProductKind.POSTPAID
    purchase = Purchase(
        dialect="",
        product_code=known.code,
        destination=destination,
        kinds=frozenset(ProductKind),
        reference="-",
        quantity=quantity,
    )
    offer = offer_to(_as_buyer(buyer), purchase)
    if offer is not None and is_bill:
        offer = msgspec.structs.replace(offer, price=offer.price or 1)  # the bill will say it
    admitted = check_text(purchase) or admit(
        purchase, offer, settings=buyer.view.settings, maintenance=False
    )
    refusal = admitted if isinstance(admitted, Refusal) else None
    admission = admitted if isinstance(admitted, Admission) else _as_if(known, offer, purchase)
    if is_bill:
        choice = planner.explain_bill(buyer, known.id, customer_no=admission.destination)
    else:
        choice = planner.explain(buyer, admission)
    return _foresight(choice, admission, buyer, refusal)


def _as_if(product: Product, offer: Offer | None, purchase: Purchase) -> Admission:
    """Take in what would be refused, to see what the routes would say."""
    return Admission(
        product=product,
        destination=offer.destination if offer is not None else purchase.destination,
        quantity=purchase.quantity or 1,
        counter=1,
        price=(offer.price if offer is not None else None) or 0,
        same_day=False,
    )


def _foresight(
    choice: Choice, admission: Admission, buyer: Reseller, refusal: Refusal | None
) -> Foresight:
    best = choice.best
    wins = best is not None and refusal is None
    verdicts = sorted(choice.verdicts, key=lambda verdict: verdict.code not in CHOSEN_CODES)
    return Foresight(
        product=admission.product.code,
        reseller=buyer.view.code,
        destination=admission.destination,
        price=0 if admission.product.kind is ProductKind.POSTPAID else admission.price,
        supplier=best.supplier_code if best is not None and wins else None,
        cost=best.route.cost + choice.wish.amount if best is not None and wins else None,
        refused=refusal.reason.value if refusal is not None else None,
        refused_message=refusal.message if refusal is not None else "",
        verdicts=tuple(verdicts),
    )


def _as_buyer(reseller: Reseller) -> Credential:
    """Give a credential of no dialect: an offer asks only whose it is."""
    return Credential(id=0, reseller=reseller.view, dialect="", key="", secrets={}, testing=False)
