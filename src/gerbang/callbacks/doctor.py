"""Why a receiver of callbacks fails, found out step by step, in words for the person who calls.

The steps stop at the first that fails, since the later ones need it. One request is sent: the
callback that is given, or a test message that says it is one.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from functools import cache, partial
from typing import Final
from urllib.parse import SplitResult, urlsplit

import msgspec

from gerbang.callbacks.deliver import is_acknowledged
from gerbang.callbacks.doctor_words import ADVICE, OF_CERTIFICATES, SAYS, todo_of_status
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
    """What one step found; `advice` says what to do about it.

    `because` and `todo` name both for pages that speak another language: in `SAYS` with `values`,
    and in `ADVICE`.
    """

    step: Step
    ok: bool
    text: str
    advice: str
    because: str
    values: Mapping[str, str]
    todo: str


class _Target(msgspec.Struct, frozen=True, kw_only=True):
    host: str
    port: int
    tls: bool


class _Stop(Exception):  # noqa: N818 (it ends the steps, and is no error of ours)
    """A step failed."""

    def __init__(self, step: Step, because: str, todo: str, **values: object) -> None:
        super().__init__(because)
        self.finding = _found(step, because, ok=False, todo=todo, **values)


def _found(step: Step, because: str, *, ok: bool, todo: str = "", **values: object) -> Finding:
    told = {name: str(value) for name, value in values.items()}
    return Finding(
        step=step,
        ok=ok,
        text=SAYS[because].format_map(told),
        advice=ADVICE[todo] if todo else "",
        because=because,
        values=told,
        todo=todo,
    )


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
        findings.append(_found(step, "too_long", ok=False, todo="firewall"))
    return findings


def _test_request(url: str) -> HttpRequest:
    headers = (("Content-Type", "application/json"), ("X-Gerbang-Testing", "true"))
    return HttpRequest(method="POST", url=url, headers=headers, body=TEST_BODY)


async def _probe(
    url: str, findings: list[Finding], *, client: OutboundClient, addresses: AddressPolicy
) -> None:
    target = _read_url(url)
    findings.append(_found(Step.URL, "host", ok=True, host=target.host, port=target.port))
    found = await _resolve(target)
    findings.append(_found(Step.NAME, "addresses", ok=True, addresses=", ".join(found)))
    allowed = _allowed(found, addresses)
    findings.append(_found(Step.ADDRESS, "addresses", ok=True, addresses=", ".join(allowed)))
    source = client.settings.callback_source_ip
    address = await _connect(target, allowed, source)
    findings.append(_found(Step.CONNECT, "connected", ok=True, address=address))
    if target.tls:
        version = await _handshake(target, address, client=client)
        findings.append(_found(Step.TLS, "tls_version", ok=True, version=version))
    else:
        findings.append(_found(Step.TLS, "tls_not_used", ok=True))


# --- the steps -----------------------------------------------------------------------------------


def _read_url(url: str) -> _Target:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _Stop(Step.URL, "not_a_url", "url", error=error) from None
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host or not url.isascii():
        raise _Stop(Step.URL, "not_http", "url")
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
        why = {"host": target.host, "error": error.strerror}
        raise _Stop(Step.NAME, "not_resolved", "name", **why) from None
    return list(dict.fromkeys(str(row[4][0]) for row in rows))


def _allowed(found: Sequence[str], addresses: AddressPolicy) -> list[str]:
    refusals = {address: addresses.refusal(address) for address in found}
    allowed = [address for address, why in refusals.items() if why is None]
    if not allowed:
        text = ", ".join(f"{address} is refused ({why})" for address, why in refusals.items())
        raise _Stop(Step.ADDRESS, "refused", "address", refusals=text)
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
    raise _Stop(Step.CONNECT, "not_connected", "firewall", errors="; ".join(errors))


async def _handshake(target: _Target, address: str, *, client: OutboundClient) -> str:
    source = client.settings.callback_source_ip
    try:
        return await _open(target, address, source=source, tls=client.tls_context())
    except ssl.SSLCertVerificationError as error:
        todo = OF_CERTIFICATES.get(error.verify_code, "certificate")
        raise _Stop(Step.TLS, "certificate", todo, error=error.verify_message) from None
    except OSError as error:
        raise _Stop(Step.TLS, "tls_failed", "tls", error=tls_word(error)) from None


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
        return _failed("no_answer", _silence(answer.error), error=answer.error)
    challenge = challenge_word(answer)
    if challenge is not None:
        return _failed("challenge", "bot", word=challenge)
    if 300 <= answer.status <= 399:  # noqa: PLR2004 (the range of HTTP's redirects)
        where = next((value for name, value in answer.headers if name == "location"), "nowhere")
        return _failed("redirects", "redirect", status=answer.status, where=where.split("?")[0])
    told = {"status": answer.status, "elapsed_ms": answer.elapsed_ms}
    if not is_acknowledged(answer.status):
        return _failed("answered", todo_of_status(answer.status), **told)
    slow = "store_first" if answer.elapsed_ms > SLOW_MS else ""
    return _found(Step.ANSWER, "acknowledged", ok=True, todo=slow, **told)


def _failed(because: str, todo: str, **values: object) -> Finding:
    return _found(Step.ANSWER, because, ok=False, todo=todo, **values)


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


def _silence(error: str) -> str:
    if "deadline" in error:
        return "in_time"
    return "short" if "too large" in error else "silent"
