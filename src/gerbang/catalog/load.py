"""Loads the snapshot, and keeps it fresh without missing a commit or waiting for one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any, Final

import msgspec
import structlog

from gerbang.catalog.product import Margin, category_from_row, product_from_row
from gerbang.catalog.snapshot import Snapshot, StoredCredential
from gerbang.dialects.dialect import Dialect
from gerbang.postgres.errors import is_connection_lost
from gerbang.postgres.pool import Connection, Pool
from gerbang.postgres.sql import load_queries
from gerbang.repeated import Repeated
from gerbang.resellers.reseller import reseller_from_row
from gerbang.routing.route import route_from_row
from gerbang.secrets_box import CannotOpenError, SecretBox
from gerbang.suppliers.supplier import supplier_from_row

log = structlog.get_logger()
SQL = load_queries("gerbang.catalog", "snapshot.sql")

ROWS_AT_ONCE: Final = 1_000
"""So many rows are taken in one go, some milliseconds; then other tasks have their turn."""
TABLES: Final = (
    "categories",
    "operator_prefixes",
    "price_lists",
    "margins",
    "products",
    "prices",
    "suppliers",
    "routes",
    "resellers",
    "credentials",
    "areas",
)
"""Parents first."""
NOTHING_SEEN: Final = "3:3:"
"""A snapshot before the first transaction that a cluster can have."""
NO_BOUND: Final = str(2**63 - 1)


class WrongSecretKeyError(Exception):
    """Nothing that is sealed in this database can be opened with this secret key."""


class SnapshotLoader:
    """Keeps one `Snapshot` equal to the database."""

    def __init__(
        self, pool: Pool, box: SecretBox, dialects: Mapping[str, Dialect], *, refresh_ms: int = 400
    ) -> None:
        """Prepare; `start` loads everything."""
        self.snapshot = Snapshot()
        self._pool = pool
        self._box = box
        self._dialects = dialects
        self.refresh_s = refresh_ms / 1000
        self._seen = NOTHING_SEEN
        self._fresh_at = monotonic()
        self._opened = 0
        self._unopened: list[str] = []
        self._refreshes = Repeated(
            self._refresh,
            every_s=self.refresh_s,
            complaint="snapshot.not_refreshed",
            at_once=False,
        )
        self._loading = asyncio.Lock()
        self._takers: dict[str, Callable[[Any], None]] = {
            table: getattr(self, f"_take_{table}") for table in TABLES
        }

    @property
    def age_s(self) -> float:
        """How long ago the snapshot was last known to equal the database."""
        return monotonic() - self._fresh_at

    async def start(self) -> None:
        """Load everything, then keep fresh. Raises WrongSecretKeyError."""
        await self.refresh_now()
        if self._unopened and not self._opened:
            raise WrongSecretKeyError(
                "the secret key opens none of the sealed secrets: is it another installation's?"
            )
        self._refreshes.start()

    async def stop(self) -> None:
        """End."""
        await self._refreshes.stop()

    async def refresh_now(self) -> None:
        """Take over everything that is committed now; for the process that made a change."""
        async with self._loading:
            started = monotonic()
            found = await self._pool.fetchrow(SQL.changes, self._seen)
            if found is not None:
                self.snapshot.sandbox_offset_s = found["sandbox_offset_s"]
            if found is not None and found["tables"]:
                await self._load()
            elif found is not None:
                self._seen = found["snapshot"]
            self._fresh_at = started

    async def _refresh(self) -> None:
        try:
            await self.refresh_now()
        except Exception as error:
            if is_connection_lost(error):
                # A server that crashed may give transaction ids out again, and a change
                # could hide behind one that was seen: read everything anew.
                self._seen = NOTHING_SEEN
            raise

    async def _load(self) -> None:
        """Read the new rows of all tables as of one moment."""
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            found = await connection.fetchrow(SQL.changes, self._seen)
            assert found is not None  # noqa: S101 (a SELECT without FROM gives one row)
            everything = self._seen == NOTHING_SEEN
            bound = NO_BOUND if everything else found["bound"]
            for table in TABLES:
                if everything or table in found["tables"]:
                    await self._take(connection, table, bound)
        self._seen = found["snapshot"]

    async def _take(self, connection: Connection, table: str, bound: str) -> None:
        cursor = await connection.cursor(getattr(SQL, table), self._seen, bound)
        take = self._takers[table]
        while rows := await cursor.fetch(ROWS_AT_ONCE):
            for row in rows:
                try:
                    take(row)
                except Exception:  # one bad row must not blind a node
                    log.exception("snapshot.row_unusable", table=table, row=_name(row))
            await asyncio.sleep(0)

    # --- one row of each table --------------------------------------------------------------------

    def _take_categories(self, row: Any) -> None:
        self.snapshot.categories[row["code"]] = category_from_row(row)

    def _take_operator_prefixes(self, row: Any) -> None:
        self.snapshot.prefixes[row["prefix"]] = row["operator"]

    def _take_areas(self, row: Any) -> None:
        if row["area"]:
            self.snapshot.areas[row["prefix"]] = row["area"]
        else:
            self.snapshot.areas.pop(row["prefix"], None)

    def _take_price_lists(self, row: Any) -> None:
        self.snapshot.take_price_list(row["id"], row["code"])

    def _take_margins(self, row: Any) -> None:
        margin = Margin(amount=row["amount"], basis_points=row["basis_points"])
        self.snapshot.price_lists[row["price_list_id"]].margins[row["category"]] = margin

    def _take_products(self, row: Any) -> None:
        self.snapshot.take_product(product_from_row(row))

    def _take_prices(self, row: Any) -> None:
        fixed = self.snapshot.price_lists[row["price_list_id"]].fixed
        if row["price"] is None:
            fixed.pop(row["product_id"], None)
        else:
            fixed[row["product_id"]] = row["price"]

    def _take_suppliers(self, row: Any) -> None:
        dialect = self._dialects.get(row["dialect"])
        if dialect is None:
            log.error("supplier.dialect_unknown", supplier=row["code"], dialect=row["dialect"])
            return
        secrets = self._open(row["sealed"], f"supplier {row['code']}")
        supplier = supplier_from_row(row, secrets or {}, dialect.learn)
        if secrets is None:
            # Known, so that its open orders can be decided, but never bought from.
            supplier = msgspec.structs.replace(supplier, status="paused")
        self.snapshot.take_supplier(supplier)

    def _take_routes(self, row: Any) -> None:
        self.snapshot.take_route(route_from_row(row))

    def _take_resellers(self, row: Any) -> None:
        sealed = row["callback_secret_sealed"] or b""
        secrets = self._open(sealed, f"callback secret of {row['code']}") or {}
        self.snapshot.take_reseller(reseller_from_row(row, secrets.get("callback_secret", "")))

    def _take_credentials(self, row: Any) -> None:
        secrets = self._open(row["sealed"], f"credential {row['id']}")
        if secrets is None:
            return
        self.snapshot.take_credential(
            StoredCredential(
                row["id"],
                row["reseller_id"],
                row["dialect"],
                row["key"],
                secrets,
                row["testing"],
                row["expires_at"],
                row["revoked_at"],
            )
        )

    def _open(self, sealed: bytes, whose: str) -> dict[str, str] | None:
        """Unseal; what cannot be opened is None, and said aloud."""
        try:
            secrets = self._box.open(sealed)
        except CannotOpenError as error:
            self._unopened.append(whose)
            log.error("secret.not_opened", whose=whose, error=str(error))  # noqa: TRY400
            return None
        self._opened += bool(sealed)
        return secrets


def _name(row: Any) -> str:
    """Name a row in the log without showing what may be secret in it."""
    return str(row.get("code") or row.get("id") or "?")
