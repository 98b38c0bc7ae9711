"""What follows from an outcome: the heart of the promise that unknown is a state.

Everything here is plain Python over rows that the batch has locked. `docs/ledger.md` has the
same rules as a table. An equal repeat changes nothing; a contradiction opens a case.
"""

from __future__ import annotations

from typing import Final

from gerbang.bills.token import token_data
from gerbang.dialects.contract import CallbackEvent, OrderState
from gerbang.ledger.account import HouseAccount
from gerbang.ledger.transfer import Phase, Transfer, TransferEvent
from gerbang.money import RUPIAH_MAX
from gerbang.orders.bill_money import Ends, split_bill, unsplit_bill
from gerbang.orders.outcome import (
    Accepted,
    Delivered,
    NotFound,
    Outcome,
    Rejected,
    StatusOutcome,
    Unavailable,
    Unknown,
)
from gerbang.orders.questions import (
    answer_doubt,
    ask_now,
    count_not_found,
    end_questions,
    is_doubted,
    is_evidence,
    is_watched,
    look_again,
    look_soon,
    may_be_overtaken,
    may_send_again,
    schedule_question,
    watch,
)
from gerbang.orders.reasons import Reason
from gerbang.orders.situation import Situation, call_off, end_attempt, finish_order, open_case, step
from gerbang.orders.transitions import ATTEMPT_OPEN, AttemptState

PERSON: Final = "person"
"""The source of what a person decided."""


def apply_outcome(s: Situation, outcome: Outcome | StatusOutcome) -> None:
    """Apply one outcome of one attempt to the attempt, its order and the book."""
    match outcome:
        case Delivered():
            _delivered(s, outcome)
        case Rejected():
            _rejected(s, outcome)
        case Unavailable():
            _unavailable(s, outcome)
        case Accepted():
            _accepted(s, outcome)
        case NotFound():
            _not_found(s, outcome)
        case Unknown():
            _unknown(s, outcome)


# --- delivered -------------------------------------------------------------------------------


def _delivered(s: Situation, outcome: Delivered) -> None:
    if s.attempt.state is AttemptState.DELIVERED:
        _delivered_again(s, outcome)
        return
    was_open = s.attempt.state in ATTEMPT_OPEN
    if s.attempt.state is AttemptState.PREPARED:
        # A supplier that reports what we have not sent speaks of another order.
        open_case(s, "news_before_sending", {"sn": outcome.sn})
        return
    if s.attempt.state is AttemptState.REJECTED and s.attempt.cost is not None:
        # Delivered, taken back, and now delivered again: money moved twice already.
        open_case(s, "reversal_contradicted", {"sn": outcome.sn})
        return
    was_pending = s.order.state is OrderState.PENDING
    overtaken = not was_open and may_be_overtaken(s)
    if (s.confirm_first and not was_open) or (overtaken and not was_pending):
        ask_now(s)
        return
    end_attempt(s, AttemptState.DELIVERED)
    s.attempt.sn = outcome.sn
    s.attempt.cost = _cost(s, outcome)
    s.attempt.message = outcome.message
    s.attempt.supplier_order_id = outcome.supplier_order_id or s.attempt.supplier_order_id
    if was_pending:
        _succeed(s, outcome, late=not was_open)
    else:
        _succeed_late(s, outcome)
    if s.source == PERSON:
        watch(s)
    elif overtaken:
        # Nothing may be sent elsewhere meanwhile, so it is believed first and asked about next.
        look_soon(s)


def _succeed(s: Situation, outcome: Delivered, *, late: bool) -> None:
    """Post the hold and book the cost."""
    s.book.post(_hold(s), f"order:{s.order.id}:post", TransferEvent.SALE_POST)
    call_off(s)
    _book_sold(s)
    finish_order(s, OrderState.SUCCESS, reason=None)
    _take_delivery(s, outcome)
    s.events.append(CallbackEvent.SUCCESS)
    if late:
        others = [a.id for a in s.attempts if a.id != s.attempt.id and a.state in ATTEMPT_OPEN]
        open_case(s, "late_success", {"other_open_attempts": others})


def _cost(s: Situation, outcome: Delivered) -> int:
    """What the delivery costs us: what was expected, unless the supplier says otherwise.

    A supplier of bills says what it took before our share at it, as it did when it was asked: only
    a difference between the two is news.
    """
    if outcome.cost is None:
        return s.attempt.cost_expected
    if not 0 <= outcome.cost <= RUPIAH_MAX:
        # The ledger would refuse it, and with it that the order was delivered.
        open_case(s, "cost_impossible", {"said": str(outcome.cost)})
        return s.attempt.cost_expected
    if s.bill is None:
        return outcome.cost
    difference = outcome.cost - s.bill.supplier_total
    if difference:
        detail = {"asked": s.bill.supplier_total, "took": outcome.cost}
        open_case(s, "bill_total_differs", detail)
    return max(0, s.attempt.cost_expected + difference)


def _take_delivery(s: Situation, outcome: Delivered) -> None:
    s.order.sn = outcome.sn
    _take_data(s, outcome)
    s.order.supplier_id = s.attempt.supplier_id
    s.order.cost = s.attempt.cost


def _succeed_late(s: Situation, outcome: Delivered) -> None:
    """Delivered after we had told the reseller something final."""
    if s.order.state is OrderState.SUCCESS:
        # Two suppliers delivered one order: the second cost is our loss, and theirs to answer.
        _book_cost(s, TransferEvent.LATE_COST, HouseAccount.LATE_SUCCESS)
        open_case(s, "delivered_twice", {"sn": outcome.sn})
        return
    if s.late_success_paid_by == "us":
        _book_cost(s, TransferEvent.LATE_COST, HouseAccount.LATE_SUCCESS)
        open_case(s, "late_success", {"sn": outcome.sn, "paid_by": "us"})
        return
    _charge_late(s)
    _book_sold(s)
    finish_order(s, OrderState.SUCCESS, reason=None)
    _take_delivery(s, outcome)
    s.events.append(CallbackEvent.SUCCESS)
    open_case(s, "late_success", {"sn": outcome.sn, "paid_by": "reseller"})


def _charge_late(s: Situation) -> None:
    """Debit what the reseller can spend; the rest becomes a receivable without a floor."""
    account = s.book.accounts[s.account_id]
    now_paid = max(0, min(account.spendable, s.order.price))
    sales = s.house[HouseAccount.SALES]
    key = f"order:{s.order.id}:late:{s.attempt.id}"
    if now_paid:
        s.book.direct(
            key,
            TransferEvent.LATE_SALE,
            debit=s.account_id,
            credit=sales,
            amount=now_paid,
            order_id=s.order.id,
        )
    if s.order.price > now_paid:
        s.book.direct(
            f"{key}:receivable",
            TransferEvent.LATE_SALE_RECEIVABLE,
            debit=s.receivable_id,
            credit=sales,
            amount=s.order.price - now_paid,
            order_id=s.order.id,
        )


def _delivered_again(s: Situation, outcome: Delivered) -> None:
    """A repeat, perhaps with the serial number that was missing."""
    answer_doubt(s, denied=AttemptState.REJECTED, answer=AttemptState.DELIVERED)
    if not outcome.sn or outcome.sn == s.attempt.sn:
        return
    if s.attempt.sn:
        detail = {"kept": s.attempt.sn, "other": outcome.sn}
        open_case(s, "serial_number_differs", detail)
        return
    s.attempt.sn = outcome.sn
    s.changed = True
    if s.order.state is OrderState.SUCCESS and s.order.supplier_id == s.attempt.supplier_id:
        s.order.sn = outcome.sn
        _take_data(s, outcome)
        s.order.updated_at = s.now
        s.events.append(CallbackEvent.SN_RECEIVED)


# --- refused -------------------------------------------------------------------------------------


def _rejected(s: Situation, outcome: Rejected) -> None:
    if s.attempt.state in {AttemptState.REJECTED, AttemptState.UNAVAILABLE}:
        answer_doubt(s, denied=AttemptState.DELIVERED, answer=AttemptState.REJECTED)
        return
    if s.attempt.state is AttemptState.DELIVERED:
        _reversed(s, outcome)
        return
    if s.attempt.state is AttemptState.PREPARED:
        open_case(s, "news_before_sending", {"reason": outcome.reason})
        return
    if s.attempt.sends > 1 and not outcome.reference_consumed:
        # It refuses the repeat and says nothing of the first sending.
        _unknown(s, Unknown(message=outcome.message))
        return
    end_attempt(s, AttemptState.REJECTED)
    s.attempt.reason = outcome.reason
    s.attempt.message = outcome.message
    s.attempt.supplier_order_id = outcome.supplier_order_id or s.attempt.supplier_order_id
    if s.source == PERSON:
        watch(s)
    _go_on_or_fail(s, reason=outcome.reason, reroutable=outcome.reroutable)


def _unavailable(s: Situation, outcome: Unavailable) -> None:
    if s.attempt.state is AttemptState.UNKNOWN:
        # An earlier sending of this reference may have arrived: this one proves nothing.
        schedule_question(s)
        return
    if s.attempt.state not in {AttemptState.SENDING, AttemptState.PREPARED}:
        return
    if s.unclaimed and s.attempt.state is not AttemptState.PREPARED:
        # Whoever claimed it meanwhile is sending it now, and says what came of it.
        return
    if s.attempt.sends > 1:
        _unknown(s, Unknown(message=outcome.message))
        return
    end_attempt(s, AttemptState.UNAVAILABLE)
    s.attempt.reason = Reason.BILLER_UNREACHABLE
    s.attempt.message = outcome.message
    _go_on_or_fail(s, reason=Reason.BILLER_UNREACHABLE, reroutable=True)


def _go_on_or_fail(s: Situation, *, reason: Reason, reroutable: bool) -> None:
    """Choose the next route, or give the money back and say failed."""
    if s.order.state is not OrderState.PENDING:
        return
    # A bill is paid where it was seen: elsewhere only after it was seen there too.
    s.planned = s.choose_next() if reroutable and s.bill is None else None
    if s.planned is None:
        _fail(s, reason)


def _fail(s: Situation, reason: Reason) -> None:
    s.book.void(_hold(s), f"order:{s.order.id}:void", TransferEvent.SALE_VOID)
    finish_order(s, OrderState.FAILED, reason=reason)
    s.order.same_day_counter = None
    s.events.append(CallbackEvent.FAILED)


def _reversed(s: Situation, outcome: Rejected) -> None:
    """Failure after success: the supplier took it back and repaid us."""
    if s.confirm_first or may_be_overtaken(s):
        ask_now(s)
        return
    end_attempt(s, AttemptState.REJECTED)
    s.attempt.reason = outcome.reason
    open_case(s, "reversed", {"reason": outcome.reason, "message": outcome.message})
    if s.order.state is not OrderState.SUCCESS or s.order.supplier_id != s.attempt.supplier_id:
        # A delivery that was our own loss, taken back: the loss goes, the order stays as told.
        _book_cost_reversal(s, HouseAccount.LATE_SUCCESS)
        return
    if s.order.price:
        s.book.direct(
            f"order:{s.order.id}:reversal:{s.attempt.id}",
            TransferEvent.SALE_REVERSAL,
            debit=s.house[HouseAccount.SALES],
            credit=s.account_id,
            amount=s.order.price,
            order_id=s.order.id,
        )
    _book_unsold(s)
    finish_order(s, OrderState.REVERSED, reason=outcome.reason)
    s.events.append(CallbackEvent.REVERSED)


# --- not final -----------------------------------------------------------------------------------


def _accepted(s: Situation, outcome: Accepted) -> None:
    if s.attempt.state is AttemptState.REJECTED and is_watched(s):
        # It was given up without the supplier's word, and now it says that it works on it.
        schedule_question(s)
        return
    if s.attempt.state not in ATTEMPT_OPEN or s.attempt.state is AttemptState.PREPARED:
        return
    if s.attempt.state is not AttemptState.ACCEPTED:
        step(s, AttemptState.ACCEPTED)
    s.attempt.supplier_order_id = outcome.supplier_order_id or s.attempt.supplier_order_id
    s.attempt.message = outcome.message
    s.attempt.not_found = 0
    s.attempt.not_found_since = None
    schedule_question(s)


def _unknown(s: Situation, outcome: Unknown) -> None:
    if s.attempt.state is AttemptState.SENDING:
        step(s, AttemptState.UNKNOWN)
        s.attempt.message = outcome.message
    if s.attempt.state is not AttemptState.PREPARED:
        look_again(s)


def _not_found(s: Situation, outcome: NotFound) -> None:
    """Count an answer that may become evidence; never a decision by itself or by a timer."""
    if s.attempt.state in {AttemptState.PREPARED, AttemptState.SENDING}:
        # Whoever claimed the sending will say what came of it; a question came too early.
        return
    if s.attempt.state not in ATTEMPT_OPEN:
        if is_doubted(s):
            end_questions(s)
            open_case(s, "news_not_confirmed", {"answer": "not found"})
        else:
            look_again(s)
        return
    if may_send_again(s):
        s.resend = True
    else:
        count_not_found(s)
    if is_evidence(s):
        end_attempt(s, AttemptState.REJECTED)
        s.attempt.reason = Reason.BILLER_FAILED
        s.attempt.message = outcome.message or "not found, repeatedly"
        watch(s)
        open_case(s, "decided_by_not_found", {"answers": s.attempt.not_found})
        _go_on_or_fail(s, reason=Reason.BILLER_FAILED, reroutable=True)
        return
    schedule_question(s)


# --- money ---------------------------------------------------------------------------------------


def _hold(s: Situation) -> Transfer:
    """The order's own pending transfer, rebuilt from what never changes."""
    hold_id = s.order.hold_id
    if hold_id is None:
        msg = f"order {s.order.id} has no hold"
        raise ValueError(msg)
    return Transfer(
        hold_id,
        f"order:{s.order.id}:hold",
        TransferEvent.SALE_HOLD,
        Phase.PENDING,
        None,
        s.account_id,
        s.house[HouseAccount.SALES],
        s.order.price,
        s.order.id,
    )


def _take_data(s: Situation, outcome: Delivered) -> None:
    """Keep details of the delivery, a token's parts too; the bill an order pays stays with it."""
    if s.bill is None:
        s.order.data = token_data(outcome.sn, outcome.data) or s.order.data
    elif outcome.data is not None:
        s.order.data = {**outcome.data, **(s.order.data or {})}


def _book_sold(s: Situation) -> None:
    """Book what a sale costs; the money of a bill is split."""
    if s.bill is None:
        _book_cost(s, TransferEvent.COST, HouseAccount.COST)
        return
    ends = Ends(s.account_id, s.float_id, s.house)
    cost = s.attempt.cost or 0
    split_bill(s.book, s.bill, ends, cost=cost, order_id=s.order.id, attempt_id=s.attempt.id)


def _book_unsold(s: Situation) -> None:
    """Take back what `_book_sold` booked."""
    if s.bill is None:
        _book_cost_reversal(s, HouseAccount.COST)
        return
    ends = Ends(s.account_id, s.float_id, s.house)
    cost = s.attempt.cost or 0
    unsplit_bill(s.book, s.bill, ends, cost=cost, order_id=s.order.id, attempt_id=s.attempt.id)


def _book_cost(s: Situation, event: TransferEvent, account: HouseAccount) -> None:
    if not s.attempt.cost:
        return
    s.book.direct(
        f"attempt:{s.attempt.id}:cost",
        event,
        debit=s.house[account],
        credit=s.float_id,
        amount=s.attempt.cost,
        order_id=s.order.id,
    )


def _book_cost_reversal(s: Situation, account: HouseAccount) -> None:
    if not s.attempt.cost:
        return
    s.book.direct(
        f"attempt:{s.attempt.id}:cost_reversal",
        TransferEvent.COST_REVERSAL,
        debit=s.float_id,
        credit=s.house[account],
        amount=s.attempt.cost,
        order_id=s.order.id,
    )
