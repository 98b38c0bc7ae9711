"""Products, their prices for one reseller, and when and to whom they may be sold. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, time
from functools import lru_cache
from sys import intern
from typing import Any, Final

import msgspec

from gerbang.clock import WIB
from gerbang.dialects.contract import ProductKind

BASIS_POINTS: Final = 10_000
_KINDS: Final = {kind.value: kind for kind in ProductKind}


class Product(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One thing that is sold. Prices and costs in rupiah; see the schema for open denominations."""

    id: int
    code: str
    name: str
    category: str
    brand: str
    operator: str
    kind: ProductKind
    status: str
    status_reason: str
    base_price: int | None
    cost: int | None
    admin_fee: int
    amount_min: int | None
    amount_max: int | None
    amount_step: int
    cut_off_start: time | None
    cut_off_end: time | None
    same_day_rule: str
    description: str
    service: str = ""
    """What a bill is for (`bills.bill.Service`); empty where nothing can be asked about."""
    biller: str = ""
    """Who sends the bill; products of one biller guard one bill. Empty: the product alone."""


class Margin(msgspec.Struct, frozen=True, kw_only=True):
    """What a price list adds to the base price: rupiah plus basis points, rounded up."""

    amount: int
    basis_points: int

    def add_to(self, base: int) -> int:
        """Give the price."""
        return base + self.amount + -(-base * self.basis_points // BASIS_POINTS)


class Category(msgspec.Struct, frozen=True, kw_only=True):
    """A group of products with one rule for destinations."""

    code: str
    name: str
    destination_pattern: str
    destination_hint: str
    uses_operator_prefix: bool


class PriceList(msgspec.Struct, kw_only=True):
    """Margins and fixed prices of one list. `margins` has the whole-list margin under ``""``."""

    id: int
    code: str
    margins: dict[str, Margin] = msgspec.field(default_factory=dict)
    fixed: dict[int, int] = msgspec.field(default_factory=dict)

    def price_of(self, product: Product, quantity: int = 1) -> int | None:
        """Give the price: fixed, else base and margin; an open denomination adds its amount."""
        price = self.fixed.get(product.id)
        if price is None:
            price = self._with_margin(product)
        if price is None:
            return None
        if product.kind is ProductKind.OPEN:
            price += quantity
        # Below zero there is no price: a margin that eats more than the base is a mistake.
        return price if price >= 0 else None

    def _with_margin(self, product: Product) -> int | None:
        if product.base_price is None:
            return None
        margin = self.margins.get(product.category) or self.margins.get("")
        return margin.add_to(product.base_price) if margin else product.base_price


def in_cut_off(start: time | None, end: time | None, at: datetime) -> bool:
    """Whether a moment lies in a daily WIB window, which may cross midnight.

    The start belongs to the window, the end does not; equal ends make an empty window.
    """
    if start is None or end is None:
        return False
    now = at.astimezone(WIB).time()
    if start <= end:
        return start <= now < end
    return now >= start or now < end


def normalise_destination(text: str, category: Category) -> str:
    """Take out spaces and dashes; write an Indonesian phone number with a leading 0."""
    plain = text.replace(" ", "").replace("-", "")
    if not _is_phone(category):
        # A game id may hold a dash; a meter number typed with blanks is still one number.
        return plain if plain.isdecimal() else text.strip()
    if plain.startswith("+62"):
        return "0" + plain[3:].removeprefix("0")
    if plain.startswith("62") and len(plain) > 9:  # noqa: PLR2004 (shorter ones are no phones)
        return "0" + plain[2:].removeprefix("0")
    return plain


def _is_phone(category: Category) -> bool:
    return category.uses_operator_prefix or category.destination_pattern.startswith("^0")


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII)


def destination_problem(
    destination: str, category: Category, product: Product, prefixes: Mapping[str, str]
) -> str:
    """Say what is wrong with a destination; empty when nothing is."""
    if not _compiled(category.destination_pattern).fullmatch(destination):
        return category.destination_hint
    if not category.uses_operator_prefix or not product.operator:
        return ""
    operator = operator_of(destination, prefixes)
    if operator and operator != product.operator:
        return f"the number belongs to {operator}, the product to {product.operator}"
    return ""


def operator_of(destination: str, prefixes: Mapping[str, str]) -> str:
    """Name the operator of a phone number by its longest known prefix."""
    for length in (6, 5, 4, 3):
        operator = prefixes.get(destination[:length])
        if operator:
            return operator
    return ""


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Compile a category's pattern. Raises re.error for one that is none."""
    return _compiled(pattern)


def category_from_row(row: Mapping[str, Any]) -> Category:
    """Read a category of the database. Raises re.error."""
    compile_pattern(row["destination_pattern"])
    return Category(
        code=row["code"],
        name=row["name"],
        destination_pattern=row["destination_pattern"],
        destination_hint=row["destination_hint"],
        uses_operator_prefix=row["uses_operator_prefix"],
    )


def product_from_row(row: Mapping[str, Any]) -> Product:
    """Read a product of the database; words that many products share are kept once."""
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
        service=intern(row["service"]),
        biller=intern(row["biller"]),
    )
