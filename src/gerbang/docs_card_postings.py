"""The card postings of docs/ledger.md: found by running cards/apply.py; pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from itertools import count
from typing import Final

from gerbang.cards.acquirers.contract import Approved
from gerbang.cards.apply import CardAccounts, apply_result, settle_payment, settle_refund
from gerbang.cards.merchant import Merchant
from gerbang.cards.payment import Attempt, AttemptKind, AttemptState, Payment, PaymentKind
from gerbang.cards.payment import PaymentState as S
from gerbang.cards.writes import RecordResult
from gerbang.ledger.account import Account
from gerbang.ledger.book import Book
from gerbang.ledger.transfer import Transfer
from gerbang.markdown import code, table

_PAYMENT, _ATTEMPT = 1234, 77
_MERCHANT, _ACQUIRER, _BANK, _FEES = 1, 2, 3, 4
_NAMES: Final = {
    _MERCHANT: "merchant",
    _ACQUIRER: "acquirer",
    _BANK: "bank:main",
    _FEES: "house:card_fees",
}
_NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
_SHOP: Final = Merchant(
    id=1,
    imid="SIMMID0001",
    name="Shop",
    status="active",
    account_id=_MERCHANT,
    reseller_id=None,
    acquirer="sandbox",
    acquirer_account_id=_ACQUIRER,
    sandboxed=False,
    booked=True,
    key="",
    mdr={"default": 200},
)
_ACCOUNTS: Final = CardAccounts(bank=_BANK, card_fees=_FEES)
_CASES: Final = (
    ("a card is charged", S.PROCESSING, AttemptKind.CHARGE),
    ("the amount is held on a card", S.PROCESSING, AttemptKind.HOLD),
    ("a hold is captured", S.PROCESSING, AttemptKind.CAPTURE),
    ("a hold is let go", S.PREAUTHED, AttemptKind.RELEASE),
    ("a charge is voided before it is settled", S.PAID, AttemptKind.VOID),
    ("a settled charge is refunded, wholly or in part", S.SETTLED, AttemptKind.REFUND),
)


def card_posting_table() -> str:
    """Every card posting, by the event that causes it."""
    rows: list[tuple[str, ...]] = []
    for words, state, kind in _CASES:
        rows += _rows(words, partial(_apply, state=state, kind=kind))
    rows += _rows("the acquirer settles a charge", _settle)
    rows += _rows("the acquirer takes a refund off", _settle_refund)
    return table(("what happened", "event", "debit", "credit", "key"), rows)


def _apply(book: Book, *, state: S, kind: AttemptKind) -> None:
    hold = _payment(S.PREAUTHED) if kind is AttemptKind.CAPTURE else None
    want = RecordResult(
        merchant=_SHOP,
        payment_id=_PAYMENT,
        attempt_id=_ATTEMPT,
        outcome=Approved(acquirer_reference="R"),
        at=_NOW,
    )
    apply_result(want, _payment(state), hold, _attempt(kind), book=book, now=_NOW)


def _settle(book: Book) -> None:
    settle_payment(_SHOP, _payment(S.PAID), settlement_id=1, book=book, accounts=_ACCOUNTS)


def _settle_refund(book: Book) -> None:
    attempt = _attempt(AttemptKind.REFUND)
    payment = _payment(S.REFUNDED)
    settle_refund(_SHOP, payment, attempt, settlement_id=1, book=book, accounts=_ACCOUNTS)


def _rows(words: str, run: Callable[[Book], None]) -> list[tuple[str, ...]]:
    numbers = count(1)
    account = Account(_MERCHANT, "merchant", 0, 0, 0, 0)
    others = frozenset({_ACQUIRER, _BANK, _FEES})
    book = Book({_MERCHANT: account}, untracked_ids=others, next_id=lambda: next(numbers))
    run(book)
    if not book.transfers:
        return [(words, "none", "", "", "")]
    return [(words, *_transfer(one)) for one in book.transfers]


def _transfer(one: Transfer) -> tuple[str, ...]:
    key = one.key.replace(str(_PAYMENT), "{payment}").replace(str(_ATTEMPT), "{attempt}")
    sides = (_NAMES[one.debit_account_id], _NAMES[one.credit_account_id])
    return (code(str(one.event)), *(code(side) for side in sides), code(key))


def _payment(state: S) -> Payment:
    return Payment(
        id=_PAYMENT,
        txid="",
        merchant_id=1,
        reference="",
        channel="direct",
        sandboxed=False,
        booked=True,
        amount=100_000,
        kind=PaymentKind.SALE,
        state=state,
        instalment_months=1,
        instalment_type="1",
        recurring_option=2,
        details={},
        notify_url="",
        return_url="",
        registered_at=_NOW,
        expires_at=_NOW,
    )


def _attempt(kind: AttemptKind) -> Attempt:
    return Attempt(
        id=_ATTEMPT,
        payment_id=_PAYMENT,
        kind=kind,
        state=AttemptState.SENT,
        amount=100_000,
        reference="",
        at=_NOW,
    )
