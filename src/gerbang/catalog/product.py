"""Products, prices and the rules of who may get what: types and pure behaviour."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, time
from sys import intern
from typing import Any, Final

import msgspec

from gerbang.clock import WIB
from gerbang.dialects.contract import ProductKind
from gerbang.money import RUPIAH_MAX

BASIS_POINTS: Final = 10_000
PREFIX_LENGTHS: Final = (6, 5, 4, 3)
"""Longest first: a longer prefix is the more exact one."""

_BLANKS_AND_DASHES: Final = str.maketrans("", "", " -\u00a0\u2010\u2011\u2012\u2013\u2014")
_KINDS: Final = {kind.value: kind for kind in ProductKind}


class Category(msgspec.Struct, frozen=True, kw_only=True):
    """A group of products with one rule for destinations."""

    code: str
    name: str
    destination_pattern: re.Pattern[str]
    destination_hint: str
    uses_operator_prefix: bool
    """Destinations are phone numbers, and the operator of a number must fit the product's."""


class Product(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is sold. `status` is open, closed or disturbed; `same_day_rule` off, on or reseller."""

    id: int
    code: str
    name: str
    category: str
    brand: str = ""
    operator: str = ""
    kind: ProductKind = ProductKind.PREPAID
    status: str = "open"
    status_reason: str = ""
    base_price: int | None = None
    """Rupiah; of an open denomination the price above the amount itself."""
    cost: int | None = None
    admin_fee: int = 0
    amount_min: int | None = None
    amount_max: int | None = None
    amount_step: int = 1
    cut_off_start: time | None = None
    cut_off_end: time | None = None
    same_day_rule: str = "reseller"
    description: str = ""


class Margin(msgspec.Struct, frozen=True, kw_only=True):
    """What a price list adds to a base price: rupiah plus basis points, rounded up."""

    amount: int = 0
    basis_points: int = 0

    def on(self, base_price: int) -> int:
        """Give the price with this margin on `base_price`."""
        return base_price + self.amount - (-base_price * self.basis_points // BASIS_POINTS)


class PriceList(msgspec.Struct, frozen=True, kw_only=True):
    """Prices of a group of resellers; the mappings are filled by whoever loads them."""

    id: int
    code: str
    name: str
    margins: dict[str | None, Margin]
    """By category; None is the whole list."""
    fixed: dict[int, int]
    """By product id."""


def price_for(product: Product, price_list: PriceList, quantity: int = 1) -> int | None:
    """Give the price in rupiah, or None where none is set (or it would be below zero).

    A fixed price wins. Else the base price with the margin of its category, or of the whole list.
    For an open denomination the price comes on top of the amount, which is the quantity.
    """
    price = price_list.fixed.get(product.id)
    if price is None:
        price = _with_margin(product, price_list)
    if price is None:
        return None
    if product.kind is ProductKind.OPEN:
        price += quantity
    return price if 0 <= price <= RUPIAH_MAX else None


def _with_margin(product: Product, price_list: PriceList) -> int | None:
    if product.base_price is None:
        return None
    margin = price_list.margins.get(product.category) or price_list.margins.get(None)
    return product.base_price if margin is None else margin.on(product.base_price)


def in_cut_off(product: Product, at: datetime) -> bool:
    """Tell whether the product's daily window without orders is on, by WIB time.

    The start belongs to the window, the end does not. A window may cross midnight; one whose ends
    are equal is empty, because *closed* is a status.
    """
    start, end = product.cut_off_start, product.cut_off_end
    if start is None or end is None:
        return False
    now = at.astimezone(WIB).time()
    if start <= end:
        return start <= now < end
    return now >= start or now < end


def normalise_destination(category: Category, destination: str) -> str:
    """Write a destination as the category's rule wants it.

    Phone numbers lose blanks and dashes, and ``+62`` or ``62`` becomes ``0``. Anything else is
    kept where it already fits the pattern (a game id may hold a dash), and otherwise loses blanks
    and dashes too.
    """
    if category.uses_operator_prefix:
        return _national(destination.translate(_BLANKS_AND_DASHES))
    text = destination.strip()
    if category.destination_pattern.fullmatch(text):
        return text
    return text.translate(_BLANKS_AND_DASHES)


def _national(number: str) -> str:
    if number.startswith("+62"):
        return "0" + number[3:].removeprefix("0")
    if number.startswith("62"):
        return "0" + number[2:].removeprefix("0")
    return number


def destination_problem(
    category: Category, product: Product, destination: str, *, operator: str | None
) -> str:
    """Say what is wrong with a normalised destination; empty when nothing is.

    A number whose prefix nobody listed is let through: new prefixes appear before lists do.
    """
    if not category.destination_pattern.fullmatch(destination):
        return category.destination_hint
    if not category.uses_operator_prefix or not product.operator or not operator:
        return ""
    if operator != product.operator:
        return f"a {operator} number; the product is for {product.operator}"
    return ""


def operator_of(destination: str, prefixes: Mapping[str, str]) -> str | None:
    """Find the operator of a number by its longest listed prefix; an empty name is none."""
    for length in PREFIX_LENGTHS:
        operator = prefixes.get(destination[:length])
        if operator is not None:
            return operator or None
    return None


def product_from_row(row: Mapping[str, Any]) -> Product:
    """Read a product of the database."""
    return Product(
        id=row["id"],
        code=row["code"],
        name=row["name"],
        category=intern(row["category"]),
        brand=intern(row["brand"]),
        operator=intern(row["operator"]),
        kind=_KINDS[row["kind"]],
        status=intern(row["status"]),
        status_reason=row["status_reason"],
        base_price=row["base_price"],
        cost=row["cost"],
        admin_fee=row["admin_fee"],
        amount_min=row["amount_min"],
        amount_max=row["amount_max"],
        amount_step=row["amount_step"],
        cut_off_start=row["cut_off_start"],
        cut_off_end=row["cut_off_end"],
        same_day_rule=intern(row["same_day_rule"]),
        description=row["description"],
    )


def category_from_row(row: Mapping[str, Any]) -> Category:
    """Read a category of the database. Raises re.error for a pattern that is none."""
    return Category(
        code=row["code"],
        name=row["name"],
        destination_pattern=re.compile(row["destination_pattern"]),
        destination_hint=row["destination_hint"],
        uses_operator_prefix=row["uses_operator_prefix"],
    )
