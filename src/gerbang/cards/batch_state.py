"""What one batch has locked, what it planned and what it will write. Plain values, no I/O."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol

from gerbang.cards.apply import CardAccounts
from gerbang.cards.merchant import Merchant
from gerbang.cards.news import PaymentNews
from gerbang.cards.payment import Attempt, Payment, PaymentState
from gerbang.cards.plan import CardDay
from gerbang.cards.rows import NewTokenRow, NotificationRow
from gerbang.cards.tokens import CardKeys
from gerbang.ledger.book import Book
from gerbang.orders.numbers import Numbers
from gerbang.postgres.lane_program import Proof


class CardTerms(Protocol):
    """What a batch asks of the node that runs it."""

    keys: CardKeys
    accounts: CardAccounts
    untracked_ids: Callable[[], frozenset[int]]
    node: str
    claims_callbacks: bool


class CardBatch:
    """The state that batch_plan.py plans on.

    batch_load.py fills it and batch_write.py writes it.
    """

    def __init__(
        self,
        terms: CardTerms,
        *,
        now: datetime,
        numbers: Numbers,
        writes: Sequence[Any],
        proof: Proof,
    ) -> None:
        """Begin with nothing locked and nothing planned."""
        self.terms = terms
        self.now = now
        self.numbers = numbers
        self.writes = writes
        self.proof = proof
        self.xact_id = ""
        """Set by the statement that writes, and with it the proof of the commit."""
        self.results: list[Any] = [None] * len(writes)
        self.book: Book
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

    def attempt(self, payment: Payment, attempt_id: int) -> Attempt | None:
        """Give an attempt of a locked payment."""
        return next((a for a in self.attempts[payment.id] if a.id == attempt_id), None)

    def change(self, payment: Payment, attempt: Attempt) -> None:
        """Note that both are to be written."""
        self.changed[payment.id] = payment
        self.changed_attempts[attempt.id] = attempt
