"""Placing the payment of a bill in a batch: what only bills have; no I/O."""

from __future__ import annotations

import msgspec

from gerbang.bills.bill import BillParts
from gerbang.dialects.contract import OrderState, Refusal
from gerbang.orders.batch_state import BatchState
from gerbang.orders.order import Order
from gerbang.orders.reasons import Reason
from gerbang.orders.writes import BillOrder, PlaceOrder


def bill_refusal(state: BatchState, w: PlaceOrder, *, balance: int) -> Refusal | None:
    """Refuse what is paid, or being paid, already; and an inquiry that was used up."""
    bill = w.bill
    if bill is None:
        return None
    reason: Reason | None = None
    if any(key in state.guards_held for key in guard_keys(w, bill)):
        reason = Reason.BILL_ALREADY_PAID
    elif (used := state.sessions_used.get(bill.session_id)) is not None:
        failed = used is OrderState.FAILED
        reason = Reason.INQUIRY_NOT_FOUND if failed else Reason.BILL_ALREADY_PAID
    if reason is None:
        return None
    return Refusal(reason=reason, price=w.price, balance=balance, product_name=w.product_name)


def guard_keys(w: PlaceOrder, bill: BillOrder) -> list[tuple[str, str, str]]:
    """Name what this payment pays once; a testing order guards nothing."""
    if w.testing:
        return []
    return [(bill.biller, w.destination, period) for period in bill.periods]


def remember_bill(state: BatchState, w: PlaceOrder, order: Order) -> None:
    """Have the payment's rows written, and let later writes of the batch see it."""
    bill = w.bill
    if bill is None:
        return
    order.data = dict(bill.data)
    keys = guard_keys(w, bill)
    state.guards_held.update(keys)
    state.sessions_used[bill.session_id] = OrderState.PENDING
    state.bills[order.id] = BillParts(
        due=bill.due, fee=bill.fee, share=bill.share, supplier_total=bill.supplier_total
    )
    state.new_bill_payments.append(
        (
            order.id,
            bill.session_id,
            bill.inquiry_id,
            bill.due,
            bill.fee,
            bill.share,
            bill.supplier_total,
            msgspec.to_builtins(order.data),
        )
    )
    state.new_bill_guards.extend((order.id, *key) for key in keys)
