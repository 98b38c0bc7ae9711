"""Post the surcharges of a month that is over: once for a reseller and month, explained."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from gerbang.audit import write_audit
from gerbang.errors import BadInputError
from gerbang.ledger.account import HouseAccount, HouseAccountIds
from gerbang.ledger.book import InsufficientBalanceError
from gerbang.ledger.move import MoveMoney
from gerbang.ledger.seal import SQL as LEDGER_SQL
from gerbang.ledger.transfer import TransferEvent
from gerbang.postgres.lane import Lane
from gerbang.postgres.pool import Connection, Pool
from gerbang.resellers.admin import find_reseller
from gerbang.terms.read import count_inquiries, count_orders, read_month, surcharge_of
from gerbang.terms.store import SQL, today
from gerbang.terms.terms import Month, Surcharge

RESELLERS_MAX: Final = 100_000
POST_DEADLINE_S: Final = 10.0


class SurchargeTarget(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to charge what."""

    reseller_id: int
    code: str
    found: Surcharge


async def find_surcharges(
    connection: Connection | Pool, month: Month, *, code: str | None = None
) -> list[SurchargeTarget]:
    """Compute the surcharge of a month for one reseller or everybody; writes nothing."""
    one = (await find_reseller(connection, code))["id"] if code else None
    orders = await count_orders(connection, month, reseller_id=one)
    inquiries = await count_inquiries(connection, month, reseller_id=one)
    rows = await connection.fetch(SQL.terms_of_resellers, code, "", None, RESELLERS_MAX)
    return [
        SurchargeTarget(
            reseller_id=row["id"],
            code=row["code"],
            found=surcharge_of(
                row, month, inquiries=inquiries[row["id"]], orders=orders.get(row["id"], 0)
            ),
        )
        for row in rows
        if row["id"] in inquiries
    ]


async def show_surcharges(
    connection: Connection | Pool, *, month: str | None = None, code: str | None = None
) -> dict[str, Any]:
    """Show what a month's inquiries cost and what of it was posted."""
    wanted = read_month(month, await today(connection))
    targets = await find_surcharges(connection, wanted, code=code)
    one = (await find_reseller(connection, code))["id"] if code else None
    rows = await connection.fetch(SQL.surcharges_of_month, wanted.first, one)
    written = {row["reseller_id"]: row for row in rows}
    items = [
        _item(target.code, target.found, written.get(target.reseller_id)) for target in targets
    ]
    return {"month": str(wanted), "items": items, "next": None}


def _item(code: str, found: Surcharge, row: Any) -> dict[str, Any]:
    return {
        "reseller": code,
        **msgspec.to_builtins(found),
        "posted": row["amount"] if row is not None and row["posted_at"] else None,
        "posted_at": row["posted_at"] if row is not None else None,
        "paid_from": row["paid_from"] if row is not None else None,
    }


async def post_surcharges(
    pool: Pool,
    lane: Lane,
    house: HouseAccountIds,
    *,
    month: str,
    actor: str,
    code: str | None = None,
) -> dict[str, Any]:
    """Charge what is due for a month that is over; what was posted before stays as it is.

    The intention is committed first, so a run that was cut off is finished by the next one.
    """
    wanted = read_month(month, await today(pool))
    if wanted.last >= await today(pool):
        raise BadInputError(f"{wanted} is not over yet", {"month": "a month that is over"})
    for target in await find_surcharges(pool, wanted, code=code):
        if target.found.amount:
            await _intend(pool, wanted, target, actor=actor)
    one = (await find_reseller(pool, code))["id"] if code else None
    for row in await pool.fetch(SQL.surcharges_of_month, wanted.first, one):
        if row["posted_at"] is None:
            await _post(pool, lane, house, row, wanted)
    return await show_surcharges(pool, month=month, code=code)


async def _intend(pool: Pool, month: Month, target: SurchargeTarget, *, actor: str) -> None:
    found = target.found
    async with pool.acquire() as connection, connection.transaction():
        new = await connection.fetchval(
            SQL.insert_surcharge,
            target.reseller_id,
            month.first,
            found.inquiries,
            found.days,
            found.per_inquiries,
            found.rate,
            found.amount,
            actor,
        )
        if new is not None:
            await write_audit(
                connection,
                actor=actor,
                action="surcharge.intended",
                subject=f"reseller:{target.code}",
                after=msgspec.to_builtins(found),
            )


async def _post(pool: Pool, lane: Lane, house: HouseAccountIds, row: Any, month: Month) -> None:
    """Take it from the balance, or where that does not do, let the reseller owe it.

    Two runs take turns, and look first for what an earlier one booked: so it is booked once.
    """
    key = f"surcharge:{row['code']}:{month}"
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(LEDGER_SQL.lock_collecting, key)
        if await connection.fetchval(LEDGER_SQL.transfer_amount_by_key, key) is not None:
            paid_from = "balance"
        elif await connection.fetchval(LEDGER_SQL.transfer_amount_by_key, f"{key}:receivable"):
            paid_from = "receivable"
        else:
            paid_from = await _move(lane, house, row, key, note=str(month))
        await connection.execute(
            SQL.note_surcharge_posted, row["reseller_id"], row["month"], paid_from
        )


async def _move(lane: Lane, house: HouseAccountIds, row: Any, key: str, *, note: str) -> str:
    move = MoveMoney(
        key=key,
        event=TransferEvent.SURCHARGE,
        debit_account_id=row["account_id"],
        credit_account_id=house[HouseAccount.SURCHARGES],
        amount=row["amount"],
        actor=row["actor"],
        note=f"inquiries of {note}",
    )
    try:
        await lane.submit(move, deadline_s=POST_DEADLINE_S)
    except InsufficientBalanceError:
        owed = msgspec.structs.replace(
            move,
            key=f"{key}:receivable",
            event=TransferEvent.SURCHARGE_RECEIVABLE,
            debit_account_id=row["receivable_account_id"],
        )
        await lane.submit(owed, deadline_s=POST_DEADLINE_S)
        return "receivable"
    return "balance"
