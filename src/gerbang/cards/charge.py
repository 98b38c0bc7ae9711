"""Charge, hold or capture once: the intention is committed, then the acquirer is asked.

What the acquirer said is committed before anybody hears of it. Whoever dies in between leaves an
attempt that is asked about (sweep.py); nothing is ever sent a second time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

import msgspec
import structlog

from gerbang.cards.acquirers.contract import (
    Acquirer,
    Approved,
    Challenge,
    ChallengeAnswer,
    ChargeOutcome,
    ChargeRequest,
    Declined,
    FollowUp,
    HandOver,
    Unknown,
)
from gerbang.cards.card import CardData, CardNumber, Hidden
from gerbang.cards.challenge import (
    CHALLENGE_VALID_S,
    new_secret,
    open_challenge,
    seal_challenge,
)
from gerbang.cards.merchant import Merchant, refused_by_digits
from gerbang.cards.payment import AttemptKind, AttemptState, Payment, PaymentKind
from gerbang.cards.reasons import CardReason, Refused
from gerbang.cards.record import Recorder
from gerbang.cards.rows import attempt_from_row
from gerbang.cards.store import SQL
from gerbang.cards.tokens import CardKeys, token_sha256
from gerbang.cards.writes import BeginCharge, Begun, CardFacts, UseChallenge
from gerbang.clock import Clock
from gerbang.dialects.card_contract import (
    Challenged,
    Charge,
    ChargeResult,
    HandedOver,
    NotPaid,
    Paid,
    Uncertain,
)
from gerbang.postgres.pool import Pool
from gerbang.secrets_box import SecretBox

log = structlog.get_logger()

CLAIM_S: Final = 60.0
"""How long an attempt is ours alone; after that anybody asks the acquirer about it."""


class Charging:
    """The use case of charging."""

    def __init__(
        self,
        *,
        recorder: Recorder,
        pool: Pool,
        box: SecretBox,
        keys: CardKeys,
        clock: Clock,
        acquirers: Mapping[str, Acquirer],
        hint: Callable[[Merchant], str],
    ) -> None:
        """`hint` is what a sandbox challenge tells its holder."""
        self._recorder = recorder
        self._pool = pool
        self._box = box
        self._keys = keys
        self._clock = clock
        self._acquirers = acquirers
        self._hint = hint

    async def charge(self, merchant: Merchant, payment: Payment, want: Charge) -> ChargeResult:
        """Pay one registered payment with a card, a recurring token or a hold's token."""
        begin = await self._intention(merchant, payment, want)
        if isinstance(begin, Refused):
            return begin
        vault = begin.request_vault
        begun = await self._recorder.submit(begin.write)
        if isinstance(begun, Refused):
            return begun
        acquirer = self._acquirers[merchant.acquirer]
        if begun.of is not None:
            outcome: ChargeOutcome = await acquirer.follow_up(_capture(begun, merchant))
        else:
            outcome = await _asked(
                acquirer.charge(charge_request(merchant, begun, vault=vault), want.card)
            )
        return await self._finish(merchant, begun, want.card, outcome)

    async def _intention(
        self, merchant: Merchant, payment: Payment, want: Charge
    ) -> _Intention | Refused:
        """Choose what is written down: a sale, a hold, a capture, or a charge by token."""
        at = self._recorder.now(merchant)
        common: dict[str, Any] = {
            "merchant": merchant,
            "payment_id": payment.id,
            "at": at,
            "claim_s": CLAIM_S,
            "return_url": want.return_url,
            "instalment_months": want.instalment_months,
        }
        if want.preauth_token:
            return await self._capture_intention(merchant, want, common)
        if want.recurring_token:
            return await self._recurring_intention(merchant, want, common)
        assert want.card is not None  # noqa: S101 (the dialect checked its fields)
        refused = refuse_features(merchant, payment) or refuse_bin(merchant, want.card.number)
        if refused is not None:
            return refused
        number = want.card.number
        facts = CardFacts(
            mask=number.masked,
            fingerprint=number.fingerprint(self._keys.fingerprints),
            brand=number.brand.value,
        )
        holds = merchant.features.preauth
        write = BeginCharge(
            **common,
            kind=AttemptKind.HOLD if holds else AttemptKind.CHARGE,
            becomes=PaymentKind.PREAUTH if holds else PaymentKind.SALE,
            card=facts,
        )
        return _Intention(write=write)

    async def _capture_intention(
        self, merchant: Merchant, want: Charge, common: dict[str, Any]
    ) -> _Intention | Refused:
        token = await self._token(merchant, "preauth", want.preauth_token)
        if token is None:
            return Refused(reason=CardReason.HOLD_UNKNOWN)
        write = BeginCharge(
            **common,
            kind=AttemptKind.CAPTURE,
            becomes=PaymentKind.CAPTURE,
            hold_id=token["payment_id"],
            token_id=token["id"],
        )
        return _Intention(write=write)

    async def _recurring_intention(
        self, merchant: Merchant, want: Charge, common: dict[str, Any]
    ) -> _Intention | Refused:
        if not merchant.features.recurring:
            return Refused(reason=CardReason.RECURRING_OFF)
        token = await self._token(merchant, "recurring", want.recurring_token)
        if token is None or token["revoked_at"] is not None:
            return Refused(reason=CardReason.TOKEN_UNKNOWN)
        facts = CardFacts(
            mask=token["card_mask"],
            fingerprint=token["card_fingerprint"],
            brand=token["card_brand"],
        )
        write = BeginCharge(
            **common,
            kind=AttemptKind.CHARGE,
            becomes=PaymentKind.RECURRING,
            card=facts,
            token_id=token["id"],
        )
        return _Intention(write=write, request_vault=token["vault"])

    async def _token(self, merchant: Merchant, kind: str, text: str) -> Any:
        row = await self._pool.fetchrow(SQL.token_by_sha256, token_sha256(text), merchant.id)
        return row if row is not None and row["kind"] == kind else None

    # --- challenges ------------------------------------------------------------------------------

    async def open(self, merchant: Merchant, payment: Payment, sealed: str) -> Challenged | Refused:
        """Look at a challenge without using it up."""
        now = self._clock.now()
        opened = open_challenge(self._box, sealed, now=now)
        if opened is None or opened.payment_id != payment.id:
            return Refused(reason=CardReason.CHALLENGE_OVER)
        row = await self._pool.fetchrow(SQL.attempt_by_id, opened.attempt_id)
        attempt = attempt_from_row(row) if row is not None else None
        if (
            attempt is None
            or attempt.state is not AttemptState.CHALLENGED
            or attempt.challenge_used_at is not None
        ):
            return Refused(reason=CardReason.CHALLENGE_OVER)
        return Challenged(
            view=await self._recorder.view(payment),
            sealed=sealed,
            silent=bool(attempt.request.get("silent")),
            seconds_left=max(int((opened.expires - now).total_seconds()), 0),
            hint=self._hint(merchant),
        )

    async def answer(
        self,
        merchant: Merchant,
        payment: Payment,
        sealed: str,
        *,
        password: Hidden | None,
        cancelled: bool,
    ) -> ChargeResult:
        """Use the challenge up, then ask the acquirer once."""
        opened = open_challenge(self._box, sealed, now=self._clock.now())
        if opened is None or opened.payment_id != payment.id:
            return Refused(reason=CardReason.CHALLENGE_OVER)
        begun = await self._recorder.submit(
            UseChallenge(
                payment_id=payment.id,
                attempt_id=opened.attempt_id,
                secret_sha256=token_sha256(opened.secret),
                claim_s=CLAIM_S,
            )
        )
        if isinstance(begun, Refused):
            return begun
        answer = ChallengeAnswer(password=password, cancelled=cancelled)
        acquirer = self._acquirers[merchant.acquirer]
        request = charge_request(merchant, begun)
        outcome = await _asked(acquirer.resume(request, opened.card, answer))
        return await self._finish(merchant, begun, opened.card, outcome)

    # --- what came of it ------------------------------------------------------------------------

    async def _finish(
        self, merchant: Merchant, begun: Begun, card: CardData | None, outcome: ChargeOutcome
    ) -> ChargeResult:
        secret = new_secret()
        expires = self._clock.now() + timedelta(seconds=CHALLENGE_VALID_S)
        recorded = await self._recorder.record(
            merchant,
            begun,
            outcome,
            secret=secret,
            challenge_s=CHALLENGE_VALID_S,
            card_expiry=card.expiry if card is not None else "",
        )
        view = await self._recorder.view(recorded.payment, complete=False)
        if isinstance(outcome, Approved):
            return Paid(view=view, expiry=card.expiry if card is not None else "")
        if isinstance(outcome, Declined):
            return NotPaid(view=view, code=outcome.code, message=outcome.message)
        if isinstance(outcome, HandOver):
            return HandedOver(view=view, url=outcome.url, fields=outcome.fields)
        if isinstance(outcome, Challenge) and card is not None:
            sealed = seal_challenge(
                self._box,
                card,
                payment_id=begun.payment.id,
                attempt_id=begun.attempt.id,
                secret=secret,
                expires=expires,
            )
            return Challenged(
                view=view,
                sealed=sealed,
                silent=outcome.silent,
                seconds_left=CHALLENGE_VALID_S,
                hint=self._hint(merchant),
            )
        return Uncertain(view=view)


class _Intention(msgspec.Struct, frozen=True, kw_only=True):
    """What is written down, and the acquirer's own name of the card where there is one."""

    write: BeginCharge
    request_vault: str = ""


def refuse_features(merchant: Merchant, payment: Payment) -> Refused | None:
    """Say what the MID lacks for what was registered."""
    features = merchant.features
    wants_token = payment.recurring_option in {0, 1}
    if wants_token and features.recurring and not (features.secure or features.autopaid):
        return Refused(reason=CardReason.RECURRING_NEEDS_SECURE)
    return None


def refuse_bin(merchant: Merchant, number: CardNumber) -> Refused | None:
    """Say whether the merchant does not take cards that begin like this one."""
    reason = refused_by_digits(number.reveal(), merchant.limits, merchant.features)
    return Refused(reason=reason) if reason is not None else None


def charge_request(merchant: Merchant, begun: Begun, *, vault: str = "") -> ChargeRequest:
    """Put a committed intention into the acquirer's words."""
    payment = begun.payment
    return ChargeRequest(
        kind=begun.attempt.kind,
        reference=begun.attempt.reference,
        txid=payment.txid,
        imid=merchant.imid,
        amount=begun.attempt.amount,
        instalment_months=payment.instalment_months,
        secure=merchant.features.secure and not vault,
        autopaid=merchant.features.autopaid,
        wants_vault=merchant.features.recurring and payment.recurring_option in {0, 1},
        vault=vault,
    )


def _capture(begun: Begun, merchant: Merchant) -> FollowUp:
    assert begun.of is not None  # noqa: S101 (a capture has its hold)
    return FollowUp(
        kind=AttemptKind.CAPTURE,
        reference=begun.attempt.reference,
        of_reference=begun.of.acquirer_reference,
        imid=merchant.imid,
        amount=begun.attempt.amount,
        charged=begun.of.amount,
    )


async def _asked(asking: Any) -> ChargeOutcome:
    """Have the acquirer asked; a crash on the way says nothing about what it did."""
    try:
        outcome: ChargeOutcome = await asking
    except Exception as error:
        log.exception("acquirer.crashed")
        return Unknown(error=type(error).__name__)
    return outcome
