"""Merchants in memory, kept fresh without missing a commit or waiting for one."""

from __future__ import annotations

from typing import Any

import msgspec
import structlog

from gerbang.cards.merchant import Features, Limits, Merchant, Ways
from gerbang.cards.merchants_sql import SQL
from gerbang.postgres.pool import Pool
from gerbang.repeated import Repeated
from gerbang.secrets_box import CannotOpenError, SecretBox

log = structlog.get_logger()


class MerchantDirectory:
    """Every MID of this installation."""

    def __init__(self, pool: Pool, box: SecretBox, *, is_demo: bool, refresh_ms: int = 400) -> None:
        """Prepare; `start` loads all."""
        self._pool = pool
        self._box = box
        self._is_demo = is_demo
        self._by_imid: dict[str, Merchant] = {}
        self._by_id: dict[int, Merchant] = {}
        self._seen = "0"
        self._looks = Repeated(
            self.refresh,
            every_s=refresh_ms / 1000,
            complaint="merchants.not_refreshed",
            at_once=False,
        )
        self.untracked_ids: frozenset[int] = frozenset()
        """Accounts of acquirers, which may be newer than the start of this process."""

    async def start(self) -> None:
        """Load everything, and go on looking for changes."""
        await self.refresh()
        self._looks.start()

    async def stop(self) -> None:
        """End."""
        await self._looks.stop()

    async def refresh(self) -> None:
        """Take what changed since the last look."""
        rows = await self._pool.fetch(SQL.changed_merchants, self._seen)
        for row in rows:
            if row["id"] is not None:
                self._take(row)
        if rows:
            self._seen = rows[0]["seen"]
            self.untracked_ids |= {row["acquirer_account_id"] for row in rows if row["id"]}

    def _take(self, row: Any) -> None:
        try:
            merchant = merchant_from_row(row, self._box, is_demo=self._is_demo)
        except (CannotOpenError, msgspec.ValidationError) as error:
            log.warning("merchant.not_readable", imid=row["imid"], error=type(error).__name__)
            return
        self._by_imid[merchant.imid] = merchant
        self._by_id[merchant.id] = merchant

    def merchant(self, imid: str) -> Merchant | None:
        """Find a MID that may take payments."""
        found = self._by_imid.get(imid)
        return found if found is not None and found.active else None

    def by_id(self, merchant_id: int) -> Merchant | None:
        """Find a MID by its number, active or not."""
        return self._by_id.get(merchant_id)


def merchant_from_row(row: Any, box: SecretBox, *, is_demo: bool) -> Merchant:
    """Read a merchant; raises CannotOpenError and msgspec.ValidationError."""
    return Merchant(
        id=row["id"],
        imid=row["imid"],
        name=row["name"],
        status=row["status"],
        account_id=row["account_id"],
        reseller_id=row["reseller_id"],
        acquirer=row["acquirer"],
        acquirer_account_id=row["acquirer_account_id"],
        sandboxed=row["sandboxed"],
        booked=is_demo or not row["sandboxed"],
        key=box.open(row["sealed"]).get("key", ""),
        features=msgspec.convert(row["features"], Features),
        limits=msgspec.convert(row["limits"], Limits),
        ways=msgspec.convert(row["settings"], Ways),
        mdr=msgspec.convert(row["mdr"], dict[str, int]),
    )
