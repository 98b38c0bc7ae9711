"""The sandbox issuer: decides by card number, and keeps a book of what it did.

The book is written and committed before the issuer answers, by its own lane, as a bank on the
other side would: so a restart can be asked for the truth, and a card that was charged twice shows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from gerbang.cards.acquirers.contract import (
    Approved,
    Challenge,
    ChallengeAnswer,
    ChargeOutcome,
    ChargeRequest,
    Declined,
    FollowUp,
    FollowUpOutcome,
    NotFound,
    Truth,
    Unknown,
)
from gerbang.cards.acquirers.sandbox_cards import Behaviour, Verdict, behaviour_of, judge
from gerbang.cards.card import CardData
from gerbang.cards.payment import AttemptKind
from gerbang.clock import WIB, Clock
from gerbang.postgres.lane import Lane
from gerbang.postgres.lane_program import NO_PROOF, Done, Proof
from gerbang.postgres.pool import Connection, Pool
from gerbang.postgres.sql import load_queries

SQL = load_queries("gerbang.cards.acquirers", "sandbox.sql")

ISSUER_TIMEOUT_MS: Final = 1_500
"""How long a question waits for an issuer that does not answer."""
CLOSED: Final = "closed"


class BookEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing the issuer does, asked for by a reference that is good for one thing."""

    reference: str
    kind: str
    of_reference: str
    amount: int
    outcome: dict[str, Any]


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the book under the reference, and how often it was asked for."""

    outcome: dict[str, Any]
    heard: int


class IssuerProgram:
    """What the issuer's own lane runs."""

    async def run(
        self,
        connection: Connection,
        writes: Sequence[Any],
        *,
        skip_locked: bool,
        proof: Proof = NO_PROOF,
    ) -> Done:
        """Write all entries of a batch; a reference that is known keeps its outcome."""
        del skip_locked, proof  # nobody locks a row of the book; the lane proves the commit
        once = {write.reference: write for write in writes}
        ordered = [once[reference] for reference in sorted(once)]
        rows = await connection.fetch(
            SQL.write_book_entries,
            [w.reference for w in ordered],
            [w.kind for w in ordered],
            [w.of_reference for w in ordered],
            [w.amount for w in ordered],
            [w.outcome for w in ordered],
        )
        found = {row[0]: Written(outcome=row[1], heard=row[2]) for row in rows}
        return Done([found[write.reference] for write in writes], rows[0]["xact_id"])

    def connection_lost(self) -> None:
        """Nothing is remembered between batches."""


class SandboxIssuer:
    """The `Acquirer` of sandbox merchants."""

    def __init__(
        self,
        *,
        lane: Lane,
        pool: Pool,
        clock: Clock,
        password: str,
        timeout_ms: int = ISSUER_TIMEOUT_MS,
    ) -> None:
        """`password` is the one-time password of every challenge."""
        self._lane = lane
        self._pool = pool
        self._clock = clock
        self._password = password
        self._timeout_s = timeout_ms / 1000

    # --- charging -------------------------------------------------------------------------------

    async def charge(self, request: ChargeRequest, card: CardData | None) -> ChargeOutcome:
        """Charge or hold; a secure MID is challenged first."""
        if card is None:
            return await self._charge_again(request)
        behaviour = behaviour_of(card.number)
        if request.secure and not request.autopaid:
            return Challenge(silent=behaviour is Behaviour.FRICTIONLESS)
        return await self._settle(request, judge(request, card, self._month()))

    async def resume(
        self, request: ChargeRequest, card: CardData, answer: ChallengeAnswer
    ) -> ChargeOutcome:
        """Go on after the challenge: the right password, and the card itself must be good."""
        refused = self._refuse_answer(card, answer)
        if refused is not None:
            return await self._settle(request, Verdict(outcome=refused))
        return await self._settle(request, judge(request, card, self._month()))

    def _refuse_answer(self, card: CardData, answer: ChallengeAnswer) -> Declined | None:
        behaviour = behaviour_of(card.number)
        visa = card.number.brand == "visa"
        failed = Declined(code="8026" if visa else "9117", message="3-D Secure failed")
        if behaviour in {Behaviour.SECURE_FAILS_VISA, Behaviour.SECURE_FAILS_MASTERCARD}:
            return failed
        if behaviour is Behaviour.FRICTIONLESS:
            return None
        if answer.cancelled:
            return Declined(code="9117", message="3-D Secure was cancelled")
        right = answer.password is not None and answer.password.reveal() == self._password
        return None if right else failed

    async def _charge_again(self, request: ChargeRequest) -> ChargeOutcome:
        """Charge a card of the vault: it behaves as it did the first time."""
        known = await self._pool.fetchval(SQL.outcome_of, request.vault)
        if known is None:
            return await self._settle(
                request, Verdict(outcome=Declined(code="9146", message="card not in the vault"))
            )
        behaviour = Behaviour(known.get("behaviour", Behaviour.GOOD))
        verdict = Verdict(outcome=None, behaviour=behaviour)
        return await self._settle(request, verdict)

    async def _settle(self, request: ChargeRequest, verdict: Verdict) -> ChargeOutcome:
        """Write the verdict into the book; then answer, or stay silent."""
        outcome = verdict.outcome or Approved(
            acquirer_reference=request.reference,
            auth_code=request.txid[-6:],
            issuer_bank="OTHR",
            issuer_name="Sandbox Issuer",
            vault=request.reference if request.wants_vault else "",
        )
        entry = BookEntry(
            reference=request.reference,
            kind=request.kind.value,
            of_reference=request.vault,
            amount=request.amount,
            outcome=_plain(outcome, verdict.behaviour),
        )
        return await self._write(entry, silent=verdict.silent)

    # --- capturing and taking back --------------------------------------------------------------

    async def follow_up(self, request: FollowUp) -> FollowUpOutcome:
        """Capture, void, release or refund; a card that times out later does so here."""
        known = await self._pool.fetchval(SQL.outcome_of, request.of_reference)
        behaviour = Behaviour.GOOD
        outcome: Approved | Declined
        if known is None or known.get("type") != "approved":
            outcome = Declined(code="8064", message="no such charge at the issuer")
        else:
            behaviour = Behaviour(known.get("behaviour", Behaviour.GOOD))
            outcome = Approved(
                acquirer_reference=request.reference,
                auth_code=request.reference[-6:],
                issuer_bank="OTHR",
                issuer_name="Sandbox Issuer",
            )
        if behaviour is Behaviour.FOLLOW_UP_DECLINED:
            code = "9145" if request.kind is AttemptKind.CAPTURE else "8061"
            outcome = Declined(code=code, message="declined by the issuer")
        entry = BookEntry(
            reference=request.reference,
            kind=request.kind.value,
            of_reference=request.of_reference,
            amount=request.amount,
            outcome=_plain(outcome, behaviour),
        )
        silent = behaviour is Behaviour.FOLLOW_UP_TIMEOUT
        answer = await self._write(entry, silent=silent)
        return answer if isinstance(answer, Approved | Declined) else Unknown(error="no answer")

    # --- the truth ------------------------------------------------------------------------------

    async def inquire(self, reference: str, kind: AttemptKind) -> Truth:
        """Look into the book. What is not there is closed: a late request finds it so."""
        entry = BookEntry(
            reference=reference,
            kind=kind.value,
            of_reference="",
            amount=0,
            outcome={"type": CLOSED},
        )
        found = await self._pool.fetchval(SQL.outcome_of, reference)
        if found is None:
            found = (await self._lane.submit(entry)).outcome
        truth = _outcome(found)
        return truth if truth is not None else NotFound()

    async def _write(self, entry: BookEntry, *, silent: bool) -> ChargeOutcome:
        written: Written = await self._lane.submit(entry)
        if silent:
            await asyncio.sleep(self._timeout_s)
            return Unknown(error="the issuer did not answer in time")
        return _outcome(written.outcome) or Declined(code="9106", message="the reference is closed")

    def _month(self) -> str:
        return self._clock.now().astimezone(WIB).strftime("%y%m")


def _plain(outcome: Approved | Declined, behaviour: Behaviour) -> dict[str, Any]:
    kind = "approved" if isinstance(outcome, Approved) else "declined"
    return {"type": kind, "behaviour": behaviour.value, **msgspec.to_builtins(outcome)}


def _outcome(stored: dict[str, Any]) -> Approved | Declined | None:
    kinds: dict[str, type[Approved | Declined]] = {"approved": Approved, "declined": Declined}
    kind = kinds.get(stored.get("type", ""))
    return msgspec.convert(stored, kind) if kind is not None else None
