"""What a node keeps in memory of catalogue, resellers and suppliers; hot code reads it.

The loader changes it in place between two steps of the event loop, so one call always sees one
state; what it hands out is frozen. Nothing here waits.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec

from gerbang.catalog.product import Category, PriceList, Product
from gerbang.clock import Clock
from gerbang.dialects.contract import Credential
from gerbang.resellers.reseller import Reseller
from gerbang.routing.route import Route
from gerbang.suppliers.supplier import Supplier


class StoredCredential(msgspec.Struct, frozen=True):
    """A credential as it is stored, with its secrets unsealed."""

    id: int
    reseller_id: int
    dialect: str
    key: str
    secrets: Mapping[str, str]
    testing: bool
    expires_at: datetime | None
    revoked_at: datetime | None

    def holds(self, clock: Clock) -> bool:
        """Tell whether it lets anybody in; most never expire, and need no look at the clock."""
        return self.revoked_at is None and (
            self.expires_at is None or clock.now() < self.expires_at
        )


class Snapshot:
    """Everything hot code asks about, at most a second old."""

    def __init__(self) -> None:
        """Begin empty."""
        self.categories: dict[str, Category] = {}
        self.prefixes: dict[str, str] = {}
        self.areas: dict[str, str] = {}
        """By prefix of a number: where it is."""
        self.products: dict[int, Product] = {}
        self.product_ids: dict[str, int] = {}
        self.price_lists: dict[int, PriceList] = {}
        self.resellers: dict[int, Reseller] = {}
        self.reseller_ids: dict[str, int] = {}
        self.credentials: dict[tuple[str, str], StoredCredential] = {}
        self.joined_credentials: dict[tuple[str, str], Credential] = {}
        """Credentials with their reseller as it is now; made when first asked for."""
        self.callback_secrets: dict[tuple[int, str], Mapping[str, str]] = {}
        """By reseller id and dialect: the newest secrets."""
        self.suppliers: dict[int, Supplier] = {}
        self.supplier_ids: dict[str, int] = {}
        self.routes: dict[int, dict[int, Route]] = {}
        """By product id, then by route id."""
        self.sandbox_offset_s = 0
        """How far the sandbox clock stands ahead of real time."""
        self._codes: list[str] = []
        self._credential_keys: dict[int, dict[int, tuple[str, str]]] = {}

    # --- catalogue -----------------------------------------------------------------------------

    def product(self, code: str) -> Product | None:
        """Find a product by its code, in any case."""
        found = self.product_ids.get(code) or self.product_ids.get(code.upper())
        return self.products[found] if found is not None else None

    def products_after(self, code: str = "") -> Iterator[Product]:
        """Go over the products behind a code, in the order of codes."""
        if len(self._codes) != len(self.product_ids):
            self._codes = sorted(self.product_ids)
        for at in range(bisect_right(self._codes, code), len(self._codes)):
            yield self.products[self.product_ids[self._codes[at]]]

    def price(self, reseller: Reseller, product: Product, quantity: int = 1) -> int | None:
        """Give a reseller's price in rupiah; None where none is set."""
        price_list = self.price_lists.get(reseller.price_list_id)
        return price_list.price_of(product, quantity) if price_list is not None else None

    def routes_of(self, product_id: int) -> list[Route]:
        """Give a product's routes, those that are disabled too."""
        return list(self.routes.get(product_id, {}).values())

    # --- resellers -------------------------------------------------------------------------------

    def reseller_by_code(self, code: str) -> Reseller | None:
        """Find a reseller by its code."""
        found = self.reseller_ids.get(code)
        return self.resellers[found] if found is not None else None

    def is_sandboxed(self, reseller_id: int) -> bool:
        """Tell whether a reseller lives by the sandbox clock with all it does."""
        reseller = self.resellers.get(reseller_id)
        return reseller is not None and reseller.sandboxed

    def credential(self, dialect: str, key: str, clock: Clock) -> Credential | None:
        """Find a credential that holds now, with its reseller as it is now."""
        name = (dialect, key)
        stored = self.credentials.get(name)
        if stored is None or not stored.holds(clock):
            return None
        joined = self.joined_credentials.get(name)
        if joined is None:
            joined = self.joined_credentials[name] = self._join(stored)
        return joined

    def _join(self, stored: StoredCredential) -> Credential:
        return Credential(
            id=stored.id,
            reseller=self.resellers[stored.reseller_id].view,
            dialect=stored.dialect,
            key=stored.key,
            secrets=stored.secrets,
            testing=stored.testing,
        )

    # --- suppliers ----------------------------------------------------------------------------

    def supplier_by_code(self, code: str) -> Supplier | None:
        """Find a supplier by its code, whatever its status."""
        found = self.supplier_ids.get(code)
        return self.suppliers[found] if found is not None else None

    # --- what the loader brings -------------------------------------------------------------------

    def take_product(self, product: Product) -> None:
        """Take a new or changed product; its code never changes."""
        self.products[product.id] = product
        self.product_ids[product.code] = product.id

    def take_price_list(self, price_list_id: int, code: str) -> None:
        """Take a new or renamed price list; its margins and prices stay."""
        known = self.price_lists.get(price_list_id)
        if known is None:
            self.price_lists[price_list_id] = PriceList(id=price_list_id, code=code)
        else:
            known.code = code

    def take_supplier(self, supplier: Supplier) -> None:
        """Take a new or changed supplier; its code never changes."""
        self.suppliers[supplier.view.id] = supplier
        self.supplier_ids[supplier.view.code] = supplier.view.id

    def take_route(self, route: Route) -> None:
        """Take a new or changed route; its product never changes."""
        self.routes.setdefault(route.product_id, {})[route.id] = route

    def take_reseller(self, reseller: Reseller) -> None:
        """Take a new or changed reseller; its credentials will show it as it is now."""
        reseller_id = reseller.view.id
        self.resellers[reseller_id] = reseller
        self.reseller_ids[reseller.view.code] = reseller_id
        for key in self._credential_keys.get(reseller_id, {}).values():
            self.joined_credentials.pop(key, None)

    def take_credential(self, stored: StoredCredential) -> None:
        """Take a new or changed credential; the newest of a dialect signs callbacks."""
        key = (stored.dialect, stored.key)
        keys = self._credential_keys.setdefault(stored.reseller_id, {})
        self.credentials[key] = stored
        self.joined_credentials.pop(key, None)
        keys[stored.id] = key
        newest = self._newest_secrets(keys, stored.dialect)
        if newest is None:
            self.callback_secrets.pop((stored.reseller_id, stored.dialect), None)
        else:
            self.callback_secrets[stored.reseller_id, stored.dialect] = newest

    def secrets_for_callbacks(
        self, reseller_id: int, dialect: str, credential_id: int = 0
    ) -> Mapping[str, str]:
        """Give what signs callbacks: the newest secrets, testing ones where such a one ordered."""
        keys = self._credential_keys.get(reseller_id, {})
        key = keys.get(credential_id)
        if key is not None and key[0] == dialect and self.credentials[key].testing:
            own = [self.credentials[one] for one in keys.values() if one[0] == dialect]
            valid = [one for one in own if one.testing and one.revoked_at is None]
            if valid:
                return max(valid, key=lambda one: one.id).secrets
        return self.callback_secrets.get((reseller_id, dialect), {})

    def _newest_secrets(
        self, keys: Mapping[int, tuple[str, str]], dialect: str
    ) -> Mapping[str, str] | None:
        """Secrets of the newest live credential; of a testing one where there is no other."""
        mine = [self.credentials[key] for key in keys.values() if key[0] == dialect]
        valid = [each for each in mine if each.revoked_at is None]
        best = max(valid, key=lambda each: (not each.testing, each.id), default=None)
        return best.secrets if best is not None else None
