"""Developer pages: samples with one's own values, try it, signatures, codes, magic numbers."""

from __future__ import annotations

import secrets
from ipaddress import ip_address, ip_network
from typing import Any, Final

from starlette.responses import Response

from gerbang.developer.call import Asker, Call, CallBook, fill
from gerbang.developer.pasted import read_request
from gerbang.developer.samples import BOOKS, write_samples
from gerbang.developer.try_it import editable, try_call, with_values
from gerbang.dialects.contract import Credential
from gerbang.dialects.registry import DIALECTS
from gerbang.docs_tables import block
from gerbang.documentation.render import render
from gerbang.errors import BadInputError, NotFoundError
from gerbang.golive.read import read_checklist
from gerbang.people.role import Permission
from gerbang.portal.own import own_id, own_reseller
from gerbang.web.pages.site import Site
from gerbang.web.pages.visit import Visit

_USE: Final = Permission.PORTAL_USE
_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


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
    return visit.page("portal/developer.html", reseller=reseller, books=BOOKS)


async def magic_page(visit: Visit) -> Response:
    """Show what the last digits of a destination do."""
    made = render(block("magic-numbers", visit.language))
    return visit.page("portal/magic.html", table=made.html)


async def go_live_page(visit: Visit) -> Response:
    """Show what was proved in testing, and what is still open before real money."""
    reseller = await own_reseller(visit)
    found = await read_checklist(visit.pool, reseller["code"])
    return visit.page("portal/go_live.html", reseller=reseller, found=found)


async def signature_page(visit: Visit) -> Response:
    """Ask for a request whose signature was refused."""
    book = _book(visit)
    if DIALECTS[book.dialect].explain is None:
        raise NotFoundError(visit.t("error.no_such_thing"))
    _, credential = await _asker(visit, book)
    return visit.page("portal/signature.html", book=book, credential=credential, found=None)


async def post_signature(visit: Visit) -> Response:
    """Say how we build the signature of a request, and where the one that came parts from it."""
    book = _book(visit)
    explain = DIALECTS[book.dialect].explain
    _, credential = await _asker(visit, book)
    text = visit.form.text("request", most=20_000)
    visit.form.check()
    if explain is None or credential is None:
        raise BadInputError(visit.t("portal.no_credential"))
    found = explain(read_request(text), credential)
    if found is None:
        problem = visit.t("portal.signature_unreadable")
        raise BadInputError(problem, {"request": problem})
    return visit.page("portal/signature.html", book=book, credential=credential, found=found)


async def dialect_page(visit: Visit) -> Response:
    """Show a dialect's calls."""
    book = _book(visit)
    asker, credential = await _asker(visit, book)
    return visit.page(
        "portal/dialect.html", book=book, asker=asker, credential=credential, call=None
    )


async def codes_page(visit: Visit) -> Response:
    """Show every code of a dialect, from its own tables."""
    book = _book(visit)
    made = render(block(book.error_block, visit.language))
    return visit.page("portal/codes.html", book=book, table=made.html)


async def call_page(visit: Visit) -> Response:
    """Show one call in four languages, with a form that tries it."""
    book, call = _book(visit), _call(visit)
    asker, credential = await _asker(visit, book)
    filled = fill(book, call, asker)
    return visit.page(
        "portal/call.html",
        book=book,
        call=call,
        filled=filled,
        samples=write_samples(book, call, asker),
        steps=book.explain(call, filled.fields, asker),
        credential=credential,
        fields=editable(book, call.name),
        reply=None,
    )


async def post_try(visit: Visit) -> Response:
    """Try a call in testing mode and show what came back."""
    book, call = _book(visit), _call(visit)
    asker, credential = await _asker(visit, book)
    if credential is None:
        raise BadInputError(visit.t("portal.no_credential"))
    values = {name: visit.form.text(f"v-{name}", most=100) for name in editable(book, call.name)}
    for name in [n for n, v in call.fields.items() if isinstance(v, int) and n in values]:
        visit.form.integer(f"v-{name}", least=1, most=10**12)
    visit.form.check()
    filled = with_values(book, call.name, values, asker)
    reply = await try_call(
        filled,
        book,
        dialect=DIALECTS[book.dialect],
        gateway=visit.node.gateway,
        credential=credential,
        client_ip=await _address(visit),
    )
    return visit.page("portal/reply.html", reply=reply, filled=filled, call=call)


# --- who asks -------------------------------------------------------------------------------------


def _book(visit: Visit) -> CallBook:
    book = BOOKS.get(visit.name("dialect"))
    if book is None:
        raise NotFoundError(visit.t("error.no_such_thing"))
    return book


def _call(visit: Visit) -> Call:
    call = _book(visit).find(visit.name("call"))
    if call is None:
        raise NotFoundError(visit.t("error.no_such_thing"))
    return call


async def _asker(visit: Visit, book: CallBook) -> tuple[Asker, Credential | None]:
    """Give the reseller with its newest credential of a dialect; stand-ins where it has none."""
    credential = _credential(visit, book.dialect)
    settings = visit.kit.settings
    base_url = settings.public_url or str(visit.request.base_url)
    slug = visit.node.snapshot.resellers[own_id(visit)].view.settings.get("otomax.slug")
    key = credential.key if credential is not None else f"YOUR_{book.dialect.upper()}_ID"
    known = credential.secrets if credential is not None else {}
    asker = Asker(
        base_url=base_url.rstrip("/"),
        ids={"api_id": key, "memberID": key, "slug": str(slug or "")},
        secrets={name: known.get(name, "") for name in book.secret_names},
        reference=f"TRY-{''.join(secrets.choice(_LETTERS) for _ in range(6))}",
        now=visit.kit.clock.now(),
    )
    return asker, credential


def _credential(visit: Visit, dialect: str) -> Credential | None:
    snapshot, now = visit.node.snapshot, visit.kit.clock.now()
    mine = [
        stored
        for stored in snapshot.credentials.values()
        if stored.reseller_id == own_id(visit) and stored.dialect == dialect and stored.holds(now)
    ]
    if not mine:
        return None
    newest = max(mine, key=lambda stored: (not stored.testing, stored.id))
    return snapshot.credential(dialect, newest.key, now)


async def _address(visit: Visit) -> str:
    """Give an address that the reseller calls from: the browser's, else the first of its list."""
    reseller: dict[str, Any] = await own_reseller(visit)
    networks = [ip_network(text) for text in reseller["allowed_ips"]]
    here = ip_address(visit.ip)
    if not networks or any(here in network for network in networks):
        return visit.ip
    return str(networks[0].network_address)
