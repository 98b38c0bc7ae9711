"""Deposits: tickets, the bank's lines with suggestions, and two pairs of eyes."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from starlette.responses import Response

from gerbang.clock import business_day
from gerbang.deposits import admin, decide, read
from gerbang.deposits.line import NewLine, day_begins
from gerbang.deposits.open import cancel_ticket
from gerbang.deposits.statement import StatementError, read_statement
from gerbang.errors import BadInputError
from gerbang.people.role import Permission
from gerbang.web.pages.paging import ROWS, after_of, page_of
from gerbang.web.pages.site import UPLOAD_BYTES_MAX, Site
from gerbang.web.pages.visit import Visit

LINE_STATES: Final = ("queued", "new", "crediting", "credited", "set_aside")
TICKET_STATES: Final = ("open", "paid", "expired", "cancelled")
FORMATS: Final = ("bca", "mandiri", "bri", "bni")


def add_pages(site: Site) -> None:
    """Add them."""
    see, change = Permission.DEPOSITS_READ, Permission.DEPOSITS_CHANGE
    site.get("/deposits", tickets_page, may=see)
    site.post("/deposits/tickets/{id}/cancel", cancel, may=change)
    site.get("/deposits/lines", lines_page, may=see)
    site.get("/deposits/lines/new", new_line_page, may=change)
    site.post("/deposits/lines/new", take_line, may=change, form_page=new_line_page)
    site.get("/deposits/lines/{id}", line_page, may=see)
    site.post("/deposits/lines/{id}/propose", propose, may=change, form_page=line_page)
    site.get("/deposits/proposals", proposals_page, may=see)
    site.post("/deposits/proposals/{id}/approve", approve, may=change)
    site.post("/deposits/proposals/{id}/reject", reject, may=change)
    site.get("/deposits/banks", banks_page, may=see)
    site.post("/deposits/banks", add_bank, may=change, form_page=banks_page)
    site.post(
        "/deposits/banks/import", take_statement, may=change, upload=True, form_page=banks_page
    )
    site.post("/deposits/banks/{account}/active", switch_bank, may=change)


def _state(visit: Visit, allowed: tuple[str, ...], default: str | None = None) -> str | None:
    wanted = visit.query.get("state", default or "")
    return wanted if wanted in allowed else None


async def tickets_page(visit: Visit) -> Response:
    """List tickets."""
    state = _state(visit, TICKET_STATES)
    found = await read.list_tickets(
        visit.pool, state=state, before=after_of(visit.query), limit=ROWS
    )
    page = page_of(found["items"], after=found["next"], path=visit.path, query=visit.query)
    return visit.page(
        "console/deposit_tickets.html", page=page, state=state or "", states=TICKET_STATES
    )


async def cancel(visit: Visit) -> Response:
    """Close an open ticket."""
    async with visit.changing() as connection:
        await cancel_ticket(connection, visit.number(), actor=visit.actor)
    return visit.go(f"{visit.site.prefix}/deposits", visit.t("deposits.cancelled"))


async def lines_page(visit: Visit) -> Response:
    """List the bank's lines; those that wait come first to mind."""
    state = _state(visit, LINE_STATES)
    found = await read.list_lines(visit.pool, state=state, before=after_of(visit.query), limit=ROWS)
    page = page_of(found["items"], after=found["next"], path=visit.path, query=visit.query)
    return visit.page("console/bank_lines.html", page=page, state=state or "", states=LINE_STATES)


async def line_page(visit: Visit) -> Response:
    """Show one line with what it might be."""
    line = await read.show_line(visit.pool, visit.number())
    resellers = sorted(r.view.code for r in visit.node.snapshot.resellers.values())
    return visit.page("console/bank_line.html", line=line, resellers=resellers)


async def propose(visit: Visit) -> Response:
    """Say what a line is; somebody else decides."""
    form, line_id = visit.form, visit.number()
    action = form.choice("action", ("ticket", "reseller", "set_aside"))
    note = form.text("note", most=500)
    ticket = form.integer("ticket_id", needed=action == "ticket", least=1)
    reseller = form.text("reseller", needed=action == "reseller", most=40)
    form.check()
    async with visit.changing() as connection:
        if action == "set_aside":
            await decide.propose_set_aside(connection, line_id, note=note, actor=visit.actor)
        else:
            await decide.propose_credit(
                connection,
                line_id,
                reseller=reseller if action == "reseller" else None,
                ticket_id=ticket if action == "ticket" else None,
                note=note,
                actor=visit.actor,
            )
    return visit.go(f"{visit.site.prefix}/deposits/proposals", visit.t("deposits.proposed"))


async def proposals_page(visit: Visit) -> Response:
    """List what waits for another pair of eyes."""
    state = _state(visit, ("waiting", "approved", "rejected"), "waiting")
    found = await read.list_proposals(
        visit.pool, state=state, before=after_of(visit.query), limit=ROWS
    )
    page = page_of(found["items"], after=found["next"], path=visit.path, query=visit.query)
    return visit.page("console/deposit_proposals.html", page=page, state=state or "")


async def approve(visit: Visit) -> Response:
    """Agree; a credit is booked at once."""
    async with visit.changing() as connection:
        await decide.approve(connection, visit.number(), actor=visit.actor)
    await visit.node.deposits.credit()
    return visit.go(f"{visit.site.prefix}/deposits/proposals", visit.t("deposits.approved"))


async def reject(visit: Visit) -> Response:
    """Disagree; the line stays in the queue."""
    async with visit.changing() as connection:
        await decide.reject(connection, visit.number(), actor=visit.actor)
    return visit.go(f"{visit.site.prefix}/deposits/proposals", visit.t("deposits.rejected"))


async def banks_page(visit: Visit, taken: Any = None) -> Response:
    """Show our accounts, and take a statement."""
    return visit.page(
        "console/banks.html",
        banks=await admin.list_banks(visit.pool),
        formats=[*FORMATS, *(await admin.list_formats(visit.pool))],
        taken=taken,
    )


async def add_bank(visit: Visit) -> Response:
    """Add an account of ours."""
    form = visit.form
    values = {
        "bank_name": form.text("bank_name", most=60),
        "account_no": form.text("account_no", most=32),
        "beneficiary_name": form.text("beneficiary_name", most=100),
    }
    form.check()
    async with visit.changing() as connection:
        await admin.create_bank(connection, **values, actor=visit.actor)
    return visit.go(f"{visit.site.prefix}/deposits/banks", visit.t("layout.saved"))


async def switch_bank(visit: Visit) -> Response:
    """Use an account for new tickets, or no more."""
    async with visit.changing() as connection:
        await admin.change_bank(
            connection,
            visit.name("account"),
            active=visit.form.flag("active"),
            actor=visit.actor,
        )
    return visit.go(f"{visit.site.prefix}/deposits/banks", visit.t("layout.saved"))


async def take_statement(visit: Visit) -> Response:
    """Take a statement's lines: exact ones are credited at once, the others wait."""
    form, node = visit.form, visit.node
    name, account = form.text("format", most=32), form.text("account", most=32)
    data = await form.upload("file", bytes_max=UPLOAD_BYTES_MAX)
    form.check()
    columns = await admin.find_format(visit.pool, name)
    today = business_day(visit.kit.clock.now())
    try:
        lines = await asyncio.to_thread(
            read_statement, data, columns, account_no=account, today=today
        )
    except StatementError as error:
        raise BadInputError(str(error), {"file": str(error)}) from error
    taken = await node.deposits.take_lines(lines, source=f"console:{name}")
    return await banks_page(visit, taken)


async def new_line_page(visit: Visit) -> Response:
    """Ask for one line of a statement, where there is no file and no service."""
    return visit.page(
        "console/bank_line_new.html",
        banks=[
            (bank["account_no"], f"{bank['bank_name']} {bank['account_no']}")
            for bank in await admin.list_banks(visit.pool)
        ],
        today=business_day(visit.kit.clock.now()).isoformat(),
    )


async def take_line(visit: Visit) -> Response:
    """Take one line that somebody read off the bank's page: it goes the way of all lines."""
    form = visit.form
    banks = [bank["account_no"] for bank in await admin.list_banks(visit.pool)]
    account = form.choice("account", banks)
    amount = form.rupiah("amount", least=1)
    day = form.day("day")
    description = form.text("description", needed=False, most=200)
    reference = form.text("reference", needed=False, most=100)
    form.check()
    if amount is None or day is None:
        raise BadInputError(visit.t("form.look"))
    today = business_day(visit.kit.clock.now())
    if day > today:
        raise BadInputError(visit.t("form.look"), {"day": visit.t("form.not_day")})
    new = NewLine(
        account_no=account, amount=amount, direction="in", description=description,
        reference=reference, at=day_begins(day), at_is_day=True,
    )  # fmt: skip
    taken = await visit.node.deposits.take_lines([new], source=visit.actor)
    (item,) = taken["items"]
    if item["status"] == "refused" or item.get("id") is None:
        raise BadInputError(item.get("why") or visit.t("form.look"))
    path = f"{visit.site.prefix}/deposits/lines/{item['id']}"
    known = item["status"] == "known"
    text = visit.t("deposits.line_known" if known else "deposits.line_taken")
    return visit.go(path, text, kind="warning" if known else "success")
