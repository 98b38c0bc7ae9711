"""Placing in a batch: one order, its hold and its first attempt, or the reason why not. No I/O."""

from __future__ import annotations

from gerbang.dialects.contract import OrderState, Refusal
from gerbang.ledger.account import Account, HouseAccount
from gerbang.ledger.book import InsufficientBalanceError
from gerbang.ledger.transfer import TransferEvent
from gerbang.orders.batch_rows import placed_row
from gerbang.orders.batch_state import BatchState
from gerbang.orders.order import Attempt, Order
from gerbang.orders.place_bill import bill_refusal, remember_bill
from gerbang.orders.reasons import Reason
from gerbang.orders.transitions import AttemptState
from gerbang.orders.writes import Known, Placed, PlaceOrder, PlaceOutcome, PlannedAttempt


def place_order(state: BatchState, w: PlaceOrder) -> PlaceOutcome:
    """Plan an order, find the one that has its reference, or refuse."""
    account = state.book.accounts[w.account_id]
    earlier = _find_earlier(state, w)
    if earlier is not None:
        return _answer_known(w, earlier, account)
    refusal = _same_day_refusal(state, w, account)
    if refusal is None:
        refusal = bill_refusal(state, w, balance=account.available)
    if refusal is not None:
        return refusal
    return _write_order(state, w, account)


def _find_earlier(state: BatchState, w: PlaceOrder) -> Order | None:
    if w.signature_key is not None:
        return state.by_signature.get((w.credential_id, w.signature_key))
    return state.by_reference.get((w.reseller_id, w.testing, w.reference))


def _answer_known(w: PlaceOrder, earlier: Order, account: Account) -> Known | Refusal:
    same = (earlier.product_id, earlier.destination, earlier.quantity) == (
        w.product_id,
        w.destination,
        w.quantity,
    )
    if same:
        return Known(order=earlier, balance=account.available)
    return Refusal(
        reason=Reason.REFERENCE_REUSED,
        known_order=earlier.view(balance=account.available, known=True),
        balance=account.available,
    )


def _same_day_refusal(state: BatchState, w: PlaceOrder, account: Account) -> Refusal | None:
    if not w.same_day:
        return None
    latest = state.same_day.get((w.reseller_id, w.product_id, w.destination))
    highest = (latest.same_day_counter or 0) if latest is not None else 0
    if w.counter == highest + 1:
        return None
    return Refusal(
        reason=Reason.DUPLICATE_SAME_DAY,
        price=w.price,
        balance=account.available,
        product_name=w.product_name,
        known_order=latest.view(balance=account.available, known=True) if latest else None,
    )


def _write_order(state: BatchState, w: PlaceOrder, account: Account) -> Placed | Refusal:
    order = _new_order(state, w)
    hold = None
    if not w.testing:
        try:
            hold = state.book.hold(
                f"order:{order.id}:hold",
                TransferEvent.SALE_HOLD,
                debit=w.account_id,
                credit=state.terms.house[HouseAccount.SALES],
                amount=w.price,
                order_id=order.id,
            )
        except InsufficientBalanceError:
            return Refusal(
                reason=Reason.INSUFFICIENT_BALANCE,
                price=w.price,
                balance=account.available,
                product_name=w.product_name,
            )
        order.hold_id = hold.id
    _remember(state, w, order)
    remember_bill(state, w, order)
    attempt, first = None, None
    if w.first is not None:
        # The payment of a bill has the id of its inquiry, so that both have one reference.
        attempt_id = w.bill.inquiry_id if w.bill else None
        attempt = _plan_attempt(state, order, 1, w.first, attempt_id=attempt_id)
        first = (attempt, w.claimed_by, state.explanations.number(w.first.explanation))
    state.placed.append(placed_row(order, w.account_id, hold, first))
    state.new_steps.extend((order.id, s.due_at, s.outcome) for s in w.steps)
    return Placed(order=order, attempt=attempt, balance=account.available)


def _new_order(state: BatchState, w: PlaceOrder) -> Order:
    return Order(
        id=state.numbers.orders.next(),
        reseller_id=w.reseller_id,
        credential_id=w.credential_id,
        testing=w.testing,
        dialect=w.dialect,
        kind=w.kind,
        reference=w.reference,
        signature_key=w.signature_key,
        product_id=w.product_id,
        product_code=w.product_code,
        product_name=w.product_name,
        destination=w.destination,
        quantity=w.quantity,
        counter=w.counter,
        same_day_counter=w.counter if w.same_day and not w.testing else None,
        price=w.price,
        hold_id=None,
        state=OrderState.PENDING,
        reason=None,
        sn="",
        message="",
        data=None,
        supplier_id=None,
        cost=None,
        created_at=state.now,
        updated_at=state.now,
        final_at=None,
        needs_decision_at=None,
    )


def _remember(state: BatchState, w: PlaceOrder, order: Order) -> None:
    """Let later writes of the same batch find this order."""
    state.by_reference[w.reseller_id, w.testing, w.reference] = order
    if w.signature_key is not None:
        state.by_signature[w.credential_id, w.signature_key] = order
    if order.same_day_counter is not None:
        state.same_day[w.reseller_id, w.product_id, w.destination] = order


def new_attempt(
    state: BatchState, order: Order, number: int, planned: PlannedAttempt, claimed_by: str | None
) -> Attempt:
    """Plan a further attempt, of a route that was chosen."""
    attempt = _plan_attempt(state, order, number, planned)
    state.new_attempts.append((attempt, claimed_by, planned))
    return attempt


def _plan_attempt(
    state: BatchState,
    order: Order,
    number: int,
    planned: PlannedAttempt,
    *,
    attempt_id: int | None = None,
) -> Attempt:
    attempt_id = state.numbers.attempts.next() if attempt_id is None else attempt_id
    return Attempt(
        id=attempt_id,
        order_id=order.id,
        number=number,
        supplier_id=planned.supplier_id,
        route_id=planned.route_id,
        supplier_product_code=planned.supplier_product_code,
        reference=f"{state.terms.installation_tag}-{attempt_id}",
        state=AttemptState.PREPARED,
        cost_expected=planned.cost,
        cost=None,
        sn="",
        supplier_order_id="",
        reason=None,
        message="",
        due_at=None,
        sends=0,
        asks=0,
        not_found=0,
        not_found_since=None,
        sent_at=None,
        created_at=state.now,
    )
