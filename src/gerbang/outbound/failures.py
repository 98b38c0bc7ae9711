"""What can go wrong on the way out, in words that carry no URL: an address may hold a PIN."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any, Final

import aiohttp

from gerbang.outbound.addresses import AddressRefusedError


class SecondSendRefusedError(aiohttp.ClientError):
    """One request was about to be sent a second time."""


class NothingWrittenError(aiohttp.ClientError):
    """The pooled connection was already dead, and nothing was written to it."""


class LostError(aiohttp.ClientError):
    """The connection broke; kept in a shape that aiohttp does not answer by sending again."""


class UnreadableError(Exception):
    """The answer cannot be kept."""


def explain(error: BaseException) -> str:
    """Say what went wrong; an error not listed gives only the name of its type."""
    for kind, word in _WORDS:
        if isinstance(error, kind):
            return word if isinstance(word, str) else word(error)
    return type(error).__name__


def _dns_word(error: aiohttp.ClientConnectorDNSError) -> str:
    if isinstance(error.os_error, AddressRefusedError):
        return str(error.os_error)
    return "the name cannot be resolved"


def _connect_word(error: aiohttp.ClientConnectorError) -> str:
    cause = error.os_error
    if isinstance(cause, AddressRefusedError):
        return str(cause)
    return f"cannot connect: {_plain(cause)}"


def _tls_word(error: BaseException) -> str:
    return f"TLS failed: {tls_word(error.__cause__ or error)}"


def tls_word(error: BaseException) -> str:
    """Say why a TLS handshake failed."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.replace("_", " ").lower()
    return type(error).__name__


def _broken_word(error: OSError) -> str:
    return f"the connection broke: {_plain(error)}"


def _plain(error: OSError) -> str:
    return error.strerror or type(error).__name__


_WORDS: Final[tuple[tuple[type[BaseException], str | Callable[[Any], str]], ...]] = (
    (LostError, str),
    (UnreadableError, str),
    (NothingWrittenError, "the peer closed its pooled connections"),
    (SecondSendRefusedError, "a second sending was refused"),
    (aiohttp.ClientConnectorDNSError, _dns_word),
    (aiohttp.ClientConnectorCertificateError, _tls_word),
    (aiohttp.ClientConnectorSSLError, _tls_word),
    (aiohttp.ClientConnectorError, _connect_word),
    (TimeoutError, "the deadline passed"),
    (aiohttp.ServerDisconnectedError, "the peer closed the connection without an answer"),
    (aiohttp.ClientPayloadError, "the answer broke off"),
    (aiohttp.ClientResponseError, "the answer is not HTTP"),
    (aiohttp.InvalidURL, "not an http(s) URL"),
    (OSError, _broken_word),
)
"""The first that fits speaks, so the special stand before the general."""
