"""Resellers: the list, a new one, one's settings, and money by hand."""

from __future__ import annotations

import secrets
from typing import Final

import msgspec
from starlette.responses import Response

from gerbang.catalog.admin import list_price_lists
from gerbang.dialects.names import dialect_names
from gerbang.golive.read import read_checklist
from gerbang.ledger.credit import credit_reseller
from gerbang.ledger.read import statement
from gerbang.orders.read import list_refusals
from gerbang.people.role import Permission
from gerbang.resellers.admin import (
    CallbackChange,
    LimitsChange,
    ResellerChange,
    change_reseller,
    create_reseller,
    find_reseller,
    list_resellers,
    show_reseller,
)
from gerbang.terms.read import show_terms
from gerbang.web.pages.paging import ROWS, after_of, page_of
from gerbang.web.pages.site import Site
from gerbang.web.pages.visit import Visit

STATUSES: Final = ("active", "suspended", "closed")
PAYERS: Final = ("us", "reseller")
PLACES: Final = {
    "callback.configured": ("/callback", "resellers.change"),
    "deposit.sufficient": ("/credit", "balance.change"),
    "credential.live": ("/credentials", "credentials.change"),
    "addresses.listed": ("/settings", "resellers.change"),
    "kyc.approved": ("/terms", "kyc.decide"),
}
"""Where the operator does what a line of the checklist asks for, and who may; testing is theirs."""


def add_pages(site: Site) -> None:
    """Add them."""
    read, change = Permission.RESELLERS_READ, Permission.RESELLERS_CHANGE
    site.get("/resellers", list_page, may=read)
    site.get("/resellers/new", new_page, may=change)
    site.post("/resellers/new", create, may=change, form_page=new_page)
    site.get("/resellers/{code}", show_page, may=read)
    site.get("/resellers/{code}/settings", settings_page, may=change)
    site.post("/resellers/{code}/settings", save, may=change, form_page=settings_page)
    site.get("/resellers/{code}/statement", statement_page, may=read)
    site.get("/resellers/{code}/refusals", refusals_page, may=read)
    site.get("/resellers/{code}/prices", prices_page, may=read)
    site.get("/resellers/{code}/credit", credit_page, may=Permission.BALANCE_CHANGE)
    site.post(
        "/resellers/{code}/credit",
        credit,
        may=Permission.BALANCE_CHANGE,
        form_page=credit_page,
    )


async def list_page(visit: Visit) -> Response:
    """List them with their money."""
    text = visit.query.get("q", "").strip()[:60].replace("\x00", "")
    after = visit.query.get("after", "").replace("\x00", "")
    found = await list_resellers(visit.pool, after=after, limit=ROWS, search=text or None)
    page = page_of(found["items"], after=found["next"], path=visit.path, query=visit.query)
    template = "console/reseller_table.html" if visit.is_fragment else "console/resellers.html"
    return visit.page(template, page=page, text=text)


async def new_page(visit: Visit) -> Response:
    """Ask for a new one."""
    lists = await list_price_lists(visit.pool)
    return visit.page("console/reseller_new.html", lists=lists, dialects=dialect_names())


async def create(visit: Visit) -> Response:
    """Make it."""
    form = visit.form
    code = form.text("code", most=32).upper()
    name = form.text("name", most=200)
    price_list = form.text("price_list", most=60)
    limit = form.rupiah("credit_limit", needed=False) or 0
    form.check()
    change = ResellerChange(
        dialects=[d for d in dialect_names() if d in form.all("dialects")],
        allowed_ips=_lines(form.raw("allowed_ips")),
        credit_limit=limit,
        callback=CallbackChange(url=form.text("callback_url", needed=False)),
    )
    async with visit.changing() as connection:
        await create_reseller(
            connection,
            code,
            name,
            actor=visit.actor,
            box=visit.kit.box,
            price_list=price_list,
            change=change,
        )
    return visit.go(_path(visit, code), visit.t("resellers.created", code=code))


def _lines(text: str) -> list[str]:
    return [part for part in text.replace(",", " ").split() if part]


def _path(visit: Visit, code: str, part: str = "") -> str:
    return f"{visit.site.prefix}/resellers/{code}{part}"


async def show_page(visit: Visit) -> Response:
    """Show one."""
    reseller = await show_reseller(visit.pool, visit.name())
    return visit.page(
        "console/reseller.html",
        r=reseller,
        found=await read_checklist(visit.pool, reseller["code"]),
        terms=await show_terms(visit.pool, reseller["code"]),
        places=PLACES,
    )


async def settings_page(visit: Visit) -> Response:
    """Ask for its settings."""
    reseller = await show_reseller(visit.pool, visit.name())
    lists = await list_price_lists(visit.pool)
    return visit.page(
        "console/reseller_settings.html",
        r=reseller,
        lists=lists,
        dialects=dialect_names(),
        statuses=STATUSES,
        payers=PAYERS,
    )


async def save(visit: Visit) -> Response:
    """Keep its settings."""
    form, code = visit.form, visit.name()
    name = form.text("name", most=200)
    status = form.choice("status", STATUSES)
    payer = form.choice("late_success_paid_by", PAYERS)
    limit = form.rupiah("credit_limit")
    limits = {
        name: form.integer(name, most=2_000_000_000)
        for name in ("requests_per_second_max", "concurrent_requests_max", "orders_per_day_max")
    }
    form.check()
    change = ResellerChange(
        name=name,
        allowed_ips=_lines(form.raw("allowed_ips")),
        dialects=[d for d in dialect_names() if d in form.all("dialects")],
        credit_limit=limit or 0,
        limits=msgspec.convert(limits, LimitsChange),
        live=form.flag("live"),
        price_list=form.text("price_list"),
    )
    change.status = status  # type: ignore[assignment]
    change.late_success_paid_by = payer  # type: ignore[assignment]
    async with visit.changing() as connection:
        await change_reseller(connection, code, change, actor=visit.actor, box=visit.kit.box)
    return visit.go(_path(visit, code), visit.t("layout.saved"))


async def statement_page(visit: Visit) -> Response:
    """Show what happened to its balance."""
    reseller = await show_reseller(visit.pool, visit.name())
    found = await statement(
        visit.pool, f"reseller:{reseller['code']}", before=after_of(visit.query), limit=ROWS
    )
    page = page_of(found["items"], after=found["next"], path=visit.path, query=visit.query)
    return visit.page("console/reseller_statement.html", r=reseller, page=page)


async def refusals_page(visit: Visit) -> Response:
    """Show what was refused to it."""
    reseller = await show_reseller(visit.pool, visit.name())
    found = await list_refusals(
        visit.pool, reseller["id"], before=after_of(visit.query), limit=ROWS
    )
    page = page_of(found["items"], after=found["next"], path=visit.path, query=visit.query)
    return visit.page("console/reseller_refusals.html", r=reseller, page=page)


async def prices_page(visit: Visit) -> Response:
    """Show what it pays, as it is asked for now."""
    reseller = await show_reseller(visit.pool, visit.name())
    known = visit.node.snapshot.reseller_by_code(reseller["code"])
    products = sorted(visit.node.snapshot.products.values(), key=lambda p: p.code)
    rows = [
        (p, visit.node.snapshot.price(known, p) if known is not None else None) for p in products
    ]
    return visit.page("console/reseller_prices.html", r=reseller, rows=rows)


async def credit_page(visit: Visit) -> Response:
    """Ask for money by hand."""
    reseller = await show_reseller(visit.pool, visit.name())
    key = visit.form.raw("key") or f"console-{secrets.token_hex(6)}"
    return visit.page("console/reseller_credit.html", r=reseller, key=key)


async def credit(visit: Visit) -> Response:
    """Move it, once for the key the form carries."""
    form, code = visit.form, visit.name()
    direction = form.choice("direction", ("credit", "debit"))
    amount = form.rupiah("amount", least=1) or 0
    note = form.text("note", most=300)
    key = form.text("key", most=100)
    form.check()
    await find_reseller(visit.pool, code)
    done = await credit_reseller(
        visit.pool,
        visit.node.lane,
        code,
        amount if direction == "credit" else -amount,
        key=key,
        note=note,
        actor=visit.actor,
    )
    text = "resellers.moved_before" if done.exists else "resellers.moved"
    return visit.go(_path(visit, code, "/statement"), visit.t(text))
