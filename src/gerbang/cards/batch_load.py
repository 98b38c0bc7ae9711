"""What a batch locks and loads.

The order of locks is accounts by id, then payments by id; see docs/ledger.md.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from gerbang.cards.batch_state import CardBatch
from gerbang.cards.merchant import Merchant
from gerbang.cards.plan import CardDay
from gerbang.cards.rows import attempt_from_row, payment_from_row
from gerbang.cards.store import SQL
from gerbang.cards.writes import BeginCharge, RegisterPayment
from gerbang.clock import WIB
from gerbang.ledger.account import Account
from gerbang.ledger.book import Book
from gerbang.postgres.lane_program import LEDGER_LOCK_KEY, SET_ASIDE
from gerbang.postgres.pool import Connection


async def lock_and_load(c: Connection, batch: CardBatch, *, skip_locked: bool) -> None:
    """Lock and load all that the batch plans on; with `skip_locked`, set aside what is locked."""
    await _lock(c, batch, skip_locked=skip_locked)
    await _load(c, batch)


async def _lock(c: Connection, batch: CardBatch, *, skip_locked: bool) -> None:
    accounts = {w.account_id for w in batch.writes if hasattr(w, "account_id")}
    ids: set[int] = {w.payment_id for w in batch.writes if hasattr(w, "payment_id")}
    ids |= {w.hold_id for w in batch.writes if isinstance(w, BeginCharge) and w.hold_id}
    locked: dict[int, Account] = {}
    if accounts:
        sql = SQL.lock_merchant_accounts_skip_locked if skip_locked else SQL.lock_merchant_accounts
        rows = await c.fetch(sql, sorted(accounts), LEDGER_LOCK_KEY)
        locked = {row[0]: Account(*row) for row in rows}
    batch.book = Book(
        locked,
        untracked_ids=batch.terms.untracked_ids(),
        next_id=batch.numbers.transfers.next,
    )
    await _lock_payments(c, batch, ids, skip_locked=skip_locked)
    holds = {p.hold_id for p in batch.payments.values() if p.hold_id and p.open_attempt_id}
    await _lock_payments(c, batch, holds - batch.payments.keys(), skip_locked=skip_locked)
    if skip_locked:
        _set_aside(batch, accounts - locked.keys(), ids | holds)


async def _lock_payments(
    c: Connection, batch: CardBatch, ids: set[int], *, skip_locked: bool
) -> None:
    if not ids:
        return
    sql = SQL.lock_payments_skip_locked if skip_locked else SQL.lock_payments
    for row in await c.fetch(sql, sorted(ids)):
        payment = payment_from_row(row)
        batch.payments[payment.id] = payment
        batch.before[payment.id] = payment.state
        if payment.paid_at is None and not payment.failures:
            batch.never_told.add(payment.id)


def _set_aside(batch: CardBatch, accounts: set[int], ids: set[int]) -> None:
    """Leave out the writes whose rows somebody else keeps locked."""
    missing = ids - batch.payments.keys()
    for index, write in enumerate(batch.writes):
        payment = batch.payments.get(getattr(write, "payment_id", 0))
        needed = {getattr(write, "payment_id", None), getattr(write, "hold_id", None)}
        needed |= {payment.hold_id} if payment is not None else set()
        if getattr(write, "account_id", None) in accounts or needed & missing:
            batch.results[index] = SET_ASIDE


async def _load(c: Connection, batch: CardBatch) -> None:
    if batch.payments:
        for row in await c.fetch(SQL.attempts_of_payments, list(batch.payments)):
            attempt = attempt_from_row(row)
            batch.attempts[attempt.payment_id].append(attempt)
    registers = [w for w in batch.writes if isinstance(w, RegisterPayment)]
    if registers:
        rows = await c.fetch(
            SQL.known_references,
            [w.merchant.id for w in registers],
            [w.reference for w in registers],
        )
        batch.used = {(row[0], row[1]) for row in rows}
    await _load_days(c, batch)


async def _load_days(c: Connection, batch: CardBatch) -> None:
    limited = [
        (index, w)
        for index, w in enumerate(batch.writes)
        if isinstance(w, BeginCharge) and w.card is not None and _is_limited(w.merchant)
    ]
    if not limited:
        return
    merchants = [w.merchant.id for _, w in limited]
    cards = [w.card.fingerprint for _, w in limited if w.card is not None]
    await c.execute(SQL.lock_cards, merchants, cards)
    rows = await c.fetch(
        SQL.card_days,
        [index for index, _ in limited],
        merchants,
        cards,
        [_day_start(w.at) for _, w in limited],
        [w.at - timedelta(hours=1) for _, w in limited],
    )
    for row in rows:
        batch.days[row["n"]] = CardDay(
            charges=row["charges"],
            amount=row["amount"],
            tries_in_hour=row["tries_in_hour"],
        )


def _is_limited(merchant: Merchant) -> bool:
    limits = merchant.limits
    return bool(
        limits.card_day_count_max or limits.card_day_amount_max or limits.card_hour_attempts_max
    )


def _day_start(at: datetime) -> datetime:
    return at.astimezone(WIB).replace(hour=0, minute=0, second=0, microsecond=0)
