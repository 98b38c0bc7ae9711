"""What one batch has locked, what it planned and what it will write. Plain values, no I/O."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from gerbang.bills.bill import BillParts
from gerbang.dialects.contract import OrderState
from gerbang.ledger.account import HouseAccount
from gerbang.ledger.book import Book
from gerbang.ledger.transfer import Transfer
from gerbang.orders.batch_rows import Explanations, PlacedRow
from gerbang.orders.directory import Directory
from gerbang.orders.endings import Endings
from gerbang.orders.numbers import Numbers
from gerbang.orders.order import Attempt, Order
from gerbang.orders.situation import Case
from gerbang.orders.transitions import AttemptState
from gerbang.orders.writes import PlannedAttempt
from gerbang.postgres.lane_program import NO_PROOF, Proof


class BatchTerms(Protocol):
    """What a batch asks of the node that runs it."""

    directory: Directory
    house: Mapping[HouseAccount, int]
    untracked_ids: Callable[[], frozenset[int]]
    endings: Endings
    installation_tag: str
    node: str
    claims_callbacks: bool


class BatchState:
    """The state that place.py and record.py plan on.

    batch_load.py fills it and batch_write.py writes it.
    """

    def __init__(
        self,
        terms: BatchTerms,
        *,
        now: datetime,
        numbers: Numbers,
        writes: Sequence[Any],
        proof: Proof = NO_PROOF,
    ) -> None:
        """Begin with nothing locked and nothing planned."""
        self.terms = terms
        self.now = now
        self.told_at = now
        """When outcomes were told, by the database's clock: nodes' clocks differ and jump."""
        self.numbers = numbers
        self.writes = writes
        self.proof = proof
        self.proved = False
        """Whether a statement of the batch wrote the proof of its commit."""
        self.ending = ""
        """What is left to be sent with COMMIT."""
        self.xact_id = ""
        self.results: list[Any] = [None] * len(writes)
        self.of: dict[type, list[tuple[int, Any]]] = defaultdict(list)
        for index, write in enumerate(writes):
            self.of[type(write)].append((index, write))
        self.book: Book
        self.orders: dict[int, Order] = {}
        self.attempts: dict[int, list[Attempt]] = defaultdict(list)
        self.order_state_before: dict[int, OrderState] = {}
        self.attempt_state_before: dict[int, AttemptState] = {}
        self.tails: dict[int, tuple[int, bool]] = {}
        self.known_ids: list[int] = []
        """Orders whose references are placed here again."""
        self.by_reference: dict[tuple[int, bool, str], Order] = {}
        self.by_signature: dict[tuple[int, str], Order] = {}
        self.same_day: dict[tuple[int, int, str], Order] = {}
        self.by_key: dict[str, Transfer] = {}
        self.placed: list[PlacedRow] = []
        self.explanations = Explanations()
        self.bills: dict[int, BillParts] = {}
        self.guards_held: set[tuple[str, str, str]] = set()
        self.sessions_used: dict[int, OrderState] = {}
        self.new_bill_payments: list[tuple[Any, ...]] = []
        self.new_bill_guards: list[tuple[int, str, str, str]] = []
        self.new_attempts: list[tuple[Attempt, str | None, PlannedAttempt]] = []
        self.new_callbacks: list[tuple[Any, ...]] = []
        self.new_steps: list[tuple[Any, ...]] = []
        self.new_cases: list[tuple[Order, Attempt | None, Case]] = []
        self.new_messages: list[tuple[Any, ...]] = []
        self.changed_orders: dict[int, Order] = {}
        self.changed_attempts: dict[int, Attempt] = {}
