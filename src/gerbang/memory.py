"""The answers that the core's parts ask of this node's memory, over one snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gerbang.bills.admit import BillWish
from gerbang.bills.bill import Service
from gerbang.callbacks.store import CallbackTarget
from gerbang.catalog.product import (
    Product,
    destination_problem,
    in_cut_off,
    normalise_destination,
)
from gerbang.catalog.snapshot import Snapshot
from gerbang.clock import Clock
from gerbang.dialects.contract import (
    CallbackEvent,
    Credential,
    ProductKind,
    ProductQuery,
    ProductView,
    Purchase,
    Refusal,
)
from gerbang.dialects.dialect import Dialect
from gerbang.dialects.supplier_contract import SupplierView
from gerbang.orders.admit import Admission, Offer
from gerbang.orders.directory import ResellerTerms, SupplierTerms
from gerbang.orders.order import Attempt, Order
from gerbang.orders.writes import PlannedAttempt, SandboxStep
from gerbang.resellers.reseller import Reseller
from gerbang.routing.foresee import Foresight, foresee
from gerbang.routing.planner import Planner
from gerbang.sandbox.clock import SandboxClock
from gerbang.sandbox.magic import testing_steps
from gerbang.suppliers.supplier import Supplier


class Memory:
    """Implements every `…Directory` and `…Catalog` protocol of the core."""

    def __init__(
        self,
        snapshot: Snapshot,
        dialects: Mapping[str, Dialect],
        planner: Planner,
        clock: Clock,
    ) -> None:
        """Read from `snapshot`, which somebody else keeps fresh."""
        self._snapshot = snapshot
        self._dialects = dialects
        self._planner = planner
        self._clock = clock
        self._sandbox_clock = SandboxClock(clock, snapshot)

    # --- resellers -------------------------------------------------------------------------------

    def reseller(self, reseller_id: int) -> Reseller:
        """Give a reseller by id."""
        return self._snapshot.resellers[reseller_id]

    def reseller_terms(self, reseller_id: int) -> ResellerTerms:
        """See orders/directory.py."""
        reseller = self._snapshot.resellers[reseller_id]
        return ResellerTerms(
            account_id=reseller.view.account_id,
            receivable_account_id=reseller.receivable_account_id,
            late_success_paid_by=reseller.late_success_paid_by,
        )

    def account_ids(self, reseller_id: int) -> tuple[int, int]:
        """Give a reseller's account and its receivable account."""
        reseller = self._snapshot.resellers[reseller_id]
        return reseller.view.account_id, reseller.receivable_account_id

    # --- suppliers -------------------------------------------------------------------------------

    def channel(self, supplier_id: int) -> Supplier | None:
        """Give a supplier for dispatch."""
        return self._snapshot.suppliers.get(supplier_id)

    def supplier_by_code(self, code: str) -> SupplierView | None:
        """Give a supplier for its callbacks."""
        supplier = self._snapshot.supplier_by_code(code)
        return supplier.view if supplier is not None else None

    def supplier_terms(self, supplier_id: int) -> SupplierTerms:
        """See orders/directory.py."""
        supplier = self._snapshot.suppliers[supplier_id]
        return SupplierTerms(float_account_id=supplier.float_account_id, learn=supplier.learn)

    def choose_next(self, order: Order, attempts: Sequence[Attempt]) -> PlannedAttempt | None:
        """See orders/directory.py."""
        return self._planner.plan_next(order, attempts)

    def foresee(
        self, *, product: str, reseller: str, destination: str, quantity: int | None = None
    ) -> Foresight:
        """Say who would win an order right now, and why. Raises NotFoundError."""
        return foresee(
            self._snapshot,
            self._planner,
            self.offer,
            product=product,
            reseller=reseller,
            destination=destination,
            quantity=quantity,
        )

    # --- callbacks -------------------------------------------------------------------------------

    def callback_format(self, order: Order, event: CallbackEvent) -> str | None:
        """Name the format for an order's reseller; None where nobody is told."""
        reseller = self._snapshot.resellers[order.reseller_id]
        if not reseller.callback_url and not (order.testing and self._is_listening(reseller)):
            return None
        dialect = self._dialects[order.dialect]
        if reseller.callback_format != "auto":
            return reseller.callback_format
        if event not in dialect.callback_events:
            return None
        wanted = reseller.settings.get(f"{order.dialect}.callback_format")
        if isinstance(wanted, str) and wanted in dialect.callback_formats:
            return wanted
        return dialect.callback_format_default

    def _is_listening(self, reseller: Reseller) -> bool:
        until = reseller.listening_until
        return until is not None and self._clock.now() < until

    def callback_target(
        self, reseller_id: int, format_name: str, *, credential_id: int = 0
    ) -> CallbackTarget:
        """Give address and secrets as they stand now."""
        reseller = self._snapshot.resellers[reseller_id]
        dialect = next(
            (d.name for d in self._dialects.values() if format_name in d.callback_formats), ""
        )
        secrets = dict(self._snapshot.secrets_for_callbacks(reseller_id, dialect, credential_id))
        if reseller.callback_secret:
            secrets["callback_secret"] = reseller.callback_secret
        return CallbackTarget(
            url=reseller.callback_url, secrets=secrets, settings=dict(reseller.settings)
        )

    # --- intake ----------------------------------------------------------------------------------

    def offer(self, credential: Credential, purchase: Purchase) -> Offer | None:
        """Price and state of a product for a reseller."""
        product = self._snapshot.product(purchase.product_code)
        if product is None:
            return None
        reseller = self._snapshot.resellers[credential.reseller.id]
        category = self._snapshot.categories[product.category]
        destination = normalise_destination(purchase.destination, category)
        return Offer(
            product=product,
            price=self._snapshot.price(reseller, product, purchase.quantity or 1),
            destination=destination,
            destination_problem=destination_problem(
                destination, category, product, self._snapshot.prefixes
            ),
            in_cut_off=product.cut_off_start is not None
            and in_cut_off(product.cut_off_start, product.cut_off_end, self._clock.now()),
        )

    def plan_first(self, credential: Credential, admission: Admission) -> PlannedAttempt | Refusal:
        """Choose the first route, or refuse in the reseller's words."""
        reseller = self._snapshot.resellers[credential.reseller.id]
        return self._planner.plan_first(reseller, admission)

    def plan_testing(self, admission: Admission) -> tuple[SandboxStep, ...]:
        """Plan what will happen to a testing order, by the magic numbers."""
        return testing_steps(
            admission.destination,
            ProductKind(admission.product.kind),
            is_token=admission.product.service == Service.PLN_PREPAID,
            now=self._sandbox_clock.now(),
        )

    # --- bills -----------------------------------------------------------------------------------

    def plan_bill(
        self, reseller_id: int, wish: BillWish, tried: frozenset[int]
    ) -> PlannedAttempt | None:
        """Choose a supplier to ask about a bill that was not asked yet."""
        reseller = self._snapshot.resellers[reseller_id]
        return self._planner.plan_bill(
            reseller,
            wish.product.id,
            customer_no=wish.customer_no,
            # What is asked about without being paid has no price that a cost could exceed.
            net=wish.net if wish.service is not Service.PLN_PREPAID else None,
            tried=tried,
        )

    # --- price list ------------------------------------------------------------------------------

    def list_products(
        self, reseller_id: int, query: ProductQuery
    ) -> tuple[list[ProductView], str | None]:
        """List a reseller's prices by code; the second value continues the list."""
        reseller = self._snapshot.resellers[reseller_id]
        found: Iterable[Product] = self._snapshot.products_after(query.after or "")
        if query.code is not None:
            product = self._snapshot.product(query.code)
            found = [product] if product is not None else []
        views: list[ProductView] = []
        for product in found:
            if not _matches(product, query):
                continue
            if len(views) == query.limit:
                return views, views[-1].code
            views.append(self._product_view(reseller, product))
        return views, None

    def _product_view(self, reseller: Reseller, product: Product) -> ProductView:
        category = self._snapshot.categories.get(product.category)
        postpaid = product.kind is ProductKind.POSTPAID
        return ProductView(
            code=product.code,
            name=product.name,
            category=category.name if category else product.category,
            brand=product.brand,
            kind=product.kind,
            price=None if postpaid else self._snapshot.price(reseller, product, 0),
            admin=product.admin_fee if postpaid else None,
            status=product.status,
            cut_off_start=_clock_text(product.cut_off_start),
            cut_off_end=_clock_text(product.cut_off_end),
            desc=product.description,
            service=product.service,
        )


def _matches(product: Product, query: ProductQuery) -> bool:
    if query.after is not None and product.code <= query.after:
        return False
    if query.category is not None and product.category.lower() != query.category.lower():
        return False
    if query.brand is not None and product.brand.lower() != query.brand.lower():
        return False
    return query.kind is None or product.kind is query.kind


def _clock_text(value: Any) -> str:
    return value.strftime("%H:%M") if value is not None else ""
