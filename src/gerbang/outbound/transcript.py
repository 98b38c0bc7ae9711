"""What was said on the wire, for people to read later: pure, with everything secret replaced.

Replaced are: every text a request lists as secret, however it was escaped; the values of headers
that authenticate; and the values of parameters whose name says that they are secret. Destination
numbers stay readable, so numbers are not judged by their looks.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final
from urllib.parse import quote, quote_plus

from gerbang.outbound.message import Answered, HttpRequest, NeverSent, NoAnswer, SendResult

TRANSCRIPT_BYTES_MAX: Final = 4 * 1024
MASK: Final = "•••"

_WINDOWS: Final = 8
"""How many times the shown size is searched for secrets."""
CUT_CHARS: Final = 4096
"""Where a text was cut a secret may be cut in half, so this much before a cut is left out."""

_SECRET_HEADERS: Final = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "cookie",
        "set-cookie",
        "x-api-key",
        "api-key",
        "x-signature",
        "x-auth-token",
        "webhook-signature",
        "client-secret",
    }
)

# A name is secret by its last word, so that merchantToken, access_token and demo_secret_key are
# found with token and secret_key; `sn` and `refid` are not secret.
_SECRET_NAME: Final = re.compile(
    r".*(?:token|pin|passwd|password|passphrase|sign|signature|secret|(?:secret|api|merchant|private)"
    r"[_-]?key|authorization|cvv|cvc|card_?no|card_?number|card_?exp\w*|otp)",
    re.IGNORECASE,
)
_PAIR: Final = re.compile(r"(?<![\w.-])([\w.-]++)=([^&\s\"'<>;,]+)")
_JSON: Final = re.compile(r'"([\w.-]++)"(\s*:\s*)("(?:[^"\\]|\\.)*+"?|[^\s,}\]"\[{]++)')
_NESTED_JSON: Final = re.compile(r'\\"([\w.-]++)\\"(\s*:\s*(?:\\")?)([^"\\,}]++)')
_XML: Final = re.compile(r"<([\w.:-]++)((?:\s[^<>]*)?>)([^<]++)")
_XMLRPC: Final = re.compile(
    r"<name>\s*([\w.-]++)\s*(</name>\s*<value>\s*(?:<(?:string|int|i4)>)?)([^<]++)"
)
_USERINFO: Final = re.compile(r"(?i)(\bhttps?://)[^\s/?#@]+@")


def scrub(
    request: HttpRequest, answer: SendResult, *, bytes_max: int = TRANSCRIPT_BYTES_MAX
) -> tuple[str, str]:
    """Give request and answer as texts that may be stored and shown, each within `bytes_max`."""
    return (
        _finish(_request_text(request, bytes_max), request.secrets, bytes_max),
        _finish(_answer_text(answer, bytes_max), request.secrets, bytes_max),
    )


def scrub_text(text: str, secrets: Iterable[str], *, bytes_max: int = TRANSCRIPT_BYTES_MAX) -> str:
    """Replace everything secret in any text, and cut it to `bytes_max`."""
    return _finish(text, tuple(secrets), bytes_max)


def _request_text(request: HttpRequest, bytes_max: int) -> str:
    head = f"{request.method} {request.url}\n{_headers_text(request.headers)}"
    return f"{head}\n{_body_text(request.body, bytes_max)}"


def _answer_text(answer: SendResult, bytes_max: int) -> str:
    match answer:
        case Answered():
            head = f"HTTP {answer.status}\n{_headers_text(answer.headers)}"
            return f"{head}\n{_body_text(answer.body, bytes_max)}"
        case NeverSent():
            return f"never sent: {answer.error}"
        case NoAnswer():
            return f"no answer: {answer.error}"


def _headers_text(headers: Iterable[tuple[str, str]]) -> str:
    return "".join(
        f"{name}: {MASK if name.lower() in _SECRET_HEADERS else value}\n" for name, value in headers
    )


def _body_text(body: bytes, bytes_max: int) -> str:
    """Give more of a body than a transcript holds, so that the cut falls beyond what is shown."""
    return body[: _WINDOWS * bytes_max].decode("utf-8", "replace")


def _finish(text: str, secrets: tuple[str, ...], bytes_max: int) -> str:
    text = text.replace("\x00", "\ufffd")  # which no text of a database may hold
    window = _WINDOWS * bytes_max
    cut = len(text) >= window
    masked = mask(text[:window], secrets)
    if cut:
        masked = masked[:-CUT_CHARS]
    encoded = masked.encode("utf-8", "replace")
    if len(encoded) <= bytes_max and not cut:
        return encoded.decode()
    room = max(bytes_max - len("…".encode()), 0)
    return encoded[:room].decode("utf-8", "ignore") + "…"


def mask(text: str, secrets: tuple[str, ...] = ()) -> str:
    """Replace every secret text and the values of secret parameters."""
    # The longest first, since one secret may hold another.
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, MASK)
        if not _NEVER_ESCAPED.fullmatch(secret):
            text = _mask_escaped(text, secret)
    if "=" in text:
        text = _PAIR.sub(_masked_pair, text)
    if '"' in text:
        text = _JSON.sub(_masked_json, text)
    if '\\"' in text:
        text = _NESTED_JSON.sub(_masked_nested, text)
    if "<" in text:
        text = _XMLRPC.sub(_masked_xmlrpc, _XML.sub(_masked_xml, text))
    return _USERINFO.sub(rf"\1{MASK}@", text) if "@" in text else text


def _masked_pair(found: re.Match[str]) -> str:
    return f"{found[1]}={MASK}" if _is_secret(found[1]) else found[0]


def _masked_json(found: re.Match[str]) -> str:
    return f'"{found[1]}"{found[2]}"{MASK}"' if _is_secret(found[1]) else found[0]


def _masked_nested(found: re.Match[str]) -> str:
    return f'\\"{found[1]}\\"{found[2]}{MASK}' if _is_secret(found[1]) else found[0]


def _masked_xml(found: re.Match[str]) -> str:
    return f"<{found[1]}{found[2]}{MASK}" if _is_secret(found[1]) else found[0]


def _masked_xmlrpc(found: re.Match[str]) -> str:
    return f"<name>{found[1]}{found[2]}{MASK}" if _is_secret(found[1]) else found[0]


@lru_cache(maxsize=4096)
def _is_secret(name: str) -> bool:
    return _SECRET_NAME.fullmatch(name[-60:]) is not None


def _mask_escaped(text: str, secret: str) -> str:
    """Replace escaped forms. Signatures differ in every request, so a pattern is the last resort.

    Where the longest run of characters that nobody escapes is absent, so is every escaped form.
    """
    run = max(_NEVER_ESCAPED.findall(secret), key=len, default="")
    if run and run not in text:
        return text
    for quoting in (quote, quote_plus):
        text = text.replace(quoting(secret, safe="", errors="replace"), MASK)
    if run and run not in text:
        return text
    return _escaped(secret).sub(MASK, text)


@lru_cache(maxsize=1024)
def _escaped(secret: str) -> re.Pattern[str]:
    """Match a secret of which any character may be percent-, JSON- or HTML-escaped."""
    return re.compile("".join(_shapes(character) for character in secret), re.IGNORECASE)


def _shapes(character: str) -> str:
    """Give every way in which one character may stand in a URL, a form, JSON or XML."""
    if _NEVER_ESCAPED.fullmatch(character):
        return character
    percent = "".join(f"%{byte:02x}" for byte in character.encode("utf-8", "replace"))
    units = character.encode("utf-16-be", "replace")
    json_hex = "".join(rf"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
    short = re.escape(json.dumps(character, ensure_ascii=False)[1:-1])
    entity = re.escape(html.escape(character))
    numeric = rf"&\#(?:0*{ord(character)}|x0*{ord(character):x});"
    space = r"|\+" if character == " " else ""
    own = re.escape(character)
    return rf"(?:{percent}|{json_hex}|{short}|\\{own}|{entity}|{numeric}|{own}{space})"


_NEVER_ESCAPED: Final = re.compile(r"[A-Za-z0-9_]+")
