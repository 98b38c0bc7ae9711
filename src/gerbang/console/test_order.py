"""An order placed from the console, as a reseller would: in testing mode unless said otherwise."""

from __future__ import annotations

import secrets
from typing import Final

from starlette.responses import Response

from gerbang.catalog.product import Product
from gerbang.catalog.snapshot import Snapshot
from gerbang.dialects.contract import OrderView, ProductKind, Purchase, Refusal
from gerbang.dialects.names import credential_forms
from gerbang.errors import BadInputError, ConflictError
from gerbang.people.role import Permission
from gerbang.postgres.sql import load_queries
from gerbang.web.pages.site import Site
from gerbang.web.pages.visit import Visit

SQL = load_queries("gerbang.console", "test_order.sql")
BOUGHT: Final = frozenset({ProductKind.PREPAID, ProductKind.GAME, ProductKind.OPEN})
PRODUCTS_MAX: Final = 500
"""So many are offered while typing; every code may be typed."""


def add_pages(site: Site) -> None:
    """Add them."""
    site.get("/test-order", test_page, may=Permission.ORDERS_TEST)
    site.post("/test-order", place, may=Permission.ORDERS_TEST, form_page=test_page)


async def test_page(visit: Visit) -> Response:
    """Ask for reseller, product and number."""
    snapshot, query = visit.node.snapshot, visit.query
    products = [p for p in snapshot.products_after() if p.kind in BOUGHT]
    sold = next((p for p in products if _has_a_route(snapshot, p)), None)
    return visit.page(
        "console/test_order.html",
        resellers=sorted(r.view.code for r in snapshot.resellers.values()),
        reseller=query.get("reseller", ""),
        products=products[:PRODUCTS_MAX],
        product=query.get("product") or (sold.code if sold else ""),
        live=query.get("live") == "1",
        reference=visit.form.raw("reference") or f"CONSOLE-{secrets.token_hex(4).upper()}",
        live_allowed=visit.may(Permission.BALANCE_CHANGE),
    )


def _has_a_route(snapshot: Snapshot, product: Product) -> bool:
    return any(route.enabled for route in snapshot.routes_of(product.id))


async def place(visit: Visit) -> Response:
    """Place it through the same door as every reseller."""
    form, node = visit.form, visit.node
    reseller = form.text("reseller", most=40)
    product = form.text("product", most=64)
    destination = form.text("destination", most=60)
    reference = form.text("reference", most=64)
    quantity = form.integer("quantity", least=1, needed=False)
    live = form.flag("live")
    if live and not visit.may(Permission.BALANCE_CHANGE):
        form.refuse("live", visit.t("error.forbidden_title"))
    form.check()
    row = await visit.pool.fetchrow(SQL.credential, reseller, list(credential_forms()))
    if row is None:
        said = visit.t("test_order.no_credential")
        raise BadInputError(said, {"reseller": said})
    credential = node.gateway.find_credential(row["dialect"], row["key"])
    if credential is None:
        raise ConflictError(visit.t("test_order.again"))
    purchase = Purchase(
        dialect=row["dialect"],
        product_code=product,
        destination=destination,
        kinds=BOUGHT,
        reference=reference,
        quantity=quantity,
        testing=not live or credential.testing,
    )
    result = await node.gateway.place(credential, purchase)
    if isinstance(result, OrderView):
        return visit.go(f"{visit.site.prefix}/orders/{result.id}", visit.t("test_order.placed"))
    if isinstance(result, Refusal):
        said = result.message or visit.t("test_order.refused", reason=result.reason.value)
        raise BadInputError(said, {name: "; ".join(v) for name, v in (result.fields or {}).items()})
    raise ConflictError(visit.t("test_order.uncertain", reference=reference))
