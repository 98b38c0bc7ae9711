"""One request for a page: who asks, in which language, and how to answer."""

from __future__ import annotations

import base64
import binascii
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from gerbang.errors import NotFoundError
from gerbang.people.role import Permission
from gerbang.people.user import Session, User
from gerbang.postgres.pool import Connection, Pool
from gerbang.web.client_address import client_ip_of
from gerbang.web.pages.catalogue import LANGUAGE_NAMES, LANGUAGES, Words
from gerbang.web.pages.forms import Form

if TYPE_CHECKING:
    from gerbang.app import Node
    from gerbang.web.pages.site import Site

LANGUAGE_COOKIE: Final = "gerbang_language"
THEME_COOKIE: Final = "gerbang_theme"
THEMES: Final = ("auto", "light", "dark")
FLASH_S: Final = 30
FLASH_LETTERS_MAX: Final = 2_000
_ID_DIGITS_MAX: Final = 18
"""What has no more always fits a BIGINT."""

GUIDE_COOKIE: Final = "gerbang_guide"
"""Kept while the steps to the first sale are not done."""


class Visit:
    """A request, seen by the function that answers it."""

    def __init__(self, site: Site, request: Request) -> None:
        """Read language and theme; who asks is found afterwards."""
        self.site = site
        self.kit = site.kit
        self.request = request
        self.session: Session | None = None
        self.language = _language(request)
        self.theme = request.cookies.get(THEME_COOKIE, "auto")
        if self.theme not in THEMES:
            self.theme = "auto"
        self.t = Words(self.kit.catalogue, self.language)
        self.form = Form({}, self.t)
        self.errors: Mapping[str, str] = {}
        self.problem = ""
        self._keeps_typed = False
        self._status = 200

    # --- what was asked ---------------------------------------------------------------------------

    @property
    def node(self) -> Node:
        """The running node."""
        return self.kit.node

    @property
    def pool(self) -> Pool:
        """Connections for reading."""
        return self.kit.pool

    @property
    def user(self) -> User:
        """Who is signed in."""
        if self.session is None:
            msg = "nobody is signed in"
            raise RuntimeError(msg)
        return self.session.user

    @property
    def actor(self) -> str:
        """The name for the audit log and the ledger."""
        return f"{self.site.realm}:{self.user.username}"

    @property
    def ip(self) -> str:
        """Where the request comes from."""
        return client_ip_of(self.request.scope) or "0.0.0.0"  # noqa: S104 (no address)

    @property
    def path(self) -> str:
        """The path of the request."""
        return str(self.request.url.path)

    @property
    def query(self) -> Mapping[str, str]:
        """What is in the URL."""
        return self.request.query_params

    @property
    def is_fragment(self) -> bool:
        """Whether HTMX asks for a part of a page."""
        return self.request.headers.get("hx-request") == "true"

    @property
    def is_guided(self) -> bool:
        """Whether somebody is on the way from empty to the first sale, on another page."""
        return self.request.cookies.get(GUIDE_COOKIE) == "1" and not self.path.endswith("/start")

    def name(self, part: str = "code") -> str:
        """Give a part of the path."""
        return str(self.request.path_params[part])

    def number(self, part: str = "id") -> int:
        """Give a number in the path. Raises NotFoundError when no row could have it."""
        text = str(self.request.path_params[part])
        if not (text.isascii() and text.isdecimal() and len(text) <= _ID_DIGITS_MAX):
            raise NotFoundError(self.t("error.no_such_thing"))
        return int(text)

    def may(self, permission: str) -> bool:
        """Tell whether who asks is allowed something."""
        return self.session is not None and self.user.may(Permission(permission))

    @asynccontextmanager
    async def changing(self) -> AsyncIterator[Connection]:
        """Give a connection in a transaction; what it changed is in this node's memory after."""
        async with self.pool.acquire() as connection, connection.transaction():
            yield connection
        await self.node.loader.refresh_now()

    # --- the answer -------------------------------------------------------------------------------

    def page(self, template: str, /, *, status: int | None = None, **values: Any) -> HTMLResponse:
        """Answer with a template."""
        html = self.kit.templates.get_template(template).render(self._context(values))
        return HTMLResponse(html, self._status if status is None else status)

    def render(self, template: str, /, **values: Any) -> str:
        """Render a template without answering, for parts and events."""
        return self.kit.templates.get_template(template).render(self._context(values))

    def _context(self, values: Mapping[str, Any]) -> dict[str, Any]:
        user = self.session.user if self.session is not None else None
        return {
            "visit": self,
            "site": self.site,
            "t": self.t,
            "lang": self.language,
            "languages": LANGUAGE_NAMES,
            "theme": self.theme,
            "user": user,
            "may": self.may,
            "errors": self.errors,
            "problem": self.problem,
            "typed": self.typed,
            "flash": self._flash(),
            **values,
        }

    def typed(self, name: str, default: Any = "") -> Any:
        """Give what was typed into a field when the form comes back, else its value."""
        if self.errors or self.problem or self._keeps_typed:
            return self.form.raw(name)
        return "" if default is None else default

    def keep_typed(self) -> None:
        """Show a form as it was sent, beside what it would do."""
        self._keeps_typed = True

    def refused(self, problem: str, errors: Mapping[str, str]) -> None:
        """Show the page again with what was wrong."""
        self.problem, self.errors, self._status = problem, errors, 422

    def go(self, path: str, text: str = "", *, kind: str = "success") -> Response:
        """Send the browser to a path of this site, with a word about what was done."""
        inside = path.startswith("/") and not path.startswith("//")
        # Browsers take a backslash for a slash, and a header holds no line end.
        target = path if inside and "\\" not in path and path.isprintable() else self.site.prefix
        answer: Response
        if self.is_fragment:
            answer = Response(status_code=200, headers={"hx-redirect": target})
        else:
            answer = RedirectResponse(target, 303)
        if text:
            self.set_cookie(answer, self._flash_cookie, _packed([kind, text]), seconds=FLASH_S)
        return answer

    def toast(self, text: str, *, kind: str = "success", status: int = 200) -> Response:
        """Answer HTMX with a word at the edge of the page, and nothing else."""
        html = self.render("pages/toast.html", kind=kind, text=text)
        headers = {"hx-retarget": "#toasts", "hx-reswap": "beforeend"}
        return HTMLResponse(html, status, headers)

    # --- cookies ----------------------------------------------------------------------------------

    @property
    def _flash_cookie(self) -> str:
        return f"gerbang_{self.site.realm}_word"

    def set_cookie(
        self, answer: Response, name: str, value: str, *, seconds: int, everywhere: bool = False
    ) -> None:
        """Set a cookie that scripts cannot read and other sites cannot send."""
        answer.set_cookie(
            name,
            value,
            max_age=seconds,
            path="/" if everywhere else self.site.prefix,
            secure=self.kit.https,
            httponly=True,
            samesite="lax",
        )

    def drop_cookie(self, answer: Response, name: str) -> None:
        """Take a cookie away."""
        answer.delete_cookie(
            name, path=self.site.prefix, secure=self.kit.https, httponly=True, samesite="lax"
        )

    def _flash(self) -> tuple[str, str] | None:
        text = self.request.cookies.get(self._flash_cookie)
        if text is None or self.is_fragment:
            return None
        self.request.state.flash_shown = True
        return _unpacked(text)

    def after(self, answer: Response) -> Response:
        """Take the word away once it was shown."""
        if getattr(self.request.state, "flash_shown", False):
            self.drop_cookie(answer, self._flash_cookie)
        return answer


def _language(request: Request) -> str:
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    if chosen in LANGUAGES:
        return chosen
    wanted = request.headers.get("accept-language", "").lower()
    first = wanted.split(",")[0].strip()
    return "en" if first.startswith("en") else "id"


def _packed(value: list[str]) -> str:
    text = msgspec.json.encode([part[:FLASH_LETTERS_MAX] for part in value])
    return base64.urlsafe_b64encode(text).decode()


def _unpacked(text: str) -> tuple[str, str] | None:
    try:
        kind, word = msgspec.json.decode(base64.urlsafe_b64decode(text), type=tuple[str, str])
    except (binascii.Error, msgspec.DecodeError, ValueError):
        return None
    return (kind if kind in {"success", "danger", "warning", "info"} else "info"), word
