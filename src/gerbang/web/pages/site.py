"""A site is a set of pages with one sign-in: the console, the portal. Every page is checked here.

For each request, in this order: it comes from our own pages, its body is not too large, somebody
is signed in who may do it; and whatever goes wrong becomes a page that says so.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import msgspec
import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Message, Receive, Scope, Send

from gerbang.errors import BadInputError, NotFoundError, UserError
from gerbang.ids import new_error_id
from gerbang.ledger.read import AccountNotFoundError
from gerbang.orders.decide import CannotDecideError
from gerbang.orders.read import OrderNotFoundError
from gerbang.people.read import network_allowed
from gerbang.people.role import Permission
from gerbang.people.session import find_session
from gerbang.postgres.errors import (
    InterfaceError,
    LockNotAvailable,
    PostgresConnectionError,
    QueryCanceled,
)
from gerbang.postgres.lane import NotWrittenError, OutcomeUnknownError
from gerbang.web.pages.forms import Form
from gerbang.web.pages.protection import HEADERS, HSTS, SAFE_METHODS, comes_from_our_pages
from gerbang.web.pages.visit import Visit

if TYPE_CHECKING:
    from gerbang.web.pages.kit import Kit

log = structlog.get_logger()

BODY_BYTES_MAX: Final = 1024 * 1024
UPLOAD_BYTES_MAX: Final = 64 * 1024 * 1024
FIELDS_MAX: Final = 5_000
FILES_MAX: Final = 20
_MISSING: Final = (NotFoundError, OrderNotFoundError, AccountNotFoundError)
_AWAY: Final = (
    ConnectionError,
    InterfaceError,
    LockNotAvailable,
    NotWrittenError,
    PostgresConnectionError,
    QueryCanceled,
)

PageFunction = Callable[[Visit], Awaitable[Response]]


class NavigationItem(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the menu."""

    key: str
    path: str
    icon: str
    permission: Permission


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One page or action: what a test walks through as every role."""

    method: str
    path: str
    permission: Permission | None
    """None is open to everybody, also without signing in."""
    answer: PageFunction
    form_page: PageFunction | None = None
    upload: bool = False
    while_password_temporary: bool = False


class Site:
    """One site; pages are added, then `routes` gives what the application mounts."""

    def __init__(
        self, kit: Kit, *, realm: str, prefix: str, navigation: Sequence[NavigationItem] = ()
    ) -> None:
        """Name it."""
        self.kit = kit
        self.realm = realm
        self.prefix = prefix
        self.navigation = list(navigation)
        self.entries: list[Entry] = []
        self.brand = ""
        """The key of the word beside our name."""
        self.stylesheet = ""
        """One of its own, beside the one of every site."""
        self.welcome: Callable[[Visit], Awaitable[bool]] | None = None
        """Tells whether nobody can sign in yet, so that the first owner is asked for."""
        secure = "__Secure-" if kit.https else ""
        self.cookie = f"{secure}gerbang_{realm}"

    def get(
        self,
        path: str,
        answer: PageFunction,
        *,
        may: Permission | None,
        while_password_temporary: bool = False,
    ) -> None:
        """Add a page."""
        self.entries.append(
            Entry(
                method="GET",
                path=self.prefix + path,
                permission=may,
                answer=answer,
                while_password_temporary=while_password_temporary,
            )
        )

    def post(
        self,
        path: str,
        answer: PageFunction,
        *,
        may: Permission | None,
        form_page: PageFunction | None = None,
        upload: bool = False,
        while_password_temporary: bool = False,
    ) -> None:
        """Add an action. `form_page` shows the form again when it was not acceptable."""
        self.entries.append(
            Entry(
                method="POST",
                path=self.prefix + path,
                permission=may,
                answer=answer,
                form_page=form_page,
                upload=upload,
                while_password_temporary=while_password_temporary,
            )
        )

    def routes(self) -> list[BaseRoute]:
        """Give all routes of the site, and its own *not found*."""
        routes: list[BaseRoute] = [
            Route(entry.path, PageEndpoint(self, entry), methods=_methods(entry))
            for entry in self.entries
        ]
        lost = Entry(method="GET", path=self.prefix, permission=None, answer=_lost)
        endpoint = PageEndpoint(self, lost)
        routes.append(Route(self.prefix + "/{rest:path}", endpoint, methods=["GET", "POST"]))
        return routes


def _methods(entry: Entry) -> list[str]:
    return ["GET", "HEAD"] if entry.method == "GET" else [entry.method]


async def _lost(visit: Visit) -> Response:
    raise NotFoundError(visit.t("error.no_such_page"))


class _TooLargeError(Exception):
    """The body is larger than the page takes."""


class PageEndpoint:
    """One entry as an ASGI application."""

    def __init__(self, site: Site, entry: Entry) -> None:
        self._site = site
        self._entry = entry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        most = UPLOAD_BYTES_MAX if self._entry.upload else BODY_BYTES_MAX
        request = Request(scope, _limited(receive, most))
        visit = Visit(self._site, request)
        try:
            answer = await self._answer(visit)
        except ClientDisconnect:
            return
        finally:
            await request.close()
        visit.after(answer)
        for name, value in HEADERS.items():
            answer.headers.setdefault(name, value)
        if self._site.kit.https:
            answer.headers["strict-transport-security"] = HSTS
        await answer(scope, receive, send)

    async def _answer(self, visit: Visit) -> Response:
        try:
            return await self._checked(visit)
        except ClientDisconnect:
            raise
        except _TooLargeError:
            return _problem(visit, 413, "too_large")
        except HTTPException:
            return _problem(visit, 400, "bad_form")
        except OutcomeUnknownError as error:
            log.warning("page.outcome_unknown", path=visit.path, error=str(error))
            return _problem(visit, 504, "uncertain")
        except _AWAY as error:
            log.warning("page.database_away", path=visit.path, error=repr(error))
            return _problem(visit, 503, "away")
        except Exception:
            error_id = new_error_id()
            log.exception("page.crashed", error_id=error_id, path=visit.path)
            return _problem(visit, 500, "crashed", error_id=error_id)

    async def _checked(self, visit: Visit) -> Response:
        method = visit.request.method
        if not comes_from_our_pages(method, visit.request.headers):
            log.warning("page.refused_foreign_request", path=visit.path, ip=visit.ip)
            return _problem(visit, 403, "foreign")
        if self._site.realm == "console" and not await network_allowed(visit.pool, visit.ip):
            log.warning("page.refused_address", ip=visit.ip)
            return _problem(visit, 403, "address", ip=visit.ip)
        refusal = await self._signed_in(visit)
        if refusal is not None:
            return refusal
        try:
            if method not in SAFE_METHODS:
                form = await visit.request.form(max_files=FILES_MAX, max_fields=FIELDS_MAX)
                visit.form = Form(form, visit.t)
            return await self._entry.answer(visit)
        except _MISSING as error:
            return _missing(visit, error)
        except (UserError, CannotDecideError) as error:
            return await self._refused(visit, error)

    async def _signed_in(self, visit: Visit) -> Response | None:
        """Find who asks, and refuse who may not."""
        site, entry = self._site, self._entry
        token = visit.request.cookies.get(site.cookie)
        if token:
            visit.session = await find_session(
                visit.pool,
                token,
                realm=site.realm,
                ip=visit.ip,
                idle_s=site.kit.settings.session_idle_s,
            )
        if entry.permission is None:
            return None
        if visit.session is None or visit.session.second_factor_due:
            return _to_sign_in(visit)
        if not visit.user.may(entry.permission):
            return _problem(visit, 403, "forbidden", permission=entry.permission.value)
        if visit.user.password_temporary and not entry.while_password_temporary:
            return visit.go(f"{site.prefix}/account/password")
        return None

    async def _refused(self, visit: Visit, error: Exception) -> Response:
        message = str(error)
        fields = error.fields if isinstance(error, BadInputError | UserError) else {}
        if visit.is_fragment and self._entry.form_page is None:
            return visit.toast(message, kind="danger", status=422)
        if self._entry.form_page is not None:
            visit.refused(message, fields)
            try:
                return await self._entry.form_page(visit)
            except _MISSING as missing:
                return _missing(visit, missing)
        return visit.go(_referer(visit), message, kind="danger")


def _referer(visit: Visit) -> str:
    """Give the path of the page that was left, when it is of this site."""
    text = visit.request.headers.get("referer", "")
    host = visit.request.headers.get("host", "")
    _, _, rest = text.partition(f"//{host}")
    return rest if rest.startswith(visit.site.prefix) else visit.site.prefix


def _to_sign_in(visit: Visit) -> Response:
    target = f"{visit.site.prefix}/sign-in"
    if visit.session is not None:
        target = f"{visit.site.prefix}/second-factor"
    if visit.is_fragment:
        return Response(status_code=401, headers={"hx-redirect": target})
    if visit.request.method in SAFE_METHODS:
        wanted = visit.path + (f"?{visit.request.url.query}" if visit.request.url.query else "")
        target += f"?next={quote(wanted, safe='/')}"
    return RedirectResponse(target, 303)


def _missing(visit: Visit, error: Exception) -> Response:
    text = error.message if isinstance(error, NotFoundError) else visit.t("error.no_such_thing")
    return _problem(visit, 404, "missing", detail=text)


def _problem(visit: Visit, status: int, word: str, **values: str) -> Response:
    text = visit.t(f"error.{word}", **values)
    if visit.is_fragment:
        return visit.toast(text, kind="danger", status=status)
    signed_in = visit.session is not None and not visit.session.second_factor_due
    layout = "pages/layout.html" if signed_in else "pages/bare.html"
    return visit.page(
        "pages/error.html",
        status=status,
        layout=layout,
        title=visit.t(f"error.{word}_title"),
        text=text,
        detail=values.get("detail", ""),
        error_id=values.get("error_id", ""),
        code=status,
    )


def _limited(receive: Receive, bytes_max: int) -> Receive:
    """Count a body while it comes."""
    size = 0

    async def counted() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > bytes_max:
            raise _TooLargeError
        return message

    return counted
