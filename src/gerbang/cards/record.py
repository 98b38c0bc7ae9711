"""The way to the card lane: submit intentions, record outcomes, and look at payments."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from gerbang.cards.acquirers.contract import Declined, HandOver, NotFound, Truth
from gerbang.cards.finder import PaymentFinder
from gerbang.cards.merchant import Merchant
from gerbang.cards.payment import (
    CHARGING,
    AttemptState,
    Failure,
    Payment,
    PaymentView,
)
from gerbang.cards.plan import GONE
from gerbang.cards.reasons import Refused
from gerbang.cards.rows import attempt_from_row
from gerbang.cards.store import SQL
from gerbang.cards.tokens import CardKeys, preauth_token, recurring_token, token_sha256
from gerbang.cards.writes import (
    BeginCancel,
    BeginCharge,
    Begun,
    Known,
    Recorded,
    RecordResult,
    UseChallenge,
)
from gerbang.orders.writes import DueCallbackRow
from gerbang.postgres.lane import Lane
from gerbang.postgres.pool import Pool

ASK_AFTER_S: Final = 2.0
"""When an unknown outcome is asked about for the first time."""
WRITE_DEADLINE_S: Final = 10.0
RECORD_DEADLINE_S: Final = 45.0
"""Less than a claim lasts: a late record never meets another node's question."""

MerchantOf = Callable[[int], Merchant | None]


class MerchantMissingError(Exception):
    """A payment names a merchant that this node does not know: a bug of ours."""


class Recorder:
    """What charge, cancel and sweep share."""

    def __init__(
        self,
        *,
        lane: Lane,
        pool: Pool,
        keys: CardKeys,
        merchant_of: MerchantOf,
        now: Callable[[Merchant], datetime],
        told: Callable[[DueCallbackRow], None],
    ) -> None:
        """`told` delivers notifications that a commit wrote and this node claimed."""
        self._lane = lane
        self._pool = pool
        self._finder = PaymentFinder(pool)
        self._keys = keys
        self._merchant_of = merchant_of
        self.now = now
        self._told = told

    def merchant(self, payment: Payment) -> Merchant:
        """Give the merchant of a payment."""
        merchant = self._merchant_of(payment.merchant_id)
        if merchant is None:
            raise MerchantMissingError(payment.txid)
        return merchant

    async def submit(self, write: BeginCharge | BeginCancel | UseChallenge) -> Begun | Refused:
        """Commit an intention."""
        begun: Begun | Refused = await self._lane.submit(write, deadline_s=WRITE_DEADLINE_S)
        return begun

    async def write(self, write: Any) -> Any:
        """Commit any other write of the card lane."""
        return await self._lane.submit(write, deadline_s=RECORD_DEADLINE_S)

    async def record(
        self,
        merchant: Merchant,
        begun: Begun,
        outcome: Known | HandOver,
        *,
        secret: str = "",
        challenge_s: float = 0,
        card_expiry: str = "",
    ) -> Recorded:
        """Commit what became known, and send on what the merchant is told."""
        recorded: Recorded | Refused = await self._lane.submit(
            RecordResult(
                merchant=merchant,
                payment_id=begun.payment.id,
                attempt_id=begun.attempt.id,
                outcome=outcome,
                at=self.now(merchant),
                challenge_sha256=token_sha256(secret),
                challenge_s=challenge_s,
                card_expiry=card_expiry,
                ask_after_s=ASK_AFTER_S,
            ),
            deadline_s=RECORD_DEADLINE_S,
        )
        if isinstance(recorded, Refused):
            raise MerchantMissingError(begun.payment.txid)
        for callback in recorded.callbacks:
            self._told(callback)
        return recorded

    # --- looking --------------------------------------------------------------------------------

    async def find(self, txid: str) -> Payment | None:
        """Read a payment."""
        return await self._finder.find(txid)

    async def view(self, payment: Payment, *, complete: bool = True) -> PaymentView:
        """Complete a payment with its failures and tokens; `complete` reads what is stored."""
        merchant = self.merchant(payment)
        failures: tuple[Failure, ...] = ()
        if complete and (payment.failures or payment.open_attempt_id is not None):
            rows = await self._pool.fetch(SQL.attempts_of_payment, payment.id)
            attempts = [attempt_from_row(row) for row in rows]
            failures = tuple(
                Failure(code=a.code, message=a.message, at=a.at)
                for a in attempts
                if a.state is AttemptState.DECLINED and a.kind in CHARGING
            )
        return PaymentView(
            payment=payment,
            imid=merchant.imid,
            failures=failures,
            recurring_token=recurring_token(self._keys, merchant, payment),
            preauth_token=preauth_token(self._keys, payment),
            in_process=payment.open_attempt_id is not None or payment.cancel_wanted,
        )


def known_truth(truth: Truth) -> Known:
    """Turn an acquirer's word about a reference into an outcome: gone is declined."""
    if isinstance(truth, NotFound):
        return Declined(code=GONE, message="the acquirer never received it")
    return truth
