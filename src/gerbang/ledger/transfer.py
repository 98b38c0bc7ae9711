"""Transfers and entries: the only way rupiah moves."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Phase(StrEnum):
    """A pending transfer reserves; exactly one posted or voided ends it; direct does both."""

    DIRECT = "direct"
    PENDING = "pending"
    POSTED = "posted"
    VOIDED = "voided"


class TransferEvent(StrEnum):
    """What happened, in the words of docs/ledger.md's posting table."""

    SALE_HOLD = "sale.hold"
    SALE_POST = "sale.post"
    SALE_VOID = "sale.void"
    SALE_REVERSAL = "sale.reversal"
    BILL_DUE = "bill.due"
    BILL_FEE = "bill.fee"
    BILL_MARGIN = "bill.margin"
    BILL_SHARE = "bill.share"
    BILL_DUE_REVERSAL = "bill.due.reversal"
    BILL_FEE_REVERSAL = "bill.fee.reversal"
    BILL_MARGIN_REVERSAL = "bill.margin.reversal"
    BILL_SHARE_REVERSAL = "bill.share.reversal"
    COST = "cost"
    COST_REVERSAL = "cost.reversal"
    LATE_COST = "late_success.cost"
    LATE_SALE = "late_success.sale"
    LATE_SALE_RECEIVABLE = "late_success.receivable"
    DEPOSIT = "deposit"
    DEPOSIT_FEE = "deposit.fee"
    RECEIVABLE_COLLECTED = "receivable.collected"
    MANUAL_CREDIT = "manual.credit"
    MANUAL_DEBIT = "manual.debit"
    FLOAT_TOP_UP = "float.top_up"
    CORRECTION = "correction"
    CARD_DEPOSIT = "card_deposit"
    CARD_DEPOSIT_BACK = "card_deposit.back"
    CARD_DEPOSIT_RECEIVABLE = "card_deposit.receivable"
    SURCHARGE = "surcharge"
    SURCHARGE_RECEIVABLE = "surcharge.receivable"
    CARD_CHARGE = "card.charge"
    CARD_CAPTURE = "card.capture"
    CARD_VOID = "card.void"
    CARD_REFUND = "card.refund"
    CARD_SETTLEMENT = "card.settlement"
    CARD_REFUND_SETTLEMENT = "card.refund_settlement"
    CARD_FEE = "card.fee"
    CARD_PAYOUT = "card.payout"


class Transfer(msgspec.Struct, frozen=True):
    """One debit, one credit, one positive amount in rupiah, one unique key."""

    id: int
    key: str
    event: str
    phase: Phase
    pending_id: int | None
    debit_account_id: int
    credit_account_id: int
    amount: int
    order_id: int | None = None
    actor: str = ""
    note: str = ""


class Entry(msgspec.Struct, frozen=True):
    """One side of a transfer; credit-positive. A tracked account's entry carries its chain."""

    transfer_id: int
    account_id: int
    amount: int
    previous: int | None
    balance: int | None
    version: int | None
