"""The pages people pay on, as bytes: checkout, 3-D Secure, the way back, results.

Every page starts with ``<head>`` and has no doctype, because the protocol's clients look for that
(protocol sheet §0, §5.3). The language is set on a later ``<html>`` tag, which a browser merges
into the root. Nothing is inline: scripts and styles come from our own address, and the
Content-Security-Policy names where forms may go. A page never shows a buyer's whole card
number; those of the sandbox are shown in testing mode.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import jinja2
import msgspec
from markupsafe import escape

from gerbang.dialects.card_contract import TrialCard
from gerbang.dialects.nicepay.card_form import BRANDS
from gerbang.dialects.nicepay.page_words import (
    FIELD_OF_PROBLEM,
    LANGUAGES,
    WORDS,
    Language,
    problem_of,
    result_of,
)
from gerbang.outbound.message import Answered

ASSETS_PATH: Final = "/nicepay/assets"
CHALLENGE_FORM: Final = "mpgsAuthFrm"
"""Name and id of the 3-D Secure form; clients look it up by this (§5.3)."""
BROWSER_FIELDS: Final = (
    "browser",
    "browserJavaEnabled",
    "browserJavascriptEnabled",
    "browserLanguage",
    "browserScreenColorDepth",
    "browserScreenHeight",
    "browserScreenWidth",
    "browserTimeZone",
)

_ERROR_TEXTS: Final = (
    "number_empty", "number_wrong", "number_short", "number_brand",
    "expiry_empty", "expiry_wrong", "expiry_past",
    "cvv_empty", "cvv_wrong", "holder_empty", "holder_wrong",
    "otp_empty", "otp_wrong", "busy", "challenge_over",
)  # fmt: skip
"""Words that the script needs in both languages."""


class OrderFace(msgspec.Struct, frozen=True, kw_only=True):
    """What every page shows of an order, so that the buyer knows what he pays."""

    merchant: str
    amount: int
    goods: str = ""
    reference: str = ""
    testing: bool = False


class CheckoutView(msgspec.Struct, frozen=True, kw_only=True):
    """The hosted card form.

    `hidden` is posted back as it is. `problems` maps fields to keys of the words (what
    `read_card_form` gives); `result_cd` is why the attempt before failed. `holder` may be filled
    in; a card number never is.
    """

    language: Language
    order: OrderFace
    action: str
    hidden: Mapping[str, str]
    brands: Sequence[str] = BRANDS
    cvv_needed: bool = True
    luhn_checked: bool = True
    tenors: Sequence[int] = (1,)
    tenor: int = 1
    holder: str = ""
    problems: Mapping[str, str] = {}
    result_cd: str = ""
    attempts_left: int | None = None
    language_url: str = ""
    """The page's own address with ``tXid``, to which ``&lang=`` is added; empty hides the links."""
    trial_cards: Sequence[TrialCard] = ()
    """What the sandbox issuer knows; a page that takes real cards has none."""


class BeginView(msgspec.Struct, frozen=True, kw_only=True):
    """The first page of 3-D Secure: tells the browser's kind, then posts `mpgsAuthFrm`."""

    language: Language
    action: str
    """Absolute, since one client opens it as it stands."""
    hidden: Mapping[str, str]


class ChallengeView(msgspec.Struct, frozen=True, kw_only=True):
    """The issuer's question for a one-time password.

    The form posts `hidden`, `otp`, and `answer` (``verify`` or ``cancel``).
    """

    language: Language
    order: OrderFace
    action: str
    hidden: Mapping[str, str]
    masked_number: str
    seconds_left: int
    problem: str = ""
    otp_digits: int = 6
    hint: str = ""
    """The sandbox says its one-time password here; a live issuer never does."""


class ReturnView(msgspec.Struct, frozen=True, kw_only=True):
    """The way back to the merchant: `fields` as hidden inputs, sent by script or by a button."""

    language: Language
    url: str
    fields: Mapping[str, str]
    method: str = "post"


class ResultView(msgspec.Struct, frozen=True, kw_only=True):
    """A result that sends nobody on: no action, no script; `fields` for clients that parse (§0)."""

    language: Language
    result_cd: str
    fields: Mapping[str, str]
    order: OrderFace | None = None
    txid: str = ""
    again_url: str = ""
    """The hosted page of this payment, where it can be looked at or tried again."""


# --- the pages -----------------------------------------------------------------------------------


def checkout_page(view: CheckoutView) -> bytes:
    """Show the card form, with what was wrong the last time beside the fields."""
    if view.trial_cards and not view.order.testing:
        raise ValueError("test cards are shown in testing mode only")
    problems = dict(view.problems)
    failed = problem_of(view.result_cd) if view.result_cd else ""
    if failed in FIELD_OF_PROBLEM:
        problems.setdefault(FIELD_OF_PROBLEM[failed], failed)
        failed = ""
    return _render("checkout", view, problems=problems, failed=failed, tenors=_tenors(view))


def begin_page(view: BeginView) -> bytes:
    """Post the challenge form by itself; a button stands there for who has no script."""
    return _render("begin", view, browser_fields=BROWSER_FIELDS, form_name=CHALLENGE_FORM)


def challenge_page(view: ChallengeView) -> bytes:
    """Ask for the one-time password."""
    return _render("challenge", view, form_name=CHALLENGE_FORM)


def auto_submit_page(view: ReturnView) -> bytes:
    """Send the browser back to the merchant with the callback's fields."""
    url, before = (view.url, []) if view.method == "post" else _split_query(view.url)
    start, middle, end = _return_frame(view.language, view.method, _outcome(view.fields))
    inputs = "".join(
        f'<input type="hidden" name="{_escaped(name)}" value="{_escaped(value)}">\n'
        for name, value in [*before, *view.fields.items()]
    )
    return f"{start}{escape(url)}{middle}{inputs}{end}".encode()


_PLAIN: Final = re.compile(r"[^&<>\"']*").fullmatch


def _escaped(text: str) -> str:
    """Escape; most of some forty values need nothing, and looking is cheaper."""
    return text if _PLAIN(text) else str(escape(text))


def result_page(view: ResultView) -> bytes:
    """Say what it came to and what to do next; it leads at most to the hosted page."""
    word = problem_of(view.result_cd) if view.result_cd != "0000" else ""
    return _render("result", view, result=result_of(view.result_cd), problem=word)


def page_answer(page: bytes, *, status: int = 200, returns_to: str = "") -> Answered:
    """Wrap a page with the headers that every page of ours has; `returns_to` is a callBackUrl."""
    return Answered(status=status, headers=page_headers(returns_to=returns_to), body=page)


def page_headers(*, returns_to: str = "") -> tuple[tuple[str, str], ...]:
    """Forbid what a payment page never needs: other scripts, frames, caches, referrers.

    Browsers hold a form's redirects to `form-action` too, and a merchant's callback may lead on
    to another of his hosts: the way back therefore allows any https address, other pages none.
    """
    return (
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
        ("cross-origin-opener-policy", "same-origin-allow-popups"),
        ("content-security-policy", _policy(returns_to)),
    )


def _policy(returns_to: str) -> str:
    goes_to = "'self'" + (f" https: {_origin(returns_to)}" if returns_to else "")
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
        f" form-action {goes_to}; base-uri 'none'; frame-ancestors 'none'"
    )


def _origin(url: str) -> str:
    """Give scheme and host as a policy may hold them; what is no URL gives nothing."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    plain = host.replace(".", "").replace("-", "").replace("_", "")
    if parts.scheme not in ("http", "https") or not (plain.isascii() and plain.isalnum()):
        return ""
    return f"{parts.scheme}://{host}{port}"


def _split_query(url: str) -> tuple[str, list[tuple[str, str]]]:
    """Take the query off: a GET form would lose it, so it travels as inputs."""
    parts = urlsplit(url)
    bare = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
    return bare, parse_qsl(parts.query, keep_blank_values=True)


def _outcome(fields: Mapping[str, str]) -> str:
    return result_of(fields.get("resultCd", ""))


def _tenors(view: CheckoutView) -> list[tuple[int, int]]:
    """Give the months with what one month comes to, rounded up."""
    return [(months, -(-view.order.amount // months)) for months in view.tenors]


_URL_PLACE: Final = "url-of-the-merchant"
_FIELDS_PLACE: Final = "fields-of-the-callback"


@cache
def _return_frame(language: Language, method: str, outcome: str) -> tuple[str, str, str]:
    """Give what is equal on every way back: every charge ends here, so it is made once."""
    view = ReturnView(language=language, url="", fields={}, method=method)
    fields = [(_FIELDS_PLACE, "")]
    page = _render("auto_submit", view, url=_URL_PLACE, fields=fields, outcome=outcome).decode()
    start, _, rest = page.partition(_URL_PLACE)
    middle, _, end = rest.partition(f'<input type="hidden" name="{_FIELDS_PLACE}" value="">\n')
    return start, middle, end


# --- how they are made ---------------------------------------------------------------------------


def _render(name: str, view: msgspec.Struct, **more: Any) -> bytes:
    template = _templates().get_template(f"{name}.html")
    language: Language = getattr(view, "language", "id")
    words = {key: pair[LANGUAGES.index(language)] for key, pair in WORDS.items()}
    return template.render(v=view, w=words, assets=ASSETS_PATH, **more).strip().encode()


@cache
def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("gerbang.dialects.nicepay"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters["rupiah"] = rupiah
    environment.globals["both"] = _both
    environment.globals["script_texts"] = _script_texts
    return environment


def rupiah(amount: int) -> str:
    """Write an amount as people read it: Rp 1.250.000, with a space that does not break."""
    return f"Rp\u00a0{amount:,}".replace(",", ".")


def _both(key: str) -> Mapping[str, str]:
    indonesian, english = WORDS[key]
    return {"id": indonesian, "en": english}


def _script_texts() -> str:
    texts = {key: _both(key) for key in _ERROR_TEXTS}
    return msgspec.json.encode(texts).decode()
