"""Act on a difference: give it to a person, book its correction, or close it with a reason."""

from __future__ import annotations

from typing import Any, Final

from gerbang.audit import write_audit
from gerbang.errors import ConflictError, NotFoundError
from gerbang.ledger.account import HouseAccount
from gerbang.ledger.credit import check_text, move_told
from gerbang.ledger.move import MoveMoney
from gerbang.ledger.read import house_account_ids
from gerbang.ledger.transfer import TransferEvent
from gerbang.postgres.lane import Lane
from gerbang.postgres.pool import Connection, Pool
from gerbang.recon.match import Kind
from gerbang.recon.read import show_difference
from gerbang.recon.run import SQL

UNDECIDED: Final = frozenset({"prepared", "sending", "accepted", "unknown"})


async def open_case(connection: Connection, difference_id: int, *, actor: str) -> dict[str, Any]:
    """Open a case about a difference, once; gives the difference."""
    row = await _locked(connection, difference_id)
    if row["case_id"] is None:
        detail = {
            "supplier": row["supplier"],
            "reference": row["reference"],
            "ours_amount": row["ours_amount"],
            "theirs_amount": row["theirs_amount"],
        }
        case_id = await connection.fetchval(
            SQL.open_case,
            f"recon_{row['kind']}",
            f"recon:{difference_id}",
            row["order_id"],
            row["attempt_id"],
            detail,
        )
        await connection.execute(SQL.note_case, difference_id, case_id)
        await _audited(connection, difference_id, actor, "recon.case_opened", {"case": case_id})
    return await show_difference(connection, difference_id)


async def close_difference(
    connection: Connection, difference_id: int, *, reason: str, actor: str
) -> dict[str, Any]:
    """Close a difference without a correction; it opens again when a statement changes it."""
    check_text("reason", reason, needed=True)
    await _locked(connection, difference_id)
    await connection.execute(SQL.close_difference, difference_id, actor, reason)
    await _audited(connection, difference_id, actor, "recon.closed", {"reason": reason})
    return await show_difference(connection, difference_id)


async def correct_difference(
    pool: Pool, lane: Lane, difference_id: int, *, note: str, actor: str
) -> dict[str, Any]:
    """Book what the supplier says: between our float there and our corrections, once.

    The intention is committed first. Raises ConflictError where there is nothing to book, and
    where the order is not decided: its own outcome books the cost.
    """
    check_text("note", note, needed=True)
    async with pool.acquire() as connection, connection.transaction():
        row = await _locked(connection, difference_id)
        number, amount = await _intend(connection, row, actor)
    charged = amount > 0
    corrections = (await house_account_ids(pool))[HouseAccount.CORRECTIONS]
    float_id = row["float_account_id"]
    moved = await move_told(
        lane,
        MoveMoney(
            key=f"recon:{row['supplier_id']}:{row['reference']}:{number}",
            event=TransferEvent.CORRECTION,
            debit_account_id=corrections if charged else float_id,
            credit_account_id=float_id if charged else corrections,
            amount=abs(amount),
            order_id=row["order_id"],
            actor=actor,
            note=note,
        ),
    )
    async with pool.acquire() as connection, connection.transaction():
        transfer_id = moved.transfer.id
        await connection.execute(
            SQL.finish_correction, row["supplier_id"], row["reference"], number, transfer_id
        )
        await connection.execute(SQL.close_difference, difference_id, actor, f"corrected: {note}")
        after = {"transfer_id": transfer_id, "amount": amount, "note": note}
        await _audited(connection, difference_id, actor, "recon.corrected", after)
        return await show_difference(connection, difference_id) | {"transfer_id": transfer_id}


async def _intend(connection: Connection, row: Any, actor: str) -> tuple[int, int]:
    """Write down the correction, or find the one that was begun; give its number and amount."""
    if row["kind"] == Kind.SERIAL_DIFFERS:
        raise ConflictError("a serial number has no correction: open a case, or close it")
    if row["attempt_state"] in UNDECIDED:
        raise ConflictError(f"order {row['order_id']} is not decided: its outcome books the cost")
    if row["ours_now"] != row["ours_amount"]:
        raise ConflictError("our side changed since the comparison: run it again")
    known = await connection.fetch(SQL.known_corrections, row["supplier_id"], row["reference"])
    if known and known[-1]["transfer_id"] is None:
        return known[-1]["number"], known[-1]["amount"]
    amount = row["theirs_amount"] - row["ours_amount"]
    number = len(known) + 1
    await connection.execute(
        SQL.insert_correction, row["supplier_id"], row["reference"], number, amount, actor
    )
    return number, amount


async def _locked(connection: Connection, difference_id: int) -> Any:
    row = await connection.fetchrow(SQL.lock_difference, difference_id)
    if row is None:
        raise NotFoundError(f"no difference {difference_id}")
    if row["closed_at"] is not None:
        raise ConflictError(f"difference {difference_id} is closed")
    return row


async def _audited(
    connection: Connection, difference_id: int, actor: str, action: str, after: dict[str, Any]
) -> None:
    subject = f"recon:{difference_id}"
    await write_audit(connection, actor=actor, action=action, subject=subject, after=after)
