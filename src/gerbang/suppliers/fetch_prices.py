"""Ask a supplier for its price list, page by page, where its dialect has one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol, runtime_checkable

from gerbang.clock import Clock
from gerbang.dialects.contract import ProductView
from gerbang.dialects.dialect import Dialect
from gerbang.dialects.supplier_contract import SupplierView
from gerbang.errors import ConflictError
from gerbang.outbound.addresses import AddressPolicy
from gerbang.outbound.client import OutboundClient
from gerbang.outbound.message import Answered, HttpRequest
from gerbang.suppliers.price_list import PriceLine
from gerbang.suppliers.supplier import Supplier
from gerbang.suppliers.sync_prices import LINES_MAX, OPEN_WORDS, PriceList

PAGE_TIMEOUT_MS_MAX: Final = 60_000
PAGES_MAX: Final = 2_000


class ProductPage(Protocol):
    """A page of a supplier's price list."""

    @property
    def products(self) -> Sequence[ProductView]:
        """Give the products of the page."""
        ...

    @property
    def following(self) -> str | None:
        """Give the `after` of the next page; None on the last."""
        ...


@runtime_checkable
class PriceSource(Protocol):
    """A dialect's client half that can ask for the price list."""

    def ask_products(
        self, supplier: SupplierView, *, now: datetime, after: str | None = None
    ) -> HttpRequest:
        """Build the question for a page."""
        ...

    def read_products(self, supplier: SupplierView, answer: Answered) -> ProductPage | None:
        """Read a page; None where the answer is none."""
        ...


async def fetch_prices(
    supplier: Supplier,
    *,
    dialects: Mapping[str, Dialect],
    outbound: OutboundClient,
    addresses: AddressPolicy,
    clock: Clock,
) -> PriceList:
    """Read all pages. Raises ConflictError where there is no list, or where it breaks off."""
    code = supplier.view.code
    client = dialects[supplier.view.dialect].client
    if not isinstance(client, PriceSource):
        raise ConflictError(
            f"{supplier.view.dialect} has no price list to ask for: give a CSV file"
        )
    lines: dict[str, PriceLine] = {}
    after: str | None = None
    for _ in range(PAGES_MAX):
        result = await outbound.send(
            client.ask_products(supplier.view, now=clock.now(), after=after),
            deadline_ms=min(supplier.timeout_ms, PAGE_TIMEOUT_MS_MAX),
            purpose="question",
            addresses=addresses,
        )
        page = client.read_products(supplier.view, result) if isinstance(result, Answered) else None
        if page is None or len(lines) > LINES_MAX:
            problem = "unreadable" if isinstance(result, Answered) else result.error
            raise ConflictError(f"the price list of {code} broke off: {problem}")
        lines.update((product.code, _line(product)) for product in page.products)
        if page.following is None or page.following == after:
            return PriceList(lines=list(lines.values()), complete=page.following is None)
        after = page.following
    raise ConflictError(f"the price list of {code} does not end")


def _line(product: ProductView) -> PriceLine:
    return PriceLine(
        code=product.code,
        name=product.name,
        cost=product.price if product.price is not None and product.price >= 0 else None,
        open=product.status.lower() in OPEN_WORDS,
    )
