"""``gerbang ledger verify``: recompute everything in one snapshot and name every difference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from gerbang.ledger.seal import FIRST_HASH, SQL, hash_day
from gerbang.postgres.pool import Connection

CHECKS: Final = (
    ("transfers have their entries", "verify_transfers_have_entries"),
    ("entries fit their transfers", "verify_entries_fit"),
    ("balances equal entries", "verify_balances"),
    ("running balances are unbroken", "verify_chains"),
    ("held equals open holds", "verify_held"),
    ("open holds are pending orders", "verify_holds_are_open_orders"),
    ("orders took their price", "verify_order_money"),
    ("bills were split without a rest", "verify_bills"),
    ("bills are guarded against a second payment", "verify_bill_guards"),
    ("nobody is below the credit limit", "verify_limits"),
    ("checkpoints equal entries", "verify_checkpoints"),
    ("payments took their amount once", "verify_payment_money"),
    ("payments fit their attempts", "verify_payment_attempts"),
    ("settlement reports hold what they say", "verify_settlements"),
)


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was recomputed, and what differs."""

    name: str
    differences: tuple[str, ...]


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """The whole result; `clean` is what the exit code says."""

    accounts: int
    transfers: int
    entries: int
    orders: int
    checks: tuple[Check, ...]

    @property
    def clean(self) -> bool:
        """Whether nothing differs."""
        return not any(check.differences for check in self.checks)


async def verify(
    connection: Connection, *, progress: Callable[[str], None] | None = None
) -> Verification:
    """Verify in one REPEATABLE READ snapshot; reads only."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute("SET LOCAL statement_timeout = 0")
        await connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        counts = await connection.fetchrow(SQL.counts)
        total = await connection.fetchrow(SQL.verify_entries_sum)
        checks = [_sum_check(total)]
        for name, query in CHECKS:
            if progress is not None:
                progress(name)
            rows = await connection.fetch(getattr(SQL, query))
            checks.append(Check(name=name, differences=tuple(_words(row) for row in rows)))
        if progress is not None:
            progress("seal chain is unbroken")
        checks.append(await _check_seals(connection))
    return Verification(
        accounts=counts["accounts"] if counts else 0,
        transfers=counts["transfers"] if counts else 0,
        orders=counts["orders"] if counts else 0,
        entries=total["entries"] if total else 0,
        checks=tuple(checks),
    )


def _sum_check(row: Any) -> Check:
    differences = (f"entries sum to {row['total']}",) if row["total"] else ()
    return Check(name="entries sum to zero", differences=differences)


def _words(row: Any) -> str:
    return ", ".join(f"{name} {value}" for name, value in row.items())


async def _check_seals(connection: Connection) -> Check:
    differences = []
    previous = FIRST_HASH
    for row in await connection.fetch(SQL.seals):
        day = row["business_day"]
        if row["previous_hash"] != previous:
            differences.append(f"seal of {day} does not follow the one before")
        again = await hash_day(connection, day, row["previous_hash"])
        if again.hash != row["hash"]:
            differences.append(f"transfers of {day} are not what was sealed")
        previous = row["hash"]
    return Check(name="seal chain is unbroken", differences=tuple(differences))
