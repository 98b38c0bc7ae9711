"""Deposits: ask for a ticket, see exactly what to transfer and until when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import Response

from gerbang.cards.deposit import CHECKOUT
from gerbang.cards.merchant import Merchant
from gerbang.cards.payment import CHARGED, PaymentState
from gerbang.deposits.read import list_tickets, show_ticket
from gerbang.dialects.contract import Refusal, TicketRequest
from gerbang.errors import BadInputError, NotFoundError
from gerbang.orders.reasons import Reason
from gerbang.people.role import Permission
from gerbang.portal.own import own_id, own_reseller
from gerbang.web.pages.paging import after_of, page_of
from gerbang.web.pages.site import Site
from gerbang.web.pages.visit import Visit

ROWS: Final = 20
CARD_ROWS: Final = 5
DIALECT: Final = "portal"
_PAID: Final = frozenset(state.value for state in CHARGED)
_USE: Final = Permission.PORTAL_USE


def add_pages(site: Site) -> None:
    """Add them."""
    site.get("/deposits", deposits_page, may=_USE)
    site.post("/deposits", post_deposit, may=_USE, form_page=deposits_page)
    site.post("/deposits/card", post_card_deposit, may=_USE, form_page=deposits_page)
    site.get("/deposits/returned", returned, may=_USE)
    site.post("/deposits/returned", returned, may=_USE)
    site.get("/deposits/{id}", deposit_page, may=_USE)


async def deposits_page(visit: Visit) -> Response:
    """Ask for an amount, and list the tickets."""
    reseller = await own_reseller(visit)
    found = await list_tickets(
        visit.pool, reseller=reseller["code"], before=after_of(visit.query), limit=ROWS
    )
    page = page_of(found["items"], after=found["next"], path=visit.path, query=visit.query)
    settings = visit.kit.settings
    return visit.page(
        "portal/deposits.html",
        reseller=reseller,
        page=page,
        cards=await _card_deposits(visit, reseller),
        least=settings.deposit_amount_min,
        most=settings.deposit_amount_max,
    )


async def post_deposit(visit: Visit) -> Response:
    """Open a ticket, or show the one that is open for the same amount."""
    settings = visit.kit.settings
    amount = visit.form.rupiah(
        "amount", least=settings.deposit_amount_min, most=settings.deposit_amount_max
    )
    visit.form.check()
    testing = not (await own_reseller(visit))["live"]
    ticket = await visit.node.deposits.open_ticket(
        own_id(visit), TicketRequest(dialect=DIALECT, amount=amount or 0, testing=testing)
    )
    if isinstance(ticket, Refusal):
        full = ticket.reason is Reason.NO_UNIQUE_AMOUNT
        text = visit.t("portal.deposit_full" if full else "portal.deposit_refused")
        raise BadInputError(text, {"amount": text})
    return visit.go(f"{visit.site.prefix}/deposits/{ticket.id}")


async def post_card_deposit(visit: Visit) -> Response:
    """Register a payment by card, and go to the page where it is paid."""
    reseller = await own_reseller(visit)
    merchant = _card_merchant(visit, reseller)
    if merchant is None:
        raise NotFoundError(visit.t("error.no_such_thing"))
    limits = merchant.limits
    amount = visit.form.rupiah("card_amount", least=limits.amount_min, most=limits.amount_max)
    visit.form.check()
    code = reseller["code"]
    deposit = await visit.node.card_office.deposits.open(code, amount or 0, actor=visit.actor)
    # The checkout is on this host; a form may lead nowhere else.
    return visit.go(f"{CHECKOUT}?tXid={deposit['txid']}")


def _card_merchant(visit: Visit, reseller: Mapping[str, Any]) -> Merchant | None:
    """Give who charges deposits, where this reseller may pay in by card.

    A sandbox issuer credits nothing outside a demo, so nobody is asked to pay there; and a real
    card is charged only for a reseller with live access, who can spend what he pays in.
    """
    imid = visit.kit.settings.card_deposit_imid
    merchant = visit.node.cards.merchant(imid) if imid else None
    if merchant is None or not merchant.booked:
        return None
    return merchant if merchant.sandboxed or reseller["live"] else None


async def _card_deposits(visit: Visit, reseller: Mapping[str, Any]) -> dict[str, Any] | None:
    """Give what the page needs for deposits by card; nothing where none are offered."""
    merchant = _card_merchant(visit, reseller)
    if merchant is None:
        return None
    found = await visit.node.card_office.deposits.list(code=reseller["code"], limit=CARD_ROWS)
    limits = merchant.limits
    return {"rows": found["items"], "least": limits.amount_min, "most": limits.amount_max}


async def returned(visit: Visit) -> Response:
    """Take a browser back from paying by card; how it went is read here, not from what it says."""
    code = visit.user.reseller_code
    found = await visit.node.card_office.deposits.list(code=code, limit=CARD_ROWS)
    sent = visit.form.raw("tXid") or visit.query.get("tXid", "")
    one = next((one for one in found["items"] if one["txid"] == sent), None)
    word, kind = "portal.deposit_card_unpaid", "info"
    if one is not None and (one["state"] == "credited" or one["payment_state"] in _PAID):
        word, kind = "portal.deposit_card_paid", "success"
    elif one is not None and one["payment_state"] == PaymentState.PROCESSING:
        word = "portal.deposit_card_unknown"
    return visit.go(f"{visit.site.prefix}/deposits", visit.t(word), kind=kind)


async def deposit_page(visit: Visit) -> Response:
    """Show one ticket: the exact total, the banks, the time that is left."""
    ticket = await _own_ticket(visit)
    template = "portal/ticket_state.html" if visit.is_fragment else "portal/deposit.html"
    return visit.page(template, ticket=ticket)


async def _own_ticket(visit: Visit) -> dict[str, Any]:
    ticket = await show_ticket(visit.pool, visit.number())
    if ticket["reseller"] != visit.user.reseller_code:
        raise NotFoundError(visit.t("error.no_such_thing"))
    return ticket
