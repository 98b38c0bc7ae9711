"""The bills of the stand-in gateway: the sandbox's biller, and sessions in a dictionary."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from gerbang.bills.bill import Service, bill_data
from gerbang.clock import Clock
from gerbang.dialects.contract import (
    BillView,
    Credential,
    Inquiry,
    OrderState,
    OrderView,
    Pay,
    PlaceResult,
    ProductKind,
    Refusal,
)
from gerbang.sandbox import bill_counter
from gerbang.sandbox.bills import FakeBill
from gerbang.sandbox.book import Book

FEE: Final = 2_700
BILLS: Final = {
    "MPBPJS": FakeBill(service=Service.BPJS_KESEHATAN, fee=FEE, net=1_800),
    "MPPLN": FakeBill(service=Service.PLN_POSTPAID, fee=2_500, net=1_500),
    "DANA": FakeBill(service=Service.EWALLET, fee=700, net=200),
    "CPLN": FakeBill(service=Service.PLN_PREPAID),
}


class BillStandIn:
    """Shows and pays bills; `paid` scripts the state of the next payment."""

    clock: Clock

    def __init__(self) -> None:
        self.bill_book = Book()
        self.paid = OrderState.SUCCESS
        self.bill_refusal: Refusal | None = None
        self.inquiries: list[Inquiry] = []
        self.payments: list[Pay] = []
        self.bill_orders: dict[str, OrderView] = {}
        self.change_bill: Callable[[BillView], BillView] = lambda view: view

    async def inquire(self, credential: Credential, inquiry: Inquiry) -> BillView | Refusal:
        _ = credential
        self.inquiries.append(inquiry)
        if self.bill_refusal is not None:
            return self.bill_refusal
        reference = inquiry.reference or "TRXAAAAAAAAAAAA"
        entry, shown = bill_counter.inquire(
            self.bill_book, BILLS, inquiry, reference, at=self.clock.now()
        )
        if entry is not None:
            self.bill_book.apply(entry)
        return shown if isinstance(shown, Refusal) else self.change_bill(shown)

    async def pay(self, credential: Credential, payment: Pay) -> PlaceResult:
        _ = credential
        self.payments.append(payment)
        reference = payment.reference or ""
        if reference in self.bill_orders:
            return self.bill_orders[reference]
        if self.bill_refusal is not None:
            return self.bill_refusal
        now = self.clock.now()
        quoted = bill_counter.quote_to_pay(self.bill_book, BILLS, payment, at=now)
        if isinstance(quoted, Refusal):
            return quoted
        order = OrderView(
            id=len(self.bill_orders) + 1,
            reference=reference,
            state=self.paid,
            product_code=payment.product_code,
            product_name=payment.product_code,
            kind=ProductKind.POSTPAID,
            destination=payment.customer_no,
            quantity=payment.amount or 1,
            counter=1,
            price=quoted.total,
            sn="040911" if self.paid is OrderState.SUCCESS else "",
            reason=None,
            message="",
            testing=payment.testing,
            created_at=now,
            updated_at=now,
            balance=1_000_000,
            data=bill_data(quoted),
        )
        self.bill_orders[reference] = order
        return order
