"""The book: what one batch may plan, as laws."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gerbang.ledger.account import Account
from gerbang.ledger.book import AccountNotLockedError, Book, InsufficientBalanceError
from gerbang.ledger.transfer import Phase, Transfer

RESELLER, OTHER, SALES, BANK = 1, 2, 10, 11


def _book(*, balance: int = 10_000, credit_limit: int = 0, held: int = 0) -> Book:
    numbers = itertools.count(1)
    accounts = {
        RESELLER: Account(RESELLER, "reseller", balance, held, credit_limit, 7),
        OTHER: Account(OTHER, "reseller", 0, 0, 0, 0),
    }
    return Book(accounts, untracked_ids=frozenset({SALES, BANK}), next_id=lambda: next(numbers))


def _hold(book: Book, amount: int, key: str = "k") -> Transfer:
    return book.hold(key, "sale.hold", debit=RESELLER, credit=SALES, amount=amount, order_id=1)


def test_a_hold_reserves_and_writes_no_entry() -> None:
    book = _book()
    _hold(book, 4_000)
    assert (book.accounts[RESELLER].balance, book.accounts[RESELLER].held) == (10_000, 4_000)
    assert book.entries == []


def test_a_hold_above_what_is_spendable_is_refused_and_changes_nothing() -> None:
    book = _book(balance=3_000, credit_limit=1_000)
    with pytest.raises(InsufficientBalanceError):
        _hold(book, 4_001)
    assert book.transfers == []
    assert book.changed == {}
    _hold(book, 4_000)


def test_a_post_may_take_less_and_releases_the_rest() -> None:
    book = _book()
    held = _hold(book, 4_000)
    posted = book.post(held, "p", "sale.post", amount=1_500)
    assert (posted.phase, posted.amount, posted.pending_id) == (Phase.POSTED, 1_500, held.id)
    account = book.accounts[RESELLER]
    assert (account.balance, account.held, account.version) == (8_500, 0, 8)


@pytest.mark.parametrize("amount", [0, -1, 4_001])
def test_a_post_above_its_hold_or_of_nothing_is_refused(amount: int) -> None:
    book = _book()
    held = _hold(book, 4_000)
    with pytest.raises(ValueError, match="cannot post"):
        book.post(held, "p", "sale.post", amount=amount)


def test_a_void_gives_everything_back_without_an_entry() -> None:
    book = _book()
    book.void(_hold(book, 4_000), "v", "sale.void")
    assert (book.accounts[RESELLER].balance, book.accounts[RESELLER].held) == (10_000, 0)
    assert book.entries == []


def test_a_tracked_account_that_is_not_locked_is_a_bug_and_not_a_wrong_balance() -> None:
    book = _book()
    with pytest.raises(AccountNotLockedError):
        book.direct("d", "deposit", debit=BANK, credit=99, amount=5)


steps = st.lists(
    st.tuples(
        st.sampled_from(["hold", "post", "void", "credit", "debit", "give"]),
        st.integers(min_value=1, max_value=8_000),
    ),
    max_size=40,
)


@given(steps, st.integers(min_value=0, max_value=5_000))
def test_whatever_is_tried_entries_sum_to_zero_and_nobody_passes_the_limit(
    tried: list[tuple[str, int]], credit_limit: int
) -> None:
    book = _book(credit_limit=credit_limit)
    open_holds: list[Transfer] = []
    for number, (kind, amount) in enumerate(tried):
        try:
            _try(book, kind, amount, f"k{number}", open_holds)
        except InsufficientBalanceError:
            continue
        account = book.accounts[RESELLER]
        assert account.balance - account.held >= -credit_limit
        assert account.held == sum(h.amount for h in open_holds)
    assert sum(e.amount for e in book.entries) == 0
    _check_chain(book)


def _try(book: Book, kind: str, amount: int, key: str, open_holds: list[Transfer]) -> None:
    if kind == "hold":
        open_holds.append(_hold(book, amount, key))
    elif kind == "credit":
        book.direct(key, "manual.credit", debit=BANK, credit=RESELLER, amount=amount)
    elif kind == "debit":
        book.direct(key, "manual.debit", debit=RESELLER, credit=BANK, amount=amount)
    elif kind == "give":
        book.direct(key, "correction", debit=RESELLER, credit=OTHER, amount=amount)
    elif open_holds:
        held = open_holds.pop()
        if kind == "post":
            book.post(held, key, "sale.post", amount=min(amount, held.amount))
        else:
            book.void(held, key, "sale.void")


def _check_chain(book: Book) -> None:
    """Each tracked entry goes on where the one before ended."""
    for account_id, start in ((RESELLER, (10_000, 7)), (OTHER, (0, 0))):
        at = start
        for entry in book.entries:
            if entry.account_id != account_id:
                continue
            assert (entry.previous, entry.version) == (at[0], at[1] + 1)
            assert entry.balance == at[0] + entry.amount
            at = (entry.balance, at[1] + 1)
        assert book.accounts[account_id].balance == at[0]
