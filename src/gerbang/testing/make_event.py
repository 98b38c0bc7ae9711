"""Make an event happen: the testing order, bill or deposit ticket that leads to it."""

from __future__ import annotations

from typing import Final

from gerbang.bills.bill import Service
from gerbang.catalog.product import Product
from gerbang.catalog.snapshot import Snapshot
from gerbang.dialects.contract import (
    Credential,
    Gateway,
    Inquiry,
    OrderView,
    Pay,
    PlaceResult,
    ProductKind,
    ProductQuery,
    Purchase,
    Refusal,
    TicketRequest,
)
from gerbang.errors import BadInputError, ConflictError, NotFoundError
from gerbang.ids import generate_reference
from gerbang.memory import Memory
from gerbang.testing.trigger import (
    BILL_ENDINGS,
    ENDINGS,
    EVENTS,
    EXPECTED_REFUSALS,
    SHOWN_ONLY,
    TICKET_BASE,
    TICKET_ENDINGS,
    Triggered,
    find_destination,
)

KINDS: Final = frozenset({ProductKind.PREPAID})
NO_BILL: Final = frozenset({Service.PLN_PREPAID.value, Service.EWALLET.value})
"""A name check owes nothing, and an open amount is what the customer says."""


class EventMaker:
    """Does what a reseller would do, in testing."""

    def __init__(self, *, snapshot: Snapshot, memory: Memory, gateway: Gateway) -> None:
        """Wire it."""
        self._snapshot = snapshot
        self._memory = memory
        self._gateway = gateway

    async def make(
        self, credential: Credential, event: str, *, product: str | None, reference: str | None
    ) -> Triggered:
        """Do it. Raises BadInputError, NotFoundError or ConflictError."""
        if event not in EVENTS:
            problem = f"one of {', '.join(EVENTS)}"
            raise BadInputError(f"event: {problem}", {"event": problem})
        if event in TICKET_ENDINGS:
            return await self._ticket(credential, event)
        named = reference or f"TRIGGER-{generate_reference()}"
        if event in BILL_ENDINGS:
            return await self._bill(credential, event, product, named)
        return await self._order(credential, event, product, named)

    async def _order(
        self, credential: Credential, event: str, product: str | None, reference: str
    ) -> Triggered:
        code, destination = self._find_target(
            credential, ENDINGS[event], product, ProductKind.PREPAID
        )
        purchase = Purchase(
            dialect=credential.dialect,
            product_code=code,
            destination=destination,
            kinds=KINDS,
            reference=reference,
            testing=True,
        )
        return _placed(event, await self._gateway.place(credential, purchase))

    async def _bill(
        self, credential: Credential, event: str, product: str | None, reference: str
    ) -> Triggered:
        kind = ProductKind.POSTPAID
        code, customer = self._find_target(credential, BILL_ENDINGS[event], product, kind)
        inquiry = Inquiry(
            dialect=credential.dialect,
            product_code=code,
            customer_no=customer,
            reference=reference,
            testing=True,
        )
        shown = await self._gateway.inquire(credential, inquiry)
        if isinstance(shown, Refusal):
            return _refused(event, shown, reference, code, customer)
        if event in SHOWN_ONLY:
            return Triggered(
                event=event,
                state="found",
                reference=shown.reference,
                product=code,
                destination=customer,
                total=shown.quoted.total,
            )
        payment = Pay(
            dialect=credential.dialect,
            product_code=code,
            customer_no=customer,
            reference=reference,
            inquiry_reference=reference,
            testing=True,
        )
        paid = await self._gateway.pay(credential, payment)
        if isinstance(paid, Refusal):
            return _refused(event, paid, reference, code, customer)
        return _placed(event, paid)

    async def _ticket(self, credential: Credential, event: str) -> Triggered:
        amount = TICKET_BASE + TICKET_ENDINGS[event]
        request = TicketRequest(dialect=credential.dialect, amount=amount, testing=True)
        ticket = await self._gateway.open_ticket(credential, request)
        if isinstance(ticket, Refusal):
            return _refused(event, ticket, "", "", "")
        return Triggered(event=event, state="open", ticket_id=ticket.id, total=ticket.grand_total)

    # --- a number that fits -----------------------------------------------------------------------

    def _find_target(
        self, credential: Credential, ending: str, wanted: str | None, kind: ProductKind
    ) -> tuple[str, str]:
        """Choose a product that is open and priced, and a number it takes."""
        views, _ = self._gateway.list_products(credential, ProductQuery(code=wanted, kind=kind))
        for view in views:
            is_bill = view.admin is not None and view.service not in NO_BILL
            if view.status == "open" and (view.price or is_bill):
                destination = self._destination(credential, view.code, ending, kind)
                if destination is not None:
                    return view.code, destination
        name = wanted or "that is open"
        raise NotFoundError(f"no {kind} product {name} has a price and takes such a number")

    def _destination(
        self, credential: Credential, code: str, ending: str, kind: ProductKind
    ) -> str | None:
        product = self._snapshot.product(code)
        prefixes = self._prefixes(product) if product is not None else []

        def problem(number: str) -> str:
            purchase = Purchase(
                dialect=credential.dialect,
                product_code=code,
                destination=number,
                kinds=frozenset({kind}),
            )
            offer = self._memory.offer(credential, purchase)
            if offer is None or offer.in_cut_off or not offer.destination.endswith(ending):
                return "not now"
            return offer.destination_problem

        return find_destination(ending, prefixes=prefixes, problem=problem)

    def _prefixes(self, product: Product) -> list[str]:
        known = self._snapshot.prefixes.items()
        return sorted(prefix for prefix, operator in known if operator == product.operator)


def _placed(event: str, result: PlaceResult) -> Triggered:
    if isinstance(result, OrderView):
        return Triggered(
            event=event,
            state=result.state.value,
            reference=result.reference,
            product=result.product_code,
            destination=result.destination,
            order_id=result.id,
            total=result.price,
        )
    if isinstance(result, Refusal):
        raise _surprise(result)
    raise ConflictError("whether it was written is not known yet; ask for its status")


def _refused(
    event: str, refusal: Refusal, reference: str, product: str, destination: str
) -> Triggered:
    """Give the refusal that was wanted; any other is a conflict."""
    if refusal.reason is not EXPECTED_REFUSALS.get(event):
        raise _surprise(refusal)
    return Triggered(
        event=event,
        state="refused",
        reference=reference,
        product=product,
        destination=destination,
        reason=refusal.reason.value,
    )


def _surprise(refusal: Refusal) -> ConflictError:
    return ConflictError(f"refused: {refusal.reason} {refusal.message}".strip())
