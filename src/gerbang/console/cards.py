"""Card payments: the list, one with its story, capture and cancel, settlement."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from starlette.responses import Response

from gerbang.callbacks.resend import resend_callback
from gerbang.cards.allowed import what_is_allowed
from gerbang.cards.operate import NotDoneError, cancel_payment, capture_payment
from gerbang.cards.payment import Payment, PaymentState
from gerbang.cards.read import (
    list_payments,
    list_settlements,
    show_payment,
    show_settlement,
)
from gerbang.console.day_range import read_day
from gerbang.errors import ConflictError, NotFoundError
from gerbang.figures.card_list import Tried, list_tried_payments
from gerbang.people.role import Permission
from gerbang.postgres.sql import load_queries
from gerbang.web.pages.catalogue import Words
from gerbang.web.pages.form_number import new_form_number, read_form_number
from gerbang.web.pages.paging import ROWS, after_of, page_of
from gerbang.web.pages.site import Site
from gerbang.web.pages.visit import Visit

SQL = load_queries("gerbang.console", "cards.sql")
DAYS_MAX: Final = 92
"""As many as the charts show at once."""
STATES: Final = tuple(one.value for one in PaymentState)


def add_pages(site: Site) -> None:
    """Add them."""
    read, change = Permission.CARDS_READ, Permission.CARDS_CHANGE
    site.get("/cards", list_page, may=read)
    site.get("/deposits/cards", deposits_page, may=Permission.DEPOSITS_READ)
    site.get("/cards/settlements", settlements_page, may=read)
    site.get("/cards/settlements/{imid}/{day}", settlement_page, may=read)
    site.get("/cards/{txid}", payment_page, may=read)
    site.post("/cards/{txid}/cancel", cancel, may=change, form_page=payment_page)
    site.post("/cards/{txid}/capture", capture, may=change, form_page=payment_page)
    site.post("/cards/{txid}/notifications/{id}/resend", resend, may=Permission.CALLBACKS_RESEND)


async def list_page(visit: Visit) -> Response:
    """List payments newest first; the search is a merchant's reference or a tXid."""
    query = {name: text.replace("\x00", "") for name, text in visit.query.items()}
    text = query.get("q", "").strip()[:60]
    state = query.get("state") if query.get("state") in STATES else None
    tried, before = _tried(query), after_of(query)
    if tried is not None and not text:
        found = await list_tried_payments(visit.pool, tried, state=state, before=before, limit=ROWS)
    else:
        found = await list_payments(
            visit.pool, reference=text or None, state=state, before=before, limit=ROWS
        )
    items = found["items"]
    if text and not items:
        items = await _by_txid(visit, text)
    page = page_of(items, after=found["next"], path=visit.path, query=query)
    template = "console/card_table.html" if visit.is_fragment else "console/cards.html"
    return visit.page(template, page=page, text=text, state=state or "", states=STATES, tried=tried)


def _tried(query: Mapping[str, str]) -> Tried | None:
    """Read which tries a chart counted, from the address it links to."""
    first, last = read_day(query.get("from", "")), read_day(query.get("until", ""))
    if first is None or last is None:
        return None
    first = max(first, last - timedelta(days=DAYS_MAX - 1))
    names = ("imid", "brand", "acquirer", "declined")
    return Tried(first=first, last=last, **{name: query.get(name, "")[:60] for name in names})


async def _by_txid(visit: Visit, text: str) -> list[dict[str, Any]]:
    try:
        return [await show_payment(visit.pool, text)]
    except NotFoundError:
        return []


async def payment_page(visit: Visit) -> Response:
    """Show one, and what may be done with it now, or why not."""
    payment = await show_payment(visit.pool, visit.name("txid"))
    found = await _find(visit)
    merchant = visit.node.cards.merchant_of(found)
    return visit.page(
        "console/card.html",
        p=payment,
        story=_story(payment, visit.t),
        allowed=what_is_allowed(merchant, found, visit.node.cards.now(merchant)),
        number=new_form_number(),
        deposit=await visit.pool.fetchrow(SQL.deposit_of_payment, payment["txid"]),
    )


async def deposits_page(visit: Visit) -> Response:
    """List deposits by card, each with its payment."""
    found = await visit.node.card_office.deposits.list(before=after_of(visit.query), limit=ROWS)
    page = page_of(found["items"], after=found["next"], path=visit.path, query=visit.query)
    return visit.page("console/deposits_by_card.html", page=page)


def _story(payment: dict[str, Any], t: Words) -> list[dict[str, Any]]:
    events = [{"at": payment["registered_at"], "what": "registered", "detail": ""}]
    events += [
        {
            "at": one["at"],
            "what": f"attempt_{one['kind']}",
            "detail": " ".join(
                filter(
                    None, (t.of("card_attempt_state", one["state"]), one["code"], one["message"])
                )
            ),
        }
        for one in payment["attempts"]
    ]
    events += [
        {"at": one["at"], "what": "state", "detail": one["to_state"]} for one in payment["history"]
    ]
    events += [
        {"at": one["delivered_at"], "what": "notified", "detail": one["event"]}
        for one in payment["notifications"]
        if one["delivered_at"]
    ]
    return sorted(events, key=lambda event: event["at"])


async def _find(visit: Visit) -> Payment:
    payment = await visit.node.cards.find(visit.name("txid"))
    if payment is None:
        raise NotFoundError(visit.t("error.no_such_thing"))
    return payment


async def cancel(visit: Visit) -> Response:
    """Take a charge back through the same door as the merchant: all of it, or a part."""
    form, cards = visit.form, visit.node.cards
    payment = await _find(visit)
    reason = form.text("reason", most=200)
    part = form.rupiah("amount", least=1, most=payment.amount, needed=False)
    number = read_form_number(visit)
    form.check()
    try:
        done = await cancel_payment(
            visit.pool,
            cards,
            payment.txid,
            amount=part,
            reason=reason,
            number=number,
            actor=visit.actor,
        )
    except NotDoneError as error:
        raise _told(visit, error) from error
    return _gone(visit, done, "cards.cancelled" if done["result"] == "cancelled" else "")


async def capture(visit: Visit) -> Response:
    """Take a part or all of a hold, by a payment of its own."""
    form, cards = visit.form, visit.node.cards
    hold = await _find(visit)
    amount = form.rupiah("amount", least=1, most=hold.amount)
    number = read_form_number(visit)
    form.check()
    if hold.state is not PaymentState.PREAUTHED:
        raise ConflictError(visit.t("cards.no_hold"))
    try:
        done = await capture_payment(
            visit.pool,
            cards,
            hold.txid,
            amount=amount or 0,
            reference=f"{hold.reference[:20]}-{number}",
            actor=visit.actor,
        )
    except NotDoneError as error:
        raise _told(visit, error) from error
    return _gone(visit, done, "cards.captured" if done["result"] == "captured" else "")


def _told(visit: Visit, error: NotDoneError) -> ConflictError:
    if error.reason is not None:
        return ConflictError(visit.t("cards.refused", reason=error.reason))
    return ConflictError(visit.t("cards.declined", reason=error.said))


def _gone(visit: Visit, done: dict[str, Any], known: str) -> Response:
    return visit.go(
        f"{visit.site.prefix}/cards/{done['txid']}",
        visit.t(known or "cards.not_known_yet"),
        kind="success" if known else "warning",
    )


async def resend(visit: Visit) -> Response:
    """Send a notification once more."""
    async with visit.changing() as connection:
        await resend_callback(connection, visit.number(), actor=visit.actor)
    return visit.go(f"{visit.site.prefix}/cards/{visit.name('txid')}", visit.t("callback.resent"))


async def settlements_page(visit: Visit) -> Response:
    """List the reports of each merchant and day."""
    found = await list_settlements(visit.pool, before=after_of(visit.query), limit=ROWS)
    page = page_of(found["items"], after=found["next"], path=visit.path, query=visit.query)
    return visit.page("console/settlements.html", page=page)


async def settlement_page(visit: Visit) -> Response:
    """Show one report with every charge and refund in it."""
    try:
        day = date.fromisoformat(visit.name("day"))
    except ValueError as error:
        raise NotFoundError(visit.t("error.no_such_thing")) from error
    found = await show_settlement(visit.pool, visit.name("imid"), day)
    return visit.page("console/settlement.html", s=found)
