"""What a batch loads and writes for bills; a batch without bills asks the database nothing."""

from __future__ import annotations

from typing import Final

from gerbang.bills.bill import BillParts
from gerbang.dialects.contract import OrderState
from gerbang.orders.batch_rows import columns
from gerbang.orders.batch_state import BatchState
from gerbang.orders.place_bill import guard_keys
from gerbang.orders.writes import PlaceOrder
from gerbang.postgres.pool import Connection
from gerbang.postgres.sql import load_queries

SQL = load_queries("gerbang.orders", "bills.sql")

POSTPAID: Final = "postpaid"


async def load_bills(c: Connection, state: BatchState) -> None:
    """Load the parts of bills whose outcomes are applied, and what the new payments must not pay.

    Payments of one bill take turns: locks after accounts and orders, in one order.
    """
    known = [o.id for o in state.orders.values() if o.kind == POSTPAID]
    places = [(w, w.bill) for _, w in state.of.get(PlaceOrder, ()) if w.bill is not None]
    if not known and not places:
        return
    sessions = [bill.session_id for _, bill in places]
    guards = [key for w, bill in places for key in guard_keys(w, bill)]
    await c.fetch(SQL.lock_bills, known, sessions, *columns(guards, 3))
    for row in await c.fetch(SQL.bill_parts, known):
        state.bills[row["order_id"]] = BillParts(
            due=row["due"],
            fee=row["fee"],
            share=row["share"],
            supplier_total=row["supplier_total"],
        )
    for row in await c.fetch(SQL.sessions_used, sessions):
        state.sessions_used[row["session_id"]] = OrderState(row["state"])
    for row in await c.fetch(SQL.guards_held, *columns(guards, 3)):
        state.guards_held.add((row["biller"], row["customer_no"], row["period"]))


async def write_bills(c: Connection, state: BatchState) -> None:
    """Write new payments and their guards; those of orders that changed are freed or held again."""
    if state.new_bill_payments:
        await c.execute(SQL.insert_payments, *columns(state.new_bill_payments, 8))
    if state.new_bill_guards:
        await c.execute(SQL.insert_guards, *columns(state.new_bill_guards, 4))
    changed = {*state.changed_orders, *(a.order_id for a in state.changed_attempts.values())}
    if settled := sorted(changed & state.bills.keys()):
        await c.execute(SQL.free_guards, settled)
        await c.execute(SQL.hold_guards, settled)
