"""The postings and contradictions of docs/ledger.md: found by running orders/settle.py; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any, Final

import msgspec

from gerbang.bills.bill import BillParts
from gerbang.dialects.contract import OrderState
from gerbang.dialects.supplier_contract import LearnRules
from gerbang.ledger.account import Account, HouseAccount
from gerbang.ledger.book import Book
from gerbang.ledger.transfer import Phase, Transfer
from gerbang.markdown import code, table
from gerbang.orders.order import Attempt, Order
from gerbang.orders.outcome import Delivered, NotFound, Outcome, Rejected, StatusOutcome
from gerbang.orders.reasons import Reason
from gerbang.orders.settle import apply_outcome
from gerbang.orders.situation import Situation
from gerbang.orders.transitions import AttemptState

_ORDER, _ATTEMPT, _OTHER = 1234, 77, 78
_PRICE, _COST = 10_000, 9_500
_RESELLER, _RECEIVABLE, _FLOAT = 1, 2, 3
_HOUSE: Final = {account: 10 + n for n, account in enumerate(HouseAccount)}
_NAMES: Final = {
    _RESELLER: "reseller",
    _RECEIVABLE: "receivable",
    _FLOAT: "float",
    **{number: account.value for account, number in _HOUSE.items()},
}
_NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """News about one attempt in one situation; what follows is found by running it."""

    case: str
    order: OrderState
    attempt: AttemptState
    outcome: Outcome | StatusOutcome
    pays: str = ""
    other: AttemptState | None = None
    paid_by: str = "us"
    spendable: int = _PRICE
    cost: int | None = None
    sn: str = ""
    confirm_first: bool = False
    asked_about: bool = False
    """Whether a question about the attempt is due."""
    bill: BillParts | None = None


_GAVE_UP: Final = Rejected(reason=Reason.BILLER_FAILED, reroutable=False)
_TAKEN_BACK: Final = Rejected(reason=Reason.REFUNDED, reroutable=False)
_CAME: Final = Delivered(sn="123", cost=_COST)
_BILL: Final = BillParts(due=7_300, fee=2_700, share=900, supplier_total=_PRICE)
_BILL_COST: Final = 8_500
"""Due to the biller, and what the supplier keeps of its fee."""
_PAID: Final = Delivered(sn="123", cost=_PRICE)
_P, _S, _F, _R = OrderState.PENDING, OrderState.SUCCESS, OrderState.FAILED, OrderState.REVERSED

POSTINGS: Final[Sequence[Scenario]] = (
    Scenario(case="delivered", order=_P, attempt=AttemptState.SENDING, outcome=_CAME),
    Scenario(case="failed for good", order=_P, attempt=AttemptState.SENDING, outcome=_GAVE_UP),
    Scenario(case="late success, we pay", order=_F, attempt=AttemptState.REJECTED, outcome=_CAME),
    Scenario(
        case="late success, the reseller pays and has part of it",
        order=_F,
        attempt=AttemptState.REJECTED,
        outcome=_CAME,
        paid_by="reseller",
        spendable=6_000,
    ),
    Scenario(
        case="a second supplier delivers",
        order=_S,
        attempt=AttemptState.UNKNOWN,
        outcome=_CAME,
        other=AttemptState.DELIVERED,
    ),
    Scenario(
        case="reversed by the supplier",
        order=_S,
        attempt=AttemptState.DELIVERED,
        outcome=_TAKEN_BACK,
        cost=_COST,
        sn="123",
    ),
    Scenario(
        case="a bill is paid", order=_P, attempt=AttemptState.SENDING, outcome=_PAID, bill=_BILL
    ),
    Scenario(
        case="a paid bill is taken back",
        order=_S,
        attempt=AttemptState.DELIVERED,
        outcome=_TAKEN_BACK,
        cost=_BILL_COST,
        sn="123",
        bill=_BILL,
    ),
)

CONTRADICTIONS: Final[Sequence[Scenario]] = (
    Scenario(
        case="delivered after the order failed; late success is ours (default)",
        pays="we: the cost",
        order=_F,
        attempt=AttemptState.REJECTED,
        outcome=_CAME,
    ),
    Scenario(
        case="delivered after the order failed; late success is the reseller's, who has the money",
        pays="the reseller",
        order=_F,
        attempt=AttemptState.REJECTED,
        outcome=_CAME,
        paid_by="reseller",
    ),
    Scenario(
        case="the same, and he has only part of it",
        pays="the reseller; the rest is owed",
        order=_F,
        attempt=AttemptState.REJECTED,
        outcome=_CAME,
        paid_by="reseller",
        spendable=6_000,
    ),
    Scenario(
        case="a supplier that had refused delivers after all, while another one is being tried",
        pays="the reseller: the normal price",
        order=_P,
        attempt=AttemptState.REJECTED,
        outcome=_CAME,
        other=AttemptState.SENDING,
    ),
    Scenario(
        case="a second supplier delivers an order that succeeded",
        pays="we: the second cost",
        order=_S,
        attempt=AttemptState.UNKNOWN,
        outcome=_CAME,
        other=AttemptState.DELIVERED,
    ),
    Scenario(
        case="a failure after success, signed or confirmed",
        pays="nobody: both sides are repaid",
        order=_S,
        attempt=AttemptState.DELIVERED,
        outcome=_TAKEN_BACK,
        cost=_COST,
        sn="123",
    ),
    Scenario(
        case="a failure after success, unsigned",
        pays="nobody yet: the supplier is asked",
        order=_S,
        attempt=AttemptState.DELIVERED,
        outcome=_TAKEN_BACK,
        cost=_COST,
        sn="123",
        confirm_first=True,
    ),
    Scenario(
        case="a success after the order failed, unsigned",
        pays="nobody yet: the supplier is asked",
        order=_F,
        attempt=AttemptState.REJECTED,
        outcome=_CAME,
        confirm_first=True,
    ),
    Scenario(
        case="such news, and the supplier denies them when it is asked",
        pays="nobody",
        order=_S,
        attempt=AttemptState.DELIVERED,
        outcome=Delivered(sn="123", cost=_COST),
        cost=_COST,
        sn="123",
        asked_about=True,
    ),
    Scenario(
        case="a failure after success of an attempt that was not the one that counted",
        pays="nobody; a person settles it",
        order=_S,
        attempt=AttemptState.DELIVERED,
        outcome=_TAKEN_BACK,
        cost=_COST,
        sn="123",
        other=AttemptState.DELIVERED,
    ),
    Scenario(
        case="a late success that we paid is taken back",
        pays="nobody; a person books what the supplier repaid",
        order=_F,
        attempt=AttemptState.DELIVERED,
        outcome=_TAKEN_BACK,
        cost=_COST,
        sn="123",
    ),
    Scenario(
        case="delivered again after it was reversed",
        pays="nobody; a person settles it",
        order=_R,
        attempt=AttemptState.REJECTED,
        outcome=_CAME,
        cost=_COST,
    ),
    Scenario(
        case="delivered again with another serial number",
        pays="nobody; the first number stays",
        order=_S,
        attempt=AttemptState.DELIVERED,
        outcome=Delivered(sn="999", cost=_COST),
        cost=_COST,
        sn="123",
    ),
    Scenario(
        case="delivered at a cost below zero or beyond every account",
        pays="the reseller: the normal price; we: the expected cost",
        order=_P,
        attempt=AttemptState.UNKNOWN,
        outcome=Delivered(sn="123", cost=-_COST),
    ),
    Scenario(
        case="news of an attempt that was never sent",
        pays="nobody; a person looks",
        order=_P,
        attempt=AttemptState.PREPARED,
        outcome=_CAME,
    ),
    Scenario(
        case='"not found" often enough, no other route (a supplier where that is evidence)',
        pays="nobody",
        order=_P,
        attempt=AttemptState.UNKNOWN,
        outcome=NotFound(),
    ),
    Scenario(
        case='"not found" from a supplier that had accepted the order',
        pays="nobody; it is asked again",
        order=_P,
        attempt=AttemptState.ACCEPTED,
        outcome=NotFound(),
    ),
)

_LEARN_BY_ASKING: Final = LearnRules(
    resend_same_reference_safe=False, not_found_answers=1, not_found_quiet_s=0
)


def run_scenario(scenario: Scenario) -> Situation:
    """Apply the outcome as the write lane would, and give the situation after it."""
    held = _PRICE if scenario.order is OrderState.PENDING else 0
    balance = held + scenario.spendable
    account = Account(_RESELLER, "reseller", balance, held, 0, 1)
    receivable = Account(_RECEIVABLE, "receivable", 0, 0, 0, 0)
    ids = count(500)
    book = Book(
        {_RESELLER: account, _RECEIVABLE: receivable},
        untracked_ids=frozenset({_FLOAT, *_HOUSE.values()}),
        next_id=lambda: next(ids),
    )
    expected = _COST if scenario.bill is None else _BILL_COST
    attempt = _attempt(_ATTEMPT, scenario.attempt, supplier_id=1, cost_expected=expected)
    attempt.cost, attempt.sn = scenario.cost, scenario.sn
    attempt.due_at = _NOW if scenario.asked_about else None
    attempts = [attempt]
    if scenario.other is not None:
        attempts.append(_attempt(_OTHER, scenario.other, supplier_id=2))
    situation = Situation(
        order=_order(scenario),
        attempt=attempt,
        attempts=attempts,
        now=_NOW,
        learn=_LEARN_BY_ASKING,
        book=book,
        account_id=_RESELLER,
        receivable_id=_RECEIVABLE,
        float_id=_FLOAT,
        house=_HOUSE,
        late_success_paid_by=scenario.paid_by,
        choose_next=lambda: None,
        confirm_first=scenario.confirm_first,
        bill=scenario.bill,
    )
    apply_outcome(situation, scenario.outcome)
    return situation


def _blank(kind: type, given: Mapping[str, Any]) -> dict[str, Any]:
    """Fill the members of a row that the scenario does not speak of."""
    empty: dict[str, Any] = dict.fromkeys(kind.__struct_fields__)  # type: ignore[attr-defined]
    texts = ("sn", "message", "supplier_order_id", "reference")
    numbers = ("sends", "asks", "not_found", "price", "cost_expected")
    return {**empty, **dict.fromkeys(texts, ""), **dict.fromkeys(numbers, 0), **given}


def _order(scenario: Scenario) -> Order:
    delivered_by = 2 if scenario.other is AttemptState.DELIVERED else 1
    given = {
        "id": _ORDER,
        "price": _PRICE,
        "state": scenario.order,
        "hold_id": 400,
        "supplier_id": delivered_by if scenario.order is OrderState.SUCCESS else None,
    }
    values = _blank(Order, given)
    return Order(*(values[name] for name in Order.__struct_fields__))


def _attempt(
    number: int, state: AttemptState, *, supplier_id: int, cost_expected: int = _COST
) -> Attempt:
    given = {
        "id": number,
        "state": state,
        "supplier_id": supplier_id,
        "cost_expected": cost_expected,
        "sends": 1,
        "created_at": _NOW,
    }
    values = _blank(Attempt, given)
    return Attempt(*(values[name] for name in Attempt.__struct_fields__))


def _key(transfer: Transfer) -> str:
    return transfer.key.replace(str(_ORDER), "{order}").replace(str(_ATTEMPT), "{attempt}")


BY_HAND: Final = (
    ("order accepted", "sale.hold", "reseller", "house:sales", "pending", "order:{order}:hold"),
    ("credit by hand", "manual.credit", "bank:main", "reseller", "direct", "the caller's"),
    (
        "a credit pays what is owed",
        "receivable.collected",
        "reseller",
        "receivable",
        "direct",
        "{the credit's key}:receivable",
    ),
    ("debit by hand", "manual.debit", "reseller", "bank:main", "direct", "the caller's"),
    (
        "a deposit came: what the reseller gets",
        "deposit",
        "bank:main",
        "reseller",
        "direct",
        "bank_line:{line}:deposit",
    ),
    (
        "a deposit came: the ticket's fee",
        "deposit.fee",
        "bank:main",
        "house:fees",
        "direct",
        "bank_line:{line}:fee",
    ),
    (
        "bills asked for and nothing bought",
        "surcharge",
        "reseller",
        "house:surcharges",
        "direct",
        "surcharge:{reseller}:{month}",
    ),
    (
        "the same, and the balance does not do",
        "surcharge.receivable",
        "receivable",
        "house:surcharges",
        "direct",
        "surcharge:{reseller}:{month}:receivable",
    ),
    ("money sent to a supplier", "float.top_up", "float", "bank:main", "direct", "the caller's"),
)
"""Postings that are not of an outcome: orders, ledger, deposits, terms, suppliers."""


def posting_table() -> str:
    """Event by event: debit, credit, phase and key."""
    rows = [_posting_row(*row) for row in BY_HAND[:1]]
    for scenario in POSTINGS:
        for transfer in run_scenario(scenario).book.transfers:
            row = _posting_row(
                scenario.case,
                str(transfer.event),
                _NAMES[transfer.debit_account_id],
                _NAMES[transfer.credit_account_id],
                transfer.phase.value,
                _key(transfer),
            )
            rows.append(row)
    rows += [_posting_row(*row) for row in BY_HAND[1:]]
    return table(("what happened", "event", "debit", "credit", "phase", "key"), rows)


def _posting_row(*cells: str) -> tuple[str, ...]:
    what, event, debit, credit, phase, key = cells
    shown = code(key) if ":" in key else key
    return what, code(event), code(debit), code(credit), code(phase), shown


def contradiction_table() -> str:
    """Say for every contradiction who pays, what moves and what the reseller hears."""
    rows = []
    for scenario in CONTRADICTIONS:
        after = run_scenario(scenario)
        rows.append(
            (
                scenario.case,
                scenario.pays,
                "<br>".join(_moved(t) for t in after.book.transfers) or "none",
                f"{code(scenario.order.value)} → {code(after.order.state.value)}",
                ", ".join(code(event.value) for event in after.events) or "none",
                ", ".join(code(case.kind) for case in after.cases) or "none",
            )
        )
    head = ("case", "who pays", "transfers", "the reseller's status", "callback", "case opened")
    return table(head, rows)


def _moved(transfer: Transfer) -> str:
    if transfer.phase is Phase.VOIDED:
        return f"{code(transfer.event)}: the hold ends, nothing is taken"
    debit, credit = _NAMES[transfer.debit_account_id], _NAMES[transfer.credit_account_id]
    return f"{code(transfer.event)}: {code(debit)} → {code(credit)}"
