"""Show terms and how resellers stand to them; and the one place that counts inquiries."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from gerbang.audit import write_audit
from gerbang.errors import BadInputError, NotFoundError
from gerbang.postgres.pool import Connection, Pool
from gerbang.resellers.admin import find_reseller
from gerbang.terms.store import COUNT_MAX, SQL, today
from gerbang.terms.terms import (
    Month,
    MonthUnreadableError,
    Surcharge,
    SurchargeRate,
    progress,
    surcharge,
)


class ResellerTermsChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Where a reseller's terms differ; a minimum of None is the operator's again."""

    orders_per_month_min: int | msgspec.UnsetType | None = msgspec.UNSET
    surcharge_exempt: bool | msgspec.UnsetType = msgspec.UNSET


async def show_terms(
    connection: Connection | Pool,
    code: str,
    *,
    month: str | None = None,
    orders: int | None = None,
) -> dict[str, Any]:
    """Show one reseller's terms, KYC, progress and surcharge in a month (default: this one).

    `orders` are its successful orders of that month, where they are counted already.
    """
    row = await connection.fetchrow(SQL.terms_of_resellers, code, "", None, 1)
    if row is None:
        raise NotFoundError(f"no reseller {code}")
    counted = None if orders is None else {row["id"]: orders}
    return (await _shown(connection, [row], month, counted))[0]


async def report(
    connection: Connection | Pool,
    *,
    month: str | None = None,
    only_warned: bool = False,
    after: str = "",
    limit: int = 100,
) -> dict[str, Any]:
    """Show how every active reseller stands, by code; with `only_warned` those that fall short."""
    rows = await connection.fetch(SQL.terms_of_resellers, None, after, "active", limit)
    items = await _shown(connection, rows, month)
    following = items[-1]["reseller"] if len(items) == limit else None
    if only_warned:
        items = [item for item in items if item["progress"]["warning"]]
    return {"items": items, "next": following}


async def change_terms(
    connection: Connection, code: str, change: ResellerTermsChange, *, actor: str
) -> dict[str, Any]:
    """Change where a reseller's terms differ from the operator's."""
    reseller = await find_reseller(connection, code)
    before: Any = await connection.fetchrow(SQL.terms_of_resellers, code, "", None, 1)
    minimum, exempt = before["own_orders_per_month_min"], before["surcharge_exempt"]
    if change.orders_per_month_min is not msgspec.UNSET:
        minimum = change.orders_per_month_min
    if change.surcharge_exempt is not msgspec.UNSET:
        exempt = change.surcharge_exempt
    if minimum is not None and not 0 <= minimum <= COUNT_MAX:
        problem = f"must be 0 to {COUNT_MAX}"
        raise BadInputError(f"orders_per_month_min {problem}", {"orders_per_month_min": problem})
    await connection.execute(SQL.save_reseller_terms, reseller["id"], minimum, exempt)
    await write_audit(
        connection,
        actor=actor,
        action="reseller.terms_changed",
        subject=f"reseller:{code}",
        before={
            "orders_per_month_min": before["own_orders_per_month_min"],
            "surcharge_exempt": before["surcharge_exempt"],
        },
        after={"orders_per_month_min": minimum, "surcharge_exempt": exempt},
    )
    return await show_terms(connection, code)


async def count_inquiries(
    connection: Connection | Pool, month: Month, *, reseller_id: int | None = None
) -> dict[int, int]:
    """Count the bills that resellers asked for in a month, by reseller id; testing never counts."""
    rows = await connection.fetch(SQL.inquiries_of_days, month.first, month.last, reseller_id)
    return {row["reseller_id"]: row["count"] for row in rows}


async def count_orders(
    connection: Connection | Pool, month: Month, *, reseller_id: int | None = None
) -> dict[int, int]:
    """Count successful orders of a month by reseller id; testing never counts."""
    return await count_orders_of_days(connection, month.first, month.last, reseller_id=reseller_id)


async def count_orders_of_days(
    connection: Connection | Pool, first: date, last: date, *, reseller_id: int | None = None
) -> dict[int, int]:
    """Count successful orders of some days by reseller id; testing never counts."""
    rows = await connection.fetch(SQL.orders_of_days, first, last, reseller_id)
    return {row["reseller_id"]: row["count"] for row in rows}


def surcharge_of(row: Any, month: Month, *, inquiries: int, orders: int) -> Surcharge:
    """Compute a reseller's surcharge; `row` is of `terms_of_resellers`."""
    return surcharge(
        month=month,
        inquiries=inquiries,
        orders=orders,
        exempt=row["surcharge_exempt"],
        rate=SurchargeRate(
            amount=row["surcharge_amount"], per_inquiries=row["surcharge_inquiries"]
        ),
    )


def read_month(text: str | None, day: date) -> Month:
    """Read a month; none is the month of `day`. Raises BadInputError."""
    if text is None:
        return Month.of(day)
    try:
        return Month.read(text)
    except MonthUnreadableError as error:
        raise BadInputError(str(error), {"month": str(error)}) from error


async def _shown(
    connection: Connection | Pool,
    rows: list[Any],
    month_text: str | None,
    orders: dict[int, int] | None = None,
) -> list[dict[str, Any]]:
    day = await today(connection)
    month = read_month(month_text, day)
    one = rows[0]["id"] if len(rows) == 1 else None
    if orders is None:
        orders = await count_orders(connection, month, reseller_id=one)
    inquiries = await count_inquiries(connection, month, reseller_id=one)
    return [
        _one(
            row, month, day, orders=orders.get(row["id"], 0), inquiries=inquiries.get(row["id"], 0)
        )
        for row in rows
    ]


def _one(row: Any, month: Month, day: date, *, orders: int, inquiries: int) -> dict[str, Any]:
    toward = progress(
        orders=orders,
        minimum=row["orders_per_month_min"],
        month=month,
        today=day,
        since=row["since"],
    )
    return {
        "reseller": row["code"],
        "name": row["name"],
        "live": row["live"],
        "kyc": {
            "state": row["kyc_state"],
            "evidence": row["kyc_evidence"],
            "evidence_date": row["kyc_date"],
            "valid_until": row["kyc_valid_until"],
        },
        "own_orders_per_month_min": row["own_orders_per_month_min"],
        "surcharge_exempt": row["surcharge_exempt"],
        "progress": msgspec.to_builtins(toward),
        "surcharge": msgspec.to_builtins(
            surcharge_of(row, month, inquiries=inquiries, orders=orders)
        ),
    }
