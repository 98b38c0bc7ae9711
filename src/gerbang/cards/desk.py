"""The card desk of a node: what card dialects are handed, and what runs behind it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final

import msgspec
import structlog

from gerbang.cards.acquirers.contract import Acquirer
from gerbang.cards.acquirers.sandbox import IssuerProgram, SandboxIssuer
from gerbang.cards.apply import CardAccounts
from gerbang.cards.batch import CardProgram
from gerbang.cards.cancel import Cancelling
from gerbang.cards.card import Hidden
from gerbang.cards.charge import Charging
from gerbang.cards.directory import MerchantDirectory
from gerbang.cards.merchant import Merchant
from gerbang.cards.news import PaymentNews
from gerbang.cards.payment import Payment, PaymentView
from gerbang.cards.reasons import CardReason, Refused
from gerbang.cards.record import WRITE_DEADLINE_S, Recorder
from gerbang.cards.rsa import CardKeyPair, load_key_pair
from gerbang.cards.sweep import CardSweep
from gerbang.cards.tokens import CardKeys, preauth_token
from gerbang.cards.trial_cards import trial_cards
from gerbang.cards.writes import RegisterPayment
from gerbang.clock import Clock
from gerbang.dialects.card_contract import (
    CancelRequest,
    CancelResult,
    Challenged,
    Charge,
    ChargeResult,
    PaymentMessage,
    Registration,
    TrialCard,
)
from gerbang.ledger.account import HouseAccount, HouseAccountIds
from gerbang.orders.writes import DueCallbackRow
from gerbang.outbound.message import Answered, InboundRequest
from gerbang.postgres.lane import Lane
from gerbang.postgres.pool import OwnConnection, Pool
from gerbang.sandbox.clock import SandboxClock
from gerbang.secrets_box import SecretBox

log = structlog.get_logger()

SANDBOX_PASSWORD: Final = "123456"  # noqa: S105 (the one-time password of sandbox challenges)
CARD_LANE_WORKERS: Final = 2
SANDBOX: Final = "sandbox"

OpenConnection = Callable[[], Awaitable[OwnConnection]]


class CardDesk:
    """Implements `CardGateway`; several nodes share the work through the database."""

    def __init__(
        self,
        *,
        pool: Pool,
        box: SecretBox,
        secret: bytes,
        clock: Clock,
        sandbox_clock: SandboxClock,
        house: HouseAccountIds,
        untracked_ids: frozenset[int],
        open_connection: OpenConnection,
        node: str,
        is_demo: bool,
        public_url: str,
        refresh_ms: int = 400,
        on_death: Callable[[BaseException], None] | None = None,
    ) -> None:
        """Wire it. `secret` is the installation's key, from which others are derived."""
        self.public_url = public_url
        self.keys = CardKeys(secret)
        self.told: Callable[[DueCallbackRow], None] = _not_told
        """Sends a notification that a commit wrote and this node claimed."""
        self.watch: Callable[[InboundRequest, Answered], Awaitable[Answered]] = _as_it_is
        """Sees every answer of a card dialect; evidence for checklists comes from here."""
        self._pool = pool
        self._box = box
        self._clock = clock
        self._sandbox_clock = sandbox_clock
        self._key_pair: CardKeyPair
        self.directory = MerchantDirectory(pool, box, is_demo=is_demo, refresh_ms=refresh_ms)
        program = CardProgram(
            clock=clock,
            keys=self.keys,
            accounts=CardAccounts(
                bank=house[HouseAccount.BANK], card_fees=house[HouseAccount.CARD_FEES]
            ),
            untracked_ids=lambda: untracked_ids | self.directory.untracked_ids,
            node=node,
        )
        self.lane = Lane(open_connection, program, workers=CARD_LANE_WORKERS, on_death=on_death)
        self.issuer_lane = Lane(open_connection, IssuerProgram(), workers=1, on_death=on_death)
        self.issuer = SandboxIssuer(
            lane=self.issuer_lane, pool=pool, clock=sandbox_clock, password=SANDBOX_PASSWORD
        )
        self.acquirers: dict[str, Acquirer] = {SANDBOX: self.issuer}
        """By code; others are added before the start."""
        self.recorder = Recorder(
            lane=self.lane,
            pool=pool,
            keys=self.keys,
            merchant_of=self.directory.by_id,
            now=self.now,
            told=self._tell,
        )
        self.charging = Charging(
            recorder=self.recorder,
            pool=pool,
            box=box,
            keys=self.keys,
            clock=clock,
            acquirers=self.acquirers,
            hint=_hint,
        )
        self.cancelling = Cancelling(recorder=self.recorder, acquirers=self.acquirers)
        self.sweep = CardSweep(
            recorder=self.recorder,
            pool=pool,
            directory=self.directory,
            acquirers=self.acquirers,
            cancelling=self.cancelling,
            node=node,
        )

    # --- life -----------------------------------------------------------------------------------

    async def start(self, *, work: bool = True) -> None:
        """Load merchants, open the lanes; `work` False only answers requests."""
        self._key_pair = await load_key_pair(self._pool, self._box)
        await self.directory.start()
        await self.lane.start()
        await self.issuer_lane.start()
        if work:
            self.sweep.start()

    async def stop(self) -> None:
        """Finish what is queued, and end."""
        await self.sweep.stop()
        await self.lane.stop()
        await self.issuer_lane.stop()
        await self.directory.stop()

    @property
    def public_key(self) -> str:
        """The RSA key that merchants may encrypt card fields with."""
        return self._key_pair.public_key

    # --- CardGateway ----------------------------------------------------------------------------

    def merchant(self, imid: str) -> Merchant | None:
        """Find a MID in memory."""
        return self.directory.merchant(imid)

    def merchant_of(self, payment: Payment) -> Merchant:
        """Give the MID of a payment."""
        return self.recorder.merchant(payment)

    def now(self, merchant: Merchant) -> datetime:
        """Tell the time by the merchant's clock."""
        return self._sandbox_clock.now() if merchant.sandboxed else self._clock.now()

    def trial_cards(self, merchant: Merchant) -> Sequence[TrialCard]:
        """Give the cards that may be tried; none where a real card would be charged."""
        return trial_cards(merchant, self.now(merchant))

    async def register(self, merchant: Merchant, registration: Registration) -> Payment | Refused:
        """Write a payment down."""
        r = registration
        write = RegisterPayment(
            merchant=merchant,
            channel=r.channel,
            pay_method=r.pay_method,
            reference=r.reference,
            amount=r.amount,
            at=self.now(merchant),
            instalment_months=r.instalment_months,
            instalment_type=r.instalment_type,
            recurring_option=r.recurring_option,
            details=r.details,
            notify_url=r.notify_url,
            return_url=r.return_url,
        )
        made: Payment | Refused = await self.lane.submit(write, deadline_s=WRITE_DEADLINE_S)
        return made

    async def find(self, txid: str) -> Payment | None:
        """Find a payment as it stands."""
        return await self.recorder.find(txid)

    async def view(self, payment: Payment) -> PaymentView:
        """Complete a payment with its failures and tokens."""
        return await self.recorder.view(payment)

    async def charge(self, payment: Payment, charge: Charge) -> ChargeResult:
        """Charge a card once."""
        return await self.charging.charge(self.merchant_of(payment), payment, charge)

    async def open_challenge(self, txid: str, sealed: str) -> Challenged | Refused:
        """Look at a challenge without using it up."""
        payment = await self.find(txid)
        if payment is None:
            return Refused(reason=CardReason.UNKNOWN_PAYMENT)
        return await self.charging.open(self.merchant_of(payment), payment, sealed)

    async def answer_challenge(
        self, txid: str, sealed: str, *, password: Hidden | None, cancelled: bool
    ) -> ChargeResult:
        """Go on after a challenge; its secret is good for one answer."""
        payment = await self.find(txid)
        if payment is None:
            return Refused(reason=CardReason.UNKNOWN_PAYMENT)
        return await self.charging.answer(
            self.merchant_of(payment), payment, sealed, password=password, cancelled=cancelled
        )

    async def cancel(self, payment: Payment, request: CancelRequest) -> CancelResult:
        """Take a charge back, wholly or in part."""
        return await self.cancelling.cancel(self.merchant_of(payment), payment, request)

    def decrypt(self, key_sha256: str, text: str) -> str | None:
        """Decrypt one RSA-encrypted card field; None where key or text is wrong."""
        return self._key_pair.decrypt(key_sha256, text)

    def buyer_proof(self, payment: Payment) -> str:
        """Give what only the browser is told that typed the card which was tried last."""
        return self.keys.token(f"buyer:{payment.card_fingerprint}", payment.id)

    def _tell(self, row: DueCallbackRow) -> None:
        self.told(row)

    # --- notifications --------------------------------------------------------------------------

    def payment_message(self, row: DueCallbackRow) -> PaymentMessage:
        """Complete what a merchant is told with his present key."""
        news = (
            row.snapshot
            if isinstance(row.snapshot, PaymentNews)
            else msgspec.convert(row.snapshot, PaymentNews)
        )
        merchant = self.recorder.merchant(news.payment)
        token = self.keys.token("recurring", news.payment.id) if news.recurring else ""
        return PaymentMessage(
            id=row.id,
            event=news.event.value,
            occurred_at=row.occurred_at,
            at=news.at,
            url=news.payment.notify_url,
            key=merchant.key,
            imid=merchant.imid,
            payment=news.payment,
            recurring_token=token,
            preauth_token=preauth_token(self.keys, news.payment),
        )


async def _as_it_is(_request: InboundRequest, answer: Answered) -> Answered:
    return answer


def _not_told(_row: DueCallbackRow) -> None:
    """Until somebody delivers, the claim of a notification runs out and it is found again."""


def _hint(merchant: Merchant) -> str:
    return f"Sandbox: {SANDBOX_PASSWORD}" if merchant.sandboxed else ""
