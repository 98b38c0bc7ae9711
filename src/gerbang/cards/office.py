"""What stands around the card desk of a node: acquirers beyond the network, deposits, evidence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec
import structlog
from starlette.routing import BaseRoute

from gerbang.cards.acquirers.nicepay import NicepayAcquirer, NicepaySettings
from gerbang.cards.deposit import CardDepositDesk
from gerbang.cards.desk import CardDesk
from gerbang.cards.evidence import EvidenceDesk
from gerbang.cards.payment import Payment
from gerbang.clock import Clock
from gerbang.dialects.nicepay.client import Account, query_or_body
from gerbang.dialects.nicepay.returned import returned_page
from gerbang.dialects.registry import CARD_DIALECTS
from gerbang.outbound.addresses import AddressPolicy
from gerbang.outbound.client import OutboundClient
from gerbang.outbound.message import Answered, InboundRequest
from gerbang.postgres.lane import Lane
from gerbang.postgres.pool import Pool
from gerbang.postgres.sql import load_queries
from gerbang.repeated import Repeated
from gerbang.secrets_box import CannotOpenError, SecretBox
from gerbang.web.asgi import raw_route

if TYPE_CHECKING:
    from gerbang.app import Node

log = structlog.get_logger()

SQL: Final = load_queries("gerbang.cards", "office.sql")
LOOK_EVERY_S: Final = 1.0
PREFIX: Final = "/acquirers"
TEXT: Final = (("content-type", "text/plain; charset=utf-8"),)


class CardOffice:
    """One node's office."""

    def __init__(
        self,
        *,
        cards: CardDesk,
        pool: Pool,
        lane: Lane,
        box: SecretBox,
        outbound: OutboundClient,
        addresses: AddressPolicy,
        clock: Clock,
        deposit_imid: str,
    ) -> None:
        """Wire it. `addresses` says where acquirers may live."""
        self._cards = cards
        self._pool = pool
        self._box = box
        self._outbound = outbound
        self._addresses = addresses
        self._clock = clock
        self._known: dict[str, str] = {}
        """Acquirers by code, with what they were made from."""
        self._nicepay: dict[str, NicepayAcquirer] = {}
        self._looks = Repeated(
            self._look, every_s=LOOK_EVERY_S, complaint="acquirers.not_read", at_once=False
        )
        self.deposits = CardDepositDesk(pool=pool, lane=lane, cards=cards, imid=deposit_imid)
        self.evidence = EvidenceDesk(pool=pool, cards=cards)

    # --- life ------------------------------------------------------------------------------------

    async def start(self, *, work: bool) -> None:
        """Make the acquirers; `work` False only answers requests."""
        await self._look()
        send = self._cards.told
        self._cards.told = lambda row: self.evidence.trials.told(row, send)
        self._cards.watch = self.evidence.pass_by
        self._looks.start()
        self.evidence.start()
        if work:
            self.deposits.start()

    async def stop(self) -> None:
        """End."""
        await self._looks.stop()
        await self.deposits.stop()
        await self.evidence.stop()
        await self._cards.stop()

    async def _look(self) -> None:
        """Make acquirers that are new or changed."""
        for row in await self._pool.fetch(SQL.acquirers_beyond):
            if self._known.get(row["code"]) != row["version"]:
                self._make(row)

    def _make(self, row: Any) -> None:
        code = row["code"]
        try:
            secrets = self._box.open(row["sealed"])
            acquirer = NicepayAcquirer(
                acquirer_id=row["id"],
                account=Account(base_url=row["base_url"], imid=secrets["imid"], key=secrets["key"]),
                settings=msgspec.convert(row["settings"], NicepaySettings),
                pool=self._pool,
                outbound=self._outbound,
                addresses=self._addresses,
                clock=self._clock,
                return_url=f"{self._cards.public_url}{PREFIX}/{code}/return",
                notify_url=f"{self._cards.public_url}{PREFIX}/{code}/notify",
            )
        except (CannotOpenError, KeyError, msgspec.ValidationError) as error:
            log.warning("acquirer.not_readable", code=code, error=type(error).__name__)
            return
        self._cards.acquirers[code] = self._nicepay[code] = acquirer
        self._known[code] = row["version"]

    # --- what acquirers and their browsers send --------------------------------------------------

    def routes(self) -> Sequence[BaseRoute]:
        """Give the dialects' endpoints, and where acquirers tell us and send browsers back to."""
        spoken = [route for one in CARD_DIALECTS.values() for route in one.routes(self._cards)]
        paths = ((PREFIX + "/{code}/notify", self.notify), (PREFIX + "/{code}/return", self.back))
        own = [
            raw_route(path, handler, methods=("GET", "POST"), too_large=_refused, crashed=_crashed)
            for path, handler in paths
        ]
        return [*spoken, *own]

    async def notify(self, request: InboundRequest) -> Answered:
        """Believe a signed notification as far as asking; answered after the truth is kept."""
        acquirer = self._nicepay.get(request.path.split("/")[2])
        reference = await acquirer.hear(request) if acquirer is not None else None
        if reference is None:
            return Answered(status=403, headers=TEXT, body=b"ERROR")
        await self._learn(reference)
        return Answered(status=200, headers=TEXT, body=b"OK")

    async def back(self, request: InboundRequest) -> Answered:
        """A browser comes back: ask what happened, and send it on to the merchant."""
        acquirer = self._nicepay.get(request.path.split("/")[2])
        fields = query_or_body(request)
        reference, signed = None, False
        if acquirer is not None:
            reference = await acquirer.reference_of(fields.get("tXid", ""))
            signed = acquirer.has_signed(fields)
        payment = await self._learn(reference) if reference is not None else None
        return await returned_page(self._cards, request, payment, signed=signed)

    async def _learn(self, reference: str) -> Payment | None:
        """Ask the acquirer about one attempt and keep what it says."""
        row = await self._pool.fetchrow(SQL.attempt_of_reference, reference)
        if row is None:
            return None
        if row["open"]:
            await self._cards.sweep.ask_about(row["payment_id"], row["id"])
        return await self._cards.find(row["txid"])


async def open_card_office(node: Node, *, work: bool) -> CardOffice:
    """Start a node's card desk, and the office around it; `stop` ends both."""
    settings = node.settings
    await node.cards.start(work=work)
    office = CardOffice(
        cards=node.cards,
        pool=node.pool,
        lane=node.lane,
        box=node.box,
        outbound=node.outbound,
        addresses=AddressPolicy(allow_private=settings.supplier_private_addresses_allowed),
        clock=node.clock,
        deposit_imid=settings.card_deposit_imid,
    )
    await office.start(work=work)
    return office


def _refused(_request: InboundRequest) -> Answered:
    return Answered(status=413, headers=TEXT, body=b"ERROR")


def _crashed(_request: InboundRequest) -> Answered:
    return Answered(status=500, headers=TEXT, body=b"ERROR")
