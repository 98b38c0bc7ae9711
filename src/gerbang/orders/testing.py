"""What a sandbox step does to a testing order; no money, no supplier."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from gerbang.bills.token import token_data
from gerbang.dialects.contract import CallbackEvent, OrderState
from gerbang.orders.order import Order
from gerbang.orders.reasons import Reason
from gerbang.orders.transitions import ORDER_STEPS


def apply_testing_step(
    order: Order, outcome: Mapping[str, Any], *, now: datetime
) -> CallbackEvent | None:
    """Change a testing order as planned; None when the step no longer fits its state.

    `outcome` has `state` (success, failed, reversed or serial_number), `sn`, `reason`, `data`.
    """
    kind = outcome["state"]
    if kind == "serial_number":
        return _receive_serial_number(order, outcome, now)
    after = OrderState(kind)
    if (order.state, after) not in ORDER_STEPS:
        return None
    order.state = after
    order.sn = outcome.get("sn", order.sn)
    order.data = outcome.get("data", order.data) or token_data(order.sn, None)
    order.reason = Reason(outcome["reason"]) if outcome.get("reason") else None
    order.updated_at = now
    order.final_at = now
    return {
        OrderState.SUCCESS: CallbackEvent.SUCCESS,
        OrderState.FAILED: CallbackEvent.FAILED,
        OrderState.REVERSED: CallbackEvent.REVERSED,
    }[after]


def _receive_serial_number(
    order: Order, outcome: Mapping[str, Any], now: datetime
) -> CallbackEvent | None:
    if order.state is not OrderState.SUCCESS or order.sn:
        return None
    order.sn = outcome["sn"]
    order.data = order.data or token_data(order.sn, None)
    order.updated_at = now
    return CallbackEvent.SN_RECEIVED
