"""Suppliers: health, float, routes, settings, price list."""

from __future__ import annotations

import asyncio
import secrets as random_secrets
from datetime import timedelta
from typing import Any, Final

import msgspec
from starlette.responses import Response

from gerbang.api.checks import supplier_change
from gerbang.dialects.registry import DIALECTS
from gerbang.errors import BadInputError
from gerbang.outbound.addresses import AddressPolicy
from gerbang.people.role import Permission
from gerbang.postgres.sql import load_queries
from gerbang.suppliers.admin import (
    RouteChange,
    change_route,
    change_supplier,
    create_route,
    create_supplier,
    list_routes,
    list_suppliers,
    show_supplier,
    top_up_float,
)
from gerbang.suppliers.fetch_prices import fetch_prices
from gerbang.suppliers.read_float import show_floats
from gerbang.suppliers.sync_prices import PriceList, read_price_list, settings_of, sync_prices
from gerbang.web.pages.paging import ROWS, after_of, page_of
from gerbang.web.pages.site import UPLOAD_BYTES_MAX, Site
from gerbang.web.pages.visit import Visit

SQL = load_queries("gerbang.console", "suppliers.sql")
STATUSES: Final = ("active", "paused", "closed")
HOURS: Final = 24
NUMBERS: Final = ("timeout_ms", "concurrency_max", "orders_per_day_max", "decide_after_s")


def add_pages(site: Site) -> None:
    """Add them."""
    read, change = Permission.SUPPLIERS_READ, Permission.SUPPLIERS_CHANGE
    site.get("/suppliers", list_page, may=read)
    site.get("/suppliers/new", new_page, may=change)
    site.post("/suppliers/new", create, may=change, form_page=new_page)
    site.get("/suppliers/{code}", show_page, may=read)
    site.get("/suppliers/{code}/settings", settings_page, may=change)
    site.post("/suppliers/{code}/settings", save, may=change, form_page=settings_page)
    site.get("/suppliers/{code}/routes", routes_page, may=read)
    site.post("/suppliers/{code}/routes", add_route, may=change, form_page=routes_page)
    site.post("/suppliers/{code}/routes/{id}", save_route, may=change)
    site.get("/suppliers/{code}/float", float_page, may=read)
    site.post("/suppliers/{code}/float/ask", ask_float, may=change)
    site.post(
        "/suppliers/{code}/float/top-up",
        top_up,
        may=Permission.BALANCE_CHANGE,
        form_page=float_page,
    )
    site.get("/suppliers/{code}/prices", prices_page, may=read)
    site.post("/suppliers/{code}/prices", compare, may=change, upload=True, form_page=prices_page)


def _path(visit: Visit, code: str, part: str = "") -> str:
    return f"{visit.site.prefix}/suppliers/{code}{part}"


async def list_page(visit: Visit) -> Response:
    """List them with what they did in the last day."""
    found = await list_suppliers(visit.pool, limit=200)
    did = {row["code"]: row for row in await visit.pool.fetch(SQL.last_day)}
    floats = {one["code"]: one for one in await show_floats(visit.pool)}
    return visit.page("console/suppliers.html", items=found["items"], did=did, floats=floats)


async def show_page(visit: Visit) -> Response:
    """Show one: how it does, hour by hour, and what it answered badly last."""
    supplier = await show_supplier(visit.pool, visit.name())
    hours = await visit.pool.fetch(SQL.hours, supplier["id"])
    bad = await visit.pool.fetch(SQL.last_bad, supplier["id"])
    reasons = await visit.pool.fetch(SQL.reasons, supplier["id"])
    now = visit.kit.clock.now()
    lines = (("success", "green"), ("failed", "red"), ("unknown", "orange"))
    last = now.replace(minute=0, second=0, microsecond=0)
    every = [last - timedelta(hours=HOURS - 1 - n) for n in range(HOURS)]
    known = {row["hour"]: row for row in hours}
    chart = {
        "data": [
            [int(hour.timestamp()) for hour in every],
            *([known[h][n] if h in known else 0 for h in every] for n, _ in lines),
        ],
        "series": [{"label": visit.t(f"state.{n}"), "colour": c, "fill": True} for n, c in lines],
    }
    circuit = visit.node.health.pulse.standing(supplier["id"], 0, now)
    return visit.page(
        "console/supplier.html",
        s=supplier,
        float=(await show_floats(visit.pool, supplier["code"]))[0],
        chart=chart,
        has_hours=bool(hours),
        bad=bad,
        reasons=reasons,
        now=now,
        circuit=circuit,
        standing=circuit.sentence("id" if visit.language == "id" else "en"),
    )


async def new_page(visit: Visit) -> Response:
    """Ask for a new one, with the keys of the chosen protocol; HTMX asks for these alone."""
    chosen = visit.form.raw("dialect") or visit.query.get("dialect", "")
    dialect = chosen if chosen in DIALECTS else next(iter(DIALECTS))
    template = "console/supplier_keys.html" if visit.is_fragment else "console/supplier_new.html"
    return visit.page(
        template, dialects=list(DIALECTS), dialect=dialect, names=_secret_names(dialect)
    )


async def create(visit: Visit) -> Response:
    """Make it; without scripts the form comes back first, with the keys of what was chosen."""
    form = visit.form
    if form.raw("show"):
        visit.keep_typed()
        return await new_page(visit)
    code = form.text("code", most=32).lower()
    dialect = form.choice("dialect", DIALECTS)
    name = form.text("name", most=200)
    url = form.text("base_url", most=2_000)
    given = _secrets(visit, dialect)
    if given:
        for missing in set(_secret_names(dialect)) - given.keys():
            form.refuse(f"secret_{missing}", visit.t("suppliers.all_secrets"))
    form.check()
    values = {"secrets": given, "settings": _settings(visit)}
    change = supplier_change(values, dialect)
    async with visit.changing() as connection:
        await create_supplier(
            connection,
            code,
            name=name,
            dialect=dialect,
            base_url=url,
            actor=visit.actor,
            box=visit.kit.box,
            change=change,
        )
    return visit.go(_path(visit, code, "/routes"), visit.t("suppliers.created", code=code))


def _secret_names(dialect: str) -> tuple[str, ...]:
    return DIALECTS[dialect].extras.supplier_secrets if dialect in DIALECTS else ()


def _secrets(visit: Visit, dialect: str) -> dict[str, str]:
    found = {name: visit.form.raw(f"secret_{name}").strip() for name in _secret_names(dialect)}
    return {name: value for name, value in found.items() if value}


def _settings(visit: Visit) -> dict[str, Any]:
    text = visit.form.raw("settings").strip()
    if not text:
        return {}
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError as error:
        said = visit.t("suppliers.not_json", why=str(error))
        raise BadInputError(said, {"settings": said}) from error


async def settings_page(visit: Visit) -> Response:
    """Ask for its settings."""
    supplier = await show_supplier(visit.pool, visit.name())
    return visit.page(
        "console/supplier_settings.html",
        s=supplier,
        names=_secret_names(supplier["dialect"]),
        numbers=NUMBERS,
    )


async def save(visit: Visit) -> Response:
    """Keep them; secrets that are left empty stay."""
    form, code = visit.form, visit.name()
    supplier = await show_supplier(visit.pool, code)
    status = form.choice("status", STATUSES)
    values: dict[str, Any] = {
        "name": form.text("name", most=200),
        "base_url": form.text("base_url", most=2_000),
        "callback_ips": form.raw("callback_ips").replace(",", " ").split(),
        "float_min": form.rupiah("float_min"),
        **{name: form.integer(name, most=2_000_000_000) for name in NUMBERS},
    }
    form.check()
    given = _settings(visit)
    gone = {name: None for name in supplier["settings"] if name not in given}
    values |= {"status": status, "settings": {**gone, **given}}
    change = supplier_change(values, supplier["dialect"])
    new_secrets = _secrets(visit, supplier["dialect"])
    if new_secrets:
        names = _secret_names(supplier["dialect"])
        if len(new_secrets) < len(names):
            said = visit.t("suppliers.all_secrets")
            raise BadInputError(said, dict.fromkeys(map("secret_{}".format, names), said))
        change.secrets = new_secrets
    async with visit.changing() as connection:
        await change_supplier(connection, code, change, actor=visit.actor, box=visit.kit.box)
    return visit.go(_path(visit, code), visit.t("layout.saved"))


# --- routes ---------------------------------------------------------------------------------------


async def routes_page(visit: Visit) -> Response:
    """Show its routes and add one."""
    supplier = await show_supplier(visit.pool, visit.name())
    found = await list_routes(
        visit.pool, supplier=supplier["code"], after=after_of(visit.query) or 0, limit=ROWS
    )
    page = page_of(found["items"], after=found["next"], path=visit.path, query=visit.query)
    return visit.page("console/supplier_routes.html", s=supplier, page=page)


async def add_route(visit: Visit) -> Response:
    """Add a route."""
    form, code = visit.form, visit.name()
    product = form.text("product", most=64).upper()
    theirs = form.text("supplier_product_code", needed=False, most=64) or product
    cost = form.rupiah("cost")
    priority = form.integer("priority", most=2_000_000_000)
    form.check()
    async with visit.changing() as connection:
        await create_route(
            connection,
            product=product,
            supplier=code,
            supplier_product_code=theirs,
            cost=cost or 0,
            actor=visit.actor,
            change=RouteChange(priority=priority or 0),
        )
    return visit.go(_path(visit, code, "/routes"), visit.t("suppliers.route_added"))


async def save_route(visit: Visit) -> Response:
    """Change cost, priority, or whether it is used."""
    form = visit.form
    cost, priority = form.rupiah("cost"), form.integer("priority", most=2_000_000_000)
    enabled = form.flag("enabled")
    form.check()
    change = RouteChange(
        cost=cost or 0,
        priority=priority or 0,
        enabled=enabled,
        disabled_reason="" if enabled else form.raw("reason")[:200] or visit.actor,
    )
    async with visit.changing() as connection:
        await change_route(connection, visit.number(), change, actor=visit.actor)
    return visit.go(_path(visit, visit.name(), "/routes"), visit.t("layout.saved"))


# --- float ----------------------------------------------------------------------------------------


async def float_page(visit: Visit) -> Response:
    """Show our money there."""
    supplier = await show_supplier(visit.pool, visit.name())
    position = (await show_floats(visit.pool, supplier["code"]))[0]
    key = visit.form.raw("key") or f"console-{random_secrets.token_hex(6)}"
    return visit.page("console/supplier_float.html", s=supplier, f=position, key=key)


async def ask_float(visit: Visit) -> Response:
    """Ask the supplier for our balance there now."""
    supplier = await show_supplier(visit.pool, visit.name())
    await visit.node.float_watch.ask(supplier["id"])
    return visit.go(_path(visit, supplier["code"], "/float"), visit.t("suppliers.asked"))


async def top_up(visit: Visit) -> Response:
    """Book money we sent there, once for the key the form carries."""
    form, code = visit.form, visit.name()
    amount, note = form.rupiah("amount", least=1), form.text("note", most=300)
    key = form.text("key", most=100)
    form.check()
    await top_up_float(
        visit.pool,
        visit.node.lane,
        code,
        amount=amount or 0,
        key=key,
        note=note,
        actor=visit.actor,
    )
    return visit.go(_path(visit, code, "/float"), visit.t("resellers.moved"))


# --- price list -----------------------------------------------------------------------------------


async def prices_page(visit: Visit, report: Any = None) -> Response:
    """Compare its price list with our routes."""
    supplier = await show_supplier(visit.pool, visit.name())
    return visit.page("console/supplier_prices.html", s=supplier, report=report)


async def compare(visit: Visit) -> Response:
    """Show how it differs, or apply it; without a file the supplier is asked."""
    code, form = visit.name(), visit.form
    price_list = await _price_list(visit, code)
    async with visit.changing() as connection:
        report = await sync_prices(
            connection,
            code,
            price_list,
            actor=visit.actor,
            apply=form.raw("do") == "apply",
            accepted=form.all("accept"),
        )
    return await prices_page(visit, msgspec.to_builtins(report))


async def _price_list(visit: Visit, code: str) -> PriceList:
    form, node = visit.form, visit.node
    if getattr(form._data.get("file"), "filename", ""):  # noqa: SLF001 (whether a file came)
        data = await form.upload("file", bytes_max=UPLOAD_BYTES_MAX)
        form.check()
        _, settings = await settings_of(visit.pool, code)
        return await asyncio.to_thread(
            read_price_list, data, settings, partial=form.flag("partial")
        )
    supplier = node.snapshot.supplier_by_code(code)
    if supplier is None:
        raise BadInputError(visit.t("error.no_such_thing"))
    return await fetch_prices(
        supplier,
        dialects=DIALECTS,
        outbound=node.outbound,
        addresses=AddressPolicy(allow_private=node.settings.supplier_private_addresses_allowed),
        clock=node.clock,
    )
