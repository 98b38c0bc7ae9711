"""What a batch locks and loads, and the claims for sending that it hands out.

The order of locks is always accounts by id, then orders by id; see docs/ledger.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Final

from gerbang.dialects.contract import OrderState
from gerbang.ledger.account import Account
from gerbang.ledger.book import Book
from gerbang.ledger.move import MoveMoney
from gerbang.ledger.transfer import Transfer
from gerbang.orders.batch_bills import load_bills
from gerbang.orders.batch_state import BatchState
from gerbang.orders.order import joined_attempt_from_row, order_from_row
from gerbang.orders.transitions import AttemptState
from gerbang.orders.writes import (
    ClaimAttempt,
    PlaceOrder,
    RecordDelivery,
    RecordOutcome,
    SettleTesting,
)
from gerbang.postgres.lane_program import LEDGER_LOCK_KEY, SET_ASIDE
from gerbang.postgres.pool import Connection
from gerbang.postgres.sql import load_queries

SQL = load_queries("gerbang.orders", "batch.sql")

ACCOUNTS_OF: Final[Mapping[type, Callable[[Any], Iterable[int]]]] = {
    PlaceOrder: lambda write: (write.account_id,),
    RecordOutcome: attrgetter("account_ids"),
    MoveMoney: attrgetter("debit_account_id", "credit_account_id"),
}
"""The accounts that a write needs locked; a kind that is not named here moves no money."""


async def lock_and_load(c: Connection, state: BatchState, *, skip_locked: bool) -> None:
    """Lock and load all that the batch plans on; with `skip_locked`, set aside what is locked."""
    accounts = await _lock_accounts(c, state, skip_locked=skip_locked)
    state.book = Book(
        accounts,
        untracked_ids=state.terms.untracked_ids(),
        next_id=state.numbers.transfers.next,
    )
    await _lock_orders(c, state)
    await _load_known(c, state)
    await load_bills(c, state)
    await _claim(c, state)


# --- locks -----------------------------------------------------------------------------------


async def _lock_accounts(
    c: Connection, state: BatchState, *, skip_locked: bool
) -> dict[int, Account]:
    needed = {
        account_id
        for kind, accounts_of in ACCOUNTS_OF.items()
        for _, write in state.of.get(kind, ())
        for account_id in accounts_of(write)
    }
    if not needed:
        return {}
    places = [write for _, write in state.of.get(PlaceOrder, ())]
    rows = await c.fetch(
        SQL.lock_accounts_skip_locked if skip_locked else SQL.lock_accounts,
        sorted(needed),
        [w.reseller_id for w in places],
        [w.testing for w in places],
        [w.reference for w in places],
        LEDGER_LOCK_KEY,
    )
    accounts = {row[0]: Account(*row[:6]) for row in rows}
    if rows:
        state.xact_id = rows[0]["xact_id"]
        state.known_ids = rows[0]["known_ids"] or []
    if skip_locked:
        _set_aside(state, needed - accounts.keys() - state.terms.untracked_ids())
    return accounts


def _set_aside(state: BatchState, missing: set[int]) -> None:
    """Leave out the writes whose accounts somebody else keeps locked."""
    if not missing:
        return
    for kind, accounts_of in ACCOUNTS_OF.items():
        for index, write in state.of.get(kind, ()):
            if not missing.isdisjoint(accounts_of(write)):
                state.results[index] = SET_ASIDE


async def _lock_orders(c: Connection, state: BatchState) -> None:
    ids = {write.order_id for _, write in state.of.get(RecordOutcome, ())}
    ids.update(write.order_id for _, write in state.of.get(SettleTesting, ()))
    ended = [w for _, w in state.of.get(RecordDelivery, ()) if w.delivered or w.exhausted]
    told = {write.order_id for write in ended}
    if told:
        # Else a callback written beside the end of the one before it would wait for ever.
        await c.execute(SQL.lock_told_orders, sorted(ids | told))
    if not ids:
        return
    for row in await c.fetch(SQL.lock_orders, sorted(ids)):
        state.told_at = row["told_at"]
        if row["id"] not in state.orders:
            order = order_from_row(row)
            state.orders[order.id] = order
            state.order_state_before[order.id] = order.state
        if row["a_id"] is not None:
            attempt = joined_attempt_from_row(row)
            state.attempts[attempt.order_id].append(attempt)
            state.attempt_state_before[attempt.id] = attempt.state
    finals = [o.id for o in state.orders.values() if o.state is not OrderState.PENDING]
    if finals:
        for row in await c.fetch(SQL.callback_tails, finals):
            state.tails[row[0]] = (row[1], row[2])


# --- what is known already -------------------------------------------------------------------


async def _load_known(c: Connection, state: BatchState) -> None:
    places: list[PlaceOrder] = [write for _, write in state.of.get(PlaceOrder, ())]
    if state.known_ids:
        for row in await c.fetch(SQL.orders_by_id, state.known_ids):
            order = order_from_row(row)
            state.by_reference[order.reseller_id, order.testing, order.reference] = order
    await _load_signatures(c, state, [w for w in places if w.signature_key is not None])
    await _load_same_day(c, state, [w for w in places if w.same_day])
    keys = [write.key for _, write in state.of.get(MoveMoney, ())]
    if keys:
        for row in await c.fetch(SQL.known_transfer_keys, keys):
            state.by_key[row["key"]] = Transfer(*row)


async def _load_signatures(c: Connection, state: BatchState, places: Sequence[PlaceOrder]) -> None:
    if not places:
        return
    rows = await c.fetch(
        SQL.known_signatures,
        [w.credential_id for w in places],
        [w.signature_key for w in places],
    )
    for row in rows:
        order = order_from_row(row)
        state.by_signature[order.credential_id, order.signature_key or ""] = order


async def _load_same_day(c: Connection, state: BatchState, places: Sequence[PlaceOrder]) -> None:
    if not places:
        return
    rows = await c.fetch(
        SQL.same_day_orders,
        [w.reseller_id for w in places],
        [w.product_id for w in places],
        [w.destination for w in places],
    )
    for row in rows:
        order = order_from_row(row)
        state.same_day[order.reseller_id, order.product_id, order.destination] = order


async def _claim(c: Connection, state: BatchState) -> None:
    """Hand out one-way claims for sending."""
    for resend, sql in ((False, SQL.claim_attempts), (True, SQL.claim_resends)):
        claims = [(i, w) for i, w in state.of.get(ClaimAttempt, ()) if w.resend is resend]
        if not claims:
            continue
        rows = await c.fetch(
            sql,
            [w.attempt_id for _, w in claims],
            [w.claimed_by for _, w in claims],
            [w.claim_ms for _, w in claims],
        )
        granted = {row[0] for row in rows}
        if not resend:
            _note_sending(state, granted)
        for index, write in claims:
            # Of two claims for one attempt in one batch, the first has it.
            state.results[index] = write.attempt_id in granted
            granted.discard(write.attempt_id)


def _note_sending(state: BatchState, claimed: set[int]) -> None:
    """An attempt that goes out in this batch is no longer prepared for whoever plans in it."""
    for attempts in state.attempts.values():
        for attempt in attempts:
            if attempt.id in claimed:
                attempt.state = AttemptState.SENDING
                attempt.sends = 1
                state.attempt_state_before[attempt.id] = AttemptState.SENDING
