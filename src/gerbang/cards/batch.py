"""The program of the card lane: one batch of payment writes as set-based SQL.

The order of locks is accounts by id, then payments by id, then inserts; see docs/ledger.md.
Planning is plain Python over the locked rows (plan.py, apply.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from msgspec import structs

from gerbang.cards.apply import (
    Applied,
    CardAccounts,
    PaymentEvent,
    apply_result,
    leave_challenge,
    let_time_pass,
    settle_payment,
    settle_refund,
)
from gerbang.cards.merchant import Merchant
from gerbang.cards.news import PaymentNews, is_told
from gerbang.cards.payment import Attempt, AttemptState, Payment, PaymentKind, PaymentState
from gerbang.cards.plan import (
    ABANDONED,
    CardDay,
    abandoned,
    begin_cancel,
    begin_charge,
    refuse_cancel,
    refuse_charge,
    step,
)
from gerbang.cards.reasons import CardReason, Refused
from gerbang.cards.rows import (
    NewTokenRow,
    NotificationRow,
    attempt_from_row,
    columns,
    payment_from_row,
)
from gerbang.cards.store import SQL
from gerbang.cards.tokens import CardKeys, recurring_token, token_sha256
from gerbang.cards.writes import (
    BeginCancel,
    BeginCharge,
    Begun,
    LetTimePass,
    Recorded,
    RecordResult,
    RegisterPayment,
    SettleRefund,
    UseChallenge,
)
from gerbang.clock import WIB, Clock
from gerbang.ledger.account import Account
from gerbang.ledger.book import Book
from gerbang.ledger.write import write_book
from gerbang.orders.numbers import Numbers
from gerbang.orders.writes import DueCallbackRow
from gerbang.postgres.lane_program import LEDGER_LOCK_KEY, NO_PROOF, SET_ASIDE, Done, Proof
from gerbang.postgres.pool import Connection

PAYMENT_NUMBERS: Final = 10_000
"""The last four digits of a tXid come from the payment's number."""


class CardProgram:
    """What the card lane runs. One object for all workers of a process."""

    def __init__(
        self,
        *,
        clock: Clock,
        keys: CardKeys,
        accounts: CardAccounts,
        untracked_ids: Callable[[], frozenset[int]],
        node: str,
        claims_callbacks: bool = True,
    ) -> None:
        """Prepare. `untracked_ids` answers which accounts carry no running balance."""
        self.clock = clock
        self.keys = keys
        self.accounts = accounts
        self.untracked_ids = untracked_ids
        self.node = node
        self.claims_callbacks = claims_callbacks
        self._free_numbers: list[Numbers] = []

    async def run(
        self,
        connection: Connection,
        writes: Sequence[Any],
        *,
        skip_locked: bool,
        proof: Proof = NO_PROOF,
    ) -> Done:
        """Do all writes of a batch; see postgres/lane.py."""
        numbers = self._free_numbers.pop() if self._free_numbers else Numbers()
        batch = _Batch(self, connection, writes, numbers, proof)
        results = await batch.run(skip_locked=skip_locked)
        self._free_numbers.append(numbers)
        return Done(results, xact_id=batch.xact_id, proved=bool(batch.xact_id))

    def connection_lost(self) -> None:
        """Forget the reserved ids: a server that crashed may give them out again."""
        self._free_numbers.clear()


class _Batch:
    """One batch on its way: locks, loads, plans, writes."""

    def __init__(
        self,
        program: CardProgram,
        connection: Connection,
        writes: Sequence[Any],
        numbers: Numbers,
        proof: Proof,
    ) -> None:
        self.p = program
        self.proof = proof
        self.xact_id = ""
        """Set by the statement that writes, and with it the proof of the commit."""
        self.c = connection
        self.writes = writes
        self.numbers = numbers
        self.now = program.clock.now()
        self.results: list[Any] = [None] * len(writes)
        self.payments: dict[int, Payment] = {}
        self.before: dict[int, PaymentState] = {}
        self.never_told: set[int] = set()
        """Payments of which no notification can have been written before."""
        self.attempts: dict[int, list[Attempt]] = defaultdict(list)
        self.days: dict[int, CardDay] = {}
        self.days_here: defaultdict[tuple[int, str], CardDay] = defaultdict(CardDay)
        """What this batch itself begins, by merchant and card."""
        self.used: set[tuple[int, str]] = set()
        self.new_payments: list[Payment] = []
        self.new_attempts: list[Attempt] = []
        self.changed: dict[int, Payment] = {}
        self.changed_attempts: dict[int, Attempt] = {}
        self.tokens: list[NewTokenRow] = []
        self.notifications: list[NotificationRow] = []
        self.news: list[tuple[int, PaymentNews, Merchant]] = []
        self.cases: list[tuple[str, str, dict[str, Any]]] = []
        self.book: Book

    async def run(self, *, skip_locked: bool) -> Sequence[Any]:
        """Lock, load, plan, write."""
        await self.numbers.reserve(self.c, len(self.writes))
        await self._lock(skip_locked=skip_locked)
        await self._load()
        for index, write in enumerate(self.writes):
            if self.results[index] is not SET_ASIDE:
                self.results[index] = self._plan(index, write)
        await self._write()
        return self.results

    # --- locks and loads -----------------------------------------------------------------------

    async def _lock(self, *, skip_locked: bool) -> None:
        accounts = {w.account_id for w in self.writes if hasattr(w, "account_id")}
        ids: set[int] = {w.payment_id for w in self.writes if hasattr(w, "payment_id")}
        ids |= {w.hold_id for w in self.writes if isinstance(w, BeginCharge) and w.hold_id}
        locked: dict[int, Account] = {}
        if accounts:
            sql = (
                SQL.lock_merchant_accounts_skip_locked
                if skip_locked
                else SQL.lock_merchant_accounts
            )
            rows = await self.c.fetch(sql, sorted(accounts), LEDGER_LOCK_KEY)
            locked = {row[0]: Account(*row) for row in rows}
        self.book = Book(
            locked,
            untracked_ids=self.p.untracked_ids(),
            next_id=self.numbers.transfers.next,
        )
        await self._lock_payments(ids, skip_locked=skip_locked)
        holds = {p.hold_id for p in self.payments.values() if p.hold_id and p.open_attempt_id}
        await self._lock_payments(holds - self.payments.keys(), skip_locked=skip_locked)
        if skip_locked:
            self._set_aside(accounts - locked.keys(), ids | holds)

    async def _lock_payments(self, ids: set[int], *, skip_locked: bool) -> None:
        if not ids:
            return
        sql = SQL.lock_payments_skip_locked if skip_locked else SQL.lock_payments
        for row in await self.c.fetch(sql, sorted(ids)):
            payment = payment_from_row(row)
            self.payments[payment.id] = payment
            self.before[payment.id] = payment.state
            if payment.paid_at is None and not payment.failures:
                self.never_told.add(payment.id)

    def _set_aside(self, accounts: set[int], ids: set[int]) -> None:
        """Leave out the writes whose rows somebody else keeps locked."""
        missing = ids - self.payments.keys()
        for index, write in enumerate(self.writes):
            payment = self.payments.get(getattr(write, "payment_id", 0))
            needed = {getattr(write, "payment_id", None), getattr(write, "hold_id", None)}
            needed |= {payment.hold_id} if payment is not None else set()
            if getattr(write, "account_id", None) in accounts or needed & missing:
                self.results[index] = SET_ASIDE

    async def _load(self) -> None:
        if self.payments:
            for row in await self.c.fetch(SQL.attempts_of_payments, list(self.payments)):
                attempt = attempt_from_row(row)
                self.attempts[attempt.payment_id].append(attempt)
        registers = [w for w in self.writes if isinstance(w, RegisterPayment)]
        if registers:
            rows = await self.c.fetch(
                SQL.known_references,
                [w.merchant.id for w in registers],
                [w.reference for w in registers],
            )
            self.used = {(row[0], row[1]) for row in rows}
        await self._load_days()

    async def _load_days(self) -> None:
        limited = [
            (index, w)
            for index, w in enumerate(self.writes)
            if isinstance(w, BeginCharge) and w.card is not None and _is_limited(w.merchant)
        ]
        if not limited:
            return
        merchants = [w.merchant.id for _, w in limited]
        cards = [w.card.fingerprint for _, w in limited if w.card is not None]
        await self.c.execute(SQL.lock_cards, merchants, cards)
        rows = await self.c.fetch(
            SQL.card_days,
            [index for index, _ in limited],
            merchants,
            cards,
            [_day_start(w.at) for _, w in limited],
            [w.at - timedelta(hours=1) for _, w in limited],
        )
        for row in rows:
            self.days[row["n"]] = CardDay(
                charges=row["charges"],
                amount=row["amount"],
                tries_in_hour=row["tries_in_hour"],
            )

    # --- planning ------------------------------------------------------------------------------

    def _plan(self, index: int, write: Any) -> Any:
        if isinstance(write, RegisterPayment):
            return self._register(write)
        payment = self.payments.get(write.payment_id)
        if payment is None or (
            hasattr(write, "merchant") and payment.merchant_id != write.merchant.id
        ):
            return Refused(reason=CardReason.UNKNOWN_PAYMENT)
        return _PLANS[type(write)](self, index, write, payment)

    def _register(self, w: RegisterPayment) -> Payment | Refused:
        if (w.merchant.id, w.reference) in self.used:
            return Refused(reason=CardReason.REFERENCE_USED)
        self.used.add((w.merchant.id, w.reference))
        number = self.numbers.orders.next()
        payment = Payment(
            id=number,
            txid=make_txid(w.merchant.imid, w.pay_method, w.at, number),
            merchant_id=w.merchant.id,
            reference=w.reference,
            channel=w.channel,
            sandboxed=w.merchant.sandboxed,
            booked=w.merchant.booked,
            amount=w.amount,
            kind=PaymentKind.SALE,
            state=PaymentState.INITIALISED,
            instalment_months=w.instalment_months,
            instalment_type=w.instalment_type,
            recurring_option=w.recurring_option,
            details=w.details,
            notify_url=w.notify_url,
            return_url=w.return_url,
            registered_at=w.at,
            expires_at=w.at + timedelta(seconds=w.merchant.ways.order_valid_s),
        )
        self.new_payments.append(payment)
        return payment

    def _begin_charge(self, index: int, w: BeginCharge, payment: Payment) -> Begun | Refused:
        hold = self.payments.get(w.hold_id) if w.hold_id else None
        attempts = self.attempts[payment.id]
        card = (w.merchant.id, w.card.fingerprint if w.card is not None else "")
        day = self.days.get(index, CardDay()) + self.days_here[card]
        refused = refuse_charge(w, payment, hold, attempts, day)
        if refused is not None:
            return refused
        left = abandoned(attempts)
        if left is not None and payment.state is PaymentState.CHALLENGED:
            # The trigger that writes history sees one step only, so the payment is written twice.
            leave_challenge(payment, left)
            self.changed_attempts[left.id] = left
            self.before[payment.id] = PaymentState.CHALLENGED
        attempt = begin_charge(
            w, payment, hold, attempt_id=self.numbers.attempts.next(), now=self.now
        )
        self._begun(attempt, payment, *((hold,) if hold is not None else ()))
        self.days_here[card] += CardDay(charges=1, amount=attempt.amount, tries_in_hour=1)
        return Begun(payment=payment, attempt=attempt, of=hold)

    def _begin_cancel(self, _index: int, w: BeginCancel, payment: Payment) -> Begun | Refused:
        refused = refuse_cancel(w, payment, self.attempts[payment.id])
        if refused is not None:
            if refused.reason is CardReason.CANCEL_QUEUED:
                payment.cancel_wanted = True
                self.changed[payment.id] = payment
            return refused
        number = self.numbers.attempts.next()
        reference = make_txid(w.merchant.imid, payment.txid[10:12], w.at, number)
        attempt = begin_cancel(w, payment, attempt_id=number, reference=reference, now=self.now)
        self._begun(attempt, payment)
        return Begun(payment=payment, attempt=attempt)

    def _begun(self, attempt: Attempt, *payments: Payment) -> None:
        attempt.claimed_by = self.p.node
        self.new_attempts.append(attempt)
        self.attempts[attempt.payment_id].append(attempt)
        for payment in payments:
            self.changed[payment.id] = payment

    def _use_challenge(self, _index: int, w: UseChallenge, payment: Payment) -> Begun | Refused:
        attempt = self._attempt(payment, w.attempt_id)
        usable = (
            attempt is not None
            and attempt.state is AttemptState.CHALLENGED
            and attempt.challenge_used_at is None
            and attempt.challenge_sha256 == w.secret_sha256
        )
        if attempt is None or not usable:
            return Refused(reason=CardReason.CHALLENGE_OVER)
        attempt.challenge_used_at = self.now
        attempt.state = AttemptState.SENT
        attempt.due_at = self.now + timedelta(seconds=w.claim_s)
        step(payment, PaymentState.PROCESSING)
        self._change(payment, attempt)
        return Begun(payment=payment, attempt=attempt)

    def _record(self, index: int, w: RecordResult, payment: Payment) -> Recorded | Refused:
        attempt = self._attempt(payment, w.attempt_id)
        if attempt is None:
            return Refused(reason=CardReason.UNKNOWN_PAYMENT)
        hold = self.payments.get(attempt.hold_id) if attempt.hold_id else None
        applied = apply_result(w, payment, hold, attempt, book=self.book, now=self.now)
        self._follow(index, w, payment, attempt, applied)
        if applied.changed:
            self._change(payment, attempt)
            if hold is not None:
                self.changed[hold.id] = hold
        return Recorded(payment=payment, attempt=attempt, changed=applied.changed)

    def _follow(
        self, index: int, w: RecordResult, payment: Payment, attempt: Attempt, applied: Applied
    ) -> None:
        if applied.case:
            detail = {"txid": payment.txid, "code": attempt.code, "amount": attempt.amount}
            self.cases.append((applied.case, f"{applied.case}:{attempt.id}", detail))
        if applied.token is not None:
            token = applied.token
            text = self.p.keys.token(token.kind, payment.id)
            self.tokens.append(
                NewTokenRow(
                    id=self.numbers.attempts.next(),
                    merchant_id=payment.merchant_id,
                    kind=token.kind,
                    payment_id=payment.id,
                    token_sha256=token_sha256(text),
                    card_mask=payment.card_mask,
                    card_fingerprint=payment.card_fingerprint,
                    card_brand=payment.card_brand,
                    card_expiry=token.expiry,
                    vault=token.vault,
                )
            )
        self._tell(index, applied.event, w.merchant, payment, w.at)

    def _tell(
        self,
        index: int,
        event: PaymentEvent | None,
        merchant: Merchant,
        payment: Payment,
        at: datetime,
    ) -> None:
        if event is None or not is_told(event, merchant, payment):
            return
        news = PaymentNews(
            event=event,
            payment=payment,
            imid=merchant.imid,
            at=at,
            recurring=bool(recurring_token(self.p.keys, merchant, payment)),
        )
        self.news.append((index, news, merchant))

    def _pass_time(self, _index: int, w: LetTimePass, payment: Payment) -> str:
        what = let_time_pass(w.merchant, payment, w.at)
        if what == "expire":
            step(payment, PaymentState.EXPIRED)
            payment.due_at = None
        elif what == "release":
            payment.cancel_wanted = True
            payment.due_at = None
        elif what == "settle" and w.settlement_id is not None:
            settle_payment(
                w.merchant,
                payment,
                settlement_id=w.settlement_id,
                book=self.book,
                accounts=self.p.accounts,
            )
        else:
            return ""
        self.changed[payment.id] = payment
        return what

    def _settle_refund(self, _index: int, w: SettleRefund, payment: Payment) -> bool:
        attempt = self._attempt(payment, w.attempt_id)
        if attempt is None or attempt.settlement_id is not None:
            return False
        settle_refund(
            w.merchant,
            payment,
            attempt,
            settlement_id=w.settlement_id,
            book=self.book,
            accounts=self.p.accounts,
        )
        self.changed_attempts[attempt.id] = attempt
        return True

    def _attempt(self, payment: Payment, attempt_id: int) -> Attempt | None:
        return next((a for a in self.attempts[payment.id] if a.id == attempt_id), None)

    def _change(self, payment: Payment, attempt: Attempt) -> None:
        self.changed[payment.id] = payment
        self.changed_attempts[attempt.id] = attempt

    # --- writing -------------------------------------------------------------------------------

    async def _write(self) -> None:
        await write_book(self.c, self.book)
        await self._write_first_steps()
        if self.cases:
            await self.c.execute(SQL.open_card_cases, *columns(self.cases, 3))
        await self._number_news()
        fresh = {attempt.id for attempt in self.new_attempts}
        attempts = [a for i, a in self.changed_attempts.items() if i not in fresh]
        # What was registered never changes, and need not travel again.
        payments = [structs.replace(p, details={}) for p in self.changed.values()]
        if not (payments or attempts or self.new_payments or self.tokens or self.notifications):
            return
        slot, number = self.proof
        row = await self.c.fetchrow(
            SQL.write_cards,
            payments,
            [self.before[p.id].value for p in payments],
            attempts,
            self.new_payments,
            self.new_attempts,
            self.tokens,
            self.notifications,
            slot,
            number,
        )
        assert row is not None  # noqa: S101 (it counts)
        found, self.xact_id = row
        if found != len(payments):
            raise PaymentMovedError(f"{len(payments)} payments, {found} found")

    async def _write_first_steps(self) -> None:
        """Write what must stand before the rest, where a payment takes two steps in one batch.

        A try that ended makes room for the next one, and a challenge that was left for another
        try is a failure first.
        """
        fresh = {attempt.id for attempt in self.new_attempts}
        begun = {attempt.payment_id for attempt in self.new_attempts}
        begun |= {attempt.hold_id for attempt in self.new_attempts if attempt.hold_id}
        ended = [
            attempt
            for attempt in self.changed_attempts.values()
            if attempt.id not in fresh and {attempt.payment_id, attempt.hold_id} & begun
        ]
        if not ended:
            return
        await self.c.execute(SQL.update_attempts, ended)
        for attempt in ended:
            del self.changed_attempts[attempt.id]
        left = {attempt.payment_id for attempt in ended if attempt.code == ABANDONED}
        twice = [
            p
            for i, p in self.changed.items()
            if i in left
            and self.before[i] is PaymentState.CHALLENGED
            and p.state is PaymentState.PROCESSING
        ]
        if twice:
            failed = [structs.replace(p, state=PaymentState.FAILED) for p in twice]
            before = [PaymentState.CHALLENGED.value for _ in twice]
            await self.c.fetch(SQL.update_payments, failed, before)
            for payment in twice:
                self.before[payment.id] = PaymentState.FAILED

    async def _number_news(self) -> None:
        """Give each notification its place behind those of its payment."""
        ids = sorted({news.payment.id for _, news, _ in self.news} - self.never_told)
        tails = {}
        if ids:
            rows = await self.c.fetch(SQL.notification_tails, ids)
            tails = {row[0]: (row[1], row[2]) for row in rows}
        for index, news, merchant in self.news:
            sequence, unfinished = tails.get(news.payment.id, (0, False))
            tails[news.payment.id] = (sequence + 1, True)
            claims = not unfinished and self.p.claims_callbacks
            row = DueCallbackRow(
                id=self.numbers.callbacks.next(),
                order_id=news.payment.id,
                reseller_id=None,
                merchant_id=merchant.id,
                event=news.event.value,
                format="nicepay",
                occurred_at=self.now,
                snapshot=news,
                attempts_count=0,
            )
            self.notifications.append(
                NotificationRow(
                    id=row.id,
                    order_id=row.order_id,
                    merchant_id=merchant.id,
                    sequence=sequence + 1,
                    event=row.event,
                    occurred_at=row.occurred_at,
                    snapshot=news,
                    state="waiting" if unfinished else "due",
                    claimed_by=self.p.node if claims else None,
                )
            )
            if claims and isinstance(self.results[index], Recorded):
                self._hand_over(index, row)

    def _hand_over(self, index: int, row: DueCallbackRow) -> None:
        result: Recorded = self.results[index]
        self.results[index] = Recorded(
            payment=result.payment,
            attempt=result.attempt,
            changed=result.changed,
            callbacks=(*result.callbacks, row),
        )


class PaymentMovedError(Exception):
    """A payment was not in the state that its lock promised: a bug of ours."""


_PLANS: Final[Mapping[type, Callable[[_Batch, int, Any, Payment], Any]]] = {
    BeginCharge: _Batch._begin_charge,  # noqa: SLF001 (its own table)
    BeginCancel: _Batch._begin_cancel,  # noqa: SLF001
    UseChallenge: _Batch._use_challenge,  # noqa: SLF001
    RecordResult: _Batch._record,  # noqa: SLF001
    LetTimePass: _Batch._pass_time,  # noqa: SLF001
    SettleRefund: _Batch._settle_refund,  # noqa: SLF001
}


def make_txid(imid: str, pay_method: str, at: datetime, number: int) -> str:
    """Name a payment or a cancel in 30 characters: MID, method, WIB time, four digits."""
    stamp = at.astimezone(WIB).strftime("%Y%m%d%H%M%S")
    return f"{imid}{pay_method}{stamp}{number % PAYMENT_NUMBERS:04d}"


def _is_limited(merchant: Merchant) -> bool:
    limits = merchant.limits
    return bool(
        limits.card_day_count_max or limits.card_day_amount_max or limits.card_hour_attempts_max
    )


def _day_start(at: datetime) -> datetime:
    return at.astimezone(WIB).replace(hour=0, minute=0, second=0, microsecond=0)
