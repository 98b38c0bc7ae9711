"""Why a receiver of callbacks fails, found out step by step, in words for the person who calls.

The steps stop at the first that fails, since the later ones need it. One request is sent: the
callback that is given, or a test message that says it is one.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from functools import cache, partial
from typing import Final
from urllib.parse import SplitResult, urlsplit

import msgspec

from gerbang.callbacks.deliver import is_acknowledged
from gerbang.outbound.addresses import AddressPolicy
from gerbang.outbound.client import OutboundClient
from gerbang.outbound.failures import tls_word
from gerbang.outbound.message import Answered, HttpRequest, SendResult

TEST_BODY: Final = b'{"type":"callback.test","data":{"testing":true}}'
NAMES_AT_ONCE_MAX: Final = 2
SLOW_MS: Final = 3_000
"""A receiver this slow will miss its deadline on a busy day."""


class Step(StrEnum):
    """What is looked at, in this order."""

    URL = "url"
    NAME = "name"
    ADDRESS = "address"
    CONNECT = "connect"
    TLS = "tls"
    ANSWER = "answer"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What one step found; `advice` says what to do about it."""

    step: Step
    ok: bool
    text: str
    advice: str = ""


class _Target(msgspec.Struct, frozen=True, kw_only=True):
    host: str
    port: int
    tls: bool


class _Stop(Exception):  # noqa: N818 (it ends the steps, and is no error of ours)
    """A step failed."""

    def __init__(self, step: Step, text: str, advice: str = "") -> None:
        super().__init__(text)
        self.finding = Finding(step=step, ok=False, text=text, advice=advice)


async def diagnose(
    url: str,
    *,
    client: OutboundClient,
    addresses: AddressPolicy,
    request: HttpRequest | None = None,
    deadline_ms: int = 10_000,
) -> list[Finding]:
    """Look at a receiver as the deliverer would meet it; the last finding is the verdict."""
    findings: list[Finding] = []
    try:
        async with asyncio.timeout(2 * deadline_ms / 1000):
            await _probe(url, findings, client=client, addresses=addresses)
        sent = request or _test_request(url)
        answer = await client.send(
            sent, deadline_ms=deadline_ms, purpose="callback", addresses=addresses
        )
        findings.append(judge_answer(answer))
    except _Stop as stop:
        findings.append(stop.finding)
    except TimeoutError:
        step = list(Step)[len(findings)]
        findings.append(Finding(step=step, ok=False, text="took too long", advice=_FIREWALL))
    return findings


def _test_request(url: str) -> HttpRequest:
    headers = (("Content-Type", "application/json"), ("X-Gerbang-Testing", "true"))
    return HttpRequest(method="POST", url=url, headers=headers, body=TEST_BODY)


async def _probe(
    url: str, findings: list[Finding], *, client: OutboundClient, addresses: AddressPolicy
) -> None:
    target = _read_url(url)
    findings.append(Finding(step=Step.URL, ok=True, text=f"{target.host} port {target.port}"))
    found = await _resolve(target)
    findings.append(Finding(step=Step.NAME, ok=True, text=", ".join(found)))
    allowed = _allowed(found, addresses)
    findings.append(Finding(step=Step.ADDRESS, ok=True, text=", ".join(allowed)))
    source = client.settings.callback_source_ip
    address = await _connect(target, allowed, source)
    findings.append(Finding(step=Step.CONNECT, ok=True, text=f"connected to {address}"))
    text = await _handshake(target, address, client=client) if target.tls else _NO_TLS
    findings.append(Finding(step=Step.TLS, ok=True, text=text))


# --- the steps -----------------------------------------------------------------------------------


def _read_url(url: str) -> _Target:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _Stop(Step.URL, f"not a URL: {error}", _URL_ADVICE) from None
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host or not url.isascii():
        raise _Stop(Step.URL, "not an http(s) URL", _URL_ADVICE)
    tls = parts.scheme == "https"
    return _Target(host=host, port=port or _default_port(parts), tls=tls)


def _default_port(parts: SplitResult) -> int:
    return 443 if parts.scheme == "https" else 80


@cache
def _threads() -> ThreadPoolExecutor:
    """Give threads of our own: where a name server hangs, passwords are not to wait."""
    return ThreadPoolExecutor(NAMES_AT_ONCE_MAX, thread_name_prefix="doctor")


async def _resolve(target: _Target) -> list[str]:
    look_up = partial(socket.getaddrinfo, target.host, target.port, type=socket.SOCK_STREAM)
    try:
        rows = await asyncio.get_running_loop().run_in_executor(_threads(), look_up)
    except OSError as error:
        advice = "Check the spelling and that the domain has an A or AAAA record."
        text = f"{target.host} cannot be resolved: {error.strerror}"
        raise _Stop(Step.NAME, text, advice) from None
    return list(dict.fromkeys(str(row[4][0]) for row in rows))


def _allowed(found: Sequence[str], addresses: AddressPolicy) -> list[str]:
    refusals = {address: addresses.refusal(address) for address in found}
    allowed = [address for address, why in refusals.items() if why is None]
    if not allowed:
        text = ", ".join(f"{address} is refused ({why})" for address, why in refusals.items())
        raise _Stop(Step.ADDRESS, text, "Use a public address, or let the operator allow this one.")
    return allowed


async def _connect(target: _Target, allowed: Sequence[str], source: str) -> str:
    """Connect to the first address that lets us; the others are named in the advice's place."""
    errors: list[str] = []
    for address in allowed:
        try:
            await _open(target, address, source=source, tls=None)
        except OSError as error:
            errors.append(f"{address}: {error.strerror or error}")
        else:
            return address
    raise _Stop(Step.CONNECT, "; ".join(errors), _FIREWALL)


async def _handshake(target: _Target, address: str, *, client: OutboundClient) -> str:
    source = client.settings.callback_source_ip
    try:
        return await _open(target, address, source=source, tls=client.tls_context())
    except ssl.SSLCertVerificationError as error:
        advice = _CERTIFICATE_ADVICE.get(error.verify_code, _CERTIFICATE_OTHER)
        raise _Stop(Step.TLS, f"certificate: {error.verify_message}", advice) from None
    except OSError as error:
        raise _Stop(Step.TLS, f"TLS failed: {tls_word(error)}", _TLS_ADVICE) from None


async def _open(target: _Target, address: str, *, source: str, tls: ssl.SSLContext | None) -> str:
    """Open and close a connection; give the TLS version it agreed on."""
    _, writer = await asyncio.open_connection(
        address,
        target.port,
        ssl=tls,
        server_hostname=target.host if tls else None,
        local_addr=(source, 0) if source else None,
    )
    session = writer.get_extra_info("ssl_object")
    writer.transport.abort()
    return str(session.version()) if session is not None else ""


# --- the answer ----------------------------------------------------------------------------------


def judge_answer(answer: SendResult) -> Finding:
    """Say what an answer to a callback means; pure."""
    if not isinstance(answer, Answered):
        return _failed(f"no answer: {answer.error}", _silence_advice(answer.error))
    challenge = challenge_word(answer)
    if challenge is not None:
        return _failed(f"a challenge page answered ({challenge})", _CHALLENGE_ADVICE)
    if 300 <= answer.status <= 399:  # noqa: PLR2004 (the range of HTTP's redirects)
        where = next((value for name, value in answer.headers if name == "location"), "nowhere")
        return _failed(
            f"redirects ({answer.status}) to {where.split('?')[0]}",
            "Redirects are not followed: set the final address as callback URL.",
        )
    if not is_acknowledged(answer.status):
        advice = _STATUS_ADVICE.get(answer.status, "Answer with 200 once the callback is stored.")
        return _failed(f"answered {answer.status} after {answer.elapsed_ms} ms", advice)
    slow = "Store the callback, answer, then work on it." if answer.elapsed_ms > SLOW_MS else ""
    text = f"acknowledged with {answer.status} after {answer.elapsed_ms} ms"
    return Finding(step=Step.ANSWER, ok=True, text=text, advice=slow)


def _failed(text: str, advice: str) -> Finding:
    return Finding(step=Step.ANSWER, ok=False, text=text, advice=advice)


def challenge_word(answer: Answered) -> str | None:
    """Name the sign of a page that wants a browser or a human, or None.

    Some hosts send such a page with status 200, so that callbacks look acknowledged and are lost.
    """
    headers = dict(answer.headers)
    if "cf-mitigated" in headers:
        return "cf-mitigated"
    if "html" not in headers.get("content-type", "html"):
        return None
    found = _CHALLENGE.search(answer.text()[:65_536])
    return found.group().lower() if found else None


_CHALLENGE: Final = re.compile(
    r"captcha|cf-chl|cf_chl|challenge-platform|just a moment\.\.\.|attention required!"
    r"|checking your browser|verify(?:ing)? (?:that )?you are (?:a )?human|imunify360"
    r"|sucuri_cloudproxy|/aes\.js|__test=|ddos-guard|enable javascript and cookies",
    re.IGNORECASE,
)


def _silence_advice(error: str) -> str:
    if "deadline" in error:
        return "Answer within the time limit: store the callback, answer, then work on it."
    if "too large" in error:
        return "Answer with a short text; a whole page answers here."
    return "The server accepts connections but does not answer HTTP: look into its error log."


_NO_TLS: Final = "not used: whoever is on the way can read and change callbacks"
_URL_ADVICE: Final = "Give a full address such as https://example.com/callback."
_FIREWALL: Final = (
    "Check that the server runs and that its firewall lets our address in"
    " (GERBANG_CALLBACK_SOURCE_IP)."
)
_TLS_ADVICE: Final = "Offer TLS 1.2 or newer on this port, or use http:// if it speaks plain HTTP."
_CERTIFICATE_OTHER: Final = "Install a certificate of a public authority, with its whole chain."
_CERTIFICATE_ADVICE: Final = {
    10: "The certificate has expired: renew it.",
    18: "The certificate signed itself: install one of a public authority.",
    19: "The chain ends in an authority nobody knows: install a public certificate.",
    20: "The intermediate certificate is missing: install the full chain.",
    21: "The intermediate certificate is missing: install the full chain.",
    62: "The certificate is for another name: use that name, or add this one to it.",
    64: "The certificate is for another address: use the name it was made for.",
}
_STATUS_ADVICE: Final = {
    401: "The server wants a login: let this path in without one; callbacks are signed.",
    403: "The server or its firewall refuses us: let our address in.",
    404: "The path does not exist: check the callback URL.",
    405: "The path does not take this method: accept the method of the callback format.",
    406: "A web application firewall refuses the request: exempt this path.",
    415: "The server does not take this content type: accept that of the callback format.",
    419: "A CSRF check refuses the request: exempt this path.",
    429: "The server limits us: allow more requests from our address.",
    500: "The receiver's program crashed: look into its error log.",
    502: "The receiver's program is not running behind its proxy.",
    503: "The receiver is overloaded or in maintenance.",
    504: "The receiver's program is too slow for its own proxy.",
}
_CHALLENGE_ADVICE: Final = (
    "Callbacks cannot solve challenges: exempt this path from bot protection, or move to a host"
    " without it."
)
