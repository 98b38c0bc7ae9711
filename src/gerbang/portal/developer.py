"""Developer pages: samples with one's own values, try it, signatures, codes, magic numbers."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from itertools import pairwise
from typing import Any, Final

from starlette.responses import Response

from gerbang.cards.merchant import Merchant
from gerbang.developer.call import Call, CallBook
from gerbang.developer.pasted import fields_of, read_request
from gerbang.developer.samples import BOOKS, samples_of
from gerbang.developer.try_it import editable, try_call, with_values
from gerbang.dialects.dialect import SignatureExplanation
from gerbang.dialects.nicepay.explain import FIELDS, explain_token
from gerbang.dialects.registry import DIALECTS
from gerbang.docs_tables import block
from gerbang.documentation.render import render
from gerbang.errors import BadInputError, NotFoundError
from gerbang.golive.read import read_checklist
from gerbang.outbound.message import InboundRequest
from gerbang.people.role import Permission
from gerbang.portal.asker import CARDS, Who, fill_for, who_asks
from gerbang.portal.own import own_id, own_reseller
from gerbang.portal.store import SQL
from gerbang.web.pages.site import Site
from gerbang.web.pages.visit import Visit

_USE: Final = Permission.PORTAL_USE
_SETTINGS: Final = "/portal/settings"
_WHERE: Final[Mapping[str, str]] = {
    "callback.configured": f"{_SETTINGS}#callback",
    "credential.live": _SETTINGS,
    "addresses.listed": f"{_SETTINGS}#addresses",
    "deposit.sufficient": "/portal/deposits",
    "kyc.approved": "/portal/terms#kyc",
}
"""Where an open line of the go-live checklist is closed; the others by trying calls."""


def add_pages(site: Site) -> None:
    """Add them."""
    site.get("/developer", index_page, may=_USE)
    site.get("/developer/magic-numbers", magic_page, may=_USE)
    site.get("/developer/go-live", go_live_page, may=_USE)
    site.get("/developer/{dialect}", dialect_page, may=_USE)
    site.get("/developer/{dialect}/codes", codes_page, may=_USE)
    site.get("/developer/{dialect}/signature", signature_page, may=_USE)
    site.post("/developer/{dialect}/signature", post_signature, may=_USE, form_page=signature_page)
    site.get("/developer/{dialect}/{call}", call_page, may=_USE)
    site.post("/developer/{dialect}/{call}", post_try, may=_USE, form_page=call_page)


async def index_page(visit: Visit) -> Response:
    """Say where to begin."""
    reseller = await own_reseller(visit)
    has_cards = bool(await visit.pool.fetch(SQL.merchants, own_id(visit)))
    enabled = {*reseller["dialects"], *([CARDS] if has_cards else [])}
    return visit.page("portal/developer.html", enabled=enabled, books=BOOKS)


async def magic_page(visit: Visit) -> Response:
    """Show what the last digits of a destination do."""
    made = render(block("magic-numbers", visit.language))
    return visit.page("portal/magic.html", table=made.html)


async def go_live_page(visit: Visit) -> Response:
    """Show what was proved in testing, and what is still open before real money."""
    reseller = await own_reseller(visit)
    found = await read_checklist(visit.pool, reseller["code"])
    names = (name for name in BOOKS if name in reseller["dialects"])
    tried_at = f"/portal/developer/{next(names, '')}".rstrip("/")
    where = {item.name: _WHERE.get(item.name, tried_at) for item in found.open}
    return visit.page("portal/go_live.html", reseller=reseller, found=found, where=where)


async def signature_page(visit: Visit) -> Response:
    """Ask for a request whose signature was refused."""
    book = _book(visit)
    if not _explains(book):
        raise NotFoundError(visit.t("error.no_such_thing"))
    who = await who_asks(visit, book)
    return visit.page("portal/signature.html", book=book, who=who, found=None)


async def post_signature(visit: Visit) -> Response:
    """Say how we build the signature of a request, and where the one that came parts from it."""
    book = _book(visit)
    who = await who_asks(visit, book)
    text = visit.form.text("request", most=20_000)
    visit.form.check()
    found = _explained(visit, book, who, read_request(text))
    if found is None:
        problem = visit.t("portal.signature_unreadable")
        raise BadInputError(problem, {"request": problem})
    return visit.page("portal/signature.html", book=book, who=who, found=found)


async def dialect_page(visit: Visit) -> Response:
    """Show a dialect's calls."""
    book = _book(visit)
    who = await who_asks(visit, book)
    return visit.page("portal/dialect.html", book=book, who=who, explains=_explains(book))


async def codes_page(visit: Visit) -> Response:
    """Show every code of a dialect, from its own tables."""
    book = _book(visit)
    made = render(block(book.error_block, visit.language))
    return visit.page("portal/codes.html", book=book, table=made.html)


async def call_page(visit: Visit) -> Response:
    """Show one call in four languages, with a form that tries it."""
    book, call = _book(visit), _call(visit)
    who = await who_asks(visit, book)
    filled = await fill_for(visit, who, call, book)
    return visit.page(
        "portal/call.html",
        book=book,
        call=call,
        filled=filled,
        samples=samples_of(filled),
        steps=book.explain(call, filled.fields, who.asker),
        who=who,
        explains=_explains(book),
        fields=editable(book, call.name),
        reply=None,
    )


async def post_try(visit: Visit) -> Response:
    """Try a call in testing mode and show what came back."""
    book, call = _book(visit), _call(visit)
    who = await who_asks(visit, book)
    if not who.may_try:
        raise BadInputError(visit.t("portal.no_credential"))
    values = {name: visit.form.text(f"v-{name}", most=100) for name in editable(book, call.name)}
    for name in [n for n, v in call.fields.items() if isinstance(v, int) and n in values]:
        visit.form.integer(f"v-{name}", least=1, most=10**12)
    visit.form.check()
    filled = with_values(book, call.name, values, who.asker)
    reply = await try_call(filled, book, routes=who.routes(visit), client_ip=await _address(visit))
    following = next((b for a, b in pairwise(book.calls) if a.name == call.name), None)
    return visit.page(
        "portal/reply.html", reply=reply, filled=filled, dialect=book.dialect, next=following
    )


# --- what is asked about --------------------------------------------------------------------------


def _book(visit: Visit) -> CallBook:
    book = BOOKS.get(visit.name("dialect"))
    if book is None:
        raise NotFoundError(visit.t("error.no_such_thing"))
    return book


def _explains(book: CallBook) -> bool:
    """Tell whether a dialect's signatures can be explained."""
    dialect = DIALECTS.get(book.dialect)
    return book.dialect == CARDS or (dialect is not None and dialect.explain is not None)


def _explained(
    visit: Visit, book: CallBook, who: Who, request: InboundRequest
) -> SignatureExplanation | None:
    if who.merchant is not None:
        fields = fields_of(request)
        named = [one for one in who.merchants if one.imid == fields.get("iMid")]
        return _token_explained(fields, named[0] if named else who.merchant)
    explain = DIALECTS[book.dialect].explain if book.dialect in DIALECTS else None
    if explain is None or who.credential is None:
        raise BadInputError(visit.t("portal.no_credential"))
    return explain(request, who.credential)


def _token_explained(fields: Mapping[str, str], merchant: Merchant) -> SignatureExplanation | None:
    token = fields.get("merchantToken", "")
    names = FIELDS["cancel" if "cancelType" in fields else "order"]
    known = {"iMid": merchant.imid, **fields}  # a payment's form does not name it
    parts = {name: known.get(name, "") for name in names}
    return explain_token(parts, merchant.key, given=token) if token else None


def _call(visit: Visit) -> Call:
    call = _book(visit).find(visit.name("call"))
    if call is None:
        raise NotFoundError(visit.t("error.no_such_thing"))
    return call


async def _address(visit: Visit) -> str:
    """Give an address that the reseller calls from: the browser's, else the first of its list."""
    reseller: dict[str, Any] = await own_reseller(visit)
    networks = [ip_network(text) for text in reseller["allowed_ips"]]
    here = ip_address(visit.ip)
    if not networks or any(here in network for network in networks):
        return visit.ip
    return str(networks[0].network_address)
