"""How a bill's money is split, in the same commit as its post; pure.

What the reseller paid stands on `house:sales` and leaves it whole: what is due to the biller and
what the supplier keeps of its fee go to our float there, the reseller's share goes back to him,
and the rest is our margin, which may be below zero.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from gerbang.bills.bill import BillParts
from gerbang.ledger.account import HouseAccount
from gerbang.ledger.book import Book
from gerbang.ledger.transfer import TransferEvent


class Ends(NamedTuple):
    """The accounts of one payment."""

    reseller: int
    supplier_float: int
    house: Mapping[HouseAccount, int]


class _Line(NamedTuple):
    name: str
    event: TransferEvent
    reversal: TransferEvent
    other: int
    amount: int
    """Out of `house:sales` where positive."""


def _lines(parts: BillParts, cost: int, ends: Ends) -> Iterator[_Line]:
    e = TransferEvent
    kept = cost - parts.due
    margin = parts.fee - parts.share - kept
    yield _Line("due", e.BILL_DUE, e.BILL_DUE_REVERSAL, ends.supplier_float, parts.due)
    yield _Line("fee", e.BILL_FEE, e.BILL_FEE_REVERSAL, ends.supplier_float, kept)
    yield _Line("share", e.BILL_SHARE, e.BILL_SHARE_REVERSAL, ends.reseller, parts.share)
    margin_id = ends.house[HouseAccount.BILL_MARGIN]
    yield _Line("margin", e.BILL_MARGIN, e.BILL_MARGIN_REVERSAL, margin_id, margin)


def split_bill(
    book: Book, parts: BillParts, ends: Ends, *, cost: int, order_id: int, attempt_id: int
) -> None:
    """Book where the money of a paid bill goes."""
    sales = ends.house[HouseAccount.SALES]
    for line in _lines(parts, cost, ends):
        if line.amount:
            book.direct(
                f"attempt:{attempt_id}:bill_{line.name}",
                line.event,
                debit=sales if line.amount > 0 else line.other,
                credit=line.other if line.amount > 0 else sales,
                amount=abs(line.amount),
                order_id=order_id,
            )


def unsplit_bill(
    book: Book, parts: BillParts, ends: Ends, *, cost: int, order_id: int, attempt_id: int
) -> None:
    """Book the same the other way round."""
    sales = ends.house[HouseAccount.SALES]
    for line in _lines(parts, cost, ends):
        if line.amount:
            book.direct(
                f"attempt:{attempt_id}:bill_{line.name}_reversal",
                line.reversal,
                debit=line.other if line.amount > 0 else sales,
                credit=sales if line.amount > 0 else line.other,
                amount=abs(line.amount),
                order_id=order_id,
            )
