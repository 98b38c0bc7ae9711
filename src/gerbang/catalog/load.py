"""Loads the snapshot, and keeps it fresh without missing a commit or waiting for one.

Each kept row carries the transaction that changed it last. A load asks for everything at or after
the oldest transaction that was still running when the load before it began.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from ipaddress import ip_network
from typing import Any

import msgspec
import structlog

from gerbang.catalog.product import Category, Margin, PriceList, Product
from gerbang.catalog.snapshot import Snapshot, StoredCredential
from gerbang.dialects.contract import Dialect, ProductKind, ResellerView, SupplierView
from gerbang.postgres.pool import Connection, Pool
from gerbang.postgres.sql import load_queries
from gerbang.resellers.reseller import Reseller
from gerbang.routing.route import Route, RouteRules
from gerbang.secrets_box import SecretBox
from gerbang.suppliers.learn import learn_rules
from gerbang.suppliers.supplier import Supplier

log = structlog.get_logger()
SQL = load_queries("gerbang.catalog", "snapshot.sql")

ROWS_AT_ONCE = 2_000
"""So many rows are read in one go; then other tasks have their turn."""
BEGINNING = "0"


class SnapshotLoader:
    """Keeps one `Snapshot` equal to the database."""

    def __init__(
        self, pool: Pool, box: SecretBox, dialects: Mapping[str, Dialect], *, refresh_ms: int
    ) -> None:
        """Prepare; `start` loads everything."""
        self.snapshot = Snapshot()
        self._pool = pool
        self._box = box
        self._dialects = dialects
        self._refresh_s = refresh_ms / 1000
        self._horizon = BEGINNING
        self._task: asyncio.Task[None] | None = None
        self._loading = asyncio.Lock()

    async def start(self) -> None:
        """Load everything, then keep fresh."""
        await self.refresh_now()
        self._task = asyncio.create_task(self._refresh_forever())

    async def stop(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def refresh_now(self) -> None:
        """Take over what is committed now; for the process that made a change."""
        async with self._loading, self._pool.acquire() as connection:
            horizon: str = await connection.fetchval(SQL.horizon)
            changed = await connection.fetchval(SQL.changed, self._horizon)
            for table in changed:
                await self._load(connection, table)
            self._horizon = horizon

    async def _refresh_forever(self) -> None:
        while True:
            await asyncio.sleep(self._refresh_s)
            try:
                await self.refresh_now()
            except Exception as error:  # noqa: BLE001 (the database may be away)
                log.warning("snapshot.not_refreshed", error=repr(error))

    async def _load(self, connection: Connection, table: str) -> None:
        take: Callable[[Any], None] = getattr(self, f"_take_{table}")
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            cursor = await connection.cursor(getattr(SQL, table), self._horizon)
            while rows := await cursor.fetch(ROWS_AT_ONCE):
                for row in rows:
                    take(row)
                await asyncio.sleep(0)

    # --- one row of each table ----------------------------------------------------------------------

    def _take_categories(self, row: Any) -> None:
        self.snapshot.categories[row["code"]] = Category(
            code=row["code"],
            name=row["name"],
            destination_pattern=row["destination_pattern"],
            destination_hint=row["destination_hint"],
            uses_operator_prefix=row["uses_operator_prefix"],
        )

    def _take_prefixes(self, row: Any) -> None:
        self.snapshot.prefixes[row["prefix"]] = row["operator"]

    def _take_products(self, row: Any) -> None:
        product = Product(**{**dict(row), "kind": ProductKind(row["kind"])})
        self.snapshot.products[product.id] = product
        self.snapshot.product_ids[product.code] = product.id

    def _take_price_lists(self, row: Any) -> None:
        known = self.snapshot.price_lists.get(row["id"])
        if known is None:
            self.snapshot.price_lists[row["id"]] = PriceList(id=row["id"], code=row["code"])

    def _take_margins(self, row: Any) -> None:
        margin = Margin(amount=row["amount"], basis_points=row["basis_points"])
        self.snapshot.price_lists[row["price_list_id"]].margins[row["category"]] = margin

    def _take_prices(self, row: Any) -> None:
        fixed = self.snapshot.price_lists[row["price_list_id"]].fixed
        if row["price"] is None:
            fixed.pop(row["product_id"], None)
        else:
            fixed[row["product_id"]] = row["price"]

    def _take_resellers(self, row: Any) -> None:
        reseller = _reseller(row, self._box)
        self.snapshot.resellers[reseller.view.id] = reseller
        self.snapshot.reseller_ids[reseller.view.code] = reseller.view.id
        joined = self.snapshot.joined_credentials
        for key in [k for k, c in joined.items() if c.reseller.id == reseller.view.id]:
            del joined[key]

    def _take_credentials(self, row: Any) -> None:
        credential = StoredCredential(
            row["id"],
            row["reseller_id"],
            row["dialect"],
            row["key"],
            self._box.open(row["sealed"]),
            row["testing"],
            row["expires_at"],
            row["revoked_at"],
        )
        self.snapshot.credentials[credential.dialect, credential.key] = credential
        self.snapshot.joined_credentials.pop((credential.dialect, credential.key), None)
        if not credential.testing and credential.revoked_at is None:
            # The newest valid secrets sign callbacks.
            owner = (credential.reseller_id, credential.dialect)
            self.snapshot.callback_secrets[owner] = credential.secrets

    def _take_suppliers(self, row: Any) -> None:
        supplier = _supplier(row, self._box, self._dialects)
        if supplier is None:
            log.error("supplier.dialect_unknown", supplier=row["code"], dialect=row["dialect"])
            return
        self.snapshot.suppliers[supplier.view.id] = supplier
        self.snapshot.supplier_ids[supplier.view.code] = supplier.view.id

    def _take_routes(self, row: Any) -> None:
        route = Route(**{**dict(row), "rules": msgspec.convert(row["rules"], RouteRules)})
        self.snapshot.routes.setdefault(route.product_id, {})[route.id] = route


def _reseller(row: Any, box: SecretBox) -> Reseller:
    sealed = row["callback_secret_sealed"]
    networks = tuple(ip_network(text, strict=False) for text in row["allowed_ips"])
    return Reseller(
        view=ResellerView(
            id=row["id"],
            code=row["code"],
            name=row["name"],
            status=row["status"],
            account_id=row["account_id"],
            settings=row["settings"],
            pending_reply_wait_ms=row["reply_wait_ms"],
            has_address_list=bool(networks),
        ),
        receivable_account_id=row["receivable_account_id"],
        price_list_id=row["price_list_id"],
        networks=networks,
        dialects=frozenset(row["dialects"]),
        callback_url=row["callback_url"],
        callback_format=row["callback_format"],
        callback_secret=box.open(sealed).get("callback_secret", "") if sealed else "",
        live=row["live"],
        late_success_paid_by=row["late_success_paid_by"],
        requests_per_second_max=row["requests_per_second_max"],
        concurrent_requests_max=row["concurrent_requests_max"],
        orders_per_day_max=row["orders_per_day_max"],
        settings=row["settings"],
    )


def _supplier(row: Any, box: SecretBox, dialects: Mapping[str, Dialect]) -> Supplier | None:
    dialect = dialects.get(row["dialect"])
    if dialect is None:
        return None
    return Supplier(
        view=SupplierView(
            id=row["id"],
            code=row["code"],
            dialect=row["dialect"],
            base_url=row["base_url"],
            secrets=box.open(row["sealed"]),
            settings=row["settings"],
            callback_ips=row["callback_ips"],
        ),
        name=row["name"],
        status=row["status"],
        float_account_id=row["float_account_id"],
        timeout_ms=row["timeout_ms"],
        concurrency_max=row["concurrency_max"],
        orders_per_day_max=row["orders_per_day_max"],
        float_min=row["float_min"],
        float_reported=row["float_reported"],
        decide_after_s=row["decide_after_s"],
        learn=learn_rules(dialect.learn, row["settings"]),
    )
