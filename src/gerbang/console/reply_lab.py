"""The reply lab: paste a reply, see what each rule reads, keep it for whoever changes the rules."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from gerbang.dialects.registry import DIALECTS
from gerbang.people.role import Permission
from gerbang.postgres.sql import load_queries
from gerbang.suppliers.admin import show_supplier
from gerbang.suppliers.reply_lab import (
    TEXT_CHARS_MAX,
    drop_reply,
    keep_reply,
    list_replies,
)
from gerbang.suppliers.reply_lab import try_reply as read_reply
from gerbang.web.pages.site import Site
from gerbang.web.pages.visit import Visit

SQL = load_queries("gerbang.console", "suppliers.sql")


def add_pages(site: Site) -> None:
    """Add them."""
    read, change = Permission.SUPPLIERS_READ, Permission.SUPPLIERS_CHANGE
    site.get("/suppliers/{code}/lab", lab_page, may=read)
    site.post("/suppliers/{code}/lab", try_reply, may=read, form_page=lab_page)
    site.post("/suppliers/{code}/lab/keep", keep, may=change, form_page=lab_page)
    site.post("/suppliers/{code}/lab/drop", drop, may=change, form_page=lab_page)


async def lab_page(visit: Visit, report: Any = None) -> Response:
    """Show the last answers, the kept ones, and what was read in the one that was pasted."""
    supplier = await show_supplier(visit.pool, visit.name())
    dialect = DIALECTS.get(supplier["dialect"])
    has_rules = dialect is not None and dialect.extras.reply_rules is not None
    return visit.page(
        "console/supplier_lab.html",
        s=supplier,
        report=report,
        has_rules=has_rules,
        samples=await visit.pool.fetch(SQL.last_answers, supplier["id"]) if has_rules else [],
        kept=await list_replies(visit.pool, supplier["code"]) if has_rules else [],
        text=visit.form.raw("text"),
    )


async def try_reply(visit: Visit) -> Response:
    """Read a text as the supplier's rules would; nothing is changed by it."""
    text = visit.form.text("text", most=TEXT_CHARS_MAX)
    visit.form.check()
    return await lab_page(visit, await read_reply(visit.pool, visit.name(), text))


async def keep(visit: Visit) -> Response:
    """Keep a text as it is read today: rules that read it otherwise are refused from now on."""
    code = visit.name()
    text = visit.form.text("text", most=TEXT_CHARS_MAX)
    name = visit.form.text("name", most=100)
    visit.form.check()
    async with visit.changing() as connection:
        await keep_reply(connection, code, name, text, actor=visit.actor)
    return visit.go(f"{visit.site.prefix}/suppliers/{code}/lab", visit.t("suppliers.kept_now"))


async def drop(visit: Visit) -> Response:
    """Keep it no longer."""
    code, name = visit.name(), visit.form.text("name", most=100)
    visit.form.check()
    async with visit.changing() as connection:
        await drop_reply(connection, code, name, actor=visit.actor)
    return visit.go(f"{visit.site.prefix}/suppliers/{code}/lab", visit.t("layout.saved"))
