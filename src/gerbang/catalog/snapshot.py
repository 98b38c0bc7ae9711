"""Everything hot code asks about products, resellers and suppliers, answered from memory.

The loader changes it in place, between two steps of the event loop, so one call always sees one
state; what it hands out is frozen. Nothing here waits.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import Final

from gerbang.catalog.product import (
    Category,
    Margin,
    PriceList,
    Product,
    destination_problem,
    normalise_destination,
    operator_of,
    price_for,
)
from gerbang.clock import Clock, SystemClock
from gerbang.dialects.contract import Credential, ResellerView
from gerbang.resellers.credential import StoredCredential
from gerbang.resellers.reseller import Reseller
from gerbang.routing.route import Route
from gerbang.suppliers.supplier import Supplier

NO_ROUTES: Final[tuple[Route, ...]] = ()


class Snapshot:
    """The catalogue, the resellers and the suppliers, at most a second old."""

    def __init__(self, clock: Clock | None = None) -> None:
        """Begin empty; the clock decides which credentials have expired."""
        self._clock = clock or SystemClock()
        self._categories: dict[str, Category] = {}
        self._prefixes: dict[str, str] = {}
        self._products: dict[int, Product] = {}
        self._products_by_code: dict[str, Product] = {}
        self._codes: list[str] = []
        self._codes_sorted = True
        self._price_lists: dict[int, PriceList] = {}
        self._routes: dict[int, Route] = {}
        self._routes_of: dict[int, tuple[Route, ...]] = {}
        self._suppliers: dict[int, Supplier] = {}
        self._suppliers_by_code: dict[str, Supplier] = {}
        self._resellers: dict[int, Reseller] = {}
        self._resellers_by_code: dict[str, Reseller] = {}
        self._credentials: dict[tuple[str, str], StoredCredential] = {}
        self._credentials_of: dict[int, dict[int, tuple[str, str]]] = {}

    # --- catalogue ---------------------------------------------------------------------------

    def product(self, code: str) -> Product | None:
        """Find a product by its code, in any case."""
        return self._products_by_code.get(code) or self._products_by_code.get(code.upper())

    def product_by_id(self, product_id: int) -> Product | None:
        """Find a product by its id."""
        return self._products.get(product_id)

    def products_after(self, code: str = "") -> Iterator[Product]:
        """Go over all products behind a code, in the order of codes."""
        if not self._codes_sorted:
            self._codes.sort()
            self._codes_sorted = True
        start = bisect_right(self._codes, code)
        for at in range(start, len(self._codes)):
            product = self._products_by_code.get(self._codes[at])
            if product is not None:
                yield product

    @property
    def products_count(self) -> int:
        """How many products there are."""
        return len(self._products)

    def category(self, code: str) -> Category | None:
        """Find a category by its code."""
        return self._categories.get(code)

    def price_list(self, price_list_id: int) -> PriceList | None:
        """Find a price list by its id."""
        return self._price_lists.get(price_list_id)

    def price(self, reseller: ResellerView, product: Product, quantity: int = 1) -> int | None:
        """Price a product for a reseller in rupiah; None where no price is set."""
        terms = self._resellers.get(reseller.id)
        price_list = self._price_lists.get(terms.price_list_id) if terms else None
        return price_for(product, price_list, quantity) if price_list else None

    def operator_of(self, destination: str) -> str | None:
        """Find the operator of a (normalised) phone number by its prefix."""
        return operator_of(destination, self._prefixes)

    def check_destination(self, product: Product, destination: str) -> tuple[str, str]:
        """Give the normalised destination, and what is wrong with it (empty: nothing)."""
        category = self._categories[product.category]
        wanted = normalise_destination(category, destination)
        operator = self.operator_of(wanted) if category.uses_operator_prefix else None
        return wanted, destination_problem(category, product, wanted, operator=operator)

    # --- resellers -----------------------------------------------------------------------------

    def reseller(self, reseller_id: int) -> Reseller | None:
        """Find a reseller by its id."""
        return self._resellers.get(reseller_id)

    def reseller_by_code(self, code: str) -> Reseller | None:
        """Find a reseller by its code."""
        return self._resellers_by_code.get(code)

    def resellers(self) -> list[Reseller]:
        """Give all resellers."""
        return list(self._resellers.values())

    def credential(self, dialect: str, key: str) -> Credential | None:
        """Find a credential that holds now: neither revoked nor expired."""
        found = self._credentials.get((dialect, key))
        if found is None:
            return None
        if found.expires_at is not None and not found.holds(self._clock.now()):
            return None
        return found.credential

    def credentials_of(self, reseller_id: int, dialect: str) -> tuple[Credential, ...]:
        """Give a reseller's credentials of one dialect that hold now, newest first."""
        keys = self._credentials_of.get(reseller_id, {})
        found = [self.credential(*key) for _, key in sorted(keys.items(), reverse=True)]
        return tuple(each for each in found if each is not None and each.dialect == dialect)

    # --- suppliers -------------------------------------------------------------------------------

    def supplier(self, supplier_id: int) -> Supplier | None:
        """Find a supplier by its id, whatever its status."""
        return self._suppliers.get(supplier_id)

    def supplier_by_code(self, code: str) -> Supplier | None:
        """Find a supplier by its code, whatever its status."""
        return self._suppliers_by_code.get(code)

    def suppliers(self) -> list[Supplier]:
        """Give all suppliers."""
        return list(self._suppliers.values())

    def route(self, route_id: int) -> Route | None:
        """Find a route by its id, enabled or not."""
        return self._routes.get(route_id)

    def routes(self, product_id: int) -> tuple[Route, ...]:
        """Give a product's routes by priority, those that are disabled too."""
        return self._routes_of.get(product_id, NO_ROUTES)

    # --- what the loader changes -------------------------------------------------------------------

    def put_category(self, category: Category) -> None:
        """Take a new or changed category."""
        self._categories[category.code] = category

    def put_prefix(self, prefix: str, operator: str) -> None:
        """Take a new or changed operator prefix."""
        self._prefixes[prefix] = operator

    def put_product(self, product: Product) -> None:
        """Take a new or changed product."""
        before = self._products.get(product.id)
        if before is not None and before.code != product.code:
            del self._products_by_code[before.code]
        if product.code not in self._products_by_code:
            self._codes.append(product.code)
            self._codes_sorted = False
        self._products[product.id] = product
        self._products_by_code[product.code] = product

    def put_price_list(self, price_list_id: int, code: str, name: str) -> None:
        """Take a new or renamed price list; its prices and margins stay."""
        known = self._price_lists.get(price_list_id)
        self._price_lists[price_list_id] = PriceList(
            id=price_list_id,
            code=code,
            name=name,
            margins=known.margins if known else {},
            fixed=known.fixed if known else {},
        )

    def put_margin(self, price_list_id: int, category: str | None, margin: Margin) -> None:
        """Take a new or changed margin."""
        self._price_lists[price_list_id].margins[category] = margin

    def put_price(self, price_list_id: int, product_id: int, price: int | None) -> None:
        """Take a new or changed fixed price; None takes it away."""
        fixed = self._price_lists[price_list_id].fixed
        if price is None:
            fixed.pop(product_id, None)
        else:
            fixed[product_id] = price

    def put_supplier(self, supplier: Supplier) -> None:
        """Take a new or changed supplier."""
        before = self._suppliers.get(supplier.id)
        if before is not None:
            del self._suppliers_by_code[before.code]
        self._suppliers[supplier.id] = supplier
        self._suppliers_by_code[supplier.code] = supplier

    def put_route(self, route: Route) -> None:
        """Take a new or changed route."""
        before = self._routes.get(route.id)
        if before is not None:
            others = tuple(r for r in self._routes_of[before.product_id] if r.id != route.id)
            self._routes_of[before.product_id] = others
        self._routes[route.id] = route
        together = (*self._routes_of.get(route.product_id, NO_ROUTES), route)
        self._routes_of[route.product_id] = tuple(sorted(together, key=_by_priority))

    def put_reseller(self, reseller: Reseller) -> None:
        """Take a new or changed reseller; its credentials show it as it is now."""
        before = self._resellers.get(reseller.id)
        if before is not None:
            del self._resellers_by_code[before.code]
        self._resellers[reseller.id] = reseller
        self._resellers_by_code[reseller.code] = reseller
        for key in self._credentials_of.get(reseller.id, {}).values():
            self._credentials[key] = self._credentials[key].of(reseller.view)

    def put_credential(self, stored: StoredCredential) -> None:
        """Take a new or changed credential, or forget one that was revoked."""
        credential = stored.credential
        of_reseller = self._credentials_of.setdefault(credential.reseller.id, {})
        before = of_reseller.pop(credential.id, None)
        if before is not None:
            del self._credentials[before]
        if not stored.revoked:
            key = (credential.dialect, credential.key)
            of_reseller[credential.id] = key
            self._credentials[key] = stored


def _by_priority(route: Route) -> tuple[int, int]:
    return route.priority, route.id
