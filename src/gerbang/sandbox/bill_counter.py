"""A fake supplier's counter for bills: what is shown, what is paid, and why not; pure.

What it remembers stands in the book, so that a restart forgets nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from gerbang.bills.bill import Quote, bill_data, quote
from gerbang.dialects.contract import (
    BillView,
    Inquiry,
    OrderState,
    Pay,
    ProductKind,
    ProductView,
    Refusal,
)
from gerbang.dialects.supplier_contract import BillFound, BillRefused
from gerbang.orders.reasons import Reason
from gerbang.sandbox.bills import FakeBill, bill_plan, look, make_bill, pay_obstacle
from gerbang.sandbox.book import Book, Inquired, Taken
from gerbang.sandbox.magic import Plan

VALID: Final = timedelta(minutes=5)


def inquire(
    book: Book, bills: Mapping[str, FakeBill], inquiry: Inquiry, reference: str, *, at: datetime
) -> tuple[Inquired | None, BillView | Refusal]:
    """Answer an inquiry, and say what the book should remember of it."""
    code, amount = inquiry.product_code, inquiry.amount or 1
    fake = bills.get(code)
    if fake is None:
        return None, Refusal(reason=Reason.PRODUCT_NOT_FOUND)
    looks = book.looks[code, inquiry.customer_no]
    answer = look(fake.service, inquiry.customer_no, amount=amount, fee=fake.fee, looks=looks)
    if isinstance(answer, BillRefused):
        return None, Refusal(reason=answer.reason)
    if not isinstance(answer, BillFound):
        return None, Refusal(reason=Reason.MAINTENANCE)
    entry = Inquired(
        reference=reference,
        at=at,
        product_code=code,
        customer_no=inquiry.customer_no,
        amount=amount,
        looks=looks,
    )
    quoted = quote(answer.bill, admin_fee=fake.fee, net=fake.net)
    return entry, BillView(
        reference=reference,
        product_code=code,
        product_name=code,
        customer_no=inquiry.customer_no,
        quoted=quoted,
        testing=False,
        created_at=at,
        expires_at=at + VALID,
        balance=book.balance,
    )


def quote_to_pay(
    book: Book, bills: Mapping[str, FakeBill], payment: Pay, *, at: datetime
) -> Quote | Refusal:
    """Give what a payment costs, or why it is refused."""
    fake = bills.get(payment.product_code)
    if fake is None:
        return Refusal(reason=Reason.PRODUCT_NOT_FOUND)
    session = book.session(payment.inquiry_reference, payment.product_code, payment.customer_no)
    if session is None:
        return Refusal(reason=Reason.INQUIRY_NOT_FOUND)
    asked = (payment.product_code, payment.customer_no, payment.amount or 1)
    if asked != (session.product_code, session.customer_no, session.amount):
        return Refusal(reason=Reason.INQUIRY_MISMATCH)
    if at >= session.at + VALID:
        return Refusal(reason=Reason.INQUIRY_EXPIRED)
    obstacle = pay_obstacle(payment.customer_no)
    if obstacle is not None:
        return Refusal(reason=obstacle)
    bill = make_bill(fake.service, payment.customer_no, amount=session.amount, looks=session.looks)
    return quote(bill, admin_fee=fake.fee, net=fake.net)


def take(
    payment: Pay,
    quoted: Quote,
    *,
    reference: str,
    number: int,
    at: datetime,
    state: OrderState,
    sn: str,
    plan: Plan,
    price_change: int = 0,
) -> Taken:
    """Write the order of a payment; `price_change` is what is taken beyond what was shown."""
    return Taken(
        reference=reference,
        at=at,
        id=number,
        product_code=payment.product_code,
        destination=payment.customer_no,
        quantity=payment.amount or 1,
        counter=1,
        kind=ProductKind.POSTPAID,
        price=quoted.total + price_change,
        share=quoted.share,
        state=state,
        sn=sn,
        reason=plan.reason if state is OrderState.FAILED else None,
        data=bill_data(quoted),
    )


def plan_of_payment(customer_no: str) -> Plan:
    """Say what a payment will go through."""
    return bill_plan(customer_no).payment


def bill_product(code: str, fake: FakeBill, *, token_price: int | None) -> ProductView:
    """List a product whose bill, or meter, may be asked about."""
    return ProductView(
        code=code,
        name=code,
        category="",
        brand="",
        kind=ProductKind.POSTPAID if token_price is None else ProductKind.PREPAID,
        price=token_price,
        admin=fake.fee if token_price is None else None,
        status="open",
        cut_off_start="",
        cut_off_end="",
        desc="",
        service=fake.service.value,
    )
