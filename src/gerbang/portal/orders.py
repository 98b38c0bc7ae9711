"""Orders: the list with its filters, one order with its timeline, and the complaint."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

from starlette.responses import Response

from gerbang.bills.bill import quote_of
from gerbang.clock import WIB, business_day
from gerbang.orders.complain import complain
from gerbang.orders.evidence import list_evidence, read_evidence
from gerbang.orders.read import show_order, show_order_at_once
from gerbang.people.role import Permission
from gerbang.portal.csv_file import begin_file, csv_answer
from gerbang.portal.find import LOOKED_AT_MAX, STATES, filter_of, find_orders
from gerbang.portal.order_view import own_view
from gerbang.portal.own import check_own_order, own_id
from gerbang.web.pages.evidence import evidence_answer, sent_evidence
from gerbang.web.pages.paging import ROWS, after_of, page_of
from gerbang.web.pages.receipts import receipt_answer
from gerbang.web.pages.site import Site
from gerbang.web.pages.visit import Visit

CSV_ROWS: Final = 1_000
_USE: Final = Permission.PORTAL_USE


def add_pages(site: Site) -> None:
    """Add them."""
    site.get("/orders", orders_page, may=_USE)
    site.get("/orders.csv", orders_file, may=_USE)
    site.post("/orders/export", post_export, may=_USE)
    site.get("/orders/{id}", order_page, may=_USE)
    site.get("/orders/{id}/receipt", receipt, may=_USE)
    site.post("/orders/{id}/complaint", post_complaint, may=_USE, form_page=order_page, upload=True)
    site.get("/complaints/{id}/files/{number}", complaint_file, may=_USE)


async def orders_page(visit: Visit) -> Response:
    """List one's orders."""
    rows, after = await _found(visit, before=after_of(visit.query), limit=ROWS)
    page = page_of(rows, after=after, path=visit.path, query=visit.query)
    return visit.page(
        "portal/orders.html",
        page=page,
        states=STATES,
        query=visit.query,
        looked_at=LOOKED_AT_MAX,
    )


async def _found(
    visit: Visit, *, before: int | None, limit: int
) -> tuple[list[dict[str, Any]], int | None]:
    today = business_day(visit.kit.clock.now())
    chosen = filter_of(visit.query)
    return await find_orders(
        visit.pool, own_id(visit), chosen, today=today, before=before, limit=limit
    )


async def orders_file(visit: Visit) -> Response:
    """Give the filtered list as CSV at once, for programs."""
    return csv_answer("orders.csv", _lines(visit))


async def post_export(visit: Visit) -> Response:
    """Write the filtered list into a file in the background."""
    title = visit.t("portal.export_orders")
    return await begin_file(visit, _lines(visit), kind="orders", title=title)


async def _lines(visit: Visit) -> AsyncIterator[Sequence[Any]]:
    yield _COLUMNS
    before: int | None = None
    while True:
        rows, before = await _found(visit, before=before, limit=CSV_ROWS)
        for row in rows:
            yield cells_of(row)
        if before is None:
            return


def cells_of(row: Mapping[str, Any]) -> Sequence[Any]:
    """Give an order as a line of a file."""
    created = row["created_at"].astimezone(WIB).isoformat(timespec="seconds")
    return [created, *(row[name] for name in _COLUMNS[1:])]


_COLUMNS: Final = (
    "created_at",
    "id",
    "reference",
    "product_code",
    "destination",
    "price",
    "state",
    "reason",
    "sn",
    "testing",
    "dialect",
)


async def order_page(visit: Visit) -> Response:
    """Show one order."""
    order_id = visit.number()
    await check_own_order(visit, order_id)
    order = own_view(await show_order_at_once(visit.pool, order_id))
    for complaint in order["complaints"]:
        complaint["files"] = await list_evidence(visit.pool, complaint["id"])
    open_complaint = next((c for c in order["complaints"] if c["closed_at"] is None), None)
    return visit.page(
        "portal/order.html",
        order=order,
        open_complaint=open_complaint,
        quote=quote_of(order["data"]),
    )


async def receipt(visit: Visit) -> Response:
    """Give the receipt of one's own order."""
    order_id = visit.number()
    await check_own_order(visit, order_id)
    return await receipt_answer(visit, await show_order(visit.pool, order_id))


async def post_complaint(visit: Visit) -> Response:
    """Complain about an order; the operator sees a case."""
    order_id = visit.number()
    words = visit.form.text("words", most=2_000)
    evidence = visit.form.text("evidence", needed=False, most=2_000)
    files = await sent_evidence(visit)
    visit.form.check()
    async with visit.pool.acquire() as connection, connection.transaction():
        await complain(
            connection,
            order_id,
            reseller_id=own_id(visit),
            words=words,
            evidence=evidence,
            actor=visit.actor,
            now=visit.kit.clock.now(),
            answer_within_s=visit.kit.settings.complaint_answer_s,
            files=files,
        )
    return visit.go(f"{visit.site.prefix}/orders/{order_id}", visit.t("portal.complaint_sent"))


async def complaint_file(visit: Visit) -> Response:
    """Give a file that came with one of one's own complaints."""
    file = await read_evidence(
        visit.pool, visit.number(), visit.number("number"), reseller_id=own_id(visit)
    )
    return evidence_answer(file)
