"""The SQL of terms, and the operator's own row."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import msgspec

from gerbang.audit import write_audit
from gerbang.errors import BadInputError, database_errors_told
from gerbang.money import RUPIAH_MAX
from gerbang.postgres.pool import Connection, Pool
from gerbang.postgres.sql import load_queries

SQL = load_queries("gerbang.terms", "terms.sql")
COUNT_MAX: Final = 2_000_000_000
_MOST: Final = {
    "deposit_min": RUPIAH_MAX,
    "orders_per_month_min": COUNT_MAX,
    "surcharge_amount": RUPIAH_MAX // COUNT_MAX,
    "surcharge_inquiries": COUNT_MAX,
    "surcharge_day": 28,
}


class OperatorTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What this operator asks of everybody; amounts in rupiah."""

    kyc_required: bool
    checklist_required: bool
    deposit_min: int
    orders_per_month_min: int
    surcharge_amount: int
    surcharge_inquiries: int
    surcharge_day: int
    """Of the following month; 0 posts nothing by itself."""


async def operator_terms(connection: Connection | Pool) -> OperatorTerms:
    """Read what is asked of everybody."""
    row: Any = await connection.fetchrow(SQL.operator_terms)
    return OperatorTerms(**dict(row))


async def change_operator_terms(
    connection: Connection, change: dict[str, Any], *, actor: str
) -> OperatorTerms:
    """Change what is asked of everybody; members that are not named stay."""
    for name, value in change.items():
        least = 1 if name == "surcharge_inquiries" else 0
        if name in _MOST and not least <= value <= _MOST[name]:
            problem = f"must be {least} to {_MOST[name]}"
            raise BadInputError(f"{name} {problem}", {name: problem})
    before = await connection.fetchval(SQL.lock_operator_terms)
    with database_errors_told():
        after = await connection.fetchval(SQL.update_operator_terms, change)
    await write_audit(
        connection,
        actor=actor,
        action="operator_terms.changed",
        subject="operator_terms",
        before=before,
        after=after,
    )
    return await operator_terms(connection)


async def today(connection: Connection | Pool) -> date:
    """Give the WIB day by the database's clock, which the ledger goes by."""
    day: date = await connection.fetchval(SQL.today)
    return day
