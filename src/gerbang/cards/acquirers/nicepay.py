"""A real NICEPAY merchant account (or another Gerbang) as our acquirer.

The buyer pays on the acquirer's page; what happened is always found by inquiry, because a browser
and a notification can say anything. Each attempt has one row, written before the network is
touched; a step to *open* or *sent* is taken once, so nothing is ever asked twice. A charge that
succeeds after we were told that it failed is taken back, once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import msgspec
import structlog

from gerbang.cards.acquirers.contract import (
    Approved,
    ChallengeAnswer,
    ChargeOutcome,
    ChargeRequest,
    Declined,
    FollowUp,
    FollowUpOutcome,
    HandOver,
    NotFound,
    Truth,
    Unknown,
)
from gerbang.cards.card import CardData
from gerbang.cards.payment import AttemptKind
from gerbang.clock import Clock
from gerbang.dialects.nicepay import client as nicepay
from gerbang.dialects.nicepay.encryption import encrypt, load_public_key, name_of_key
from gerbang.outbound.addresses import AddressPolicy
from gerbang.outbound.client import OutboundClient
from gerbang.outbound.message import Answered, HttpRequest, InboundRequest, NeverSent, SendResult
from gerbang.postgres.pool import Pool, Record
from gerbang.postgres.sql import load_queries

log = structlog.get_logger()

SQL: Final = load_queries("gerbang.cards.acquirers", "nicepay.sql")

NO_CONNECTION: Final = "1001"
NOT_REGISTERED: Final = "8001"
EXPIRED: Final = "9129"
FAILED: Final = "9106"
TAKES_BACK: Final = frozenset({AttemptKind.VOID, AttemptKind.RELEASE, AttemptKind.REFUND})


class NicepaySettings(msgspec.Struct, frozen=True, kw_only=True):
    """How one account is used; the acquirer's `settings` in the database."""

    buyer: nicepay.Buyer = nicepay.Buyer(
        goods="Pembayaran",
        name="Pembeli",
        phone="02100000000",
        email="payment@example.com",
        address="-",
        city="Jakarta",
        state="DKI Jakarta",
        post_code="10110",
    )
    """What is said of the buyer where the merchant's order does not say it."""
    public_key: str = ""
    """The acquirer's key for encrypted card fields; without one the buyer types his card there."""
    timeout_ms: int = 30_000


class _Order(msgspec.Struct, frozen=True, kw_only=True):
    """One row of ours."""

    reference: str
    kind: AttemptKind
    state: str
    txid: str
    order_reference: str
    order_amount: int
    asked: int
    given_back_before: int
    undo: str

    @property
    def there(self) -> nicepay.Order:
        return nicepay.Order(
            txid=self.txid, reference=self.order_reference, amount=self.order_amount
        )


class NicepayAcquirer:
    """One account; `return_url` and `notify_url` are where its messages reach us."""

    def __init__(
        self,
        *,
        acquirer_id: int,
        account: nicepay.Account,
        settings: NicepaySettings,
        pool: Pool,
        outbound: OutboundClient,
        addresses: AddressPolicy,
        clock: Clock,
        return_url: str,
        notify_url: str,
    ) -> None:
        """Wire it."""
        self._id = acquirer_id
        self._account = account
        self._settings = settings
        self._pool = pool
        self._outbound = outbound
        self._addresses = addresses
        self._clock = clock
        self._return_url = return_url
        self._notify_url = notify_url

    # --- charge ----------------------------------------------------------------------------------

    async def charge(self, request: ChargeRequest, card: CardData | None) -> ChargeOutcome:
        """Register there, then send the browser, or ask by a token of theirs."""
        written = await self._pool.fetchval(
            SQL.write_down, request.reference, self._id, request.kind.value, request.amount
        )
        if written is None:
            return Unknown(error="this reference was used before")
        direct = bool(request.vault) or (card is not None and bool(self._settings.public_key))
        registered = await self._register(
            self._registration(request), kind=request.kind, hosted=not direct
        )
        if isinstance(registered, Declined):
            return registered
        order = nicepay.Order(
            txid=registered.txid, reference=request.reference, amount=request.amount
        )
        if not await self._claim(request.reference, order, "sent" if request.vault else "open"):
            return Unknown(error="closed while it was registered")
        if request.vault:
            return await self._pay(order, request.kind, recurring_token=request.vault)
        if direct and card is not None:
            return self._encrypted_form(order, card)
        return HandOver(url=nicepay.hosted_page(registered), fields={})

    async def resume(
        self,
        request: ChargeRequest,
        card: CardData,  # noqa: ARG002 (the acquirer asks its own questions)
        answer: ChallengeAnswer,  # noqa: ARG002
    ) -> ChargeOutcome:
        """Find out: questions to the card's holder are asked on the acquirer's page."""
        truth = await self.inquire(request.reference, request.kind)
        return Unknown() if isinstance(truth, NotFound) else truth

    def _registration(self, request: ChargeRequest) -> nicepay.Registration:
        return nicepay.Registration(
            reference=request.reference,
            amount=request.amount,
            buyer=self._settings.buyer,
            return_url=self._return_url,
            notify_url=self._notify_url,
            instalment_months=request.instalment_months,
            recurring_option=1 if request.wants_vault else 2,
        )

    async def _register(
        self, registration: nicepay.Registration, *, kind: AttemptKind, hosted: bool
    ) -> nicepay.Registered | Declined:
        """Register; whatever goes wrong, nobody can pay an order whose tXid nobody was told."""
        request = nicepay.register(
            self._account, registration, now=self._clock.now(), hosted=hosted
        )
        answer = await self._send(request)
        said = (
            nicepay.read_registration(registration, answer)
            if isinstance(answer, Answered)
            else nicepay.Unclear(error=answer.error)
        )
        if isinstance(said, nicepay.Registered) and (not hosted or _is_page(said.payment_url)):
            return said
        await self._pool.fetchval(SQL.close_reference, registration.reference, self._id, kind.value)
        if isinstance(said, nicepay.Refused):
            return Declined(code=said.code, message=said.message)
        error = said.error if isinstance(said, nicepay.Unclear) else "no payment page"
        log.warning("acquirer.not_registered", reference=registration.reference, error=error)
        return Declined(code=NOT_REGISTERED, message="the acquirer did not register the order")

    def _encrypted_form(self, order: nicepay.Order, card: CardData) -> HandOver:
        """Let the browser post the card, each field under the acquirer's key (§5.1)."""
        text = self._settings.public_key
        key = load_public_key(text)
        signed = nicepay.payment_fields(
            self._account, order, now=self._clock.now(), return_url=self._return_url
        )
        fields = {
            **signed,
            "cardNo": encrypt(key, card.number.reveal()),
            "cardExpYymm": encrypt(key, card.expiry),
            "cardCvv": encrypt(key, card.cvv.reveal()),
            "cardHolderNm": encrypt(key, card.holder),
            "encrypted": "1",
            "publicKey": name_of_key(text),
        }
        return HandOver(url=nicepay.payment_address(self._account), fields=fields)

    async def _pay(
        self,
        order: nicepay.Order,
        kind: AttemptKind,
        *,
        recurring_token: str = "",
        preauth_token: str = "",
    ) -> Approved | Declined | Unknown:
        """Ask once; only an inquiry says that it succeeded."""
        request = nicepay.pay_by_token(
            self._account,
            order,
            now=self._clock.now(),
            return_url=self._return_url,
            recurring_token=recurring_token,
            preauth_token=preauth_token,
        )
        answer = await self._send(request, purpose="purchase")
        if isinstance(answer, NeverSent):
            return await self._declined(order.reference, NO_CONNECTION, answer.error)
        if isinstance(answer, Answered):
            said = nicepay.read_payment(answer)
            if isinstance(said, nicepay.Refused):
                return await self._declined(order.reference, said.code, said.message)
        truth = await self.inquire(order.reference, kind)
        return truth if isinstance(truth, Approved | Declined | Unknown) else Unknown()

    # --- capture, void, release, refund ----------------------------------------------------------

    async def follow_up(self, request: FollowUp) -> FollowUpOutcome:
        """Ask once, after the row is written; what is not clear is found by inquiry."""
        written = await self._pool.fetchval(
            SQL.write_down, request.reference, self._id, request.kind.value, request.amount
        )
        if written is None:
            return Unknown(error="this reference was used before")
        row = await self._pool.fetchrow(SQL.charge_by_txid, self._id, request.of_reference)
        charge = None if row is None else _order(row)
        if charge is None or not charge.txid:
            return await self._close(request, "the charge is not known there")
        standing = await self._standing(charge)
        if not isinstance(standing, nicepay.Standing):
            return await self._close(request, "its charge could not be looked up")
        if request.kind is AttemptKind.CAPTURE:
            return await self._capture(request, standing)
        return await self._cancel(request, charge, standing)

    async def _close(self, request: FollowUp, why: str) -> Declined:
        """Give up before anything was sent, so that nothing ever will be."""
        await self._pool.fetchval(
            SQL.close_reference, request.reference, self._id, request.kind.value
        )
        return Declined(code=NO_CONNECTION, message=why)

    async def _capture(self, request: FollowUp, hold: nicepay.Standing) -> FollowUpOutcome:
        """Register the amount to take, then pay with the hold's token (§10.3)."""
        registration = nicepay.Registration(
            reference=request.reference,
            amount=request.amount,
            buyer=self._settings.buyer,
            return_url=self._return_url,
            notify_url=self._notify_url,
        )
        registered = await self._register(registration, kind=request.kind, hosted=False)
        if isinstance(registered, Declined):
            return registered
        order = nicepay.Order(
            txid=registered.txid, reference=request.reference, amount=request.amount
        )
        if not await self._claim(request.reference, order, "sent"):
            return Unknown(error="closed while it was registered")
        return await self._pay(order, request.kind, preauth_token=hold.preauth_token)

    async def _cancel(
        self, request: FollowUp, charge: _Order, before: nicepay.Standing
    ) -> FollowUpOutcome:
        order = charge.there
        if not await self._claim(request.reference, order, "sent", before.given_back):
            return Unknown(error="closed before it was sent")
        answer = await self._send(
            nicepay.cancel(
                self._account,
                order,
                amount=request.amount,
                full=request.amount == order.amount and not before.given_back,
                reference=request.reference,
                reason=request.reason,
                now=self._clock.now(),
            ),
            purpose="purchase",
        )
        if isinstance(answer, NeverSent):
            return await self._declined(request.reference, NO_CONNECTION, answer.error)
        if isinstance(answer, Answered):
            said = nicepay.read_cancel(order, answer)
            if isinstance(said, nicepay.Cancelled):
                await self._tell(request.reference, "approved")
                return Approved(acquirer_reference=said.txid)
            if isinstance(said, nicepay.Refused):
                return await self._declined(request.reference, said.code, said.message)
        truth = await self.inquire(request.reference, request.kind)
        return truth if isinstance(truth, Approved | Declined | Unknown) else Unknown()

    # --- the truth -------------------------------------------------------------------------------

    async def inquire(self, reference: str, kind: AttemptKind) -> Truth:
        """Ask what became of it; a reference that was never sent is closed by being asked."""
        order = await self._find(reference)
        if order is None or order.state in ("new", "closed"):
            shut = await self._pool.fetchval(SQL.close_reference, reference, self._id, kind.value)
            order = await self._find(reference)
            if shut is not None or order is None:
                return NotFound()
        if order.state == "declined":
            return Declined(code=FAILED)
        standing = await self._standing(order)
        if not isinstance(standing, nicepay.Standing):
            word = standing.code if isinstance(standing, nicepay.Refused) else standing.error
            return Unknown(error=f"the inquiry said: {word}")
        truth = truth_of(kind, standing, before=order.given_back_before, asked=order.asked)
        return await self._keep(order, truth)

    async def _keep(
        self, order: _Order, truth: Approved | Declined | Unknown
    ) -> Approved | Declined | Unknown:
        """Keep a final answer; what was approved once stays so, whatever followed."""
        if isinstance(truth, Approved):
            await self._tell(order.reference, "approved")
            return msgspec.structs.replace(truth, acquirer_reference=order.txid)
        if order.state == "approved":
            return Approved(acquirer_reference=order.txid)
        if isinstance(truth, Declined):
            await self._tell(order.reference, "declined")
        return truth

    async def _standing(
        self, order: _Order
    ) -> nicepay.Standing | nicepay.Refused | nicepay.Unclear:
        there = order.there
        answer = await self._send(nicepay.inquire(self._account, there, now=self._clock.now()))
        if not isinstance(answer, Answered):
            return nicepay.Unclear(error=answer.error)
        return nicepay.read_inquiry(there, answer)

    # --- what comes in ---------------------------------------------------------------------------

    async def hear(self, request: InboundRequest) -> str | None:
        """Read a notification or a returning browser: the reference to inquire about, if it holds.

        A success of what was told declined is taken back here.
        """
        news = nicepay.read_notification(self._account, request)
        if news is None:
            log.warning("acquirer.message_refused", acquirer_id=self._id)
            return None
        row = await self._pool.fetchrow(SQL.charge_by_txid, self._id, news.txid)
        if row is None:
            log.warning("acquirer.message_about_nothing", txid=news.txid)
            return None
        order = _order(row)
        if order.state == "declined":
            await self._undo(order)
        return order.reference

    async def reference_of(self, txid: str) -> str | None:
        """Give the reference of ours that the acquirer knows by this tXid."""
        row = await self._pool.fetchrow(SQL.charge_by_txid, self._id, txid)
        return None if row is None else str(row["reference"])

    def has_signed(self, fields: Mapping[str, str]) -> bool:
        """Tell whether a returning browser brings what only the acquirer's page could give it."""
        return nicepay.is_signed(self._account, fields)

    async def _undo(self, order: _Order) -> None:
        """Take back a charge that succeeded after it was told declined; once, and aloud."""
        standing = await self._standing(order)
        late = isinstance(standing, nicepay.Standing) and standing.place in (
            nicepay.Place.PAID,
            nicepay.Place.HELD,
        )
        if not late or await self._pool.fetchval(SQL.begin_undo, order.reference) is None:
            return
        log.error("acquirer.late_success", reference=order.reference, txid=order.txid)
        answer = await self._send(
            nicepay.cancel(
                self._account,
                order.there,
                amount=order.order_amount,
                full=True,
                reference=f"{order.reference}-U",
                reason="late success",
                now=self._clock.now(),
            ),
            purpose="purchase",
        )
        said = nicepay.read_cancel(order.there, answer) if isinstance(answer, Answered) else None
        word = "done" if isinstance(said, nicepay.Cancelled) else "unclear"
        await self._pool.fetchval(SQL.end_undo, order.reference, word)
        log.error("acquirer.late_success_taken_back", reference=order.reference, result=word)

    # --- rows and wire ---------------------------------------------------------------------------

    async def _find(self, reference: str) -> _Order | None:
        row = await self._pool.fetchrow(SQL.by_reference, reference, self._id)
        return None if row is None else _order(row)

    async def _claim(
        self, reference: str, order: nicepay.Order, state: str, given_back: int = 0
    ) -> bool:
        claimed = await self._pool.fetchval(
            SQL.claim, reference, state, order.txid, order.reference, order.amount, given_back
        )
        return claimed is not None

    async def _tell(self, reference: str, state: str) -> None:
        await self._pool.fetchval(SQL.tell, reference, state)

    async def _declined(self, reference: str, code: str, message: str) -> Declined:
        await self._tell(reference, "declined")
        return Declined(code=code, message=message)

    async def _send(
        self, request: HttpRequest, *, purpose: Literal["purchase", "question"] = "question"
    ) -> SendResult:
        return await self._outbound.send(
            request,
            deadline_ms=self._settings.timeout_ms,
            purpose=purpose,
            addresses=self._addresses,
        )


def truth_of(
    kind: AttemptKind, standing: nicepay.Standing, *, before: int = 0, asked: int = 0
) -> Approved | Declined | Unknown:
    """Say what an inquiry proves of one attempt; pure."""
    if kind in TAKES_BACK:
        return _truth_of_taking_back(kind, standing, before=before, asked=asked)
    wanted = nicepay.Place.HELD if kind is AttemptKind.HOLD else nicepay.Place.PAID
    if standing.place is wanted:
        return Approved(
            acquirer_reference="",
            auth_code=standing.auth_code,
            issuer_bank=standing.issuer_bank,
            issuer_name=standing.issuer_name,
            vault=standing.recurring_token,
            card_mask=standing.card_mask,
        )
    declined = _DECLINED.get(standing.place)
    if declined is None:
        return Unknown(error=f"it stands at {standing.place}")
    if standing.failure is not None and standing.place is nicepay.Place.FAILED:
        return Declined(code=standing.failure.code, message=standing.failure.message)
    return declined


def _truth_of_taking_back(
    kind: AttemptKind, standing: nicepay.Standing, *, before: int, asked: int
) -> Approved | Unknown:
    """Only money that came back proves it: that it has not yet proves nothing."""
    whole = standing.place in (nicepay.Place.VOID, nicepay.Place.REFUNDED)
    refunded = kind is AttemptKind.REFUND and standing.given_back >= before + asked
    if refunded or (whole and (kind is not AttemptKind.REFUND or not standing.given_back)):
        return Approved(acquirer_reference="")
    return Unknown(error=f"it stands at {standing.place}, {standing.given_back} given back")


_DECLINED: Final[Mapping[nicepay.Place, Declined]] = {
    nicepay.Place.FAILED: Declined(code=FAILED),
    nicepay.Place.EXPIRED: Declined(code=EXPIRED),
    nicepay.Place.VOID: Declined(code=FAILED, message="voided at the acquirer"),
    nicepay.Place.REFUNDED: Declined(code=FAILED, message="refunded at the acquirer"),
}
"""Places where no money is with the acquirer, so the charge did not happen for us."""


def _order(row: Record) -> _Order:
    return msgspec.convert(dict(row), _Order)


def _is_page(url: str) -> bool:
    return url.startswith(("https://", "http://")) and "?" not in url
