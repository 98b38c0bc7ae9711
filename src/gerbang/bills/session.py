"""An inquiry session: a bill that was shown to a reseller, payable for a while. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from gerbang.bills.bill import Bill, Quote
from gerbang.catalog.product import Product
from gerbang.dialects.contract import BillView, Pay, Refusal
from gerbang.orders.reasons import Reason


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `inquiries` whose bill was found. Rupiah.

    `cost` is what we expect to pay the supplier, `supplier_total` what it asks for before it gives
    us our share.
    """

    id: int
    reseller_id: int
    testing: bool
    reference: str
    product_id: int
    product_code: str
    product_name: str
    biller: str
    customer_no: str
    quantity: int
    supplier_id: int | None
    route_id: int | None
    supplier_product_code: str
    supplier_total: int
    quoted: Quote
    cost: int
    created_at: datetime
    expires_at: datetime

    def view(self, *, balance: int | None = None) -> BillView:
        """Make what dialects encode."""
        return BillView(
            reference=self.reference,
            product_code=self.product_code,
            product_name=self.product_name,
            customer_no=self.customer_no,
            quoted=self.quoted,
            testing=self.testing,
            created_at=self.created_at,
            expires_at=self.expires_at,
            balance=balance,
        )


def session_from_row(row: Mapping[str, Any]) -> Session:
    """Read a row of an inquiry whose bill was found."""
    bill = msgspec.convert(row["bill"], Bill)
    return Session(
        id=row["id"],
        reseller_id=row["reseller_id"],
        testing=row["testing"],
        reference=row["reference"],
        product_id=row["product_id"],
        product_code=row["product_code"],
        product_name=row["product_name"],
        biller=row["biller"],
        customer_no=row["customer_no"],
        quantity=row["quantity"],
        supplier_id=row["supplier_id"],
        route_id=row["route_id"],
        supplier_product_code=row["supplier_product_code"],
        supplier_total=row["supplier_total"] or 0,
        quoted=Quote(bill=bill, fee=row["fee"], share=row["share"]),
        cost=row["cost"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
    )


def refuse_session(
    session: Session | None,
    payment: Pay,
    product: Product,
    *,
    customer_no: str,
    quantity: int,
    now: datetime,
) -> Refusal | None:
    """Say why this session cannot be paid like that; None where it can."""
    if session is None:
        return Refusal(reason=Reason.INQUIRY_NOT_FOUND, product_name=product.name)
    wrong = _mismatch(session, product, customer_no=customer_no, quantity=quantity)
    if wrong:
        return Refusal(
            reason=Reason.INQUIRY_MISMATCH,
            fields={name: ["differs from the inquiry"] for name in wrong},
            product_name=product.name,
        )
    total = session.quoted.total
    if now >= session.expires_at:
        return Refusal(reason=Reason.INQUIRY_EXPIRED, product_name=product.name, price=total)
    if not total:
        return Refusal(reason=Reason.BILL_NOT_FOUND, product_name=product.name)
    if payment.price_max is not None and total > payment.price_max:
        return Refusal(reason=Reason.PRICE_ABOVE_LIMIT, product_name=product.name, price=total)
    return None


def _mismatch(session: Session, product: Product, *, customer_no: str, quantity: int) -> list[str]:
    pairs = {
        "product_code": session.product_id == product.id,
        "destination": session.customer_no == customer_no,
        "quantity": session.quantity == quantity,
    }
    return [name for name, same in pairs.items() if not same]
