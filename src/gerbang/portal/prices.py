"""The price list, as this reseller pays it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from starlette.responses import Response

from gerbang.dialects.contract import ProductQuery, ProductView
from gerbang.people.role import Permission
from gerbang.portal.csv_file import csv_answer
from gerbang.portal.days import text_of
from gerbang.portal.own import own_id
from gerbang.web.pages.site import Site
from gerbang.web.pages.visit import Visit

SHOWN_MAX: Final = 300


def add_pages(site: Site) -> None:
    """Add them."""
    site.get("/prices", prices_page, may=Permission.PORTAL_USE)
    site.get("/prices.csv", prices_file, may=Permission.PORTAL_USE)


async def prices_page(visit: Visit) -> Response:
    """Show prices, searched and by category."""
    every = _every(visit)
    found = _found(visit, every)
    return visit.page(
        "portal/prices.html",
        products=found[:SHOWN_MAX],
        count=len(found),
        shown_max=SHOWN_MAX,
        categories=sorted({product.category for product in every}),
        query=visit.query,
    )


def _every(visit: Visit) -> list[ProductView]:
    products: list[ProductView] = []
    after: str | None = None
    while True:
        page, after = visit.node.memory.list_products(own_id(visit), ProductQuery(after=after))
        products += page
        if after is None:
            return products


def _found(visit: Visit, products: Sequence[ProductView]) -> list[ProductView]:
    text = (text_of(visit.query, "q") or "").lower()
    category = visit.query.get("category", "")
    return [
        product
        for product in products
        if (not category or product.category == category)
        and text in f"{product.code} {product.name} {product.brand}".lower()
    ]


async def prices_file(visit: Visit) -> Response:
    """Give the filtered prices as CSV."""
    return csv_answer("prices.csv", _lines(_found(visit, _every(visit))))


async def _lines(products: Sequence[ProductView]) -> AsyncIterator[Sequence[Any]]:
    yield ("code", "name", "category", "brand", "kind", "price", "admin", "status")
    for one in products:
        yield (
            one.code,
            one.name,
            one.category,
            one.brand,
            one.kind.value,
            one.price,
            one.admin,
            one.status,
        )
