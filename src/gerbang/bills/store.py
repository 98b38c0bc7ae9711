"""The SQL of bills, and reads of inquiry sessions."""

from __future__ import annotations

from typing import Any

from gerbang.bills.session import Session, session_from_row
from gerbang.postgres.pool import Pool
from gerbang.postgres.sql import load_queries

SQL = load_queries("gerbang.bills", "bills.sql")


async def session_by_reference(
    pool: Pool, reseller_id: int, reference: str, *, testing: bool
) -> Session | None:
    """Find the session of a reference; one whose newest answer was no bill has none."""
    row = await pool.fetchrow(SQL.session_by_reference, reseller_id, testing, reference)
    return _session(row)


async def session_by_customer(
    pool: Pool, reseller_id: int, product_id: int, customer_no: str, quantity: int, *, testing: bool
) -> Session | None:
    """Find the newest session of a product and customer."""
    row = await pool.fetchrow(
        SQL.session_by_customer, reseller_id, testing, product_id, customer_no, quantity
    )
    return _session(row)


def _session(row: Any) -> Session | None:
    if row is None or row["state"] != "found":
        return None
    return session_from_row(row)
