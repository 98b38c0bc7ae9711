"""Deposit tickets of a fake supplier: the same total each time, and nobody pays; pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from gerbang.dialects.contract import BankView, TicketRequest, TicketView

UNIQUE: Final = 101
VALID_FOR: Final = timedelta(days=1)
BANKS: Final = (
    BankView(id=1, bank_name="BCA", account_no="1234567890", beneficiary_name="Name", active=True),
    BankView(
        id=2, bank_name="Mandiri", account_no="0987654321", beneficiary_name="Name", active=True
    ),
)
"""Those of the SocX document's example."""


def sample_ticket(request: TicketRequest, *, now: datetime) -> TicketView:
    """Give the ticket that the SocX document shows, for any amount."""
    return TicketView(
        id=1,
        amount=request.amount,
        unique=UNIQUE,
        fee=0,
        grand_total=request.amount + UNIQUE,
        banks=BANKS,
        valid_before=now + VALID_FOR,
        testing=request.testing,
    )
