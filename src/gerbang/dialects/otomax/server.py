"""The server half: the paths of an OtomaX installation for resellers "via IP" (sheet §3, §12)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, assert_never

import msgspec
from starlette.routing import BaseRoute

from gerbang.bills.bill import Service
from gerbang.dialects.contract import (
    Credential,
    Gateway,
    Inquiry,
    OrderView,
    Pay,
    PlaceResult,
    ProductKind,
    ProductQuery,
    ProductView,
    Purchase,
    Refusal,
    TicketRequest,
    Uncertain,
)
from gerbang.dialects.otomax import replies, tickets, wire
from gerbang.dialects.otomax.bills import BillCode, read_code
from gerbang.dialects.otomax.explain import explain_request
from gerbang.dialects.otomax.form import Fields, UnreadableError, read_fields
from gerbang.dialects.otomax.profiles import Voice, voice_of
from gerbang.dialects.otomax.settings import RESERVED_SLUGS
from gerbang.dialects.otomax.spec import NAME, reason_text
from gerbang.orders.reasons import Reason
from gerbang.outbound.message import Answered, InboundRequest
from gerbang.web.asgi import Handler, raw_route

KINDS: Final = frozenset({ProductKind.PREPAID, ProductKind.GAME, ProductKind.OPEN})
"""What a purchase may buy; bills have codes of their own, see bills.py."""

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"""All are routed so that a wrong one is refused in the dialect's own form."""

TRX_PATHS: Final = ("/trx", "/api/h2h/trx", "/without-sign/trx")
BALANCE_PATHS: Final = ("/trx/balance", "/balance")
UNUSED_SLUGS: Final = tuple(sorted(RESERVED_SLUGS - {"balance", "status"}))
"""Reserved names that mean nothing here."""


class Session(msgspec.Struct, frozen=True):
    """A reseller who has logged in."""

    credential: Credential
    voice: Voice


def routes(gateway: Gateway) -> list[BaseRoute]:
    """Give every path of this dialect; a slash at the end is the same path (§2)."""
    server = _Server(gateway)
    table: list[tuple[str, Handler]] = [
        *((path, server.trx) for path in TRX_PATHS),
        *((path, server.balance) for path in BALANCE_PATHS),
        ("/trx/status", server.status),
        ("/ticket", server.ticket),
        *((f"/trx/{slug}", server.unknown) for slug in UNUSED_SLUGS),
        ("/trx/{slug}", server.slug_trx),
    ]
    paths = [(path + slash, handler) for path, handler in table for slash in ("", "/")]
    return [
        raw_route(
            path,
            _only_get_and_post(handler),
            methods=METHODS,
            too_large=_too_large,
            crashed=_crashed,
        )
        for path, handler in [*paths, ("/", server.command)]
    ]


def _only_get_and_post(handler: Handler) -> Handler:
    """Refuse the others in words; HEAD comes with GET, and a link checker must not buy."""

    async def handle(request: InboundRequest) -> Answered:
        if request.method not in ("GET", "POST"):
            return replies.text_answer(_format_text("gunakan GET atau POST"))
        return await handler(request)

    return handle


def _too_large(_request: InboundRequest) -> Answered:
    return replies.text_answer(_format_text("permintaan terlalu besar"))


def _crashed(_request: InboundRequest) -> Answered:
    # An order may exist: the buyer must go on asking, so this reads as pending everywhere.
    return replies.text_answer("Mohon tunggu, transaksi sedang diproses. Silakan cek status.")


def _format_text(detail: str) -> str:
    return f"{reason_text(Reason.INVALID_REQUEST)}: {detail}"


class _Server:
    """The handlers, in the order of checks of §12 number 1."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def trx(self, request: InboundRequest) -> Answered:
        """Order, or answer `check=1`."""
        return await self._trx(request)

    async def slug_trx(self, request: InboundRequest) -> Answered:
        """Do the same under a reseller's own path."""
        return await self._trx(request, slug=request.path.rstrip("/").rpartition("/")[2])

    async def status(self, request: InboundRequest) -> Answered:
        """Answer the status path of §10: the same question as `check=1`."""
        return await self._trx(request, check=True)

    async def unknown(self, _request: InboundRequest) -> Answered:
        """Refuse a path that is reserved and means nothing."""
        return replies.text_answer(_format_text("perintah tidak dikenal"))

    async def balance(self, request: InboundRequest) -> Answered:
        """Answer the balance; both published formulas sign it (§4.1)."""
        try:
            fields = read_fields(request)
        except UnreadableError as error:
            return replies.text_answer(_format_text(str(error)))
        session = self._log_in(request, fields, texts=wire.balance_texts)
        if isinstance(session, Answered):
            return session
        return replies.balance_answer(
            session.voice, await self._gateway.balance(session.credential)
        )

    async def command(self, request: InboundRequest) -> Answered:
        """Answer ``/?cmd=ticket``, the only command that is known."""
        try:
            named = read_fields(request).get("cmd", "").lower()
        except UnreadableError as error:
            return replies.text_answer(_format_text(str(error)))
        return await (self.ticket if named == "ticket" else self.unknown)(request)

    async def ticket(self, request: InboundRequest) -> Answered:
        """Open a deposit ticket, or give the open one for the same amount (§6)."""
        try:
            fields = read_fields(request)
        except UnreadableError as error:
            return replies.text_answer(_format_text(str(error)))
        session = self._log_in(request, fields, texts=tickets.ticket_texts)
        if isinstance(session, Answered):
            return session
        wanted = tickets.read_ticket(fields)
        if isinstance(wanted, wire.FieldProblem):
            text = f"{reason_text(wanted.reason)}: {wanted.message}"
            return replies.message_answer(session.voice, text)
        asked = TicketRequest(
            dialect=NAME,
            amount=wanted.amount,
            testing=wanted.testing or session.credential.testing,
        )
        result = await self._gateway.open_ticket(session.credential, asked)
        if isinstance(result, Refusal):
            return tickets.refusal_answer(session.voice, result)
        return tickets.ticket_answer(session.voice, result)

    async def _trx(
        self, request: InboundRequest, *, slug: str | None = None, check: bool = False
    ) -> Answered:
        try:
            fields = read_fields(request)
        except UnreadableError as error:
            return replies.text_answer(_format_text(str(error)))
        session = self._log_in(request, fields, texts=None, slug=slug)
        if isinstance(session, Answered):
            return session
        wanted = self._read_wanted(session, fields, check=check)
        if isinstance(wanted, wire.FieldProblem):
            return await self._refuse(session, fields, wanted)
        if wanted.check:
            return await self._check(session, wanted)
        code = read_code(wanted.product, lambda one: self._find(session, one))
        if code is not None:
            return await self._bill(session, wanted, code)
        return await self._buy(session, wanted, sign=fields.get("sign", ""))

    # --- who asks -----------------------------------------------------------------------------

    def _log_in(
        self,
        request: InboundRequest,
        fields: Fields,
        *,
        texts: Callable[[Fields, wire.Login], Iterator[str]] | None,
        slug: str | None = None,
    ) -> Session | Answered:
        """Find the member, his address, his state and his secrets; `texts` None is an order's."""
        member = fields.get("memberid", "")
        if not member:
            return replies.text_answer("Too short: memberID kosong")
        credential = self._gateway.find_credential(NAME, member.upper())
        if credential is None or not _owns_slug(credential, slug):
            return replies.text_answer(reason_text(Reason.UNKNOWN_CREDENTIAL))
        voice = voice_of(credential.reseller.settings)
        if reason := self._gateway.check_access(credential, request.client_ip):
            return replies.message_answer(voice, _access_text(reason, request.client_ip))
        if reason := _check_secrets(credential, fields, texts=texts):
            text = _login_text(reason, fields)
            if reason is Reason.INVALID_SIGNATURE and _is_test(credential, fields):
                text += _explained(request, credential)
            return replies.message_answer(voice, text)
        return Session(credential, voice)

    # --- what is asked for --------------------------------------------------------------------

    async def _buy(self, session: Session, wanted: wire.Wanted, *, sign: str) -> Answered:
        purchase = Purchase(
            dialect=NAME,
            product_code=wanted.product,
            destination=wanted.destination,
            kinds=KINDS,
            reference=wanted.reference,
            quantity=wanted.quantity,
            counter=wanted.counter,
            testing=wanted.testing or session.credential.testing,
            signature=sign,
            price_max=wanted.price_max,
        )
        result = await self._gateway.place(session.credential, purchase)
        return self._answer(session, wanted, result)

    def _find(self, session: Session, code: str) -> ProductView | None:
        query = ProductQuery(code=code, limit=1)
        found, _ = self._gateway.list_products(session.credential, query)
        return found[0] if found else None

    async def _bill(self, session: Session, wanted: wire.Wanted, code: BillCode) -> Answered:
        """Show a bill (`C…`, `CEK…`), or pay the newest one that was shown (`B…`, `BYR…`)."""
        taken = wire.with_nominal(wanted)
        taken = wanted if isinstance(taken, wire.FieldProblem) else taken
        testing = wanted.testing or session.credential.testing
        amount = taken.quantity if code.service == Service.EWALLET.value else None
        if code.act == "inquiry":
            inquiry = Inquiry(
                dialect=NAME,
                product_code=code.product,
                customer_no=taken.destination,
                reference=wanted.reference,
                amount=amount,
                testing=testing,
            )
            shown = await self._gateway.inquire(session.credential, inquiry)
            if isinstance(shown, Refusal):
                return self._answer(session, wanted, shown)
            return replies.inquiry_answer(session.voice, wanted, shown)
        payment = Pay(
            dialect=NAME,
            product_code=code.product,
            customer_no=taken.destination,
            reference=wanted.reference,
            amount=amount,
            testing=testing,
            price_max=wanted.price_max,
        )
        result = await self._gateway.pay(session.credential, payment)
        if isinstance(result, OrderView):
            # The reply repeats the code that was asked with, whichever prefix it has (§9.3).
            result = msgspec.structs.replace(
                result, product_code=wanted.product, kind=ProductKind.PREPAID
            )
        return self._answer(session, wanted, result)

    def _answer(self, session: Session, wanted: wire.Wanted, result: PlaceResult) -> Answered:
        match result:
            case OrderView():
                return replies.order_answer(session.voice, result)
            case Uncertain():
                return replies.uncertain_answer(session.voice, wanted, result)
            case Refusal():
                now = self._gateway.clock.now()
                return replies.refusal_answer(session.voice, wanted, result, now=now)
            case _:
                assert_never(result)

    def _read_wanted(
        self, session: Session, fields: Fields, *, check: bool
    ) -> wire.Wanted | wire.FieldProblem:
        """Read the fields, and ``number#nominal`` (§3.1) where the product's amount is open.

        Elsewhere the part after the ``#`` belongs to the number (a game's zone): it must not
        multiply the order.
        """
        wanted = wire.read_wanted(fields, check=check)
        if isinstance(wanted, wire.FieldProblem) or "#" not in wanted.destination:
            return wanted
        query = ProductQuery(code=wanted.product, kind=ProductKind.OPEN, limit=1)
        found, _ = self._gateway.list_products(session.credential, query)
        return wire.with_nominal(wanted) if found else wanted

    async def _refuse(
        self, session: Session, fields: Fields, problem: wire.FieldProblem
    ) -> Answered:
        """Refuse wrong fields; a known reference still gets its order."""
        wanted = wire.Wanted(
            product=wire.shown(fields.get("product", "")).upper(),
            destination=wire.shown(fields.get("dest", "")),
            reference=wire.shown(fields.get("refid", "")),
        )
        # Where even the reference cannot be trusted, no order is looked for.
        unclear = problem.field in ("testing", "check", "cmd", "refid")
        purchase = Purchase(
            dialect=NAME,
            product_code=wanted.product,
            destination=wanted.destination,
            kinds=KINDS,
            reference=None if unclear else wanted.reference,
            testing=session.credential.testing or (not unclear and wire.is_testing(fields)),
        )
        refusal = Refusal(reason=problem.reason, message=problem.message)
        result = await self._gateway.refuse(session.credential, purchase, refusal)
        return self._answer(session, wanted, result)

    async def _check(self, session: Session, wanted: wire.Wanted) -> Answered:
        """Answer where an order stands; never creates one (§9.1).

        A reference that is not known is not found, even where another order to that number
        exists: its state would be taken for this one's.
        """
        testing = wanted.testing or session.credential.testing
        if wanted.reference:
            order = await self._gateway.find_order(
                session.credential, wanted.reference, testing=testing
            )
        else:
            order = await self._gateway.find_latest_order(
                session.credential,
                destination=wanted.destination,
                product_code=wanted.product,
                testing=testing,
            )
        if order is None:
            now = self._gateway.clock.now()
            return replies.not_found_answer(session.voice, wanted.destination, now=now)
        return replies.check_answer(session.voice, order)


def _owns_slug(credential: Credential, slug: str | None) -> bool:
    """A slug that is nobody's or another member's is the same as an unknown member (§2, §12)."""
    return slug is None or credential.reseller.settings.get("otomax.slug") == slug


def _check_secrets(
    credential: Credential,
    fields: Fields,
    *,
    texts: Callable[[Fields, wire.Login], Iterator[str]] | None,
) -> Reason | None:
    settings = credential.reseller.settings
    legacy = settings.get("otomax.legacy_sign") is True
    login = wire.Login(
        credential.key,
        credential.secrets.get("pin", "").strip(),
        credential.secrets.get("password", "").strip(),
    )
    candidates = texts(fields, login) if texts else wire.order_texts(fields, login, legacy=legacy)
    reason = wire.check_login(fields, login, texts=candidates, legacy=legacy)
    unsigned = not fields.get("sign", "").strip()
    if reason is None and unsigned and settings.get("otomax.require_sign") is True:
        return Reason.INVALID_SIGNATURE
    return reason


def _is_test(credential: Credential, fields: Fields) -> bool:
    return credential.testing or fields.get("testing", "").lower() in ("1", "true")


def _explained(request: InboundRequest, credential: Credential) -> str:
    """Say in testing how we build the sign, and where the sender's parts from it."""
    found = explain_request(request, credential)
    if found is None:
        return ""
    return f" [{found.differs}: {found.advice}. Teks: {found.steps[0][1]}]"


def _access_text(reason: Reason, client_ip: str) -> str:
    """Say why the caller is not welcome, without GAGAL: no order was looked at (§5.1)."""
    if reason is Reason.ADDRESS_NOT_ALLOWED:
        return f"{reason_text(reason)} @{client_ip}"
    return reason_text(reason)


def _login_text(reason: Reason, fields: Fields) -> str:
    """Say which secret is wrong; the reference is said to be 0, because it was not used (§5.1)."""
    text = reason_text(reason)
    product, dest = wire.shown(fields.get("product", "")), wire.shown(fields.get("dest", ""))
    if reason is Reason.INVALID_SIGNATURE or not (product and dest):
        return text
    return f"R#0 {product}.{dest} GAGAL. {text}"
