"""What a batch writes: each table by one statement, with its row counts checked."""

from __future__ import annotations

from gerbang.ledger.account import HouseAccount
from gerbang.ledger.transfer import Transfer, TransferEvent
from gerbang.orders.batch_bills import write_bills
from gerbang.orders.batch_rows import (
    changed_attempt_row,
    changed_order_row,
    columns,
    entry_row,
    new_attempt_row,
    transfer_row,
)
from gerbang.orders.batch_state import BatchState
from gerbang.orders.record import enqueue_callbacks
from gerbang.orders.testing import apply_testing_step
from gerbang.orders.writes import (
    RecordDelivery,
    RecordRefusal,
    SettledTesting,
    SettleTesting,
    due_callback_from_row,
)
from gerbang.postgres.errors import SerializationFailure
from gerbang.postgres.pool import Connection
from gerbang.postgres.sql import load_queries

SQL = load_queries("gerbang.orders", "batch.sql")


class StateMovedError(SerializationFailure):
    """A row was not in the state that was read: another node claimed a sending in that moment.

    The batch is done anew on what stands there now.
    """


async def write_batch(c: Connection, state: BatchState) -> None:
    """Write all that was planned; what ended callbacks leave to do comes back as results."""
    await _settle_testing(c, state)
    await _write_placed(c, state)
    await _write_changes(c, state)
    await write_bills(c, state)
    if state.new_steps:
        await c.execute(SQL.insert_sandbox_steps, *columns(state.new_steps, 3))
    if state.new_cases:
        cases = [
            (case.kind, case.subject, order.id, attempt.id if attempt else None, case.detail)
            for order, attempt, case in state.new_cases
        ]
        await c.execute(SQL.insert_cases, *columns(cases, 5))
    await _write_refusals(c, state)
    await _write_deliveries(c, state)


async def _write_placed(c: Connection, state: BatchState) -> None:
    """Write new orders with holds and first attempts; the accounts too, if that is all.

    If nothing follows, it is left to be sent together with COMMIT.
    """
    if not state.placed:
        return
    changed = () if _more_to_write(state) else tuple(state.book.changed.values())
    slot, number = state.proof
    arguments = (
        state.placed,
        [{"id": a.id, "held": a.held, "balance": a.balance, "version": a.version} for a in changed],
        TransferEvent.SALE_HOLD.value,
        state.terms.house[HouseAccount.SALES],
        slot,
        number,
        len(changed),
        state.now,
        state.explanations.all,
    )
    if state.xact_id and not _more_to_write(state) and not _more_follows(state):
        state.ending = await state.terms.endings.write_placed(c, arguments)
    else:
        await c.execute(SQL.write_placed, *arguments)
    state.proved = bool(slot)


def _more_to_write(state: BatchState) -> bool:
    """Tell whether there is anything beside what was placed."""
    return bool(
        _other_transfers(state)
        or state.changed_orders
        or state.new_messages
        or state.new_attempts
        or state.new_callbacks
    )


def _more_follows(state: BatchState) -> bool:
    """Tell whether something is written after the orders, which it may name."""
    return bool(
        state.new_steps
        or state.new_cases
        or state.new_bill_payments
        or state.new_bill_guards
        or RecordRefusal in state.of
        or RecordDelivery in state.of
    )


def _other_transfers(state: BatchState) -> list[Transfer]:
    """All transfers that are not the hold of an order placed here."""
    transfers = state.book.transfers
    holds = {row.hold_id for row in state.placed}
    return [t for t in transfers if t.id not in holds]


async def _write_changes(c: Connection, state: BatchState) -> None:
    """Write what is not placed here in one round trip, and check its row counts."""
    if not _more_to_write(state):
        return
    book = state.book
    row = await c.fetchrow(
        SQL.write_batch,
        *columns([transfer_row(t) for t in _other_transfers(state)], 11),
        *columns([entry_row(e) for e in book.entries], 6),
        *columns([(a.id, a.balance, a.held, a.version) for a in book.changed.values()], 4),
        *columns(
            [
                changed_order_row(o, state.order_state_before[o.id])
                for o in state.changed_orders.values()
            ],
            13,
        ),
        *columns([new_attempt_row(*new) for new in state.new_attempts], 11),
        *columns(
            [
                changed_attempt_row(a, state.attempt_state_before[a.id])
                for a in state.changed_attempts.values()
            ],
            11,
        ),
        *columns(state.new_messages, 6),
        *columns(state.new_callbacks, 11),
    )
    found = (row["accounts"], row["orders"], row["attempts"]) if row else ()
    expected = (len(book.changed), len(state.changed_orders), len(state.changed_attempts))
    if found != expected:
        raise StateMovedError(f"expected {expected}, found {found}")


async def _write_refusals(c: Connection, state: BatchState) -> None:
    refusals = [
        (
            w.reseller_id,
            w.dialect,
            w.testing,
            w.reference[:128],
            w.product_code[:64],
            w.destination[:64],
            w.reason,
            w.message[:500],
        )
        for _, w in state.of.get(RecordRefusal, ())
    ]
    if refusals:
        await c.execute(SQL.insert_refusals, *columns(refusals, 8))


async def _settle_testing(c: Connection, state: BatchState) -> None:
    """Apply sandbox steps, each once."""
    writes = state.of.get(SettleTesting, ())
    if not writes:
        return
    rows = await c.fetch(SQL.finish_sandbox_steps, [w.step_id for _, w in writes])
    fresh = {row[0] for row in rows}
    for index, w in writes:
        order = state.orders.get(w.order_id)
        if w.step_id not in fresh or order is None or not order.testing:
            continue
        event = apply_testing_step(order, w.outcome, now=state.now)
        if event is None:
            continue
        state.changed_orders[order.id] = order
        told = (event,) if w.outcome.get("callback", True) else ()
        state.results[index] = SettledTesting(
            order=order, callbacks=enqueue_callbacks(state, order, told)
        )


async def _write_deliveries(c: Connection, state: BatchState) -> None:
    writes: list[tuple[int, RecordDelivery]] = state.of.get(RecordDelivery, [])
    if not writes:
        return
    log = [
        (w.callback_id, w.status, w.error[:500], w.request, w.answer, w.duration_ms)
        for _, w in writes
    ]
    await c.execute(SQL.insert_deliveries, *columns(log, 6))
    states = [
        (
            w.callback_id,
            "delivered" if w.delivered else "exhausted" if w.exhausted else "due",
            None if w.delivered or w.exhausted else w.next_attempt_at,
            w.status,
            w.error[:500],
        )
        for _, w in writes
    ]
    await c.execute(SQL.update_callbacks, *columns(states, 5))
    await _wake_next_callbacks(c, state, [(i, w) for i, w in writes if w.delivered or w.exhausted])


async def _wake_next_callbacks(
    c: Connection, state: BatchState, ended: list[tuple[int, RecordDelivery]]
) -> None:
    if not ended:
        return
    rows = await c.fetch(
        SQL.next_callbacks,
        [w.order_id for _, w in ended],
        [w.claimed_by for _, w in ended],
    )
    by_order = {row["order_id"]: due_callback_from_row(row) for row in rows}
    for index, w in ended:
        state.results[index] = by_order.get(w.order_id)
