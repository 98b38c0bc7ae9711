"""Card payments of the reseller's own merchants: the list, one payment, giving back, capturing."""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import Response

from gerbang.callbacks.resend import resend_callback
from gerbang.cards.allowed import Allowed, what_is_allowed
from gerbang.cards.operate import NotDoneError, cancel_payment, capture_payment
from gerbang.cards.payment import Payment, PaymentState
from gerbang.cards.read import show_payment
from gerbang.errors import ConflictError, NotFoundError
from gerbang.people.role import Permission
from gerbang.portal.days import one_of, text_of
from gerbang.portal.own import own_id
from gerbang.portal.store import NEWEST, SQL
from gerbang.web.pages.form_number import new_form_number, read_form_number
from gerbang.web.pages.paging import ROWS, after_of, page_of_rows
from gerbang.web.pages.site import Site
from gerbang.web.pages.visit import Visit

STATES: Final = tuple(state.value for state in PaymentState)
_USE: Final = Permission.PORTAL_USE


def add_pages(site: Site) -> None:
    """Add them."""
    site.get("/cards", cards_page, may=_USE)
    site.get("/cards/{txid}", payment_page, may=_USE)
    site.post("/cards/{txid}/cancel", post_cancel, may=_USE, form_page=payment_page)
    site.post("/cards/{txid}/capture", post_capture, may=_USE, form_page=payment_page)
    site.post("/cards/{txid}/notifications/{id}/resend", post_resend, may=_USE)


async def cards_page(visit: Visit) -> Response:
    """List payments."""
    merchants = await visit.pool.fetch(SQL.merchants, own_id(visit))
    rows = await visit.pool.fetch(
        SQL.payments,
        own_id(visit),
        after_of(visit.query) or NEWEST,
        one_of(visit.query, "state", STATES),
        text_of(visit.query, "q"),
        ROWS,
    )
    page = page_of_rows(rows, path=visit.path, query=visit.query)
    return visit.page(
        "portal/cards.html", merchants=merchants, page=page, states=STATES, query=visit.query
    )


async def payment_page(visit: Visit) -> Response:
    """Show one payment, what may be done with it now, and why the rest may not."""
    payment = await _own(visit)
    return visit.page(
        "portal/payment.html",
        payment=await show_payment(visit.pool, payment.txid),
        allowed=_allowed(visit, payment),
        number=new_form_number(),
        is_deposit=_is_deposit(visit, payment),
    )


async def _own(visit: Visit) -> Payment:
    txid = visit.name("txid")
    if "\x00" in txid or await visit.pool.fetchval(SQL.payment_owner, txid) != own_id(visit):
        raise NotFoundError(visit.t("error.no_such_thing"))
    payment = await visit.node.cards.find(txid)
    if payment is None:
        raise NotFoundError(visit.t("error.no_such_thing"))
    return payment


def _allowed(visit: Visit, payment: Payment) -> Allowed:
    cards = visit.node.cards
    merchant = cards.merchant_of(payment)
    return what_is_allowed(merchant, payment, cards.now(merchant))


def _is_deposit(visit: Visit, payment: Payment) -> bool:
    """Tell whether its merchant is the one deposits are paid through: only we give those back."""
    return visit.node.cards.merchant_of(payment).imid == visit.kit.settings.card_deposit_imid


# --- actions --------------------------------------------------------------------------------------


async def post_cancel(visit: Visit) -> Response:
    """Give back all of a charge, or a part of it."""
    payment = await _changeable(visit)
    whole = visit.form.choice("how", ("whole", "part")) == "whole"
    amount = None
    if not whole:
        amount = visit.form.rupiah("amount", least=1, most=max(payment.remainder, 1))
    reason = visit.form.text("reason", most=200)
    number = read_form_number(visit)
    visit.form.check()
    try:
        done = await cancel_payment(
            visit.pool,
            visit.node.cards,
            payment.txid,
            amount=amount,
            reason=reason,
            number=number,
            actor=visit.actor,
        )
    except NotDoneError as error:
        raise ConflictError(_why(visit, error)) from error
    return _done(visit, done, "portal_cards.gave_back")


async def post_capture(visit: Visit) -> Response:
    """Take what is held, or less of it."""
    hold = await _changeable(visit)
    amount = visit.form.rupiah("amount", least=1, most=hold.amount)
    number = read_form_number(visit)
    visit.form.check()
    if hold.state is not PaymentState.PREAUTHED:
        raise ConflictError(visit.t("portal_card_reason.hold_unknown"))
    try:
        done = await capture_payment(
            visit.pool,
            visit.node.cards,
            hold.txid,
            amount=amount or 0,
            reference=f"{hold.reference[:20]}-{number}",
            actor=visit.actor,
        )
    except NotDoneError as error:
        raise ConflictError(_why(visit, error)) from error
    return _done(visit, done, "portal_cards.captured")


async def _changeable(visit: Visit) -> Payment:
    payment = await _own(visit)
    if _is_deposit(visit, payment):
        raise ConflictError(visit.t("portal_cards.is_deposit"))
    return payment


def _why(visit: Visit, error: NotDoneError) -> str:
    if error.reason is not None:
        return str(visit.t.of("portal_card_reason", error.reason.value))
    return visit.t("portal_cards.declined", said=error.said)


def _done(visit: Visit, payment: dict[str, Any], word: str) -> Response:
    known = payment["result"] != "unknown"
    return visit.go(
        f"{visit.site.prefix}/cards/{payment['txid']}",
        visit.t(word if known else "portal_cards.not_known"),
        kind="success" if known else "warning",
    )


async def post_resend(visit: Visit) -> Response:
    """Send a notification once more, the same as before."""
    payment = await show_payment(visit.pool, (await _own(visit)).txid)
    number = visit.number()
    if number not in {one["id"] for one in payment["notifications"]}:
        raise NotFoundError(visit.t("error.no_such_thing"))
    try:
        async with visit.pool.acquire() as connection, connection.transaction():
            await resend_callback(connection, number, actor=visit.actor)
    except ConflictError as error:
        raise ConflictError(visit.t("portal.resend_busy")) from error
    return visit.go(f"{visit.site.prefix}/cards/{payment['txid']}", visit.t("portal.resent"))
