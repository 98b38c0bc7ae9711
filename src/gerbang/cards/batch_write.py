"""What a batch writes: money, what must stand before the rest, and then all by one statement."""

from __future__ import annotations

from msgspec import structs

from gerbang.cards.batch_state import CardBatch
from gerbang.cards.payment import PaymentState
from gerbang.cards.plan import ABANDONED
from gerbang.cards.rows import NotificationRow, columns
from gerbang.cards.store import SQL
from gerbang.cards.writes import Recorded
from gerbang.ledger.write import write_book
from gerbang.orders.writes import DueCallbackRow
from gerbang.postgres.pool import Connection


class PaymentMovedError(Exception):
    """A payment was not in the state that its lock promised: a bug of ours."""


async def write_batch(c: Connection, batch: CardBatch) -> None:
    """Write all that was planned, and check that every payment was found as it was locked."""
    await write_book(c, batch.book)
    await _write_first_steps(c, batch)
    if batch.cases:
        await c.execute(SQL.open_card_cases, *columns(batch.cases, 3))
    await _number_news(c, batch)
    fresh = {attempt.id for attempt in batch.new_attempts}
    attempts = [a for i, a in batch.changed_attempts.items() if i not in fresh]
    # What was registered never changes, and need not travel again.
    payments = [structs.replace(p, details={}) for p in batch.changed.values()]
    if not (payments or attempts or batch.new_payments or batch.tokens or batch.notifications):
        return
    slot, number = batch.proof
    row = await c.fetchrow(
        SQL.write_cards,
        payments,
        [batch.before[p.id].value for p in payments],
        attempts,
        batch.new_payments,
        batch.new_attempts,
        batch.tokens,
        batch.notifications,
        slot,
        number,
    )
    assert row is not None  # noqa: S101 (it counts)
    found, batch.xact_id = row
    if found != len(payments):
        raise PaymentMovedError(f"{len(payments)} payments, {found} found")


async def _write_first_steps(c: Connection, batch: CardBatch) -> None:
    """Write what must stand before the rest, where a payment takes two steps in one batch.

    A try that ended makes room for the next one, and a challenge that was left for another
    try is a failure first.
    """
    fresh = {attempt.id for attempt in batch.new_attempts}
    begun = {attempt.payment_id for attempt in batch.new_attempts}
    begun |= {attempt.hold_id for attempt in batch.new_attempts if attempt.hold_id}
    ended = [
        attempt
        for attempt in batch.changed_attempts.values()
        if attempt.id not in fresh and {attempt.payment_id, attempt.hold_id} & begun
    ]
    if not ended:
        return
    await c.execute(SQL.update_attempts, ended)
    for attempt in ended:
        del batch.changed_attempts[attempt.id]
    left = {attempt.payment_id for attempt in ended if attempt.code == ABANDONED}
    twice = [
        p
        for i, p in batch.changed.items()
        if i in left
        and batch.before[i] is PaymentState.CHALLENGED
        and p.state is PaymentState.PROCESSING
    ]
    if twice:
        failed = [structs.replace(p, state=PaymentState.FAILED) for p in twice]
        before = [PaymentState.CHALLENGED.value for _ in twice]
        await c.fetch(SQL.update_payments, failed, before)
        for payment in twice:
            batch.before[payment.id] = PaymentState.FAILED


async def _number_news(c: Connection, batch: CardBatch) -> None:
    """Give each notification its place behind those of its payment."""
    ids = sorted({news.payment.id for _, news, _ in batch.news} - batch.never_told)
    tails = {}
    if ids:
        rows = await c.fetch(SQL.notification_tails, ids)
        tails = {row[0]: (row[1], row[2]) for row in rows}
    for index, news, merchant in batch.news:
        sequence, unfinished = tails.get(news.payment.id, (0, False))
        tails[news.payment.id] = (sequence + 1, True)
        claims = not unfinished and batch.terms.claims_callbacks
        row = DueCallbackRow(
            id=batch.numbers.callbacks.next(),
            order_id=news.payment.id,
            reseller_id=None,
            merchant_id=merchant.id,
            event=news.event.value,
            format="nicepay",
            occurred_at=batch.now,
            snapshot=news,
            attempts_count=0,
        )
        batch.notifications.append(
            NotificationRow(
                id=row.id,
                order_id=row.order_id,
                merchant_id=merchant.id,
                sequence=sequence + 1,
                event=row.event,
                occurred_at=row.occurred_at,
                snapshot=news,
                state="waiting" if unfinished else "due",
                claimed_by=batch.terms.node if claims else None,
            )
        )
        if claims and isinstance(batch.results[index], Recorded):
            _hand_over(batch, index, row)


def _hand_over(batch: CardBatch, index: int, row: DueCallbackRow) -> None:
    result: Recorded = batch.results[index]
    batch.results[index] = Recorded(
        payment=result.payment,
        attempt=result.attempt,
        changed=result.changed,
        callbacks=(*result.callbacks, row),
    )
