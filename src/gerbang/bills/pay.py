"""Paying a bill: an order whose price is what the inquiry showed.

Where the supplier does not bind a payment to its inquiry, or the session is old, the bill is
looked at once more before anything is written: one that changed is refused with nothing taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import msgspec

from gerbang.bills.admit import BillWish, as_purchase
from gerbang.bills.bill import bill_data, guarded_periods, same_bill
from gerbang.bills.inquire import (
    Asker,
    BillDirectory,
    BillSettings,
    Inquirer,
    SessionClock,
    refusal_of,
)
from gerbang.bills.session import Session, refuse_session
from gerbang.bills.store import session_by_customer, session_by_reference
from gerbang.clock import WIB, Clock
from gerbang.dialects.contract import Credential, Pay, PlaceResult, Refusal
from gerbang.dialects.dialect import Dialect
from gerbang.ids import generate_reference
from gerbang.orders.intake import Intake
from gerbang.orders.reasons import Reason
from gerbang.orders.writes import BillOrder, PlaceOrder, PlannedAttempt, SandboxStep
from gerbang.postgres.pool import Pool
from gerbang.sandbox.bills import bill_testing_steps, pay_obstacle
from gerbang.sandbox.serials import make_serial


class Payer:
    """Pays bills that were shown."""

    def __init__(
        self,
        *,
        pool: Pool,
        intake: Intake,
        inquirer: Inquirer,
        directory: BillDirectory,
        dialects: Mapping[str, Dialect],
        clock: Clock,
        session_clock: SessionClock,
        settings: BillSettings,
        claim_node: Callable[[], str | None],
    ) -> None:
        """Wire it."""
        self._pool = pool
        self._intake = intake
        self._inquirer = inquirer
        self._directory = directory
        self._dialects = dialects
        self._clock = clock
        self._session_clock = session_clock
        self._settings = settings
        self._claim_node = claim_node

    async def pay(self, credential: Credential, payment: Pay) -> PlaceResult:
        """Pay once, however often it is asked with the same reference."""
        purchase = as_purchase(payment)
        wish = self._inquirer.admit(credential, payment)
        if isinstance(wish, Refusal):
            return await self._intake.refuse(credential, purchase, wish)
        known = await self._intake.find_known(credential, purchase)
        if known is not None:
            same = (known.product_code, known.destination, known.quantity) == (
                wish.product.code,
                wish.customer_no,
                wish.quantity,
            )
            return known if same else Refusal(reason=Reason.REFERENCE_REUSED, known_order=known)
        order = await self._prepare(credential, payment, wish)
        if isinstance(order, Refusal):
            return await self._intake.refuse(credential, purchase, order)
        return await self._intake.write(credential, order)

    async def _prepare(
        self, credential: Credential, payment: Pay, wish: BillWish
    ) -> PlaceOrder | Refusal:
        session = await self._find_session(credential, payment, wish)
        now = self._session_clock.now_for(credential.reseller.id, testing=payment.testing)
        refusal = refuse_session(
            session,
            payment,
            wish.product,
            customer_no=wish.customer_no,
            quantity=wish.quantity,
            now=now,
        )
        if refusal is not None or session is None:
            return refusal or Refusal(reason=Reason.INQUIRY_NOT_FOUND)
        if payment.testing:
            return self._testing_order(credential, payment, wish, session)
        paid = await self._look_again(credential, payment, wish, session)
        if isinstance(paid, Refusal):
            return paid
        first = _planned(paid, shown=session)
        return self._order(credential, payment, session=session, paid=paid, first=first)

    async def _find_session(
        self, credential: Credential, payment: Pay, wish: BillWish
    ) -> Session | None:
        reseller_id, testing = credential.reseller.id, payment.testing
        if payment.inquiry_reference is not None:
            return await session_by_reference(
                self._pool, reseller_id, payment.inquiry_reference, testing=testing
            )
        return await session_by_customer(
            self._pool,
            reseller_id,
            wish.product.id,
            wish.customer_no,
            wish.quantity,
            testing=testing,
        )

    # --- live -------------------------------------------------------------------------------------

    async def _look_again(
        self, credential: Credential, payment: Pay, wish: BillWish, session: Session
    ) -> Session | Refusal:
        """Give the inquiry to pay at the supplier: the shown one, or a fresh one that is equal."""
        if self._is_bound(session):
            return session
        asker = Asker(
            credential=credential,
            dialect=payment.dialect,
            testing=False,
            reference=session.reference,
        )
        looked = await self._inquirer.ask_around(asker, wish, first=_again(session), ours=True)
        if looked.session is None:
            return refusal_of(looked.answer, wish)
        if not same_bill(session.quoted, looked.session.quoted):
            return Refusal(
                reason=Reason.BILL_CHANGED,
                product_name=wish.product.name,
                price=looked.session.quoted.total,
            )
        return looked.session

    def _is_bound(self, session: Session) -> bool:
        """Whether the supplier itself holds the payment to what was shown."""
        channel = self._directory.channel(session.supplier_id or 0)
        if channel is None or channel.status != "active":
            return False
        client = self._dialects[channel.view.dialect].bills
        age = self._clock.now() - session.created_at
        fresh = age < timedelta(seconds=self._settings.bill_look_again_after_s)
        return client is not None and client.binds_total and fresh

    # --- testing ----------------------------------------------------------------------------------

    def _testing_order(
        self, credential: Credential, payment: Pay, wish: BillWish, session: Session
    ) -> PlaceOrder | Refusal:
        obstacle = pay_obstacle(wish.customer_no)
        if obstacle is not None:
            return Refusal(reason=obstacle, product_name=wish.product.name)
        now = self._session_clock.now_for(credential.reseller.id, testing=True)
        sn = make_serial(wish.customer_no, "").sn
        steps = bill_testing_steps(wish.customer_no, sn, now=now)
        return self._order(
            credential, payment, session=session, paid=session, first=None, steps=steps
        )

    # --- the order --------------------------------------------------------------------------------

    def _order(
        self,
        credential: Credential,
        payment: Pay,
        *,
        session: Session,
        paid: Session,
        first: PlannedAttempt | None,
        steps: tuple[SandboxStep, ...] = (),
    ) -> PlaceOrder:
        quoted = session.quoted
        bill = BillOrder(
            session_id=session.id,
            inquiry_id=paid.id,
            biller=session.biller,
            periods=guarded_periods(quoted.bill, month=_month(self._clock.now())),
            due=quoted.bill.due,
            fee=quoted.fee,
            share=quoted.share,
            supplier_total=paid.supplier_total,
            data=bill_data(quoted),
        )
        return PlaceOrder(
            reseller_id=credential.reseller.id,
            account_id=credential.reseller.account_id,
            credential_id=credential.id,
            testing=payment.testing,
            dialect=payment.dialect,
            kind="postpaid",
            reference=payment.reference or generate_reference(),
            signature_key=None,
            product_id=session.product_id,
            product_code=session.product_code,
            product_name=session.product_name,
            destination=session.customer_no,
            quantity=session.quantity,
            counter=1,
            same_day=False,
            price=quoted.total,
            first=first,
            steps=steps,
            claimed_by=self._claim_node() if first is not None else None,
            bill=bill,
        )


def _planned(paid: Session, *, shown: Session) -> PlannedAttempt | None:
    if paid.supplier_id is None or paid.route_id is None:
        return None
    return PlannedAttempt(
        supplier_id=paid.supplier_id,
        route_id=paid.route_id,
        supplier_product_code=paid.supplier_product_code,
        cost=paid.cost,
        explanation={"route_id": paid.route_id, "inquiry": paid.id, "shown": shown.id},
    )


def _again(session: Session) -> PlannedAttempt | None:
    """Ask the supplier whose bill was shown once more, at the same cost per sheet."""
    planned = _planned(session, shown=session)
    if planned is None:
        return None
    bill = session.quoted.bill
    return msgspec.structs.replace(planned, cost=(session.cost - bill.due) // bill.sheets)


def _month(at: datetime) -> str:
    return at.astimezone(WIB).strftime("%Y-%m")
