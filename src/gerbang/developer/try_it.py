"""Make a call of a dialect on behalf of its reseller, as a test, through the dialect's own door.

The request goes through the same routes as a real one, in this process. The gateway behind them
knows one credential only, and takes every request for a testing one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from starlette.routing import BaseRoute, Router
from starlette.types import Message

from gerbang.cards.merchant import Merchant
from gerbang.cards.payment import Payment
from gerbang.developer.call import Asker, CallBook, Filled, fill
from gerbang.dialects.card_contract import CardGateway
from gerbang.dialects.contract import (
    BillView,
    Credential,
    Gateway,
    Inquiry,
    Pay,
    PlaceResult,
    Purchase,
    Refusal,
    TicketRequest,
    TicketView,
)
from gerbang.orders.reasons import Reason

STAND_IN_TOKEN: Final = "the-token-is-known-to-nobody"  # noqa: S105 (opens nothing)
"""Only a token's hash is stored, so a stand-in travels and is known to be the reseller's."""


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: str


class TestingGateway:
    """A gateway for one credential that cannot do anything real."""

    def __init__(self, gateway: Gateway, credential: Credential) -> None:
        """Take the running one, and who asks."""
        self._gateway = gateway
        self._credential = msgspec.structs.replace(credential, testing=True)

    def __getattr__(self, name: str) -> Any:
        """Everything that only reads is the running gateway's."""
        return getattr(self._gateway, name)

    def find_credential(self, dialect: str, key: str) -> Credential | None:
        """Give the one credential, whatever travelled as a token."""
        mine = self._credential
        known = dialect == mine.dialect and (key == mine.key or not mine.secrets)
        return mine if known else None

    async def place(self, credential: Credential, purchase: Purchase) -> PlaceResult:
        """Place a testing order, never another."""
        if not purchase.testing:
            return Refusal(reason=Reason.NOT_LIVE)
        return await self._gateway.place(credential, purchase)

    async def inquire(self, credential: Credential, inquiry: Inquiry) -> BillView | Refusal:
        """Ask for a bill that is not real, never for another."""
        if not inquiry.testing:
            return Refusal(reason=Reason.NOT_LIVE)
        return await self._gateway.inquire(credential, inquiry)

    async def pay(self, credential: Credential, payment: Pay) -> PlaceResult:
        """Pay a bill that is not real, never another."""
        if not payment.testing:
            return Refusal(reason=Reason.NOT_LIVE)
        return await self._gateway.pay(credential, payment)

    async def open_ticket(
        self, credential: Credential, request: TicketRequest
    ) -> TicketView | Refusal:
        """Open a testing ticket, never another."""
        if not request.testing:
            return Refusal(reason=Reason.NOT_LIVE)
        return await self._gateway.open_ticket(credential, request)


class SandboxCards:
    """Card calls for one sandbox merchant: no other's payments are found, no real card charged."""

    def __init__(self, cards: CardGateway, merchant: Merchant) -> None:
        """Take the running desk, and whose calls these are."""
        self._cards = cards
        self._merchant = merchant

    def __getattr__(self, name: str) -> Any:
        """Everything else is the running desk's."""
        return getattr(self._cards, name)

    def merchant(self, imid: str) -> Merchant | None:
        """Give the one merchant, while it is a sandbox's."""
        mine = self._merchant
        return mine if imid == mine.imid and mine.sandboxed else None

    async def find(self, txid: str) -> Payment | None:
        """Find a payment of the one merchant."""
        payment = await self._cards.find(txid)
        mine = payment is not None and payment.merchant_id == self._merchant.id
        return payment if mine and self._merchant.sandboxed else None


def request_of(book: CallBook, filled: Filled) -> tuple[str, bytes, Sequence[tuple[str, str]]]:
    """Give query, body and headers of a filled call."""
    computed, style = filled.computed, filled.call.style
    headers = [("host", urlsplit(filled.url).netloc)]
    if "token" in book.secret_names:
        headers.append(("authorization", f"Bearer {STAND_IN_TOKEN}"))
    if style == "query":
        return str(computed.get("query", computed.get("body", ""))), b"", headers
    headers.append(("content-type", _TYPES[style]))
    return "", str(computed["body"]).encode(), headers


_TYPES: Final = {
    "json": "application/json",
    "form": "application/x-www-form-urlencoded",
    "xml": "text/xml",
}


async def try_call(
    filled: Filled,
    book: CallBook,
    *,
    routes: Sequence[BaseRoute],
    client_ip: str,
) -> Reply:
    """Make the call at routes over a harmless gateway; a program would see the same reply."""
    router = Router(routes=list(routes))
    query, body, headers = request_of(book, filled)
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": filled.call.method,
        "scheme": "http",
        "path": urlsplit(filled.url).path,
        "raw_path": urlsplit(filled.url).path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(k.encode(), v.encode("latin-1")) for k, v in headers],
        "client": (client_ip, 0),
        "server": None,
        "gerbang.client_ip": client_ip,
    }
    said: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        said.append(message)

    await router(scope, receive, send)
    start = said[0]
    content = b"".join(message.get("body", b"") for message in said[1:])
    return Reply(
        status=start["status"],
        headers={k.decode("latin-1"): v.decode("latin-1") for k, v in start["headers"]},
        body=content.decode(errors="replace"),
    )


_BUYER: Final = (
    "billingNm",
    "billingPhone",
    "billingEmail",
    "billingAddr",
    "billingCity",
    "billingState",
    "billingPostCd",
    "billingCountry",
)


def with_values(book: CallBook, name: str, values: Mapping[str, str], asker: Asker) -> Filled:
    """Fill a call with a person's own values for what may be changed; testing stays as it is."""
    call = book.find(name)
    if call is None:
        raise KeyError(name)
    fields = dict(call.fields)
    for field in editable(book, name):
        if field in values:
            old = fields[field]
            fields[field] = int(values[field]) if isinstance(old, int) else values[field]
    return fill(book, msgspec.structs.replace(call, fields=fields), asker)


FIXED: Final = frozenset(
    {"cmd", "testing", "TESTING", "check", "PIN", "qty", "payMethod", "currency", *_BUYER}
)
"""Fields that make a call what it is."""


def editable(book: CallBook, name: str) -> list[str]:
    """Give the fields of a call that a person may change before trying."""
    call = book.find(name)
    return [field for field in call.fields if field not in FIXED] if call is not None else []
