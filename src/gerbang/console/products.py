"""Products and prices: a grid that is edited in place, one product, bulk changes, import."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from starlette.responses import Response

from gerbang.catalog.admin import (
    ProductChange,
    change_product,
    create_product,
    list_categories,
    list_price_lists,
    list_products,
    save_category,
    set_margin,
    set_price,
    show_product,
)
from gerbang.catalog.import_csv import import_products
from gerbang.errors import BadInputError, NotFoundError, converted
from gerbang.jobs.run import Job
from gerbang.people.role import Permission
from gerbang.routing.explain import CHOSEN_CODES
from gerbang.routing.foresee import Foresight
from gerbang.suppliers.admin import list_routes
from gerbang.web.pages.job_pages import begin_job
from gerbang.web.pages.paging import ROWS, page_of
from gerbang.web.pages.site import UPLOAD_BYTES_MAX, Site
from gerbang.web.pages.visit import Visit

STATUSES: Final = ("open", "disturbed", "closed")
KINDS: Final = ("prepaid", "open", "game", "postpaid")
EMPTY: Final = ("code", *ProductChange.__struct_fields__)
CELLS: Final = ("base_price", "cost")
BULK_MAX: Final = 2_000
POINTS: Final = 10_000


def add_pages(site: Site) -> None:
    """Add them."""
    read, change = Permission.CATALOG_READ, Permission.CATALOG_CHANGE
    site.get("/products", grid_page, may=read)
    site.get("/products/new", new_page, may=change)
    site.post("/products/new", create, may=change, form_page=new_page)
    site.get("/products/import", import_page, may=change)
    site.post("/products/import", start_import, may=change, upload=True, form_page=import_page)
    site.post("/products/bulk", bulk, may=change)
    site.get("/products/lists", lists_page, may=read)
    site.post("/products/lists/margin", save_margin, may=change, form_page=lists_page)
    site.post("/products/categories", save_new_category, may=change, form_page=lists_page)
    site.post("/products/{code:path}/cell", save_cell, may=change)
    site.post("/products/{code:path}/price", save_price, may=change)
    site.get("/products/{code:path}/edit", edit_page, may=change)
    site.post("/products/{code:path}/edit", save, may=change, form_page=edit_page)
    site.get("/products/{code:path}", product_page, may=read)


def _path(visit: Visit, code: str = "") -> str:
    return f"{visit.site.prefix}/products{'/' + code if code else ''}"


# --- the grid -------------------------------------------------------------------------------------


async def grid_page(visit: Visit) -> Response:
    """List products with cost, price and margin side by side."""
    query = {k: v.replace("\x00", "") for k, v in visit.query.items()}
    found = await list_products(
        visit.pool,
        after=query.get("after", ""),
        limit=ROWS,
        category=query.get("category") or None,
        status=query.get("status") if query.get("status") in STATUSES else None,
        search=query.get("q", "").strip()[:100] or None,
    )
    page = page_of(found["items"], after=found["next"], path=visit.path, query=query)
    template = "console/product_table.html" if visit.is_fragment else "console/products.html"
    winners = {row["code"]: _cheapest(visit, row["id"]) for row in found["items"]}
    return visit.page(
        template,
        page=page,
        query=query,
        winners=winners,
        statuses=STATUSES,
        categories=await list_categories(visit.pool),
    )


def _cheapest(visit: Visit, product_id: int) -> Any:
    """The first route that is enabled, as the list shows it."""
    routes = [r for r in visit.node.snapshot.routes_of(product_id) if r.enabled]
    if not routes:
        return None
    first = min(routes, key=lambda r: (r.priority, r.cost))
    supplier = visit.node.snapshot.suppliers.get(first.supplier_id)
    return (supplier.view.code if supplier else "?", first.cost)


async def save_cell(visit: Visit) -> Response:
    """Keep one price or cost that was typed into the grid."""
    form, code = visit.form, visit.name()
    name = form.choice("name", CELLS)
    value = form.rupiah("value", needed=False)
    form.check()
    change = converted({name: value}, ProductChange)
    async with visit.changing() as connection:
        shown = await change_product(connection, code, change, actor=visit.actor)
    return visit.page(
        "console/product_row.html", p=shown, winner=_cheapest(visit, shown["id"]), kept=name
    )


async def bulk(visit: Visit) -> Response:
    """Change many at once: first a preview, then the same form again with `apply`."""
    form = visit.form
    codes = form.all("codes")[:BULK_MAX]
    action = form.choice(
        "action", ("price_add", "price_percent", "margin", "open", "closed", "disturbed")
    )
    reason = form.text("reason", needed=action in {"closed", "disturbed"}, most=200)
    amount = 0
    if action in {"price_add", "price_percent", "margin"}:
        amount = form.integer("amount", least=-(10**9), most=10**9) or 0
    if not codes:
        form.refuse("codes", visit.t("products.choose_some"))
    form.check()
    rows = [await show_product(visit.pool, code) for code in codes]
    planned = [(row, _bulk_change(row, action, amount, reason)) for row in rows]
    planned = [(row, change) for row, change in planned if change]
    if not form.flag("apply"):
        fields = {"action": action, "amount": form.raw("amount"), "reason": reason}
        return visit.page("console/product_bulk.html", planned=planned, fields=fields)
    async with visit.changing() as connection:
        for row, values in planned:
            change = converted(values, ProductChange)
            await change_product(connection, row["code"], change, actor=visit.actor)
    return visit.go(_path(visit), visit.t("products.bulk_done", count=len(planned)))


def _bulk_change(row: dict[str, Any], action: str, amount: int, reason: str) -> dict[str, Any]:
    """Give what an action changes of one product; nothing where it makes no sense."""
    if action in STATUSES:
        values = {"status": action, "status_reason": "" if action == "open" else reason}
        return values if any(row[k] != v for k, v in values.items()) else {}
    price = row["base_price"]
    if action == "margin":
        price = None if row["cost"] is None else row["cost"] + amount
    elif price is not None and action == "price_add":
        price += amount
    elif price is not None:
        # Upwards, so that a rounding never costs us a rupiah.
        price = -(-price * (100 + amount) // 100)
    if price is None or price < 0 or price == row["base_price"]:
        return {}
    return {"base_price": price}


# --- one product ----------------------------------------------------------------------------------


async def product_page(visit: Visit) -> Response:
    """Show one: prices, routes, and who would win an order now."""
    product = await show_product(visit.pool, visit.name())
    routes = await list_routes(visit.pool, product=product["code"], limit=200)
    resellers = sorted(r.view.code for r in visit.node.snapshot.resellers.values())
    chosen = visit.query.get("reseller") or (resellers[0] if resellers else "")
    destination = visit.query.get("destination", "").strip() or "081200000000"
    seen, verdicts = _who_wins(visit, product["code"], chosen, destination)
    return visit.page(
        "console/product.html",
        p=product,
        routes=routes["items"],
        resellers=resellers,
        chosen=chosen,
        destination=destination,
        seen=seen,
        verdicts=verdicts,
        lists=await list_price_lists(visit.pool),
        prices=product["prices"],
    )


def _who_wins(
    visit: Visit, product: str, reseller: str, destination: str
) -> tuple[Foresight | None, list[tuple[str, str, bool]]]:
    """Say of each route what would become of it, without buying; the winner first."""
    try:
        seen = visit.node.memory.foresee(
            product=product, reseller=reseller, destination=destination
        )
    except NotFoundError:  # no reseller yet, or this node does not know the product yet
        return None, []
    in_indonesian = visit.language == "id"
    return seen, [
        (v.supplier, v.sentence_id if in_indonesian else v.sentence, v.code in CHOSEN_CODES)
        for v in seen.verdicts
    ]


async def save_price(visit: Visit) -> Response:
    """Fix a price of one list, or take it away."""
    form, code = visit.form, visit.name()
    price_list = form.text("price_list")
    price = form.rupiah("price", needed=False)
    form.check()
    async with visit.changing() as connection:
        await set_price(connection, price_list, code, price, actor=visit.actor)
    return visit.go(_path(visit, code), visit.t("layout.saved"))


async def new_page(visit: Visit) -> Response:
    """Ask for a new one."""
    return await _form_page(visit, None)


async def edit_page(visit: Visit) -> Response:
    """Ask for changes."""
    return await _form_page(visit, await show_product(visit.pool, visit.name()))


async def _form_page(visit: Visit, product: dict[str, Any] | None) -> Response:
    categories = await list_categories(visit.pool)
    return visit.page(
        "console/product_form.html",
        p=product or dict.fromkeys(EMPTY),
        categories=categories,
        kinds=KINDS,
        statuses=STATUSES,
    )


async def create(visit: Visit) -> Response:
    """Make it."""
    code = visit.form.text("code", most=64).upper()
    change = _read_change(visit)
    async with visit.changing() as connection:
        await create_product(connection, code, change, actor=visit.actor)
    return visit.go(_path(visit, code), visit.t("products.created", code=code))


async def save(visit: Visit) -> Response:
    """Keep the changes."""
    code, change = visit.name(), _read_change(visit)
    async with visit.changing() as connection:
        await change_product(connection, code, change, actor=visit.actor)
    return visit.go(_path(visit, code), visit.t("layout.saved"))


def _read_change(visit: Visit) -> ProductChange:
    form = visit.form
    values: dict[str, Any] = {
        "name": form.text("name", most=200),
        "category": form.text("category", most=60),
        "brand": form.text("brand", needed=False, most=60),
        "operator": form.text("operator", needed=False, most=60),
        "kind": form.choice("kind", KINDS),
        "status": form.choice("status", STATUSES),
        "status_reason": form.text("status_reason", needed=False, most=200),
        "base_price": form.rupiah("base_price", needed=False),
        "cost": form.rupiah("cost", needed=False),
        "admin_fee": form.rupiah("admin_fee", needed=False) or 0,
        "amount_min": form.rupiah("amount_min", needed=False),
        "amount_max": form.rupiah("amount_max", needed=False),
        "cut_off_start": form.raw("cut_off_start") or None,
        "cut_off_end": form.raw("cut_off_end") or None,
        "description": form.text("description", needed=False, most=1_000),
    }
    if values["status"] != "open" and not values["status_reason"]:
        form.refuse("status_reason", visit.t("products.say_why"))
    form.check()
    return converted(values, ProductChange)


# --- lists, margins, categories -------------------------------------------------------------------


async def lists_page(visit: Visit) -> Response:
    """Show price lists with their margins, and categories."""
    return visit.page(
        "console/price_lists.html",
        lists=await list_price_lists(visit.pool),
        categories=await list_categories(visit.pool),
    )


async def save_margin(visit: Visit) -> Response:
    """Keep a margin: an amount and a share, on top of what the product costs everybody."""
    form = visit.form
    price_list = form.text("price_list")
    amount = form.integer("amount", least=-(10**9), most=10**9)
    points = form.integer("basis_points", least=-POINTS, most=10 * POINTS)
    form.check()
    async with visit.changing() as connection:
        await set_margin(
            connection,
            price_list,
            actor=visit.actor,
            category=form.raw("category") or None,
            amount=amount or 0,
            basis_points=points or 0,
        )
    return visit.go(_path(visit, "lists"), visit.t("layout.saved"))


async def save_new_category(visit: Visit) -> Response:
    """Make or change a category."""
    form = visit.form
    code, name = form.text("category_code", most=60), form.text("category_name", most=200)
    form.check()
    async with visit.changing() as connection:
        await save_category(connection, code, name, actor=visit.actor)
    return visit.go(_path(visit, "lists"), visit.t("layout.saved"))


# --- import ---------------------------------------------------------------------------------------


async def import_page(visit: Visit) -> Response:
    """Ask for a file."""
    return visit.page("console/product_import.html")


async def start_import(visit: Visit) -> Response:
    """Read it in the background; a dry run changes nothing and says what it would do."""
    data = await visit.form.upload("file", bytes_max=UPLOAD_BYTES_MAX)
    dry_run, skip = visit.form.flag("dry_run"), visit.form.flag("skip_bad")
    visit.form.check()
    actor, node = visit.actor, visit.node

    async def work(job: Job) -> None:
        def tell(step: str, done: int, total: int) -> None:
            job.result["step"] = step
            job.latest = (done, total)

        connection = await job.own_connection()
        try:
            async with connection.transaction():
                report = await import_products(
                    connection, data, actor=actor, dry_run=dry_run, skip_bad=skip, progress=tell
                )
        finally:
            await connection.close()
        await node.loader.refresh_now()
        job.result.pop("step", None)
        job.result |= _shown_report(msgspec.to_builtins(report))
        if report.errors_count and not report.applied and not dry_run:
            raise BadInputError(visit.t("products.import_refused", count=report.errors_count))

    return await begin_job(
        visit, work, kind="products.import", title=visit.t("products.import_title")
    )


def _shown_report(report: dict[str, Any]) -> dict[str, Any]:
    counts = {k: report[k] for k in ("rows", "new", "changed", "unchanged", "errors_count")}
    counts["dry_run"] = report["dry_run"]
    if report["errors"]:
        table = [[e["line"], e["code"], e["problem"]] for e in report["errors"][:200]]
        return {**counts, "table": table, "columns": ["line", "code", "problem"]}
    table = [[c["line"], c["code"], c["before"], c["after"]] for c in report["changes"][:200]]
    return {**counts, "table": table, "columns": ["line", "code", "before", "after"]}
