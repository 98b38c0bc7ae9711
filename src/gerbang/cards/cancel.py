"""Take a charge back, wholly or in part, once: intention, acquirer, outcome."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog

from gerbang.cards.acquirers.contract import (
    Acquirer,
    Approved,
    Declined,
    FollowUp,
    FollowUpOutcome,
    Unknown,
)
from gerbang.cards.charge import CLAIM_S
from gerbang.cards.merchant import Merchant
from gerbang.cards.payment import Payment
from gerbang.cards.plan import FULL
from gerbang.cards.reasons import Refused
from gerbang.cards.record import Recorder
from gerbang.cards.writes import BeginCancel, Begun
from gerbang.dialects.card_contract import (
    Cancelled,
    CancelRequest,
    CancelResult,
    NotCancelled,
    Uncertain,
)

log = structlog.get_logger()


class Cancelling:
    """The use case of taking back."""

    def __init__(self, *, recorder: Recorder, acquirers: Mapping[str, Acquirer]) -> None:
        """Wire it."""
        self._recorder = recorder
        self._acquirers = acquirers

    async def cancel(
        self, merchant: Merchant, payment: Payment, request: CancelRequest
    ) -> CancelResult:
        """Do what a merchant asks."""
        number = request.number if request.number != payment.reference else ""
        return await self._take_back(
            BeginCancel(
                merchant=merchant,
                payment_id=payment.id,
                cancel_type=request.cancel_type,
                amount=request.amount,
                at=self._recorder.now(merchant),
                claim_s=CLAIM_S,
                request={
                    "number": number,
                    "timestamp": request.timestamp,
                    "reason": request.reason,
                    "user": request.user,
                },
            )
        )

    async def cancel_ours(self, merchant: Merchant, payment_id: int, why: str) -> CancelResult:
        """Do what was promised before: an automatic void, a queued cancel, an old hold."""
        return await self._take_back(
            BeginCancel(
                merchant=merchant,
                payment_id=payment_id,
                cancel_type=FULL,
                amount=0,
                at=self._recorder.now(merchant),
                claim_s=CLAIM_S,
                request={"reason": why},
                ours=True,
            )
        )

    async def _take_back(self, want: BeginCancel) -> CancelResult:
        begun = await self._recorder.submit(want)
        if isinstance(begun, Refused):
            return begun
        outcome = await self._ask(want, begun)
        recorded = await self._recorder.record(want.merchant, begun, outcome)
        if isinstance(outcome, Approved):
            return Cancelled(
                view=await self._recorder.view(recorded.payment, complete=False),
                cancel_txid=begun.attempt.reference,
                amount=begun.attempt.amount,
                at=begun.attempt.at,
                acquirer_reference=outcome.acquirer_reference,
            )
        if isinstance(outcome, Declined):
            return NotCancelled(code=outcome.code, message=outcome.message)
        return Uncertain(view=await self._recorder.view(recorded.payment, complete=False))

    async def _ask(self, want: BeginCancel, begun: Begun) -> FollowUpOutcome:
        request = FollowUp(
            kind=begun.attempt.kind,
            reference=begun.attempt.reference,
            of_reference=begun.payment.acquirer_reference,
            imid=want.merchant.imid,
            amount=begun.attempt.amount,
            charged=begun.payment.amount,
            reason=_text(want.request, "reason"),
        )
        try:
            return await self._acquirers[want.merchant.acquirer].follow_up(request)
        except Exception as error:
            log.exception("acquirer.crashed")
            return Unknown(error=type(error).__name__)


def _text(values: Mapping[str, Any], name: str) -> str:
    return str(values.get(name, ""))
