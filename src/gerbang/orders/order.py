"""Orders and attempts as rows, and the view that dialects encode."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgspec

from gerbang.dialects.contract import OrderState, OrderView, ProductKind
from gerbang.dialects.supplier_contract import SupplierOrder
from gerbang.orders.reasons import Reason
from gerbang.orders.transitions import AttemptState

_KINDS: Final = {kind.value: kind for kind in ProductKind}


class Order(msgspec.Struct):
    """One row of `orders`; while a batch plans, changes are made here and then stored."""

    id: int
    reseller_id: int
    credential_id: int
    testing: bool
    dialect: str
    kind: str
    reference: str
    signature_key: str | None
    product_id: int
    product_code: str
    product_name: str
    destination: str
    quantity: int
    counter: int
    same_day_counter: int | None
    price: int
    hold_id: int | None
    state: OrderState
    reason: str | None
    sn: str
    message: str
    data: dict[str, Any] | None
    supplier_id: int | None
    cost: int | None
    created_at: datetime
    updated_at: datetime
    final_at: datetime | None
    needs_decision_at: datetime | None

    def view(self, *, balance: int | None = None, known: bool = False) -> OrderView:
        """Make what dialects encode."""
        return OrderView(
            id=self.id,
            reference=self.reference,
            state=self.state,
            product_code=self.product_code,
            product_name=self.product_name,
            kind=_KINDS[self.kind],
            destination=self.destination,
            quantity=self.quantity,
            counter=self.counter,
            price=self.price,
            sn=self.sn,
            reason=Reason(self.reason) if self.reason else None,
            message=self.message,
            testing=self.testing,
            created_at=self.created_at,
            updated_at=self.updated_at,
            balance=balance,
            known=known,
            data=self.data,
            credential_id=self.credential_id,
        )


class Attempt(msgspec.Struct):
    """One row of `attempts`."""

    id: int
    order_id: int
    number: int
    supplier_id: int
    route_id: int
    supplier_product_code: str
    reference: str
    state: AttemptState
    cost_expected: int
    cost: int | None
    sn: str
    supplier_order_id: str
    reason: str | None
    message: str
    due_at: datetime | None
    sends: int
    asks: int
    not_found: int
    not_found_since: datetime | None
    sent_at: datetime | None
    created_at: datetime


def supplier_order(order: Order, attempt: Attempt) -> SupplierOrder:
    """Say what the supplier is to be asked for."""
    kind = ProductKind(order.kind)
    return SupplierOrder(
        reference=attempt.reference,
        product_code=attempt.supplier_product_code,
        destination=order.destination,
        quantity=order.quantity,
        counter=order.counter,
        kind=kind,
        open_denomination=kind is ProductKind.OPEN,
    )


_ORDER_FIELDS = tuple(Order.__struct_fields__)
_ATTEMPT_FIELDS = tuple(Attempt.__struct_fields__)


def order_from_row(row: Any) -> Order:
    """Read a row that has all members of Order by name."""
    values = [row[name] for name in _ORDER_FIELDS]
    values[_ORDER_FIELDS.index("state")] = OrderState(row["state"])
    return Order(*values)


_JOINED_NAMES = tuple(f"a_{name}" if name in _ORDER_FIELDS else name for name in _ATTEMPT_FIELDS)


def joined_attempt_from_row(row: Any) -> Attempt:
    """Read an attempt from a row that also has its order; names both have begin with ``a_``."""
    values = [row[name] for name in _JOINED_NAMES]
    values[_ATTEMPT_FIELDS.index("state")] = AttemptState(row["a_state"])
    return Attempt(*values)
